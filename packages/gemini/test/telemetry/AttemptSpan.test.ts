import { assert, describe, it } from "@effect/vitest"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { readFileSync } from "node:fs"
import { version } from "../../src/internal/config/version.ts"
import { recorder } from "./spanRecorder.ts"

const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "the-prompt" }] }] }
const answer = {
  candidates: [{ content: { parts: [{ text: "the-answer" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, thoughtsTokenCount: 2, totalTokenCount: 10 },
  modelVersion: "gemini-3.8-flash-001",
  responseId: "r1"
}
const sse = `data: ${JSON.stringify(answer)}\n\n`

const traced = Effect.fnUntraced(function*(
  respond: Effect.Effect<Response>,
  use: (http: GeminiHttp.Service) => Effect.Effect<unknown, unknown>
) {
  const { spans, tracer } = recorder()
  const client = HttpClient.make((sent) => Effect.map(respond, (web) => HttpClientResponse.fromWeb(sent, web)))
  const http = yield* GeminiHttp.make({ apiKey: Redacted.make("the-key"), baseUrl: "http://127.0.0.1:8790/x" }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )
  yield* Effect.exit(Effect.provideService(use(http), Tracer.Tracer, tracer))
  return spans
})

const text = (body: string, status = 200) => Effect.sync(() => new Response(body, { status }))
const drain = (http: GeminiHttp.Service) => Stream.runDrain(http.generateContentStream(request))
const unary = (http: GeminiHttp.Service) => http.generateContent(request)
const forever = Effect.sync(() =>
  new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(sse)) }))
)
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))
const interrupted =
  (run: (http: GeminiHttp.Service) => Effect.Effect<unknown, unknown>) => (http: GeminiHttp.Service) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.asVoid(run(http)), { startImmediately: true })
      yield* settle
      yield* Fiber.interrupt(fiber)
    })

describe("one span an attempt, ended exactly once", () => {
  const endings = [
    ["answered", text(JSON.stringify(answer)), unary, undefined],
    ["streamed to its end", text(sse), drain, undefined],
    ["refused", text("{\"error\":{\"code\":429}}", 429), unary, "RateLimited"],
    ["refused stream", text("{\"error\":{\"code\":503}}", 503), drain, "Overloaded"],
    ["cut stream", text("data: {}\n\n"), drain, "StreamInterrupted"],
    [
      "broken off early",
      forever,
      (http: GeminiHttp.Service) => Stream.runDrain(Stream.take(http.generateContentStream(request), 1)),
      undefined
    ],
    ["interrupted", Effect.never, interrupted(unary), undefined],
    ["interrupted stream", forever, interrupted(drain), undefined]
  ] as const
  for (const [name, respond, use, error] of endings) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const spans = yield* traced(respond, use)
        assert.strictEqual(spans.length, 1)
        const [recorded] = spans
        if (recorded === undefined) return assert.fail("no span")
        const { ends, span } = recorded
        assert.strictEqual(ends.length, 1)
        assert.strictEqual(span.attributes.get("error.type"), error)
        assert.strictEqual(span.name, "generate_content gemini-3.8-flash")
        // The exit that a tracer is handed holds the answer, as every span's does in Effect.
        for (const secret of ["the-key", "the-prompt"]) assert.notInclude(JSON.stringify(ends), secret)
        const exported = JSON.stringify([...span.attributes, span.events])
        for (const secret of ["the-key", "the-prompt", "the-answer"]) assert.notInclude(exported, secret)
      }))
  }

  it.effect("it names operation, provider, models, usage and finish reasons", () =>
    Effect.gen(function*() {
      for (const [respond, use] of [[text(JSON.stringify(answer)), unary], [text(sse), drain]] as const) {
        const [recorded] = yield* traced(respond, use)
        assert.deepStrictEqual(Object.fromEntries(recorded?.span.attributes ?? []), {
          "gen_ai.operation.name": "generate_content",
          "gen_ai.provider.name": "gcp.gemini",
          "gen_ai.request.model": "gemini-3.8-flash",
          "server.address": "127.0.0.1",
          "server.port": 8790,
          "gen_ai.response.id": "r1",
          "gen_ai.response.model": "gemini-3.8-flash-001",
          "gen_ai.response.finish_reasons": ["STOP"],
          "gen_ai.usage.input_tokens": 3,
          "gen_ai.usage.output_tokens": 7,
          "gen_ai.usage.cache_read.input_tokens": 0
        })
        assert.strictEqual(recorded?.span.kind, "client")
      }
    }))

  it.effect("none where tracing is off", () =>
    Effect.gen(function*() {
      const spans = yield* traced(text(JSON.stringify(answer)), (http) => Effect.withTracerEnabled(unary(http), false))
      assert.strictEqual(spans.length, 0)
    }))
})

it("the version that we send is the package's", () => {
  assert.strictEqual(JSON.parse(readFileSync(`${import.meta.dirname}/../../package.json`, "utf8")).version, version)
})
