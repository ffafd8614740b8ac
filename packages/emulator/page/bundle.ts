/** Bundles the page into three files: what the build writes into the package, and the workspace serves as it is. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"

interface Bundled {
  readonly html: string
  readonly icon: string
  /** Of the script and of the style: gzip, in base64. */
  readonly js: string
  readonly css: string
}

const folder = import.meta.dirname

const read = (file: string): string => readFileSync(join(folder, file), "utf8")

const packed = (text: string): string => gzipSync(text, { level: 9 }).toString("base64")

export const bundlePage = async (): Promise<Bundled> => {
  const build = await rolldown({
    cwd: folder,
    input: "main.tsx",
    platform: "browser",
    // How long a plugin took says how busy the machine is, and nothing of the build.
    checks: { pluginTimings: false },
    onLog: (_, log) => {
      if (log.code === "PLUGIN_TIMINGS") return
      throw new Error(log.message)
    }
  })
  const { output } = await build.generate({
    format: "es",
    minify: true,
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false }
  })
  await build.close()
  return { html: read("index.html"), icon: read("icon.svg"), js: packed(output[0].code), css: packed(read("page.css")) }
}

/** The module that stands in place of `internal/admin/pageFiles` where the page is built. */
export const pageModule = async (): Promise<string> =>
  `const files = ${JSON.stringify(await bundlePage())}\nexport const load = async () => files\n`
