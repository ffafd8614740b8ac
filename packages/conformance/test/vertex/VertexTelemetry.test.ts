/**
 * Who was asked, in spans and metrics: `gcp.vertex_ai` at the host of the location, and over members of both APIs each
 * attempt's own.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "../calls/spanRecorder.ts"

const model = "gemini-3.8-flash"
const live = "gemini-robotics-er-2-streaming-preview"
const place = { project: "cloud", location: "europe-west4" }
const host = "europe-west4-aiplatform.googleapis.com"
const name = "gen_ai.provider.name"

const tokens = AccessToken.layerStatic(Redacted.make("ya29.good"))

const emulator: Emulator.Options = {
  answers: [],
  projects: { one: { keys: ["key-one"] }, cloud: { keys: [] } },
  vertex: { tokens: { valid: ["ya29.good"] } }
}

/** The spans of a program, and the attributes of everything that it measured. */
const watched = Effect.fnUntraced(function*<A, E, R>(program: Effect.Effect<A, E, R>) {
  const { spans, tracer } = SpanRecorder.make()
  const metrics = yield* Effect.scoped(program).pipe(
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.andThen(Metric.snapshot),
    Effect.provide(Telemetry.layer),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
  const measured = metrics.filter(({ id }) => id.startsWith("gemini.") || id.startsWith("gen_ai."))
  return { spans, measured: measured.map(({ attributes = {}, id }) => ({ id, ...attributes })) }
})

const said = (span: Tracer.NativeSpan) => ({
  span: span.name,
  provider: span.attributes.get(name),
  member: span.attributes.get("gemini.member"),
  at: span.attributes.get("server.address")
})

describe("spans and metrics on Vertex AI", () => {
  it.effect("name Vertex AI and the host of the location, in calls, embeddings, resources, sessions and effect/ai", () => {
    const services = Effect.map(
      Vertex.destination(place),
      (destination) =>
        Layer.mergeAll(
          GeminiClient.layerNoLimiter({ destination }),
          GeminiLive.layer({ destination }),
          Layer.provide(Caches.layer, ResourceHttp.layer({ destination }))
        )
    ).pipe(
      Layer.unwrap,
      Layer.provide(tokens),
      Layer.provideMerge(Layer.merge(Emulator.layerMemory(emulator), RateLimiter.layer))
    )
    const program = Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      yield* gemini.generate({ model, contents: "Hi" })
      yield* Stream.runDrain(gemini.generateStream({ model, contents: "Hi" }))
      yield* gemini.countTokens({ model, contents: "Hi" })
      yield* gemini.embed({ model: "gemini-embedding-001", contents: ["Hi"] })
      yield* Stream.runDrain(gemini.listModels())
      yield* gemini.getModel(model)
      yield* Effect.exit(gemini.generate({ model: "gemini-that-is-not", contents: "Hi" }))
      yield* Caches.Caches.use((caches) => Stream.runDrain(caches.list()))
      yield* LanguageModel.generateText({ prompt: "Hi" }).pipe(Effect.provide(GeminiLanguageModel.layer({ model })))
      const session = yield* (yield* GeminiLive.GeminiLive).connect({ model: live, ping: false })
      yield* session.ask("Hi")
    })
    return Effect.gen(function*() {
      const { measured, spans } = yield* watched(program)
      assert.isAbove(spans.length, 15)
      for (const span of spans) {
        assert.strictEqual(span.attributes.get(name), "gcp.vertex_ai", span.name)
        if (span.kind === "client" && !span.name.startsWith("LanguageModel")) {
          assert.strictEqual(span.attributes.get("server.address"), host, span.name)
          assert.strictEqual(span.attributes.get("server.port"), 443)
        }
      }
      assert.includeMembers([...new Set(measured.map(({ id }) => id))], [
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gemini.live.session.duration"
      ])
      for (const metric of measured) assert.strictEqual(Reflect.get(metric, name), "gcp.vertex_ai", metric.id)
    }).pipe(Effect.provide(services))
  })

  it.effect("name over members of both APIs who was asked, in the call as in its attempts", () => {
    const services = Vertex.layerMembers({
      tier: "tier3",
      members: [
        { name: "key", project: "one", apiKey: Redacted.make("key-one") },
        { name: "west", api: "vertex", ...place }
      ]
    }).pipe(
      Layer.provide(tokens),
      Layer.provideMerge(Emulator.layerHttpClient(emulator))
    )
    const ask = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi" }))
    const list = Caches.Caches.use((caches) => Stream.runDrain(caches.list())).pipe(
      Effect.provide(Layer.provide(Caches.layer, MemberResources.layer()))
    )
    return Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      assert.deepStrictEqual([undefined, "key", "west"].map((member) => gemini.providerName?.(member)), [
        "gcp.gen_ai",
        "gcp.gemini",
        "gcp.vertex_ai"
      ])
      for (
        const [member, provider, at] of [
          ["key", "gcp.gemini", "generativelanguage.googleapis.com"],
          ["west", "gcp.vertex_ai", host]
        ] as const
      ) {
        const { measured, spans } = yield* watched(ask.pipe(MemberCall.set({ member })))
        assert.deepStrictEqual(spans.map(said), [
          { span: `generateContent ${model}`, provider, member, at: undefined },
          { span: `generate_content ${model}`, provider, member, at }
        ])
        assert.isAbove(measured.length, 0)
        for (const metric of measured) assert.strictEqual(Reflect.get(metric, name), provider, metric.id)
      }
      const { spans } = yield* watched(list.pipe(MemberCall.set({ member: "west" })))
      assert.isAbove(spans.length, 0)
      for (const span of spans) assert.strictEqual(said(span).provider, "gcp.vertex_ai")
    }).pipe(Effect.provide(services))
  })
})
