/**
 * What every `LaneStore` keeps. A store is tested with the clock that it counts by: with the test's if it is given the
 * time, and with its own if it has one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"

export interface Harness {
  readonly layer: Layer.Layer<LaneStore.LaneStore, unknown>
  /** Long enough that a test's steps fit into it many times over. */
  readonly window: LaneStore.Window
  readonly now: Effect.Effect<number>
  readonly pass: (millis: number) => Effect.Effect<void>
  /** Promises that cannot be shown here, and why. */
  readonly skips?: Readonly<Record<string, string>> | undefined
}

const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

/** A key that no other test uses: a shared store remembers. */
let lanes = 0
const freshKey = (): LaneStore.LaneKey => ({
  project: `suite-${++lanes}`,
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
})

export const laneStoreSuite = (name: string, harness: Harness): void => {
  const { now, pass, window } = harness
  const span = window.window + window.margin

  /** A lane, its operations at the present time. */
  const lane = (key: LaneStore.LaneKey = freshKey()) =>
    LaneStore.LaneStore.useSync((store) => {
      const stored = store.open(key, window)
      const at = <A, E>(f: (now: number) => Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.flatMap(now, f)
      const ask = (limits: Partial<Tier.Limits>, tokens = 1) =>
        at((now) => stored.reserve({ limits: { ...unlimited, ...limits }, tokens }, now))
      return {
        ask,
        taken: (limits: Partial<Tier.Limits>, tokens?: number) =>
          Effect.map(ask(limits, tokens), (answer) => {
            assert.strictEqual(answer._tag, "Reserved")
            return answer as LaneStore.Reservation
          }),
        refused: (limits: Partial<Tier.Limits>, tokens?: number) =>
          Effect.map(ask(limits, tokens), (answer) => {
            assert.strictEqual(answer._tag, "Refused")
            return answer as LaneStore.Refusal
          }),
        settle: (reservation: LaneStore.Reservation, tokens: number) =>
          at((now) => stored.settle(reservation, tokens, now)),
        release: (reservation: LaneStore.Reservation) => at((now) => stored.release(reservation, now)),
        cancel: (reservation: LaneStore.Reservation) => at((now) => stored.cancel(reservation, now)),
        charge: (earlier: number, tokens: ReadonlyArray<number>) => at((now) => stored.charge(earlier, tokens, now)),
        pause: (retryAfter: number | undefined) => at((now) => stored.pause(retryAfter, now)),
        park: (resetAt: number) => at((now) => stored.park(resetAt, now)),
        teach: (lesson: LaneStore.Lesson, limits: Partial<Tier.Limits>) =>
          at((now) => stored.teach(lesson, { ...unlimited, ...limits }, now)),
        read: (limits: Partial<Tier.Limits>) => at((now) => stored.read({ ...unlimited, ...limits }, now)),
        seen: (limits: Partial<Tier.Limits>, requests = 1, tokens = 1) =>
          Effect.map(now, (now) => stored.seen({ ...unlimited, ...limits }, { requests, tokens }, now)),
        isIdle: (limits: Partial<Tier.Limits>) =>
          Effect.map(now, (now) => stored.isIdle({ ...unlimited, ...limits }, now))
      }
    })

  const promise = (promised: string, body: () => Effect.Effect<void, unknown, LaneStore.LaneStore>) => {
    const reason = harness.skips?.[promised]
    if (reason !== undefined) it.skip(`${promised} (${reason})`, () => {})
    else it.effect(promised, () => Effect.provide(body(), harness.layer))
  }

  describe(`a lane store: ${name}`, () => {
    promise(
      "takes from every dimension, or from none",
      Effect.fnUntraced(function*() {
        const { read, refused, taken } = yield* lane()
        yield* taken({ tpm: 100 }, 90)
        yield* refused({ tpm: 100 }, 11)
        yield* refused({ rpm: 1 })
        yield* refused({ concurrency: 1 })
        const { inFlight, requests, today, tokens } = yield* read({})
        assert.deepStrictEqual({ inFlight, requests, today, tokens }, {
          inFlight: 1,
          requests: 1,
          today: 1,
          tokens: 90
        })
      })
    )

    promise(
      "knows when a request that needs the whole window can go, though its tokens are fractions",
      Effect.fnUntraced(function*() {
        const { charge, refused, taken } = yield* lane()
        yield* charge(0, [0.1, 0.2])
        yield* pass(span / 2)
        yield* charge(0, [0.3])
        yield* pass(span / 2)
        // The sum of what is left differs from it by the last bit.
        const { retryIn } = yield* refused({ tpm: 10 }, 11)
        assert.isAtMost(retryIn, span)
        yield* pass(retryIn)
        yield* taken({ tpm: 10 }, 11)
      })
    )

    promise(
      "gives an entry's place free when its window and margin have passed, as it said",
      Effect.fnUntraced(function*() {
        const { refused, taken } = yield* lane()
        yield* taken({ rpm: 1 })
        yield* pass(span / 2)
        const { resetAt, retryIn } = yield* refused({ rpm: 1 })
        assert.isAtLeast(retryIn, 1)
        assert.isAtMost(retryIn, span / 2)
        assert.strictEqual(resetAt, undefined)
        yield* pass(retryIn)
        yield* taken({ rpm: 1 })
      })
    )

    promise(
      "frees concurrency alone when a call ends",
      Effect.fnUntraced(function*() {
        const { refused, release, taken } = yield* lane()
        const first = yield* taken({ rpm: 2, concurrency: 1 })
        yield* refused({ rpm: 2, concurrency: 1 })
        yield* release(first)
        yield* taken({ rpm: 2, concurrency: 1 })
        yield* refused({ rpm: 2 })
      })
    )

    promise(
      "gives everything back when a call was never sent",
      Effect.fnUntraced(function*() {
        const { cancel, isIdle, read, taken } = yield* lane()
        const first = yield* taken({}, 10)
        const second = yield* taken({}, 20)
        yield* cancel(first)
        assert.strictEqual((yield* read({})).tokens, 20)
        yield* cancel(second)
        const { inFlight, requests, today, tokens } = yield* read({})
        assert.deepStrictEqual({ inFlight, requests, today, tokens }, { inFlight: 0, requests: 0, today: 0, tokens: 0 })
        assert.isTrue(yield* isIdle({}))
      })
    )

    promise(
      "settles tokens by the last word, and lets nothing in until a debt has left the window",
      Effect.fnUntraced(function*() {
        const { refused, settle, taken } = yield* lane()
        const first = yield* taken({ tpm: 100 }, 100)
        yield* settle(first, 50)
        yield* settle(first, 20)
        yield* taken({ tpm: 100 }, 80)
        yield* settle(first, 150)
        const { retryIn } = yield* refused({ tpm: 100 }, 1)
        yield* pass(retryIn)
        yield* taken({ tpm: 100 }, 20)
      })
    )

    promise(
      "charges a correction that comes after the window, upward only",
      Effect.fnUntraced(function*() {
        const { read, refused, settle, taken } = yield* lane()
        const up = yield* taken({}, 10)
        const down = yield* taken({}, 10)
        yield* pass(span)
        yield* settle(up, 110)
        yield* settle(down, 0)
        const { requests, tokens } = yield* read({})
        assert.deepStrictEqual({ requests, tokens }, { requests: 0, tokens: 100 })
        yield* refused({ tpm: 100 }, 1)
      })
    )

    promise(
      "lets what is larger than the whole budget go alone, on an empty window",
      Effect.fnUntraced(function*() {
        const { refused, taken } = yield* lane()
        yield* taken({ tpm: 100 }, 1)
        const { retryIn } = yield* refused({ tpm: 100 }, 500)
        yield* pass(retryIn)
        yield* taken({ tpm: 100 }, 500)
        yield* refused({ tpm: 100 }, 1)
      })
    )

    promise(
      "counts what was sent elsewhere, in the window and in the day",
      Effect.fnUntraced(function*() {
        const { charge, read, refused, taken } = yield* lane()
        yield* taken({}, 10)
        yield* charge(3, [20, 30])
        const { inFlight, requests, today, tokens } = yield* read({})
        assert.deepStrictEqual({ inFlight, requests, today, tokens }, {
          inFlight: 1,
          requests: 3,
          today: 6,
          tokens: 60
        })
        yield* refused({ rpm: 3 })
        yield* refused({ rpd: 6 })
        yield* pass(span)
        yield* taken({ rpm: 1, tpm: 10, rpd: 7 }, 10)
      })
    )

    promise(
      "starts nothing while it is paused, and pauses longer each time when it is not told how long",
      Effect.fnUntraced(function*() {
        const { pause, refused, taken } = yield* lane()
        yield* pause(50)
        const told = yield* refused({})
        assert.isAtMost(told.retryIn, 50)
        yield* pass(told.retryIn)
        yield* taken({})
        yield* pause(undefined)
        const first = yield* refused({})
        assert.isAtMost(first.retryIn, 1_000)
        yield* pause(undefined)
        assert.isAtMost((yield* refused({})).retryIn, 1_000)
        yield* pass(first.retryIn)
        yield* pause(undefined)
        const second = yield* refused({})
        assert.isAbove(second.retryIn, 1_000)
        assert.isAtMost(second.retryIn, 2_000)
      })
    )

    promise(
      "keeps a learned limit below the tier's for ten windows, raises it by tenths of the tier's, and forgets it",
      Effect.fnUntraced(function*() {
        const { isIdle, read, refused, release, taken, teach } = yield* lane()
        const limits = { rpm: 10 }
        /** What goes in a window, all of it gone when the next one is asked. */
        const admitted = Effect.gen(function*() {
          const { learned } = yield* read(limits)
          const rpm = learned?.rpm ?? limits.rpm
          for (let i = 0; i < rpm; i++) yield* release(yield* taken(limits))
          yield* refused(limits)
          yield* pass(span)
          return rpm
        })
        yield* teach({ counts: "requests", limit: 7.9 }, limits)
        assert.isFalse(yield* isIdle(limits))
        const { learned } = yield* read(limits)
        const at = yield* now
        assert.deepStrictEqual([learned?.rpm, learned?.tpm], [7, undefined])
        assert.isAtMost(Math.abs((learned?.risesAt ?? 0) - at - 10 * span), 2)
        assert.isAtMost(Math.abs((learned?.until ?? 0) - at - 12 * span), 2)
        // A smaller tier of one call is not raised by it.
        yield* release(yield* taken({ rpm: 1 }))
        yield* refused({ rpm: 1 })
        yield* pass(span)
        assert.strictEqual(yield* admitted, 7)
        yield* pass(7 * span)
        assert.deepStrictEqual([yield* admitted, yield* admitted, yield* admitted, yield* admitted], [7, 8, 9, 10])
        assert.strictEqual((yield* read(limits)).learned, undefined)
      })
    )

    promise(
      "learns tokens and requests apart, by the last word, and forgets one that the tier is within",
      Effect.fnUntraced(function*() {
        const { read, refused, taken, teach } = yield* lane()
        const limits = { rpm: 10, tpm: 1_000 }
        yield* teach({ counts: "tokens", limit: 300 }, limits)
        yield* teach({ counts: "requests", limit: 2 }, limits)
        yield* teach({ counts: "requests", limit: 4 }, limits)
        const { learned } = yield* read(limits)
        assert.deepStrictEqual([learned?.rpm, learned?.tpm], [4, 300])
        yield* taken(limits, 300)
        yield* refused(limits, 1)
        yield* teach({ counts: "tokens", limit: 1_000 }, limits)
        yield* taken(limits, 1)
        assert.strictEqual((yield* read(limits)).learned?.tpm, undefined)
        yield* teach({ counts: "requests", limit: 10 }, limits)
        assert.strictEqual((yield* read(limits)).learned, undefined)
      })
    )

    promise(
      "learns by what it counted: one less with each refusal, at least a tenth of the tier's, for three windows",
      Effect.fnUntraced(function*() {
        const { read, release, taken, teach } = yield* lane()
        const limits = { rpm: 20 }
        const refusal = teach({ counts: "requests", limit: undefined }, limits)
        const rpm = Effect.map(read(limits), ({ learned }) => learned?.rpm)
        for (let i = 0; i < 12; i++) yield* release(yield* taken(limits))
        yield* refusal
        assert.strictEqual(yield* rpm, 11)
        for (let i = 0; i < 4; i++) yield* refusal
        assert.strictEqual(yield* rpm, 7)
        for (let i = 0; i < 20; i++) yield* refusal
        assert.strictEqual(yield* rpm, 2)
        yield* pass(3 * span - 10)
        assert.strictEqual(yield* rpm, 2)
        yield* pass(20)
        assert.strictEqual(yield* rpm, 4)
      })
    )

    promise(
      "says until when it is parked",
      Effect.fnUntraced(function*() {
        const { isIdle, park, read, refused, taken } = yield* lane()
        const resetAt = (yield* now) + 1_000
        yield* park(resetAt)
        const refusal = yield* refused({})
        assert.strictEqual(refusal.resetAt, resetAt)
        assert.isTrue((yield* read({})).exhausted)
        assert.isFalse(yield* isIdle({}))
        yield* pass(refusal.retryIn)
        yield* taken({})
      })
    )

    promise(
      "counts the Pacific day",
      Effect.fnUntraced(function*() {
        const { refused, release, taken } = yield* lane()
        yield* release(yield* taken({ rpd: 2 }))
        yield* release(yield* taken({ rpd: 2 }))
        const { resetAt, retryIn } = yield* refused({ rpd: 2 })
        assert.strictEqual(resetAt, (yield* now) + retryIn)
        yield* pass(retryIn)
        yield* taken({ rpd: 2 })
      })
    )

    promise(
      "knows without asking what it was told last, and that a window's counts are gone after it",
      Effect.fnUntraced(function*() {
        const { refused, release, seen, taken } = yield* lane()
        yield* release(yield* taken({ rpm: 2, tpm: 100 }, 60))
        yield* pass(span / 2)
        const second = yield* taken({ rpm: 2, tpm: 100 }, 30)
        const { freeIn, inFlight, requests, today, tokens } = yield* seen({ rpm: 2, tpm: 100 })
        assert.deepStrictEqual({ inFlight, requests, today, tokens }, {
          inFlight: 1,
          requests: 2,
          today: 2,
          tokens: 90
        })
        const { retryIn } = yield* refused({ rpm: 2, tpm: 100 })
        assert.isAtMost(Math.abs(freeIn - retryIn), 2)
        assert.strictEqual((yield* seen({ rpm: 3, tpm: 100 }, 1, 10)).freeIn, 0)
        assert.isAbove((yield* seen({ rpm: 3, tpm: 100 }, 1, 11)).freeIn, 0)
        assert.isAbove((yield* seen({ rpm: 3, tpm: 100 }, 2, 1)).freeIn, 0)
        yield* release(second)
        assert.strictEqual((yield* seen({})).inFlight, 0)
        yield* pass(span)
        const later = yield* seen({ rpm: 2, tpm: 100 }, 2, 100)
        assert.deepStrictEqual([later.freeIn, later.requests, later.tokens, later.today], [0, 0, 0, 2])
      })
    )

    promise(
      "is exact when many ask at once",
      Effect.fnUntraced(function*() {
        const { ask } = yield* lane()
        const answers = yield* Effect.forEach(Array.from({ length: 100 }), () => ask({ rpm: 30, concurrency: 20 }), {
          concurrency: "unbounded"
        })
        assert.strictEqual(answers.filter((answer) => answer._tag === "Reserved").length, 20)
      })
    )

    promise(
      "keeps lanes apart by every part of their key",
      Effect.fnUntraced(function*() {
        const key = freshKey()
        const { refused, taken } = yield* lane(key)
        yield* taken({ rpm: 1 })
        yield* refused({ rpm: 1 })
        const others: ReadonlyArray<Partial<LaneStore.LaneKey>> = [
          { project: `${key.project}/global` },
          { location: "europe-west1" },
          { quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-pro")) },
          { family: "embed" }
        ]
        for (const other of others) yield* (yield* lane({ ...key, ...other })).taken({ rpm: 1 })
      })
    )
  })
}
