/**
 * The rows that the table of refusals (`retryTable.ts`) has for Live, filled in before they
 * were run: calls that travel over Live, of one client, over two members, and with a way
 * back to HTTP; and sessions over members.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveMembers from "effect-gemini/live/LiveMembers"
import { LiveTransport } from "effect-gemini/live/LiveTransport"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ended, type Outcome, request as http, timeouts } from "../calls/retryTable.ts"

const live = { model: "gemini-robotics-er-2-streaming-preview", contents: http.contents }
const projects = { a: { keys: ["secret-a"] }, b: { keys: ["secret-b"] } }
const first = { name: "a", project: "a", apiKey: Redacted.make("secret-a") }
const second = { name: "b", project: "b", apiKey: Redacted.make("secret-b") }

const memory = Emulator.layerMemory({ projects })

const alone = GeminiClient.layerNoLimiter({ apiKey: first.apiKey, tier: "tier3", timeouts }).pipe(
  Layer.provideMerge(GeminiLive.layerTransport({ apiKey: first.apiKey, tier: "tier3", timeouts })),
  Layer.provideMerge(RateLimiter.layer),
  Layer.provideMerge(memory)
)

const options: LiveMembers.Options = { members: [first, second], tier: "tier3", timeouts }
const members = Members.layerNoLimiter(options).pipe(
  Layer.provideMerge(LiveMembers.layer(options)),
  Layer.provideMerge(RateLimiter.layer),
  Layer.provideMerge(memory)
)

const oneBad: LiveMembers.Options = {
  ...options,
  members: [{ ...first, apiKey: Redacted.make("no-such-key") }, second]
}
const badKey = Members.layerNoLimiter(oneBad).pipe(
  Layer.provideMerge(LiveMembers.layer(oneBad)),
  Layer.provideMerge(RateLimiter.layer),
  Layer.provideMerge(Emulator.layerMemory({ projects, keys: { invalid: ["no-such-key"] } }))
)

const slowStore = Layer.effect(
  CircuitBreaker.CircuitBreakerStore,
  Effect.map(CircuitBreaker.CircuitBreakerStore, (store) =>
    CircuitBreaker.CircuitBreakerStore.of({
      ...store,
      admit: (key) => Effect.andThen(Effect.sleep("1 second"), store.admit(key))
    }))
).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
const one: LiveMembers.Options = { ...options, members: [first], circuit: { trip: CircuitBreaker.consecutive(1) } }
const farAway = LiveMembers.layer(one).pipe(
  Layer.provideMerge(RateLimiter.layer),
  Layer.provideMerge(memory),
  Layer.provide(slowStore)
)

const unary = (call?: CallOptions) =>
  GeminiClient.GeminiClient.use((gemini) => Effect.as(gemini.generate(live, call), 1))

const stream = (call?: CallOptions) =>
  GeminiClient.GeminiClient.use((gemini) => Stream.runCount(gemini.generateStream(live, call)))

const calls = { unary, stream }

const session = (options: GeminiLive.ConnectOptions = {}) =>
  GeminiLive.GeminiLive.use(({ connect }) =>
    connect({ model: live.model, timeouts: { setup: "5 seconds" }, ...options })
  )

interface Row {
  readonly fault: Fault.Fault
  /** The first connection fails, the next would be answered. */
  readonly once: Outcome
  /** Every connection fails. */
  readonly always: Outcome
  /** Every connection of the first of two members fails. */
  readonly member: Outcome
  /** Every connection fails, and the call may go over HTTP: connections and requests together. */
  readonly fallback: Outcome
}

const refused = {
  once: [1, 0, "Live"],
  always: [1, 0, "Live"],
  member: [1, 0, "Live"],
  fallback: [1, 0, "Live"]
} as const
const passing = {
  once: [2, 750, "ok"],
  always: [3, 2_250, "Live"],
  member: [2, 0, "ok"],
  fallback: [4, 2_250, "ok"]
} as const

const close = (code: number): Fault.Fault => ({ close: { at: "setup", code, reason: "why" } })

