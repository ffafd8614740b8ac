/** Cached contents as any HTTP client meets them: their minimum, their end by the clock, hits, and whose they are. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as TestClock from "effect/testing/TestClock"

const model = "models/gemini-3.8-flash"

/** A text of so many tokens, four letters each. */
const textOf = (tokens: number) => "word".repeat(tokens)

const contents = [{ role: "user", parts: [{ text: textOf(5_000) }] }]

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> & {
    readonly name?: string
    readonly usageMetadata?: Readonly<Record<string, unknown>>
    readonly error?: { readonly code: number; readonly status?: string; readonly message: string }
  }
}

const ask = Effect.fnUntraced(function*(
  verb: HttpMethod.HttpMethod,
  path: string,
  json?: unknown,
  key = "key",
  base?: string
): Effect.fn.Return<Answer, unknown, Emulator.Emulator | HttpClient.HttpClient> {
  const { url } = yield* Emulator.Emulator
  const request = HttpClientRequest.make(verb)(`${base ?? url}/v1beta/${path}`).pipe(
    HttpClientRequest.setHeaders({ "x-goog-api-key": key }),
    (request) => json === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, json)
  )
  const response = yield* HttpClient.execute(request)
  return { status: response.status, body: JSON.parse(yield* response.text) }
})

const create = (fields: object = {}, key?: string) => ask("POST", "cachedContents", { model, contents, ...fields }, key)

const use = (name: string | undefined, fields: object = {}, asked = model) =>
  ask("POST", `${asked}:generateContent`, {
    cachedContent: name,
    contents: [{ role: "user", parts: [{ text: "Which?" }] }],
    ...fields
  })

const emulated = Effect.provide(Emulator.layerHttpClient({
  projects: { one: { keys: ["key"] }, two: { keys: ["other"] } }
}))

const message = ({ body }: Answer) => `${body.error?.code} ${body.error?.status} ${body.error?.message}`

