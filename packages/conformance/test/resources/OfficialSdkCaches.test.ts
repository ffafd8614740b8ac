/**
 * Caches of `@google/genai` 3.3: its requests and ours are equal but for differences that are named with their reason, and
 * it works against the emulator.
 */
import { type CachedContent, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Caches from "effect-gemini/caches/Caches"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type AskedRequest, equal } from "./equalRequests.ts"

const model = "gemini-3.8-flash"
const contents = [{ role: "user", parts: [{ text: "word".repeat(5_000) }] }]
const systemInstruction = { parts: [{ text: "Answer from the manual." }] }
const tools = [{ functionDeclarations: [{ name: "page", parametersJsonSchema: { type: "object" } }] }]

const sdkOf = (baseUrl: string) => new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl, apiVersion: "v1beta" } })

const oursOf =
  (baseUrl: string) => <A>(use: (caches: Caches.CachesService) => Effect.Effect<A, GeminiError>): Promise<A> =>
    Effect.runPromise(
      Caches.Caches.use(use).pipe(
        Effect.provide(
          Caches.layer.pipe(
            Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })),
            Layer.provide(NodeGemini.layerHttpClient())
          )
        )
      )
    )

const cache = { name: "cachedContents/abc", model: `models/${model}`, expireTime: "2030-01-01T00:00:00Z" }

const answer = ({ method, path, query }: AskedRequest) => {
  if (method === "DELETE") return { body: {} }
  if (method === "GET" && path === "/v1beta/cachedContents") {
    const cachedContents = [cache]
    return { body: query["pageToken"] === undefined ? { cachedContents, nextPageToken: "two" } : { cachedContents } }
  }
  return { body: cache }
}

type Sdk = ReturnType<typeof sdkOf>["caches"]

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: (caches: Sdk) => Promise<unknown>,
    ours: (caches: Caches.CachesService) => Effect.Effect<unknown, GeminiError>,
    reasons?: Readonly<Record<string, string>>
  ]
> = [
  [
    "a create with everything",
    (caches) =>
      caches.create({
        model,
        config: {
          contents,
          systemInstruction,
          tools,
          toolConfig: {
            functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["page"] }
          },
          displayName: "manual",
          ttl: "600s"
        }
      }),
    (caches) =>
      caches.create({
        model,
        contents,
        systemInstruction,
        tools,
        toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["page"] } },
        displayName: "manual",
        ttl: "10 minutes"
      })
  ],
  [
    "a create of a text alone",
    (caches) => caches.create({ model, config: { contents: "All of it", expireTime: "2030-01-01T00:00:00Z" } }),
    (caches) => caches.create({ model, contents: "All of it", expireTime: "2030-01-01T00:00:00Z" }),
    {
      "*.body.displayName: undefined → \"prefix-":
        "a cache of ours has a display name that nothing else bears, by which a lost answer is settled"
    }
  ],
  ["get", (caches) => caches.get({ name: "cachedContents/abc" }), (caches) => caches.get("cachedContents/abc")],
  ["get by the bare id", (caches) => caches.get({ name: "abc" }), (caches) => caches.get("abc")],
  [
    "update by a life",
    (caches) => caches.update({ name: "abc", config: { ttl: "90.5s" } }),
    (caches) => caches.update("abc", { ttl: "90500 millis" })
  ],
  [
    "update by a time",
    (caches) => caches.update({ name: "abc", config: { expireTime: "2030-01-01T00:00:00Z" } }),
    (caches) => caches.update("abc", { expireTime: "2030-01-01T00:00:00Z" })
  ],
  ["delete", (caches) => caches.delete({ name: "abc" }), (caches) => caches.delete("abc")],
  [
    "a list over its pages",
    async (caches) => {
      for await (const _ of await caches.list({ config: { pageSize: 7 } }));
    },
    (caches) => Stream.runDrain(caches.list({ pageSize: 7 }))
  ]
]

describe("requests of the official SDK and ours are equal", () => {
  for (const [name, theirs, ours, reasons] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url).caches),
        ours: (url) => oursOf(url)(ours),
        reasons
      }))
  }
})

describe("the official SDK works against the emulator", () => {
  let emulator: Awaited<ReturnType<typeof Standalone.start>>
  beforeAll(async () => {
    emulator = await Standalone.start()
  })
  afterAll(() => emulator.stop())

  it("creates, gets, uses, prolongs and deletes a cache", async () => {
    const sdk = sdkOf(emulator.url)
    const made = await sdk.caches.create({ model, config: { contents, systemInstruction, displayName: "manual" } })
    const { name = "" } = made
    assert.deepStrictEqual([made.model, made.usageMetadata?.totalTokenCount], [`models/${model}`, 5_006])
    const answer = await sdk.models.generateContent({ model, contents: "Which?", config: { cachedContent: name } })
    assert.strictEqual(answer.usageMetadata?.cachedContentTokenCount, 5_006)
    const later = await sdk.caches.update({ name, config: { ttl: "7200s" } })
    assert.isAbove(Date.parse(later.expireTime ?? ""), Date.parse(made.expireTime ?? ""))
    assert.strictEqual((await sdk.caches.get({ name })).expireTime, later.expireTime)
    await sdk.caches.delete({ name })
    const missing = await sdk.caches.get({ name }).then(() => "", String)
    assert.match(missing, /403.*CachedContent not found \(or permission denied\)/s)
    const unused = await sdk.models.generateContent({ model, contents: "?", config: { cachedContent: name } })
      .then(() => "", String)
    assert.match(unused, /CachedContent not found/)
  })

  it("lists over pages, and hears what is too small", async () => {
    const { caches } = sdkOf(emulator.url)
    for (const displayName of ["a", "b", "c"]) await caches.create({ model, config: { contents, displayName } })
    const names: Array<CachedContent["displayName"]> = []
    for await (const { displayName } of await caches.list({ config: { pageSize: 2 } })) names.push(displayName)
    assert.deepStrictEqual(names, ["c", "b", "a"])
    const small = await caches.create({ model, config: { contents: "Hi" } }).then(() => "", String)
    assert.match(small, /Cached content is too small. total_token_count=1, min_total_token_count=4096/)
  })
})