const table: Readonly<Record<string, Row>> = {
  "close 1000 before the setup": { fault: close(1000), ...passing },
  "close 1001 before the setup": { fault: close(1001), ...passing },
  "close 1007 before the setup": { fault: close(1007), ...refused },
  "close 1008 before the setup": { fault: close(1008), ...refused },
  "close 1011 before the setup": { fault: close(1011), ...passing },
  "close 1012 before the setup": { fault: close(1012), ...passing },
  "close 1013 before the setup": { fault: close(1013), ...passing },
  "close 1014 before the setup": { fault: close(1014), ...passing },
  "connection lost before the setup": { fault: { reset: { at: "setup" } }, ...passing },
  // Five seconds of silence each (timeouts.attempt), and one for a goodbye that nobody answers,
  // which the table did not foresee when it was filled in.
  "silence": {
    fault: { halfOpen: { at: "setup" } },
    once: [2, 6_750, "ok"],
    always: [3, 20_250, "TimedOut"],
    member: [2, 6_000, "ok"],
    fallback: [4, 20_250, "ok"]
  }
}

/** Connections and requests, in the order of their coming. */
const arrivals = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  const connections = yield* emulator.live.connections
  const requests = yield* emulator.requests
  return [...connections, ...requests]
})

const outcomeOf = Effect.fnUntraced(function*(fault: Fault.Fault, call: ReturnType<typeof unary>) {
  const emulator = yield* Emulator.Emulator
  yield* emulator.addFault(fault)
  const end = yield* ended(call, "50 millis")
  const arrived = yield* arrivals
  return { end, arrived, outcome: [arrived.length, end.time, end.result] as const }
})

const bidi = { method: "bidiGenerateContent" } as const

describe.each(Object.entries(table))("%s", (_, row) => {
  it.effect.each(Object.entries(calls))("%s, once", ([, call]) =>
    Effect.gen(function*() {
      const { outcome } = yield* outcomeOf({ ...row.fault, when: { ...bidi, times: 1 } }, call())
      assert.deepStrictEqual(outcome, row.once)
    }).pipe(Effect.provide(alone)))

  it.effect.each(Object.entries(calls))("%s, always", ([, call]) =>
    Effect.gen(function*() {
      const { end, outcome } = yield* outcomeOf({ ...row.fault, when: bidi }, call())
      assert.deepStrictEqual(outcome, row.always)
      assert.strictEqual(end.error?.attempts.length, row.always[0])
    }).pipe(Effect.provide(alone)))

  it.effect.each(Object.entries(calls))("%s, one of two members", ([, call]) =>
    Effect.gen(function*() {
      const { arrived, outcome } = yield* outcomeOf({ ...row.fault, when: { ...bidi, project: "a" } }, call())
      assert.deepStrictEqual(outcome, row.member)
      assert.deepStrictEqual(arrived.map(({ project }) => project), ["a", "b"].slice(0, outcome[0]))
    }).pipe(Effect.provide(members)))

  it.effect.each(Object.entries(calls))("%s, always, with a way over HTTP", ([, call]) =>
    Effect.gen(function*() {
      const fallback = { transport: "http", model: http.model } as const
      const { outcome } = yield* outcomeOf({ ...row.fault, when: bidi }, call({ fallback }))
      assert.deepStrictEqual(outcome, row.fallback)
    }).pipe(Effect.provide(alone)))

  it.effect("a session opens at the next member", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ ...row.fault, when: { ...bidi, project: "a" } })
      const fiber = yield* Effect.forkChild(Effect.result(Effect.scoped(session())), { startImmediately: true })
      for (let i = 0; i < 200; i++) yield* TestClock.adjust("50 millis")
      const result = yield* Fiber.join(fiber)
      const isOpened = row.member[2] === "ok"
      assert.strictEqual(result._tag, isOpened ? "Success" : "Failure")
      const connections = yield* emulator.live.connections
      assert.deepStrictEqual(connections.map(({ project }) => project), isOpened ? ["a", "b"] : ["a"])
    }).pipe(Effect.provide(members)))
})