describe("caches", () => {
  it.effect("shows a cache without its contents, always with its end", () =>
    Effect.gen(function*() {
      const { body } = yield* create({
        displayName: "manual",
        ttl: "600s",
        systemInstruction: { parts: [{ text: "S" }] }
      })
      assert.match(body.name ?? "", /^cachedContents\/[a-z0-9]{40}$/)
      const time = "1970-01-01T00:00:00Z"
      assert.deepStrictEqual<unknown>(body, {
        name: body.name,
        model,
        displayName: "manual",
        createTime: time,
        updateTime: time,
        expireTime: "1970-01-01T00:10:00Z",
        usageMetadata: { totalTokenCount: 5_001 }
      })
      const unnamed = yield* create()
      assert.deepInclude(unnamed.body, { displayName: "", expireTime: "1970-01-01T01:00:00Z" })
    }).pipe(emulated))

  it.effect("counts the prefix as cached in the answers that use it, and in countTokens", () =>
    Effect.gen(function*() {
      const { body: { name } } = yield* create({ systemInstruction: { parts: [{ text: textOf(100) }] } })
      const { body } = yield* use(name)
      const { cacheTokensDetails, cachedContentTokenCount, promptTokenCount } = { ...body.usageMetadata }
      assert.deepStrictEqual([promptTokenCount, cachedContentTokenCount, cacheTokensDetails], [
        5_102,
        5_100,
        [{ modality: "TEXT", tokenCount: 5_100 }]
      ])
      const counted = yield* ask("POST", `${model}:countTokens`, {
        generateContentRequest: { model, cachedContent: name, contents: [{ parts: [{ text: "Which?" }] }] }
      })
      assert.deepInclude(counted.body, { totalTokens: 5_102, cachedContentTokenCount: 5_100 })
    }).pipe(emulated))

  it.effect("refuses what is below the model's minimum, by the model's own", () =>
    Effect.gen(function*() {
      const small = [{ parts: [{ text: textOf(1_081) }] }]
      assert.strictEqual(
        message(yield* create({ contents: small })),
        "400 INVALID_ARGUMENT Cached content is too small. total_token_count=1081, min_total_token_count=4096"
      )
      const { status } = yield* create({ model: "models/gemini-2.5-flash", contents: small })
      assert.strictEqual(status, 200)
    }).pipe(emulated))

  it.effect("ends by the clock, and a later end is its only change", () =>
    Effect.gen(function*() {
      const { body: { name } } = yield* create({ ttl: "60s" })
      yield* TestClock.adjust("59 seconds")
      const changed = yield* ask("PATCH", `${name}?updateMask=ttl`, { ttl: "60.5s" })
      assert.deepInclude(changed.body, { name: `${name}`, expireTime: "1970-01-01T00:01:59.500Z" })
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual((yield* use(name)).status, 200)
      yield* TestClock.adjust("500 millis")
      const gone = "403 PERMISSION_DENIED CachedContent not found (or permission denied)"
      assert.deepStrictEqual(
        [
          message(yield* use(name)),
          message(yield* ask("GET", `${name}`)),
          message(yield* ask("PATCH", `${name}`, { ttl: "60s" })),
          message(yield* ask("DELETE", `${name}`, {}))
        ],
        [gone, gone, gone, gone]
      )
      const other = yield* create()
      const refused = [
        yield* ask("PATCH", `${other.body.name}`, { contents }),
        yield* ask("PATCH", `${other.body.name}`, { expireTime: "1970-01-01T00:00:00Z" }),
        yield* create({ ttl: "0s" })
      ]
      assert.deepStrictEqual(refused.map(({ status }) => status), [400, 400, 400])
    }).pipe(emulated))

  it.effect("belongs to one project and one space", () =>
    Effect.gen(function*() {
      const { body: { name } } = yield* create()
      assert.strictEqual((yield* ask("GET", `${name}`, undefined, "other")).status, 403)
      const emulator = yield* Emulator.Emulator
      const space = yield* emulator.space("elsewhere")
      assert.strictEqual((yield* ask("GET", `${name}`, undefined, "key", space.url)).status, 403)
    }).pipe(emulated))

  it.effect("refuses a request that has what the cache brings, and one to another model", () =>
    Effect.gen(function*() {
      const { body: { name } } = yield* create()
      assert.match(message(yield* use(name, { tools: [{ codeExecution: {} }] })), /CachedContent can not be used with/)
      assert.match(message(yield* use(name, {}, "models/gemini-3.7-flash")), /has to be the same/)
    }).pipe(emulated))

  it.effect("judges the fields of a cache, and takes one end only", () =>
    Effect.gen(function*() {
      assert.match(message(yield* create({ kmsKeyName: "k" })), /Unknown name "kmsKeyName": Cannot find field/)
      const both = yield* create({ ttl: "60s", expireTime: "2030-01-01T00:00:00Z" })
      assert.match(message(both), /oneof field 'expiration' is already set/)
      assert.match(message(yield* create({ model: "models/gemini-embedding-001" })), /404 .*createCachedContent/)
      assert.match(message(yield* create({ displayName: "x".repeat(129) })), /^400/)
    }).pipe(emulated))

  it.effect("lists pages, the newest first", () =>
    Effect.gen(function*() {
      for (const displayName of ["a", "b", "c"]) yield* create({ displayName })
      const first = yield* ask("GET", "cachedContents?pageSize=2")
      const rest = yield* ask("GET", `cachedContents?pageSize=2&pageToken=${first.body["nextPageToken"]}`)
      const names = [first, rest].map(({ body }) =>
        (body["cachedContents"] as ReadonlyArray<{ readonly displayName: string }>).map(({ displayName }) =>
          displayName
        )
      )
      assert.deepStrictEqual(names, [["c", "b"], ["a"]])
      assert.notProperty(rest.body, "nextPageToken")
    }).pipe(emulated))

  it.effect("says that a project has no more room for tokens", () =>
    Effect.gen(function*() {
      yield* create()
      assert.strictEqual(
        message(yield* create()),
        "429 RESOURCE_EXHAUSTED TotalCachedContentStorageTokensPerModelFreeTier limit exceeded for model " +
          "gemini-3.8-flash: limit=8000, requested=5000"
      )
    }).pipe(Effect.provide(Emulator.layerHttpClient({ cachedTokens: 8_000 }))))

  it.effect("drops the oldest where there is no more room, and says so", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { body: { name } } = yield* create()
      yield* create()
      assert.strictEqual(yield* emulator.caches.dropped, 1)
      assert.strictEqual((yield* ask("GET", `${name}`)).status, 403)
      assert.match((yield* emulator.requests).at(-1)?.verdict?.refused ?? "", /dropped this cache: it had no more room/)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ storedBytes: 30_000 }))))
})
