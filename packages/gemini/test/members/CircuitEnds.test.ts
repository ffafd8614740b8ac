/** A circuit at its edges: what opens it, who is let through, who is told, and a store that does not answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as TestClock from "effect/testing/TestClock"
import * as Reason from "../../src/errors/GeminiErrorReason.ts"
import { GeminiError } from "../../src/GeminiError.ts"
import * as Circuit from "../../src/internal/members/circuit.ts"
import { Signal } from "../../src/internal/members/WaitingRoom.ts"

const error = (reason: Reason.GeminiErrorReason, retryAfter?: Duration.Duration) =>
  new GeminiError({
    method: "generateContent",
    attempts: [],
    reason,
    ...(retryAfter === undefined ? {} : { retryAfter })
  })

const closed = { state: "closed", retryIn: 0 }
const open = (retryIn: number) => ({ state: "open", retryIn })
const halfOpen = (retryIn: number) => ({ state: "halfOpen", retryIn })

/** Lets one call in and says how it went. Gives whether it was let in. */
const enter = (circuits: Circuit.Circuits, outcome: CircuitBreaker.Outcome, key = "a") =>
  Effect.gen(function*() {
    const report = yield* circuits.enter(key)
    report?.(outcome)
    yield* Effect.yieldNow
    return report !== undefined
  })

const failTimes = (circuits: Circuit.Circuits, times: number) =>
  Effect.forEach(Array.from({ length: times }), () => enter(circuits, CircuitBreaker.failure()))

/** Counts the news that a signal brings. */
const heard = (circuits: Circuit.Circuits) =>
  Effect.gen(function*() {
    const signal = new Signal()
    let times = 0
    circuits.watchers.add(signal)
    yield* Effect.forkChild(
      Effect.forever(Effect.andThen(signal.next, Effect.sync(() => void times++))),
      { startImmediately: true }
    )
    return { times: Effect.andThen(TestClock.adjust(0), Effect.sync(() => times)) }
  })

describe("what a failure says of its circuit", () => {
  it("an outage is one, with the server's own time; a judged call is health; all else is nothing", () => {
    assert.deepStrictEqual(
      Circuit.outcomeOf(error(new Reason.Overloaded({ description: "busy" }))),
      CircuitBreaker.failure()
    )
    assert.deepStrictEqual(
      Circuit.outcomeOf(error(new Reason.Overloaded({ description: "busy" }), Duration.seconds(9))),
      CircuitBreaker.failure({ retryAfter: "9 seconds" })
    )
    const blocked = new Reason.PromptBlocked({ blockReason: "SAFETY" })
    assert.deepStrictEqual(Circuit.outcomeOf(error(blocked)), CircuitBreaker.success)
    assert.deepStrictEqual(
      Circuit.outcomeOf(error(new Reason.InvalidRequest({ fields: [] }))),
      CircuitBreaker.ignored
    )
    // The caller's own deadline is over: nobody knows how the server is.
    assert.deepStrictEqual(Circuit.outcomeOf(error(new Reason.TimedOut({ phase: "total" }))), CircuitBreaker.ignored)
  })
})

