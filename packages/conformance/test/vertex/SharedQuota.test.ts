/**
 * The dynamic shared quota of Vertex AI: a 429 that names no limit says how busy everybody is, so it pauses the lane and
 * teaches it no limit.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { pass } from "../members/simulation.ts"

const model = "gemini-3.8-flash"
const rpm = 100
const shared = 5
const calls = 12

const services = (limiter: RateLimiter.Options) =>
  Vertex.destination({ project: "my-project", location: "europe-west4" }).pipe(
    Effect.map((destination) =>
      GeminiClient.layerNoLimiter({
        destination,
        tier: "tier3",
        limits: { [model]: { rpm, tpm: Infinity, rpd: Infinity, concurrency: 100 } },
        timeouts: { total: "10 minutes" },
        retry: { attempts: 20 }
      })
    ),
    Layer.unwrap,
    Layer.provideMerge(RateLimiter.layerWith(limiter)),
    Layer.provide(AccessToken.layerStatic(Redacted.make("ya29.good"))),
    Layer.provideMerge(Emulator.layerHttpClient({ vertex: { shared: { [model]: { rpm: shared } } } }))
  )

const lane = Effect.map(
  RateLimiter.RateLimiter.use(({ snapshot }) => snapshot),
  (lanes) => lanes.find(({ lane }) => lane.quotaModel === model)
)

/** Asks more than everybody together may, and looks at the lane after the first refusals. */
const busy = Effect.gen(function*() {
  const traffic = yield* Effect.forkChild(
    Effect.forEach(
      Array.from({ length: calls }, () => "Hi"),
      (contents) => GeminiClient.GeminiClient.use((gemini) => Effect.exit(gemini.generate({ model, contents }))),
      { concurrency: "unbounded" }
    ),
    { startImmediately: true }
  )
  yield* pass("500 millis", "100 millis")
  const refused = yield* lane
  return { traffic, refused }
})

describe("a 429 of the dynamic shared quota", () => {
  it.effect("pauses the lane, teaches it no limit, and every call gets its answer", () =>
    Effect.gen(function*() {
      const { refused, traffic } = yield* busy
      const emulator = yield* Emulator.Emulator
      const before = yield* emulator.requests
      const limited = before.filter(({ status }) => status === 429)
      assert.isAbove(limited.length, 0)
      assert.strictEqual(before.filter(({ status }) => status === 200).length, shared)
      assert.isAbove(refused?.parkedUntil ?? 0, 500)
      assert.deepStrictEqual([refused?.phase, refused?.learned], ["cooldown", undefined])

      yield* pass("10 minutes", "1 second")
      const exits = yield* Fiber.join(traffic)
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag), exits.map(() => "Success" as const))
      const after = yield* lane
      assert.deepStrictEqual([after?.phase, after?.learned, after?.limits.rpm], ["inactive", undefined, rpm])
    }).pipe(Effect.provide(services({}))), 30_000)

  it.effect("would teach a limit only where what is counted is asked to", () =>
    Effect.gen(function*() {
      const { refused, traffic } = yield* busy
      assert.isBelow(refused?.learned?.rpm ?? Infinity, rpm)
      yield* Fiber.interrupt(traffic)
    }).pipe(Effect.provide(services({ learn: "counted" }))))
})
