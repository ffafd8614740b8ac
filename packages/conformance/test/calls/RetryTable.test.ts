/**
 * What a call does about every refusal (`retryTable.ts`), for a client and for members with a single member, which must
 * do the same.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GoogleError from "effect-gemini-emulator/GoogleError"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { calls, ended, request, table, timeouts, unary } from "./retryTable.ts"

const apiKey = Redacted.make("test-key")
const options = { apiKey, tier: "tier3", timeouts } as const

const alone: Layer.Layer<Emulator.Emulator | GeminiClient.GeminiClient> = Layer.provideMerge(
  GeminiClient.layer(options),
  Emulator.layerHttpClient()
)
const member: Layer.Layer<Emulator.Emulator | GeminiClient.GeminiClient> = Layer.provideMerge(
  Members.layer({ ...options, members: [{ name: "only" }] }),
  Emulator.layerHttpClient()
)

const outcomeOf = Effect.fnUntraced(function*(fault: Fault.Fault, call: typeof unary) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.addFault(fault)
  const end = yield* ended(call)
  const requests = yield* emulator.requests
  return { end, requests, outcome: [requests.length, end.time, end.result] as const }
})

const clients = { "a client": alone, "a client of one member": member }
const rows = Object.entries(clients).flatMap(([client, services]) =>
  Object.entries(table).map(([name, row]) => [`${client}: ${name}`, row, services] as const)
)

describe.each(rows)("%s", (_, row, services) => {
  it.effect.each(Object.entries(calls))("%s, once", ([, call]) =>
    Effect.gen(function*() {
      const { end, outcome } = yield* outcomeOf({ ...row.fault, when: { times: 1 } }, call)
      assert.deepStrictEqual(outcome, row.once)
      if (end.error !== undefined) assert.strictEqual(end.error.attempts.length, 1)
    }).pipe(Effect.provide(Layer.fresh(services))))

  it.effect.each(Object.entries(calls))("%s, always", ([, call]) =>
    Effect.gen(function*() {
      const { end, outcome } = yield* outcomeOf(row.fault, call)
      assert.deepStrictEqual(outcome, row.always)
      assert.strictEqual(end.error?.attempts.length, row.always[0])
      assert.deepStrictEqual(
        end.error?.attempts.map((attempt) => attempt.delay === undefined),
        Array.from({ length: row.always[0] }, (_, i) => i === row.always[0] - 1)
      )
      if (row.always[0] > 1) assert.include(end.error?.message, `After ${row.always[0]} attempts.`)
    }).pipe(Effect.provide(Layer.fresh(services))))

  it.effect("mid-stream: nothing is sent again, and what came first was delivered", () =>
    Effect.gen(function*() {
      const chunks: Array<GeminiClient.StreamChunk> = []
      const { outcome } = yield* outcomeOf(
        row.midStream,
        Effect.flatMap(
          GeminiClient.GeminiClient,
          (gemini) =>
            Effect.as(
              Stream.runForEach(gemini.generateStream(request), (chunk) => Effect.sync(() => chunks.push(chunk))),
              1
            )
        )
      )
      assert.deepStrictEqual(outcome, row.broken)
      assert.isAtLeast(chunks.length, 1)
      assert.isTrue(chunks.every((chunk) => !chunk.finished))
    }).pipe(Effect.provide(Layer.fresh(services))))
})

describe("RetryInfo of 53.016 s", () => {
  it.effect.each(Object.entries(calls))(
    "%s: no request before, exactly one at that time",
    ([, call]) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const { fault } = table["429 per minute with RetryInfo"] ?? assert.fail("no such row")
        yield* emulator.addFault({ ...fault, when: { times: 1 } })
        const fiber = yield* Effect.forkChild(call, { startImmediately: true })
        yield* TestClock.adjust("53015 millis")
        assert.strictEqual((yield* emulator.requests).length, 1)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual((yield* emulator.requests).map((request) => request.time), [0, 53_016])
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(Layer.fresh(alone)))
  )

  it.effect("a RetryInfo cut to whole seconds, as the server sends it, is not taken for the whole delay", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const violation = {
        metric: "generate_content_free_tier_requests",
        id: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        model: request.model,
        limit: 10
      }
      const { body: { error } } = GoogleError.quotaExceeded([violation], 53.016)
      yield* emulator.addFault({ error, when: { times: 1 } })
      const fiber = yield* Effect.forkChild(unary, { startImmediately: true })
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual((yield* emulator.requests).map((request) => request.time), [0, 53_016])
    }).pipe(Effect.provide(Layer.fresh(alone))))
})
