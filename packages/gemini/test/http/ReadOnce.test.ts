/**
 * What a caller passes is read once, wherever the call enters: `Content.fromInput` asks every content for its `parts`,
 * and a `Proxy` counts how often.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Members from "effect-gemini/Members"
import * as ModelPool from "effect-gemini/ModelPool"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-flash"
const answer = JSON.stringify({
  candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }],
  totalTokens: 1
})

/** Answers every request, and keeps what was asked. */
const server = () => {
  const asked: Array<{ readonly url: string; readonly body: unknown }> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const { body } = request
      asked.push({ url: url.pathname, body: body._tag === "Uint8Array" ? JSON.parse(body.text ?? "") : undefined })
      const text = url.search === "" ? answer : `data: ${answer}\n\n`
      return HttpClientResponse.fromWeb(request, new Response(text))
    })
  )
  return { asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** One content, and how often it was asked whether it is one. */
const counted = () => {
  const seen = { reads: 0 }
  const content = new Proxy({ role: "user", parts: [{ text: "Hi" }] }, {
    has: (target, key) => {
      if (key === "parts") seen.reads++
      return Reflect.has(target, key)
    }
  })
  return { seen, contents: [content] }
}

const calls: ReadonlyArray<
  readonly [string, (gemini: GeminiClient.Service, request: GeminiClient.Request) => Effect.Effect<unknown, unknown>]
> = [
  ["generate", (gemini, request) => gemini.generate(request)],
  ["generateStream", (gemini, request) => Stream.runDrain(gemini.generateStream(request))],
  ["countTokens", (gemini, request) => gemini.countTokens(request)],
  ["countTokens of a whole request", (gemini, request) => gemini.countTokens({ ...request, systemInstruction: "Be" })]
]

type Client = Layer.Layer<GeminiClient.GeminiClient, never, HttpClient.HttpClient>

const clients: ReadonlyArray<readonly [string, Client]> = [
  ["one key", GeminiClient.layer({ apiKey })],
  ["members", Members.layer({ members: [{ name: "a", apiKey }] })]
]

describe.each(clients)("a client of %s", (_, client) => {
  it.effect.each(calls)("reads the contents of %s once", ([, call]) =>
    Effect.gen(function*() {
      const { asked, layer } = server()
      const { contents, seen } = counted()
      yield* GeminiClient.GeminiClient.use((gemini) => call(gemini, { model, contents })).pipe(
        Effect.provide(Layer.provide(client, layer), { local: true })
      )
      assert.strictEqual(asked.length, 1)
      assert.strictEqual(seen.reads, 1)
    }))
})

describe("the bare transport", () => {
  it.effect("reads the contents once", () =>
    Effect.gen(function*() {
      const { asked, layer } = server()
      const { contents, seen } = counted()
      yield* GeminiHttp.GeminiHttp.use((http) => http.generateContent({ model, contents })).pipe(
        Effect.provide(Layer.provide(GeminiHttp.layer({ apiKey }), layer), { local: true })
      )
      assert.deepStrictEqual(asked, [{
        url: `/v1beta/models/${model}:generateContent`,
        body: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] }
      }])
      assert.strictEqual(seen.reads, 1)
    }))

  it.effect("is asked by its own methods where somebody wraps it", () =>
    Effect.gen(function*() {
      const { asked, layer } = server()
      const seen: Array<unknown> = []
      const wrapped = Layer.effect(
        GeminiHttp.GeminiHttp,
        Effect.map(GeminiHttp.make({ apiKey }), (http) => ({
          ...http,
          generateContent: (request, options) => {
            seen.push([request, options])
            return http.generateContent(request, options)
          }
        }))
      )
      const call = { headers: { "x-call": "c" }, maxWait: "1 minute" } as const
      yield* GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi" }, call)).pipe(
        Effect.provide(
          Layer.effect(GeminiClient.GeminiClient, GeminiClient.make({ apiKey })).pipe(
            Layer.provide(ModelPool.layer({ apiKey })),
            Layer.provide(Layer.merge(wrapped, RateLimiter.layer)),
            Layer.provide(layer)
          ),
          { local: true }
        )
      )
      assert.strictEqual(asked.length, 1)
      assert.deepStrictEqual(seen, [[
        { model, contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
        { headers: { "x-call": "c" }, timeouts: undefined }
      ]])
    }))
})