describe("a circuit", () => {
  it.effect("opens at the third failure in a row, not at the second, and a success begins the count anew", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      yield* failTimes(circuits, 2)
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      yield* enter(circuits, CircuitBreaker.success)
      yield* failTimes(circuits, 2)
      // What says nothing neither counts nor begins the count anew.
      yield* enter(circuits, CircuitBreaker.ignored)
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      yield* failTimes(circuits, 1)
      assert.deepStrictEqual(yield* circuits.state("a"), open(5_000))
      assert.deepStrictEqual(yield* circuits.state("b"), closed)
    }))

  it.effect("is open for 5 s, then twice as long for each probe that fails, a minute at most", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      yield* failTimes(circuits, 3)
      for (const wait of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
        assert.deepStrictEqual(yield* circuits.state("a"), open(wait))
        yield* TestClock.adjust(wait - 1)
        assert.deepStrictEqual(yield* circuits.state("a"), open(1))
        assert.isFalse(yield* enter(circuits, CircuitBreaker.success))
        yield* TestClock.adjust(1)
        assert.isTrue(yield* enter(circuits, CircuitBreaker.failure()))
      }
    }))

  it.effect("is open as long as the server said, two minutes at most", () =>
    Effect.gen(function*() {
      for (const [key, said, wait] of [["a", "30 seconds", 30_000], ["b", "1 hour", 120_000]] as const) {
        const circuits = yield* Circuit.fromContext({ trip: CircuitBreaker.consecutive(1) })
        yield* enter(circuits, CircuitBreaker.failure({ retryAfter: said }), key)
        assert.deepStrictEqual(yield* circuits.state(key), open(wait))
      }
    }))

  it.effect("takes the policy and the time that it is given", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext({ trip: CircuitBreaker.consecutive(1), openFor: "7 seconds" })
      yield* failTimes(circuits, 1)
      assert.deepStrictEqual(yield* circuits.state("a"), open(7_000))
    }))

  it.effect("opens by calls that all began before any failed, whatever ended between", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      const began = yield* Effect.forEach(Array.from({ length: 6 }), () => circuits.enter("a"))
      const told = [
        CircuitBreaker.failure(),
        CircuitBreaker.failure(),
        CircuitBreaker.success,
        CircuitBreaker.failure(),
        CircuitBreaker.failure(),
        CircuitBreaker.failure()
      ]
      for (const [index, outcome] of told.entries()) {
        assert.deepStrictEqual(yield* circuits.state("a"), closed)
        began[index]?.(outcome)
        // Only the first word counts.
        began[index]?.(CircuitBreaker.success)
        yield* Effect.yieldNow
      }
      assert.deepStrictEqual(yield* circuits.state("a"), open(5_000))
    }))

  it.effect("hears nothing of calls that began before it opened: not while it is probed, and not once it closed", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      const early = yield* Effect.forEach(Array.from({ length: 4 }), () => circuits.enter("a"))
      yield* failTimes(circuits, 3)
      yield* TestClock.adjust("5 seconds")
      const probe = yield* circuits.enter("a")
      early[0]?.(CircuitBreaker.failure())
      yield* Effect.yieldNow
      assert.strictEqual((yield* circuits.state("a")).state, "halfOpen")
      probe?.(CircuitBreaker.success)
      yield* Effect.yieldNow
      for (const report of early.slice(1)) report?.(CircuitBreaker.failure())
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      // None of the three was counted.
      yield* failTimes(circuits, 2)
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
    }))

  it.effect("waits for the next call of its own to be probed, not for what an earlier one says", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      const early = yield* circuits.enter("a")
      yield* failTimes(circuits, 3)
      yield* TestClock.adjust("5 seconds")
      early?.(CircuitBreaker.success)
      yield* Effect.yieldNow
      assert.notStrictEqual((yield* circuits.state("a")).state, "closed")
      assert.isTrue(yield* enter(circuits, CircuitBreaker.success))
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
    }))

  it.effect("that counts a share of failures is told of the successes, too", () =>
    Effect.gen(function*() {
      const trip = CircuitBreaker.rate({ threshold: 0.5, size: 4, minimumCalls: 4 })
      const circuits = yield* Circuit.fromContext({ trip })
      for (const outcome of [CircuitBreaker.success, CircuitBreaker.success, CircuitBreaker.failure()]) {
        yield* enter(circuits, outcome)
      }
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      yield* enter(circuits, CircuitBreaker.failure())
      assert.deepStrictEqual(yield* circuits.state("a"), open(5_000))
    }))

  it.effect("lets one probe in at a time; the others look again in a second", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      yield* failTimes(circuits, 3)
      yield* TestClock.adjust(5_000)
      const probe = yield* circuits.enter("a")
      assert.isDefined(probe)
      assert.deepStrictEqual(yield* circuits.state("a"), halfOpen(1_000))
      assert.isUndefined(yield* circuits.enter("a"))
      probe?.(CircuitBreaker.success)
      // Only what is said first counts.
      probe?.(CircuitBreaker.failure())
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
    }))

  it.effect("tells those who watch of each change, and of a probe's place that is free again", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext()
      const { times } = yield* heard(circuits)
      yield* failTimes(circuits, 2)
      yield* enter(circuits, CircuitBreaker.success)
      assert.strictEqual(yield* times, 0)
      yield* failTimes(circuits, 3)
      assert.strictEqual(yield* times, 1)
      yield* TestClock.adjust(5_000)
      const probe = yield* circuits.enter("a")
      assert.strictEqual(yield* times, 2)
      probe?.(CircuitBreaker.ignored)
      assert.strictEqual(yield* times, 3)
      assert.deepStrictEqual(yield* circuits.state("a"), halfOpen(0))
      yield* enter(circuits, CircuitBreaker.success)
      assert.strictEqual(yield* times, 4)
      circuits.changed()
      assert.strictEqual(yield* times, 5)
    }))
})

