// Builds the JavaScript of packages/gemini into its `dist`, beside tsc's declarations. Every public module keeps a
// file of its own; what one call needs is in a few chunks under `internal`, which the exports map closes. Node's
// loader pays for files, not for bytes: about a hundred small ones are a third of what a first import costs.
// rolldown, because it makes chunks of named modules; it is also what vitest runs on.
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { rolldown } from "rolldown"
import { parseSync } from "rolldown/utils"
import { pageModule } from "../packages/emulator/page/bundle.ts"
import { bundleCommand, writeStarter } from "./commandBundle.ts"

const folder = join(import.meta.dirname, "../packages/gemini")
const dist = join(folder, "dist")

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}
interface Declaration extends Node {
  readonly id?: Node | null
  readonly superClass?: Node | null
  readonly declarations?: ReadonlyArray<{ readonly init: Node | null }>
}
interface Statement extends Declaration {
  readonly declaration?: Declaration | null
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value

/** Whether bundlers see by themselves that an expression does nothing. */
const isInert = (node: Node): boolean =>
  /Function/.test(node.type) ||
  !/^(?:Call|New|Spread|Member|Chain|Tagged|Await|Import)/.test(node.type) &&
    Object.values(node).flat().every((child) => !isNode(child) || isInert(child))

/**
 * The source with every call and derived class at its top level in a pure function. The package says `sideEffects: []`,
 * by which a bundler drops unused files; but inside a chunk it judges each statement, and cannot know that a call only
 * makes its value. Lines stay where they are.
 */
const marked = (path: string, code: string): string => {
  const wrapped: Array<readonly [place: Node, before: string, after: string]> = []
  const pure = "/* @__PURE__ */ (() => "
  for (const statement of parseSync(path, code).program.body as ReadonlyArray<Statement>) {
    const declaration = statement.declaration ?? statement
    if (statement.type === "ExpressionStatement") throw new Error(`${path}: a statement at the top level`)
    if (declaration.type === "ClassDeclaration" && declaration.id && declaration.superClass) {
      const name = code.slice(declaration.id.start, declaration.id.end)
      wrapped.push([declaration, `const ${name} = ${pure}`, ")();"])
    }
    for (const { init } of declaration.declarations ?? []) {
      if (init !== null && !isInert(init)) wrapped.push([init, `${pure}(`, "))()"])
    }
  }
  return wrapped.reduceRight(
    (out, [{ end, start }, before, after]) =>
      out.slice(0, start) + before + out.slice(start, end) + after + out.slice(end),
    code
  )
}

/** The modules that a module needs before it can run, itself included, and the packages' modules among them. */
const closure = (path: string, found: Set<string> = new Set()): Set<string> => {
  if (found.has(path)) return found
  found.add(path)
  if (!path.startsWith("/")) return found
  const { staticExports, staticImports } = parseSync(path, readFileSync(path, "utf8")).module
  const requests = [
    ...staticImports.filter(({ entries }) => entries.some(({ isType }) => !isType)).map((it) => it.moduleRequest.value),
    ...staticExports.flatMap(({ entries }) => entries.flatMap((it) => it.isType ? [] : it.moduleRequest?.value ?? []))
  ]
  for (const request of requests) closure(request.startsWith(".") ? join(path, "..", request) : request, found)
  return found
}

/**
 * A chunk with the packages' imports before those of other chunks, both by name. A bundler then puts all of Effect in
 * front of all of ours, in one order whatever the chunk: repeated text lies nearer together, which saves half a kilobyte
 * of a compressed program. Lines stay lines.
 */
const ordered = (code: string): string => {
  const lines = code.split("\n")
  const end = lines.findIndex((line) => !line.startsWith("import "))
  const from = (line: string): string => line.slice(line.indexOf(" from "))
  const imports = lines.slice(0, end).sort((a, b) => from(a) < from(b) ? -1 : 1)
  const isChunk = (line: string): boolean => from(line).startsWith(" from \".")
  return [...imports.filter((line) => !isChunk(line)), ...imports.filter(isChunk), ...lines.slice(end)].join("\n")
}

const modules = globSync("src/**/*.ts", { cwd: folder, exclude: ["src/internal"] }).sort().map((file) =>
  join(folder, file)
)

// A module lies in the chunk of the lightest public module that needs it, so that no import loads what only a heavier
// one needs. A module's weight is what it brings along of Effect: nothing, some of it, Schema, Schema and the runtime,
// or the HTTP client.
const chunks = ["data", "effect", "schema", "limits", "client"]
const weight = (needs: ReadonlySet<string>): number => {
  if (Array.from(needs).some((name) => name.startsWith("effect/http/"))) return 4
  if (needs.has("effect/Schema")) return needs.has("effect/Effect") ? 3 : 2
  return Array.from(needs).some((name) => name.startsWith("effect/")) ? 1 : 0
}
const oneCall = new Set(["FetchGemini", "GeminiClient"].flatMap((name) => [...closure(join(folder, `src/${name}.ts`))]))
const chunkOf = new Map<string, number>()
for (const module of modules) {
  const needs = closure(module)
  for (const need of needs) {
    if (oneCall.has(need)) chunkOf.set(need, Math.min(weight(needs), chunkOf.get(need) ?? 4))
  }
}

for (const old of globSync("**/*.js{,.map}", { cwd: dist })) rmSync(join(dist, old))
const build = await rolldown({
  cwd: folder,
  input: Object.fromEntries(modules.map((file) => [relative(join(folder, "src"), file).slice(0, -3), file])),
  external: /^[^./]/,
  platform: "neutral",
  preserveEntrySignatures: "strict",
  // How long a plugin took says how busy the machine is, and nothing of the build.
  checks: { pluginTimings: false },
  onLog: (_, log) => {
    // A machine that is busy is no fault of the build's.
    if (log.code === "PLUGIN_TIMINGS") return
    throw new Error(log.message)
  },
  plugins: [{
    name: "pure",
    transform: (code, path) => ({ code: marked(path, code), map: null }),
    renderChunk: (code) => ({ code: ordered(code), map: null })
  }]
})
const { output } = await build.write({
  dir: dist,
  format: "es",
  sourcemap: true,
  sourcemapExcludeSources: true,
  comments: { legal: true, annotation: true, jsdoc: false },
  chunkFileNames: "internal/[name].js",
  codeSplitting: {
    groups: chunks.map((name, weight) => ({ name, test: (id: string) => chunkOf.get(id) === weight }))
  }
})
await build.close()
const built = output.filter((file) => file.type === "chunk")
console.log(
  `${built.filter(({ isEntry }) => isEntry).length} modules, ${built.filter(({ isEntry }) => !isEntry).length} chunks`
)

const emulatorDist = join(import.meta.dirname, "../packages/emulator/dist")
const commandFile = join(emulatorDist, "effect-gemini-emulator.cjs")
const commandSize = await bundleCommand(commandFile)
writeStarter(join(emulatorDist, "start.cjs"), commandFile)
// The package's own module reads the workspace; what is installed holds the page's files.
writeFileSync(join(emulatorDist, "internal/admin/pageFiles.js"), await pageModule())
console.log(`effect-gemini-emulator.cjs, ${Math.round(commandSize / 1000)} kB`)
