/** What a bundle of a program holds of the services beside the client: those that it imports, and no other. */
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import { gzipSync } from "node:zlib"

/** The files of which something is in the bundle of a program, and its size in kB. */
const bundle = async (program: string) => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent"
  })
  const inputs = Object.values(metafile.outputs)[0]?.inputs ?? {}
  return {
    files: Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => bytesInOutput > 0 ? [`/${file}`] : []),
    size: gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length / 1000
  }
}

/** The parts of the house that belong to one service alone. */
const parts = {
  resources: /\/gemini\/src\/(?:internal\/resources\/|ResourceHttp)/,
  uploads: /\/gemini\/src\/internal\/uploads\/|\/node_modules\/(?:\.pnpm\/)?(?:mime|@noble\+?)/,
  files: /\/gemini\/src\/files\//,
  operations: /\/gemini\/src\/operations\//,
  stores: /\/gemini\/src\/(?:internal\/)?stores\//,
  caches: /\/gemini\/src\/(?:internal\/)?caches\//,
  decisions: /\/gemini\/src\/decisions\//,
  batches: /\/gemini\/src\/(?:internal\/)?batches\//,
  interactions: /\/gemini\/src\/(?:internal\/)?interactions\//,
  webhooks: /\/gemini\/src\/(?:internal\/)?webhooks\//,
  research: /\/gemini\/src\/(?:internal\/)?research\//
} as const

type Part = keyof typeof parts

const call = `
  import * as FetchGemini from "effect-gemini/FetchGemini"
  import * as GeminiClient from "effect-gemini/GeminiClient"
  import * as Effect from "effect/Effect"
  import * as Redacted from "effect/Redacted"
  export const answer = Effect.runPromise(Effect.provide(
    GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Hi" })),
    FetchGemini.layer({ apiKey: Redacted.make("k") })
  ))
`

const service = (module: string, layer: string, use: string) =>
  `${call}
  import * as ResourceHttp from "effect-gemini/ResourceHttp"
  import * as Service from "effect-gemini/${module}"
  import * as FetchHttpClient from "effect/http/FetchHttpClient"
  import * as Layer from "effect/Layer"
  export const used = Effect.runPromise(Effect.provide(
    ${use},
    ${layer}.pipe(
      Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("k") })),
      Layer.provide(FetchHttpClient.layer)
    )
  ))
`

const programs: ReadonlyArray<readonly [name: string, program: string, holds: ReadonlyArray<Part>]> = [
  ["one call", call, []],
  [
    "one call and Operations",
    service("operations/Operations", "Service.layer", "Service.Operations.use((it) => it.get(\"batches/a\"))"),
    ["resources", "operations"]
  ],
  [
    "one call and Files",
    service("files/Files", "Service.layer()", "Service.Files.use((it) => it.get(\"files/a\"))"),
    ["resources", "uploads", "files"]
  ],
  [
    "one call and Caches",
    service("caches/Caches", "Service.layer", "Service.Caches.use((it) => it.get(\"cachedContents/a\"))"),
    ["resources", "caches"]
  ],
  [
    "one call and CachedPrefix",
    service(
      "caches/CachedPrefix",
      "Service.layer().pipe(Layer.provide(Caches.layer), Layer.provide(FetchGemini.layer({ apiKey: Redacted.make(\"k\") })))",
      "Effect.scoped(Service.CachedPrefix.use((it) => it.open({ model: \"m\", contents: \"x\" })))"
    ).replace("import * as Layer", "import * as Caches from \"effect-gemini/caches/Caches\"\n  import * as Layer"),
    ["resources", "caches"]
  ],
  [
    "one call and FileSearchStores",
    service(
      "stores/FileSearchStores",
      "Service.layer()",
      "Service.FileSearchStores.use((it) => it.get(\"fileSearchStores/a\"))"
    ),
    ["resources", "uploads", "operations", "stores"]
  ],
  [
    "one call and Batches",
    service("batches/Batches", "Service.layer()", "Service.Batches.use((it) => it.get(\"batches/a\"))"),
    ["resources", "uploads", "files", "batches"]
  ],
  [
    "one call and Interactions",
    service(
      "interactions/Interactions",
      "Service.layer().pipe(Layer.provide(FetchGemini.layer({ apiKey: Redacted.make(\"k\") })))",
      "Service.Interactions.use((it) => it.create({ model: \"m\", input: \"x\" }))"
    ),
    ["resources", "interactions"]
  ],
  [
    "one call and webhooks of the project",
    `${call}
  import * as Webhook from "effect-gemini/webhooks/Webhook"
  export const verified = Effect.runPromise(Webhook.verify({}, "", { secrets: Redacted.make("k") }))
`,
    ["resources", "webhooks"]
  ],
  [
    "one call and Decisions",
    `${call}
  import * as Decisions from "effect-gemini/decisions/Decisions"
  import * as Layer from "effect/Layer"
  export const decided = Effect.runPromise(Effect.provide(
    Decisions.Decisions.use((decisions) => decisions.createUnread({ model: "m", input: "x", questions: {} })),
    Decisions.layer.pipe(Layer.provide(FetchGemini.layer({ apiKey: Redacted.make("k") })))
  ))
`,
    ["decisions"]
  ]
]

describe("a bundle holds of the services those that the program imports", () => {
  it.each(programs)("%s", async (name, program, holds) => {
    const { files, size } = await bundle(program)
    const base = await bundle(call)
    const found = Object.entries(parts).flatMap(([part, pattern]) =>
      files.some((file) => pattern.test(file) && !base.files.includes(file)) ? [part] : []
    )
    assert.deepStrictEqual(found, [...holds])
    process.stdout.write(`${name}: ${size.toFixed(1)} kB, ${(size - base.size).toFixed(1)} kB more than one call\n`)
  }, 60_000)

  it("all that is imported by the package's name holds nothing of interactions", async () => {
    const { files } = await bundle("import * as all from \"effect-gemini\"; globalThis.all = all")
    assert.deepStrictEqual(files.filter((file) => /\/(?:interactions|webhooks)\//.test(file)), [])
    assert.isAbove(files.filter((file) => parts.batches.test(file)).length, 0)
  }, 60_000)

  it("one call holds nothing of them", async () => {
    const { files } = await bundle(call)
    const pattern = new RegExp(Object.values(parts).map(({ source }) => source).join("|"))
    // The names of resources are known to the pool, which keeps a generation with the member that made its file.
    assert.deepStrictEqual(files.filter((file) => pattern.test(file)), [])
  }, 60_000)
})
