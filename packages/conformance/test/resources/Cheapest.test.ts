/** The cheapest way that is in time, client and emulator together. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Batches from "effect-gemini/batches/Batches"
import * as Cheapest from "effect-gemini/batches/Cheapest"
import * as Cost from "effect-gemini/Cost"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const options = {
  apiKey: Redacted.make("key"),
  baseUrl: "http://emulator.invalid",
  tier: "tier3",
  retry: { attempts: 1 }
} as const
const hour = 3_600_000

const price = (flex: string): Cost.Price => ({
  input: { any: "1" },
  output: { any: "4" },
  batch: { share: "0.5" },
  flex: { share: flex },
  priority: { share: "1.8" }
})
const prices: Cost.Prices = { asOf: "2026-11-29", source: "the test", models: { [model]: [price("0.6")] } }

const layerOf = (given: Cheapest.Options, emulator: Emulator.Options = {}) =>
  Cheapest.layer({ prices, ...given }).pipe(
    Layer.provideMerge(Batches.layer()),
    Layer.provide(ResourceHttp.layer(options)),
    Layer.provideMerge(GeminiClient.layer(options)),
    Layer.provideMerge(Emulator.layerHttpClient({ batchPending: hour, batchRunning: hour, ...emulator }))
  )

/** A history of one model in which the ways took so long, again and again. */
const seen = (took: Partial<Record<Cheapest.ServingWay, number>>): Cheapest.Options["seen"] => {
  const some = (way: Cheapest.ServingWay) => {
    const millis = took[way]
    return millis === undefined ? [] : Array.from({ length: 10 }, () => ({ millis, at: 0 }))
  }
  return {
    [model]: { batch: some("batch"), flex: some("flex"), standard: some("standard"), priority: some("priority") }
  }
}

const generate = (within: string, request: Partial<GeminiClient.Request> = {}) =>
  Effect.gen(function*() {
    const cheapest = yield* Cheapest.Cheapest
    const call = cheapest.generate({ model, contents: "Say hello", ...request }, { within: within as "1 hour" })
    const fiber = yield* Effect.forkChild(call, { startImmediately: true })
    for (let turn = 0; turn < 4_000 && fiber.pollUnsafe() === undefined; turn++) yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const told = ({ isInTime, unpriced, way, ways }: Cheapest.CheapAnswer) => ({
  way,
  ways: ways.map(({ outcome, way }) => `${way} ${outcome}`),
  isInTime,
  unpriced
})

describe("a call", () => {
  it.effect("goes by batch where there is time for it, at half the price", () =>
    Effect.gen(function*() {
      const answer = yield* generate("2 days")
      assert.deepStrictEqual(told(answer), {
        way: "batch",
        ways: ["batch answered"],
        isInTime: true,
        unpriced: false
      })
      assert.include(answer.answer.text, "Say hello")
      const plain = Cost.of(model, answer.answer.response, { prices, mode: "standard" }).total
      assert.isDefined(plain)
      assert.strictEqual(Number(BigDecimal.format(answer.cost.total ?? plain)), Number(BigDecimal.format(plain)) / 2)
      const history = yield* Cheapest.Cheapest.use((cheapest) => cheapest.seen(model))
      assert.strictEqual(history.batch.length, 1)
    }).pipe(Effect.provide(layerOf({}))))

  it.effect("goes flex where a batch has taken too long, and says so to the server", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const answer = yield* generate("6 hours")
      assert.deepStrictEqual(told(answer), { way: "flex", ways: ["flex answered"], isInTime: true, unpriced: false })
      assert.strictEqual(answer.answer.response.usageMetadata?.serviceTier, "flex")
      assert.lengthOf((yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "batchGenerateContent"), 0)
    }).pipe(Effect.provide(layerOf({}))))

  it.effect("goes by batch within hours, once batches were seen to be quick", () =>
    Effect.map(generate("6 hours"), (answer) => assert.strictEqual(answer.way, "batch")).pipe(
      Effect.provide(layerOf({ seen: seen({ batch: 2 * hour }) }))
    ))

  it.effect("moves up from a batch that stays pending, in time and unbilled", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batchGenerateContent" }, batch: { state: "stuck" } })
      const answer = yield* generate("6 hours")
      assert.deepStrictEqual(told(answer), {
        way: "standard",
        ways: ["batch late", "standard answered"],
        isInTime: true,
        unpriced: false
      })
      assert.isFalse(answer.ways[0]?.isBilled)
      const [batch] = (yield* emulator.batches.list).map(({ batch }) => Object(batch["metadata"]).state)
      assert.strictEqual(batch, "BATCH_STATE_CANCELLED")
    }).pipe(Effect.provide(layerOf({ seen: seen({ batch: 2 * hour }) }))))

  it.effect("takes the answer of a batch that came while it was being given up", () =>
    Effect.gen(function*() {
      const answer = yield* generate("6 hours")
      assert.deepStrictEqual(told(answer).ways, ["batch answered"])
    }).pipe(Effect.provide(
      // Done between the last question and the cancel: the pauses are longer than what is left.
      layerOf({ seen: seen({ batch: 2 * hour }), interval: "10 hours", maxInterval: "10 hours" })
    )))

  it.effect("goes the standard way after flex was refused", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "generateContent", times: 1 }, status: 503 })
      const answer = yield* generate("1 hour")
      assert.deepStrictEqual(told(answer).ways, ["flex failed", "standard answered"])
      assert.strictEqual(answer.ways[0]?.error?.reason._tag, "Overloaded")
    }).pipe(Effect.provide(layerOf({}))))

  it.effect("goes by priority where the standard way was too slow", () =>
    Effect.gen(function*() {
      const answer = yield* generate("20 seconds")
      assert.deepStrictEqual([answer.way, answer.answer.response.usageMetadata?.serviceTier], ["priority", "priority"])
    }).pipe(Effect.provide(layerOf({ seen: seen({ standard: 30_000, priority: 5_000 }) }))))

  it.effect("goes the plain way and says so where the model has no price", () =>
    Effect.gen(function*() {
      const answer = yield* generate("2 days", { model: "gemini-2.5-pro" })
      assert.deepStrictEqual(told(answer), {
        way: "standard",
        ways: ["standard answered"],
        isInTime: true,
        unpriced: true
      })
      assert.isUndefined(answer.cost.total)
    }).pipe(Effect.provide(layerOf({}))))

  it.effect("fails with what no way would spare it, and sends nothing that is refused before", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const cheapest = yield* Cheapest.Cheapest
      yield* emulator.addFault({ when: { method: "generateContent" }, error: { code: 400, message: "no" } })
      const refused = yield* Effect.flip(generate("1 hour"))
      assert.strictEqual(refused.reason._tag, "InvalidRequest")
      const before = (yield* emulator.requests).length
      for (const within of [-1, Number.NaN]) {
        const bad = yield* Effect.flip(cheapest.generate({ model, contents: "a" }, { within }))
        assert.include(bad.message, "within")
      }
      assert.lengthOf(yield* emulator.requests, before)
    }).pipe(Effect.provide(layerOf({}))))

  it.effect("that is interrupted cancels its batch", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const cheapest = yield* Cheapest.Cheapest
      const fiber = yield* Effect.forkChild(cheapest.generate({ model, contents: "a" }, { within: "2 days" }), {
        startImmediately: true
      })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      const states = (yield* emulator.batches.list).map(({ batch }) => Object(batch["metadata"]).state)
      assert.deepStrictEqual(states, ["BATCH_STATE_CANCELLED"])
    }).pipe(Effect.provide(layerOf({}))))
})