describe("sessions over members", () => {
  it.effect("take turns, and stay below the sessions of each project", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (let i = 0; i < 4; i++) yield* session()
      const connections = yield* emulator.live.connections
      assert.deepStrictEqual(connections.map(({ project }) => project), ["a", "b", "a", "b"])
    }).pipe(Effect.scoped, Effect.provide(members)))

  it.effect("are resumed where they were, and nowhere else", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const resume = (options: GeminiLive.ConnectOptions) =>
        Effect.scoped(Effect.gen(function*() {
          const opened = yield* session({ reconnect: true, ...options })
          yield* opened.ask("Hi")
          return yield* opened.handle
        }))
      yield* Effect.scoped(session())
      const handle = yield* resume({})
      for (let i = 0; i < 3; i++) yield* resume({ resumeFrom: handle ?? "" })
      const connections = yield* emulator.live.connections
      assert.deepStrictEqual(connections.map(({ project, resumed }) => [project, resumed]), [
        ["a", false],
        ["b", false],
        ["b", true],
        ["b", true],
        ["b", true]
      ])
    }).pipe(Effect.scoped, Effect.provide(members)))

  it.effect("with a handle that no member gave are refused before anything is dialled", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const error = yield* Effect.flip(Effect.scoped(session({ resumeFrom: "of-another-process" })))
      assert.strictEqual(error.reason._tag, "InvalidSetup")
      assert.include(error.message, "resumeFrom: it is not known which member made the session of this handle")
      assert.notInclude(error.message, "of-another-process")
      assert.strictEqual((yield* emulator.live.connections).length, 0)
      // Whoever names the member takes it upon himself.
      yield* Effect.scoped(session({ resumeFrom: "of-another-process" })).pipe(
        MemberCall.set({ member: "b" }),
        Effect.exit
      )
      assert.deepStrictEqual((yield* emulator.live.connections).map(({ project }) => project), ["b"])
    }).pipe(Effect.scoped, Effect.provide(members)))

  it.effect("one that is given up while a circuit far away is asked leaves the probe to the next", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ close: { at: "setup", code: 1011, reason: "why" }, when: { ...bidi, times: 1 } })
      const attempt = Effect.forkChild(Effect.exit(Effect.scoped(session())), { startImmediately: true })
      const first = yield* attempt
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
      yield* TestClock.adjust("10 seconds")
      // It is through the circuit when it ends, and has not dialled.
      const given = yield* attempt
      yield* TestClock.adjust("500 millis")
      const end = yield* Effect.forkChild(Fiber.interrupt(given), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(end)
      assert.strictEqual((yield* emulator.live.connections).length, 1)
      const next = yield* attempt
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(next)))
    }).pipe(Effect.provide(farAway)))

  it.effect("fail typed after the layer is closed, and interrupt nobody", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        Layer.provideMerge(LiveMembers.layer(options), RateLimiter.layer),
        scope
      )
      const connect = Effect.provide(Effect.scoped(session()), context)
      yield* connect
      yield* Scope.close(scope, Exit.void)
      const error = yield* Effect.flip(connect)
      assert.strictEqual(error.reason._tag, "SessionClosed")
      assert.include(error.message, "this limiter is closed")
    }).pipe(Effect.provide(memory)))

  it.effect("go to the next one where a region does not have the model, which is then left alone", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ status: 404, when: { ...bidi, project: "a" } })
      for (let i = 0; i < 4; i++) yield* Effect.scoped(session())
      const connections = yield* emulator.live.connections
      assert.deepStrictEqual(connections.map(({ project }) => project).filter((project) => project === "b").length, 4)
      assert.isAtMost(connections.length, 5)
    }).pipe(Effect.provide(members)))

  it.effect("are opened again at a member that did not have the model, once somebody says so", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { readmit } = yield* Members.Members
      yield* emulator.addFault({ status: 404, when: { ...bidi, project: "a", times: 1 } })
      const open = Effect.forEach([1, 2], () => Effect.scoped(session()), { discard: true })
      const projects = Effect.map(emulator.live.connections, (all) => all.map(({ project }) => project))
      yield* open
      const before = yield* projects
      assert.strictEqual(before.filter((project) => project === "b").length, 2)
      yield* Effect.provideService(readmit("a"), LiveTransport, {
        generateContent: () => Effect.die("not asked"),
        generateContentStream: () => Stream.die("not asked")
      })
      yield* open
      assert.include((yield* projects).slice(before.length), "a")
    }).pipe(Effect.provide(members)))

  it.effect("are opened at the next one where a key is refused, and then there first", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (let i = 0; i < 3; i++) yield* Effect.scoped(session())
      const connections = yield* emulator.live.connections
      assert.deepStrictEqual(connections.map(({ code }) => code), [1007, 1000, 1000, 1000])
    }).pipe(Effect.provide(badKey)))

  it.effect.each(Object.entries(calls))(
    "%s: a call goes to the next one where a key is refused",
    ([, call]) =>
      Effect.gen(function*() {
        yield* call()
        const error = yield* call().pipe(MemberCall.set({ member: "a" }), Effect.flip)
        assert.strictEqual(error.reason._tag, "Unauthenticated")
        assert.deepStrictEqual(error.attempts.map(({ member, reason }) => [member, reason]), [["a", "Unauthenticated"]])
        assert.notInclude(JSON.stringify(error), "no-such-key")
      }).pipe(Effect.provide(badKey))
  )
})
