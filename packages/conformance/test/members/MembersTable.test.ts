/**
 * The columns that `retryTable.ts` has for several members, filled in before they were run:
 * two members of two projects, or one member and a fallback model.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Members from "effect-gemini/Members"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { calls, ended, type Outcome, request, table, timeouts } from "../calls/retryTable.ts"

const first: Members.Member = { name: "a", project: "a", apiKey: Redacted.make("key-a") }
const second: Members.Member = { name: "b", project: "b", apiKey: Redacted.make("key-b") }
const projects = { a: { keys: ["key-a"] }, b: { keys: ["key-b"] } }
const other = "gemini-2.5-flash"

const services = (options: Partial<Members.Options>) =>
  Members.layer({ members: [first, second], tier: "tier3", timeouts, ...options }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient({ projects }))
  )

interface Columns {
  /** The first member fails, the second one answers. */
  readonly member: Outcome
  /** Both fail. */
  readonly members: Outcome
  /** The model fails at the only member, the fallback model answers. */
  readonly model: Outcome
  /** The model fails at both members, the fallback model answers. */
  readonly everywhere: Outcome
  /** Whether three of them in a row open the circuit. */
  readonly opens: boolean
  /** Whether the member is kept away from without one. */
  readonly keepsAway?: true
}

/** What every member would refuse is final. */
const final = (reason: string): Columns => ({
  member: [1, 0, reason],
  members: [1, 0, reason],
  model: [1, 0, reason],
  everywhere: [1, 0, reason],
  opens: false
})

/** A key is one member's, whatever the model. */
const refusedKey: Columns = {
  member: [2, 0, "ok"],
  members: [2, 0, "Unauthenticated"],
  model: [1, 0, "Unauthenticated"],
  everywhere: [2, 0, "Unauthenticated"],
  opens: false,
  keepsAway: true
}

/** The next one at once, and back to the first after its backoff. */
const outage = (reason: string, delay = 750): Columns => ({
  member: [2, 0, "ok"],
  members: [3, delay, reason],
  model: [2, 0, "ok"],
  everywhere: [3, 0, "ok"],
  opens: true
})

/** The lane waits as long as the server says; another one does not. */
const limited = (delay: number): Columns => ({ ...outage("RateLimited", delay), opens: false })

/** Nothing of this lane comes back in time: it is parked. */
const spent = (reason: string): Columns => ({
  ...outage(reason),
  members: [2, 0, reason],
  opens: false,
  keepsAway: true
})

const columns: Readonly<Record<string, Columns>> = {
  "400": final("InvalidRequest"),
  "401": refusedKey,
  "403": refusedKey,
  // Another project or region may have the model. If nobody has, that is said, and no other model answers.
  "404": {
    member: [2, 0, "ok"],
    members: [2, 0, "NotFound"],
    model: [1, 0, "NotFound"],
    everywhere: [2, 0, "NotFound"],
    opens: false,
    keepsAway: true
  },
  "408": outage("ServerError"),
  "429 per minute with RetryInfo": limited(53_016),
  // The lane's own pause, a second, is longer than the backoff.
  "429 without details": limited(1_000),
  "429 per day": spent("QuotaExhausted"),
  "429 with more than maxRetryAfter": spent("RateLimited"),
  "499": final("ServerError"),
  "500": outage("ServerError"),
  "502": outage("ServerError"),
  "503": outage("Overloaded"),
  "503 with RetryInfo": outage("Overloaded", 9_000),
  "504": outage("ServerError"),
  // Five seconds of silence each; then the first one's backoff is long over.
  "timeout": {
    member: [2, 5_000, "ok"],
    members: [3, 15_000, "TimedOut"],
    model: [2, 5_000, "ok"],
    everywhere: [3, 10_000, "ok"],
    opens: true
  },
  "connection reset": outage("Network")
}

it("every refusal of the table has its columns", () => {
  assert.deepStrictEqual(Object.keys(columns), Object.keys(table))
})

const rows = Object.entries(table).flatMap(([name, row]) => {
  const expected = columns[name]
  return expected === undefined ? [] : [[name, row, expected] as const]
})
const free = ["unary", "stream start"] as const
const { countTokens, embeddings } = calls

const outcomeOf = Effect.fnUntraced(function*(call: (typeof calls)[keyof typeof calls]) {
  const emulator = yield* Emulator.Emulator
  const before = (yield* emulator.requests).length
  const end = yield* ended(call)
  const requests = (yield* emulator.requests).slice(before)
  return { end, requests, outcome: [requests.length, end.time, end.result] as const }
})

describe.each(rows)("%s", (_, row, expected) => {
  it.effect.each(Object.entries(calls))("%s: one of two members", ([, call]) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ ...row.fault, when: { project: "a" } })
      const { outcome, requests } = yield* outcomeOf(call)
      assert.deepStrictEqual(outcome, expected.member)
      assert.deepStrictEqual(requests.map(({ project }) => project), ["a", "b"].slice(0, requests.length))
    }).pipe(Effect.provide(services({}))))

  it.effect.each(Object.entries(calls))(
    "%s: both members, and every attempt names its own",
    ([, call]) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault(row.fault)
        const { end, outcome } = yield* outcomeOf(call)
        assert.deepStrictEqual(outcome, expected.members)
        assert.deepStrictEqual(end.error?.attempts.map(({ member }) => member), ["a", "b", "a"].slice(0, outcome[0]))
      }).pipe(Effect.provide(services({})))
  )

  it.effect.each(free)("%s: a fallback model", (name) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ ...row.fault, when: { model: request.model } })
      const { outcome, requests } = yield* outcomeOf(calls[name])
      assert.deepStrictEqual(outcome, expected.model)
      assert.deepStrictEqual(requests.map(({ model }) => model), [request.model, other].slice(0, requests.length))
    }).pipe(Effect.provide(services({ members: [first], fallbackModels: [other] }))))

  it.effect.each(free)("%s: members first, then the fallback model", (name) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ ...row.fault, when: { model: request.model } })
      const { outcome, requests } = yield* outcomeOf(calls[name])
      assert.deepStrictEqual(outcome, expected.everywhere)
      assert.deepStrictEqual(
        requests.map(({ model }) => model),
        [request.model, request.model, other].slice(0, requests.length)
      )
    }).pipe(Effect.provide(services({ fallbackModels: [other] }))))

  it.effect.each(Object.entries({ countTokens, embeddings }))(
    "%s: never by another model",
    ([, call]) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault(row.fault)
        const { outcome, requests } = yield* outcomeOf(call)
        assert.deepStrictEqual(outcome, row.always)
        assert.strictEqual(new Set(requests.map(({ model }) => model)).size, 1)
      }).pipe(Effect.provide(services({ members: [first], fallbackModels: [other] })))
  )

  it.effect("three in a row open the circuit if they are an outage: then nothing is sent there", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ ...row.fault, when: { project: "a" } })
      for (let i = 0; i < 3; i++) {
        yield* outcomeOf(calls.unary)
        // Lanes that were told to wait are open again; a circuit of four minutes is not.
        yield* TestClock.adjust("1 minute")
      }
      const { requests } = yield* outcomeOf(calls.unary)
      if (expected.opens) assert.deepStrictEqual(requests.map(({ project }) => project), ["b"])
      else assert.strictEqual(requests[0]?.project, expected.keepsAway ? "b" : "a")
    }).pipe(Effect.provide(services({
      // The first region is the one that calls go to.
      members: [{ ...first, location: "west" }, { ...second, location: "east" }],
      circuit: { trip: CircuitBreaker.consecutive(3), openFor: "4 minutes" }
    }))))
})
