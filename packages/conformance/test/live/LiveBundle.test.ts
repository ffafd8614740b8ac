import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"

/** What a bundler makes of a program, and the files that went into it. */
const bundle = async (program: string, platform: "node" | "browser") => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    treeShaking: true,
    format: "esm",
    platform,
    // Node's HTTP client brings its own; only ours is looked at.
    external: platform === "node" ? ["undici"] : [],
    logLevel: "silent"
  })
  const output = Object.values(metafile.outputs)[0]
  const inputs = Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [file] : []
  )
  return { text: outputFiles.map(({ text }) => text).join(""), inputs }
}

const program = (module: string, layer: string) => `
  import * as GeminiClient from "effect-gemini/GeminiClient"
  import * as Effect from "effect/Effect"
  import * as Redacted from "effect/Redacted"
  import * as Transport from "effect-gemini/${module}"
  const program = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" }))
  export const main = Effect.runPromise(Effect.provide(program, Transport.${layer}({ apiKey: Redacted.make("k") })))
`

/** Of the client, what only a program with Live may hold. The contract and the errors are everybody's. */
const isLive = (file: string): boolean =>
  /\/gemini\/src\/(?:live\/|GeminiLive|internal\/live\/)/
    .test(`/${file}`) &&
  !/\/(?:LiveTransport|messageLimits)\.ts$/.test(file)

const isWs = (file: string): boolean => /\/node_modules\/(?:\.pnpm\/ws@|ws\/)/.test(file)

/** What only a program with budgets may hold. */
const isBudget = (file: string): boolean =>
  /\/gemini\/src\/.*(?:budget|Budget|Cost|charge|price|guarded)/.test(`/${file}`)

const traces = ["BidiGenerateContent", "setupComplete", "realtimeInput", "permessage-deflate"]

describe("a bundle", () => {
  it.each(
    [
      ["FetchGemini", "layer", "browser"],
      ["FetchGemini", "layer", "node"],
      ["NodeGemini", "layerHttp", "node"]
    ] as const
  )("of a program on %s.%s (%s) holds neither ws nor Live code", async (module, layer, platform) => {
    const { inputs, text } = await bundle(program(module, layer), platform)
    assert.deepStrictEqual(inputs.filter((file) => isLive(file) || isWs(file)), [])
    for (const trace of traces) assert.isFalse(text.includes(trace), trace)
  })

  it("of a program on NodeGemini.layer holds both: the test above can fail", async () => {
    const { inputs, text } = await bundle(program("NodeGemini", "layer"), "node")
    assert.isTrue(inputs.some(isLive))
    assert.isTrue(inputs.some(isWs))
    for (const trace of traces) assert.isTrue(text.includes(trace), trace)
  })

  it("of a program without budgets holds no price and no budget, and of one with them both", async () => {
    const { inputs } = await bundle(program("NodeGemini", "layer"), "node")
    assert.deepStrictEqual(inputs.filter(isBudget), [])
    const within = `import * as Budget from "effect-gemini/Budget"
      export const bounded = Budget.within({ name: "run", money: "1" })(main)`
    const { inputs: more } = await bundle(`${program("FetchGemini", "layer")}\n${within}`, "browser")
    assert.isTrue(more.some((file) => file.endsWith("priceTable.ts")))
    assert.isTrue(more.some((file) => file.endsWith("guarded.ts")))
  })
})
