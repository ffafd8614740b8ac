/** A store that is slow, and one that is gone: what one step's lateness means for it and for the others. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import { type LinkStatus, StoreLink, up } from "../../src/internal/limiter/StoreLink.ts"

const timeout = 1_000
const probeEvery = 5_000

/** A link to a server whose answers to pings come as late as `pingTakes` says; `Infinity` is never. */
const linked = Effect.gen(function*() {
  const server = { pingTakes: 10, pings: 0 }
  const ping = Effect.suspend(() => {
    server.pings++
    return server.pingTakes === Infinity ? Effect.never : Effect.sleep(server.pingTakes)
  })
  const status = yield* SubscriptionRef.make<LinkStatus>(up)
  return { server, link: new StoreLink({ timeout, probeEvery, ping }, status, yield* Effect.scope) }
})

const answersAfter = (millis: number) => Effect.as(Effect.sleep(millis), "answer")
const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

describe("a step that takes longer than its time", () => {
  it.effect("goes without a server that is there, alone", () =>
    Effect.gen(function*() {
      const { link, server } = yield* linked
      const late = yield* fork(link.ask(Effect.never))
      const others = yield* fork(Effect.forEach([200, 900, 990], (after) => link.ask(answersAfter(after))))
      yield* TestClock.adjust(timeout)
      assert.strictEqual(server.pings, 1)
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust(10)
      assert.isUndefined(yield* Fiber.join(late))
      assert.isUndefined(link.down)
      const next = yield* fork(link.ask(answersAfter(10)))
      yield* TestClock.adjust(timeout * 3)
      assert.strictEqual(yield* Fiber.join(next), "answer")
      assert.deepStrictEqual(yield* Fiber.join(others), ["answer", "answer", "answer"])
      assert.strictEqual(server.pings, 1)
    }))

  it.effect("has its answer if that comes before the server's to a ping", () =>
    Effect.gen(function*() {
      const { link, server } = yield* linked
      server.pingTakes = 900
      // Whatever is asked of it takes as long, because it is far away.
      const steps = yield* fork(
        Effect.forEach([1_001, 1_500, 1_899], (after) => link.ask(answersAfter(after)), { concurrency: 3 })
      )
      yield* TestClock.adjust(timeout + 899)
      assert.deepStrictEqual(yield* Fiber.join(steps), ["answer", "answer", "answer"])
      yield* TestClock.adjust(timeout)
      assert.isUndefined(link.down)
      assert.strictEqual(server.pings, 1)
    }))

  it.effect("has the answer that lay unread while the process was busy", () =>
    Effect.gen(function*() {
      const { link } = yield* linked
      const reply = yield* Deferred.make<string>()
      const step = yield* fork(link.ask(Deferred.await(reply)))
      // The timers are due before the socket is read.
      yield* TestClock.adjust(timeout)
      yield* Deferred.succeed(reply, "answer")
      assert.strictEqual(yield* Fiber.join(step), "answer")
      assert.isUndefined(link.down)
    }))

  it.effect("marks a server as down that does not answer a ping for as long", () =>
    Effect.gen(function*() {
      const { link, server } = yield* linked
      server.pingTakes = Infinity
      const steps = yield* fork(Effect.forEach([1, 2, 3], () => link.ask(Effect.never), { concurrency: 3 }))
      yield* TestClock.adjust(2 * timeout - 1)
      assert.isUndefined(link.down)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Fiber.join(steps), [undefined, undefined, undefined])
      const down: StoreLink["down"] = link.down
      assert.deepStrictEqual(down, { _tag: "Down", code: "TIMEOUT", since: 2 * timeout })
      assert.strictEqual(server.pings, 1)
      // Nobody waits for it any more, until a probe has found it.
      assert.isUndefined(yield* link.ask(answersAfter(1)))
      server.pingTakes = 10
      yield* TestClock.adjust(probeEvery + 10)
      assert.isUndefined(link.down)
    }))

  it.effect("marks a store as down that is asked for no answer", () =>
    Effect.gen(function*() {
      const { link, server } = yield* linked
      const step = yield* fork(link.run(Effect.never))
      yield* TestClock.adjust(timeout)
      assert.isUndefined(yield* Fiber.join(step))
      assert.strictEqual(link.down?.code, "TIMEOUT")
      assert.strictEqual(server.pings, 0)
    }))
})

describe("a step that counts once however often it arrives", () => {
  it.effect.each([[1, "answer"], [2, undefined]] as const)(
    "is sent again, once (late %i times)",
    ([late, answer]) =>
      Effect.gen(function*() {
        const { link } = yield* linked
        let sent = 0
        const step = yield* fork(link.askAgain(Effect.suspend(() => ++sent <= late ? Effect.never : answersAfter(10))))
        yield* TestClock.adjust(3 * timeout)
        assert.strictEqual(yield* Fiber.join(step), answer)
        assert.strictEqual(sent, 2)
        assert.isUndefined(link.down)
      })
  )

  it.effect("is not sent again to a server that is down", () =>
    Effect.gen(function*() {
      const { link, server } = yield* linked
      server.pingTakes = Infinity
      let sent = 0
      const step = yield* fork(link.askAgain(Effect.suspend(() => {
        sent++
        return Effect.never
      })))
      yield* TestClock.adjust(3 * timeout)
      assert.isUndefined(yield* Fiber.join(step))
      assert.strictEqual(sent, 1)
    }))
})
