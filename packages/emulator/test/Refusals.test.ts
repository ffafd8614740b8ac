import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"

const ask = Effect.fnUntraced(function*(path: string, body?: string, key = "key") {
  const { url } = yield* Emulator.Emulator
  const request = body === undefined
    ? HttpClientRequest.get(url + path)
    : HttpClientRequest.post(url + path).pipe(HttpClientRequest.bodyText(body, "application/json"))
  const response = yield* HttpClient.execute(
    key === "" ? request : HttpClientRequest.setHeader(request, "x-goog-api-key", key)
  )
  const text = yield* response.text
  return { status: response.status, type: response.headers["content-type"], text, json: () => JSON.parse(text) }
})

const generate = "/v1beta/models/gemini-3.8-flash:generateContent"
const stream = "/v1beta/models/gemini-3.8-flash:streamGenerateContent"

layer(Emulator.layerServer({ keys: { leaked: ["out"] } }).pipe(Layer.provideMerge(NodeHttpClient.layerUndici)))(
  "a refusal on the wire",
  (it) => {
    it.effect("is pretty JSON that ends with a newline", () =>
      Effect.gen(function*() {
        const { status, text, type } = yield* ask(generate, "{}")
        assert.strictEqual(status, 400)
        assert.strictEqual(type, "application/json; charset=UTF-8")
        assert.strictEqual(
          text,
          `{
  "error": {
    "code": 400,
    "message": "* GenerateContentRequest.contents: contents is not specified\\n",
    "status": "INVALID_ARGUMENT"
  }
}
`
        )
      }))

    it.effect("of a stream is not an event: plain JSON under text/event-stream, in a list without alt=sse", () =>
      Effect.gen(function*() {
        const events = yield* ask(`${stream}?alt=sse`, "{}")
        assert.strictEqual(events.type, "text/event-stream")
        assert.strictEqual(events.json().error.code, 400)
        const list = yield* ask(stream, "{}")
        assert.strictEqual(list.json()[0].error.code, 400)
      }))

    it.effect("comes for a body that is not JSON or too deep, an unknown query, and an unknown model", () =>
      Effect.gen(function*() {
        const deep = `{"generationConfig":{"responseSchema":${"{\"items\":".repeat(20_000)}{}${"}".repeat(20_002)}`
        for (
          const [path, body, says] of [
            [generate, "{\"contents\": [", "Expected a value or ] within an array."],
            [generate, deep, "Message too deep."],
            ["/v1beta/models?filter=x", undefined, "Unknown name \"filter\": Cannot bind query parameter."],
            ["/v1beta/models/nope", undefined, "Model is not found: models/nope for api version v1beta"]
          ] as const
        ) {
          const { json, status } = yield* ask(path, body)
          assert.strictEqual(status, path.endsWith("nope") ? 404 : 400)
          assert.include(json().error.message, says)
        }
      }))

    it.effect("comes for more tokens than the model takes", () =>
      Effect.gen(function*() {
        const long = (characters: number) =>
          JSON.stringify({ contents: [{ parts: [{ text: "word ".repeat(characters / 5) }] }] })
        const { json, status } = yield* ask(generate, long(6_000_000))
        assert.strictEqual(status, 400)
        assert.match(
          json().error.message,
          /^The input token count \(\d+\) exceeds the maximum number of tokens allowed \(1048576\)\.$/
        )
        assert.strictEqual((yield* ask(generate, long(2_000_000))).status, 200)
      }))

    it.effect("comes for the key before all else, also in the query", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* ask("/v1/models/nope:generateContent", "{", "")).status, 403)
        assert.include((yield* ask("/v1/models", undefined, "out")).json().error.message, "leaked")
        assert.include((yield* ask(`${generate}?key=out`, "{}", "")).json().error.message, "leaked")
      }))

    it.effect("is in the log, with what was sent", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* ask(generate, "{\"contents\": [}")
        const entry = (yield* emulator.requests).at(-1)
        assert.deepStrictEqual([entry?.status, entry?.body], [400, "{\"contents\": [}"])
      }))

    it.effect("does not come for what the front end forgives: bare keys, trailing commas, snake_case", () =>
      Effect.gen(function*() {
        const { status } = yield* ask(generate, "{contents: {parts: {text: 'hi'},}, generation_config: {top_k: '1'}}")
        assert.strictEqual(status, 200)
      }))
  }
)
