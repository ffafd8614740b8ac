import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { recorder } from "./spanRecorder.ts"

const request = { model: "gemini-2.5-flash", contents: "the-prompt" }
const answer = {
  candidates: [{ content: { parts: [{ text: "the-answer" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, thoughtsTokenCount: 2, totalTokenCount: 10 }
}
const blocked = { candidates: [{ finishReason: "SAFETY" }], usageMetadata: { promptTokenCount: 3 } }
const json = (body: unknown, status = 200) => Effect.sync(() => new Response(JSON.stringify(body), { status }))
const sse = (body: unknown) => Effect.sync(() => new Response(`data: ${JSON.stringify(body)}\n\n`))
const overloaded = json({ error: { code: 503 } }, 503)
const forever = Effect.sync(() =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: {\"candidates\":[]}\n\n"))
    })
  )
)

/** A client that gets these responses one after the other, and then the last one again. */
const clientOf = (responses: ReadonlyArray<Effect.Effect<Response>>) => {
  let next = 0
  const http = HttpClient.make((sent) =>
    Effect.map(
      responses[Math.min(next++, responses.length - 1)] ?? Effect.never,
      (web) => HttpClientResponse.fromWeb(sent, web)
    )
  )
  return GeminiClient.layer({
    apiKey: Redacted.make("the-key"),
    limits: { "gemini-2.5-flash": { rpm: 3, tpm: 1e6, rpd: 100, concurrency: 5 } }
  }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http)))
}

type Use = (gemini: GeminiClient.Service) => Effect.Effect<unknown, unknown, RateLimiter.RateLimiter>
const unary: Use = (gemini) => gemini.generate(request)
const streamed: Use = (gemini) => Stream.runDrain(gemini.generateStream(request))
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))
const interrupted = (use: Use): Use => (gemini) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.asVoid(use(gemini)), { startImmediately: true })
    yield* settle
    yield* Fiber.interrupt(fiber)
  })
const played = (use: Use): Use => (gemini) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(use(gemini)), { startImmediately: true })
    for (let i = 0; i < 20; i++) {
      yield* settle
      yield* TestClock.adjust("1 second")
    }
    yield* Fiber.join(fiber)
  })

const traced = Effect.fnUntraced(function*(responses: ReadonlyArray<Effect.Effect<Response>>, use: Use) {
  const { spans, tracer } = recorder()
  yield* GeminiClient.GeminiClient.use((gemini) => Effect.exit(use(gemini))).pipe(
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.provide(clientOf(responses))
  )
  return spans
})

describe("one span a call and one an attempt, each ended exactly once", () => {
  const endings: ReadonlyArray<
    readonly [
      name: string,
      responses: ReadonlyArray<Effect.Effect<Response>>,
      use: Use,
      attempts: number,
      error?: string
    ]
  > = [
    ["answered", [json(answer)], unary, 1],
    ["answered after a retry", [overloaded, json(answer)], played(unary), 2],
    ["given up", [overloaded], played(unary), 3, "Overloaded"],
    ["blocked", [json(blocked)], unary, 1, "ResponseBlocked"],
    ["refused", [json({ error: { code: 400 } }, 400)], unary, 1, "InvalidRequest"],
    [
      "timed out",
      [Effect.never],
      played((gemini) => gemini.generate(request, { timeouts: { total: "1 second" } })),
      1,
      "TimedOut"
    ],
    ["interrupted", [Effect.never], interrupted(unary), 1],
    [
      "refused by the limiter",
      [json(answer)],
      (gemini) => gemini.generate(request, { limits: { rpm: 0 } }),
      0,
      "QuotaExhausted"
    ],
    ["streamed", [sse(answer)], streamed, 1],
    ["streamed after a retry", [overloaded, sse(answer)], played(streamed), 2],
    ["streamed and cut", [sse({ candidates: [] })], streamed, 1, "StreamInterrupted"],
    ["streamed and blocked", [sse(blocked)], streamed, 1, "ResponseBlocked"],
    [
      "streamed and broken off",
      [forever],
      (gemini) => Stream.runDrain(Stream.take(gemini.generateStream(request), 1)),
      1
    ],
    ["streamed and interrupted", [forever], interrupted(streamed), 1],
    ["streamed and refused", [overloaded], played(streamed), 3, "Overloaded"]
  ]
  for (const [name, responses, use, attempts, error] of endings) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const spans = yield* traced(responses, use)
        const calls = spans.filter(({ span }) => span.kind === "internal")
        const tries = spans.filter(({ span }) => span.kind === "client")
        assert.deepStrictEqual([calls.length, tries.length], [1, attempts])
        const call = calls[0]
        assert.include(call?.span.name, "gemini-2.5-flash")
        assert.strictEqual(call?.span.attributes.get("error.type"), error)
        assert.strictEqual(call?.span.attributes.get("gemini.attempts"), attempts)
        for (const { ends } of spans) assert.strictEqual(ends.length, 1)
        for (const { span } of tries) {
          assert.strictEqual(Option.getOrUndefined(span.parent)?.spanId, call?.span.spanId)
        }
        const exported = JSON.stringify(spans.map(({ span }) => [...span.attributes, span.events, span.name]))
        for (const secret of ["the-key", "the-prompt", "the-answer"]) assert.notInclude(exported, secret)
      }))
  }
})

