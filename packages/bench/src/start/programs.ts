/** The programs whose first answer is timed: each makes one call and prints what it cost its process. */
import { build } from "esbuild"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The built file of one of our modules, because in the workspace its exports are the sources. */
export const dist = (module: string): string => {
  const file = new URL(`../../../gemini/dist/${module}.js`, import.meta.url)
  if (!existsSync(file)) throw new Error("first answers are those of the built files: run `pnpm build`")
  return fileURLToPath(file)
}

const end = `
const { system, user } = process.cpuUsage()
console.log(JSON.stringify({ length, cpu: (system + user) / 1000 }))
`

const deep = `
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
`
const ours = (imports: string, layer: string): string =>
  `${imports}
const { text: { length } } = await GeminiClient.pipe(
  Effect.flatMap((gemini) => gemini.generate({ model: process.argv[3], contents: "Say hello" })),
  Effect.provide(${layer}({ apiKey: Redacted.make("key"), baseUrl: process.argv[2] })),
  Effect.runPromise
)
${end}`

const onFetch = ours(
  `${deep}
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"`,
  "FetchGemini.layer"
)

const sdk = `
import { GoogleGenAI } from "@google/genai"
const { models } = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: process.argv[2] } })
const { text: { length } } = await models.generateContent({ model: process.argv[3], contents: "Say hello" })
${end}`

const sources = {
  "floor-fetch": `
const url = process.argv[2] + "/v1beta/models/" + process.argv[3] + ":generateContent"
const headers = { "content-type": "application/json" }
const response = await fetch(url, { method: "POST", headers, body: "{}" })
const { length } = (await response.json()).candidates[0].content.parts[0].text
${end}`,
  fetch: onFetch,
  node: ours(
    `${deep}
import * as NodeGemini from "effect-gemini/NodeGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"`,
    "NodeGemini.layerHttp"
  ),
  genai: sdk,
  barrel: ours(
    `
import { Effect, Redacted } from "effect"
import { FetchGemini, GeminiClient as Client } from "effect-gemini"
const { GeminiClient } = Client`,
    "FetchGemini.layer"
  )
}

/** One way to start: a program, as one bundled file or as it is. */
export interface Start {
  readonly name: string
  readonly file: string
  readonly isBundled: boolean
}

export interface Starts {
  readonly starts: ReadonlyArray<Start>
  readonly remove: () => void
}

/** What a careless import at the top of a program costs, to show that the gate notices. */
const planted = `
import * as undici from "undici"
import * as zod from "zod"
import * as sdk from "@google/genai"
import * as limiter from "rate-limiter-flexible"
globalThis.kept = [undici, zod, sdk, limiter]
`

const bundled = (contents: string, outfile: string): Promise<unknown> =>
  build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outfile,
    logLevel: "error",
    // CommonJS in the bundle asks for Node's modules by `require`.
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    plugins: [{
      name: "published",
      setup: (build) =>
        build.onResolve({ filter: /^effect-gemini(\/|$)/ }, ({ path }) => ({
          path: dist(path === "effect-gemini" ? "index" : path.slice("effect-gemini/".length)),
          sideEffects: false
        }))
    }]
  })

/** Writes the programs into a folder within this package, so that they find its dependencies. */
export const write = async (isPlanted: boolean, isGate: boolean): Promise<Starts> => {
  const root = fileURLToPath(new URL("../../node_modules/.bench", import.meta.url))
  mkdirSync(root, { recursive: true })
  const folder = mkdtempSync(join(root, "start-"))
  const ofOurs = (source: string): string => isPlanted ? planted + source : source
  const resolved = (source: string): string =>
    source.replaceAll(/"effect-gemini(?:\/([^"]+))?"/g, (_, module = "index") => JSON.stringify(dist(module)))
  const asBundle = async (name: string, source: string): Promise<Start> => {
    const file = join(folder, `${name}.bundled.mjs`)
    await bundled(source, file)
    return { name, file, isBundled: true }
  }
  const asIs = (name: string, source: string): Start => {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, resolved(source))
    return { name, file, isBundled: false }
  }
  const starts = [
    await asBundle("FetchGemini, bundled", ofOurs(sources.fetch)),
    await asBundle("NodeGemini, bundled", ofOurs(sources.node)),
    await asBundle("genai, bundled", sources.genai),
    ...(isGate ? [] : [
      asIs("floor-fetch", sources["floor-fetch"]),
      asIs("FetchGemini, by the barrel", sources.barrel),
      asIs("FetchGemini, by subpaths", sources.fetch),
      asIs("NodeGemini, by subpaths", sources.node),
      asIs("genai", sources.genai)
    ])
  ]
  return { starts, remove: () => rmSync(folder, { recursive: true }) }
}
