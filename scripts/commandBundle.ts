/**
 * The command `effect-gemini-emulator` as one file that needs Node alone, with Effect in it. What it imports dynamically
 * lies in it too, and is run when it is asked for.
 *
 * It is CommonJS: as an ES module its import of `node:http` reads every export of it, and so loads undici for
 * `http.WebSocket`, which no emulator needs. Beside it lies a file of two lines that starts it with Node's compile cache,
 * so that from the second start on nothing is compiled again. (Measured in November 2026: 194 ms of the main thread until
 * it was ready as an ES module, 180 as CommonJS, 137 with the cache.)
 */
import { readFileSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"
import { pageModule } from "../packages/emulator/page/bundle.ts"

const folder = join(import.meta.dirname, "../packages/emulator")

/** Writes the file, and gives its size in bytes. */
export const bundleCommand = async (file: string): Promise<number> => {
  const { version }: { readonly version: string } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const page = await pageModule()
  const build = await rolldown({
    cwd: folder,
    input: "src/bin.ts",
    platform: "node",
    // How long a plugin took says how busy the machine is, and nothing of the build.
    checks: { pluginTimings: false },
    onLog: (_, log) => {
      // A machine that is busy is no fault of the build's. ConfigProvider looks for a bundler's variables in
      // `import.meta`, and finds none.
      if (log.code === "PLUGIN_TIMINGS" || log.code === "EMPTY_IMPORT_META") return
      throw new Error(log.message)
    },
    plugins: [{
      name: "version",
      load: (path) => {
        if (path.endsWith("internal/command/version.ts")) return `export const version = ${JSON.stringify(version)}`
        return path.endsWith("internal/admin/pageFiles.ts") ? page : null
      }
    }]
  })
  const { output } = await build.write({
    file,
    format: "cjs",
    minify: true,
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false }
  })
  await build.close()
  const [{ code, imports }, ...more] = output
  const foreign = [...imports.filter((name) => !isBuiltin(name)), ...more.map(({ fileName }) => fileName)]
  if (foreign.length > 0) throw new Error(`the bundled command needs ${foreign.join(", ")}`)
  return Buffer.byteLength(code)
}

/** Writes the file that starts the command: npm's `bin`. */
export const writeStarter = (file: string, command: string): void =>
  writeFileSync(
    file,
    `#!/usr/bin/env node\nrequire("node:module").enableCompileCache()\nrequire("./${basename(command)}")\n`,
    { mode: 0o755 }
  )