describe("metrics", () => {
  const measured = Effect.fnUntraced(function*(
    responses: ReadonlyArray<Effect.Effect<Response>>,
    use: Use,
    layer: Layer.Layer<never>
  ) {
    return yield* GeminiClient.GeminiClient.use((gemini) => Effect.exit(use(gemini))).pipe(
      Effect.andThen(Metric.snapshot),
      Effect.provide(Layer.merge(layer, clientOf(responses))),
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
  })
  const ours = (snapshots: ReadonlyArray<Metric.Metric.Snapshot>) =>
    snapshots.filter(({ id }) => id.startsWith("gen_ai.") || id.startsWith("gemini."))

  it.effect("say how long calls took and waited, what they used, and what was tried again", () =>
    Effect.gen(function*() {
      const all = yield* measured(
        [overloaded, sse(answer)],
        played(streamed),
        Telemetry.layer
      )
      const counts = Object.fromEntries(
        ours(all).map((metric) => [
          `${metric.id}${metric.attributes?.["gen_ai.token.type"] ?? metric.attributes?.["error.type"] ?? ""}`,
          metric.type === "Histogram"
            ? [metric.state.count, metric.state.sum]
            : "count" in metric.state
            ? metric.state.count
            : 0
        ])
      )
      const duration = counts["gen_ai.client.operation.duration"]
      assert.isTrue(Array.isArray(duration) && duration[0] === 1 && Number(duration[1]) > 0)
      assert.deepStrictEqual(counts["gen_ai.client.token.usageinput"], [1, 3])
      assert.deepStrictEqual(counts["gen_ai.client.token.usageoutput"], [1, 7])
      assert.deepStrictEqual(counts["gemini.client.wait"], [2, 0])
      assert.strictEqual(counts["gemini.client.retriesOverloaded"], 1)
      assert.deepStrictEqual(counts["gen_ai.client.operation.time_to_first_chunk"], [1, 0])
    }))

  it.effect("have a bounded number of series, whatever models are asked for", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* Effect.forEach(
        Array.from({ length: 200 }),
        (_, i) => gemini.generate({ ...request, model: `tuned-model-${i}` }),
        { discard: true }
      )
      yield* gemini.generate(request)
      const snapshot = yield* Metric.snapshot
      const duration = snapshot.filter(({ id }) => id === "gen_ai.client.operation.duration")
      const models = duration.map(({ attributes }) => attributes?.["gen_ai.request.model"])
      assert.strictEqual(models.length, 66)
      assert.strictEqual(new Set(models).size, 66)
      assert.includeMembers(models, ["tuned-model-0", "tuned-model-63", "other", "gemini-2.5-flash"])
    }).pipe(
      Effect.provide(Layer.merge(clientOf([json(answer)]), Telemetry.layer)),
      Effect.provideService(
        Metric.MetricRegistry,
        new Map()
      )
    ))

  it.effect("are none where nobody asked for them", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(ours(yield* measured([sse(answer)], streamed, Layer.empty)), [])
    }))

  it.effect("show how many wait and how many lanes are parked", () =>
    Effect.gen(function*() {
      const all = yield* measured(
        [Effect.never],
        (gemini) =>
          Effect.gen(function*() {
            const limiter = yield* RateLimiter.RateLimiter
            // Three fit into the minute, two wait; another lane was told to pause.
            const calls = yield* Effect.forEach(
              [1, 2, 3, 4, 5],
              () => Effect.forkChild(Effect.exit(unary(gemini)), { startImmediately: true })
            )
            const quotaModel = Result.getOrThrow(ModelId.parse("gemini-2.5-pro"))
            yield* limiter.feedback(
              { project: "default", location: "global", quotaModel, family: "generate" },
              { _tag: "RateLimited", retryAfter: Duration.seconds(5) }
            )
            yield* Effect.scoped(Effect.andThen(Layer.build(Telemetry.layerLanes()), settle))
            yield* Fiber.interruptAll(calls)
          }),
        Telemetry.layer
      )
      const gauges = Object.fromEntries(
        ours(all).flatMap((metric) =>
          metric.type === "Gauge"
            ? [[`${metric.id} ${metric.attributes?.["gen_ai.request.model"] ?? ""}`, Number(metric.state.value)]]
            : []
        )
      )
      assert.deepStrictEqual(gauges, {
        "gemini.client.queue.depth gemini-2.5-flash": 2,
        "gemini.client.queue.depth gemini-2.5-pro": 0,
        "gemini.client.lanes.parked ": 1
      })
    }))
})