describe("circuits that are switched off", () => {
  it.effect("let everybody in, whatever is said of the calls, and still pass news on", () =>
    Effect.gen(function*() {
      const circuits = yield* Circuit.fromContext(false)
      const { times } = yield* heard(circuits)
      yield* failTimes(circuits, 10)
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      assert.isTrue(yield* enter(circuits, CircuitBreaker.success))
      circuits.changed()
      assert.strictEqual(yield* times, 1)
    }))
})

describe("a store of circuits that does not answer", () => {
  const unavailable = Effect.fail(
    new CircuitBreaker.CircuitBreakerError({
      reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "down" })
    })
  )
  const store = (
    parts: Partial<CircuitBreaker.CircuitBreakerStore["Service"]>
  ): CircuitBreaker.CircuitBreakerStore["Service"] => ({
    admit: () => Effect.succeed({ generation: 0, probe: false, consecutiveOpenings: 0, transition: undefined }),
    record: () => Effect.undefined,
    state: (key) => Effect.succeed({ _tag: "Closed", key }),
    ...parts
  })
  const over = (parts: Partial<CircuitBreaker.CircuitBreakerStore["Service"]>) =>
    Effect.provideService(Circuit.fromContext(), CircuitBreaker.CircuitBreakerStore, store(parts))

  it.effect("leaves the circuit closed: where it fails at once, and where it fails to say how it stands", () =>
    Effect.gen(function*() {
      const circuits = yield* over({ admit: () => unavailable, state: () => unavailable })
      assert.deepStrictEqual(yield* circuits.state("a"), closed)
      assert.isDefined(yield* circuits.enter("a"))
    }))

  it.effect("lets a call in after a second, not before, and is not told how that call went", () =>
    Effect.gen(function*() {
      let asked = 0
      const recorded: Array<string> = []
      const circuits = yield* over({
        admit: () => Effect.andThen(Effect.sync(() => void asked++), Effect.never),
        record: ({ outcome }) => Effect.sync(() => void recorded.push(outcome))
      })
      const call = yield* Effect.forkChild(circuits.enter("a"), { startImmediately: true })
      yield* TestClock.adjust(999)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(1)
      const report = yield* Fiber.join(call)
      assert.isDefined(report)
      report?.(CircuitBreaker.failure())
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([asked, recorded], [1, []])
    }))

  it.effect("is told nothing of a call that went on without it, also where it lets that call in later", () =>
    Effect.gen(function*() {
      const recorded: Array<string> = []
      const circuits = yield* over({
        admit: () =>
          Effect.as(Effect.sleep("3 seconds"), {
            generation: 0,
            probe: false,
            consecutiveOpenings: 0,
            transition: undefined
          }),
        record: ({ outcome }) => Effect.sync(() => void recorded.push(outcome))
      })
      const call = yield* Effect.forkChild(circuits.enter("a"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const report = yield* Fiber.join(call)
      report?.(CircuitBreaker.failure())
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(recorded, ["Ignored"])
    }))

  it.effect("that answers in time is told how the call went, and the alarm rings no more", () =>
    Effect.gen(function*() {
      const recorded: Array<string> = []
      const circuits = yield* over({
        admit: () =>
          Effect.as(Effect.sleep(999), {
            generation: 0,
            probe: false,
            consecutiveOpenings: 0,
            transition: undefined
          }),
        record: ({ outcome }) => Effect.sync(() => void recorded.push(outcome))
      })
      const call = yield* Effect.forkChild(circuits.enter("a"), { startImmediately: true })
      yield* TestClock.adjust(999)
      const report = yield* Fiber.join(call)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(recorded, [])
      report?.(CircuitBreaker.failure())
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(recorded, ["Failure"])
    }))

  it.effect("holds up a call that is interrupted until it has answered, so that a place is never lost", () =>
    Effect.gen(function*() {
      let isTold = false
      const circuits = yield* over({
        admit: () =>
          Effect.as(Effect.sleep(500), {
            generation: 0,
            probe: true,
            consecutiveOpenings: 1,
            transition: undefined
          })
      })
      const call = yield* Effect.forkChild(
        Effect.uninterruptible(Effect.tap(circuits.enter("a"), (report) =>
          Effect.sync(() => {
            isTold = report !== undefined
          }))),
        { startImmediately: true }
      )
      call.interruptUnsafe()
      yield* TestClock.adjust(500)
      assert.isTrue(isTold)
    }))
})
