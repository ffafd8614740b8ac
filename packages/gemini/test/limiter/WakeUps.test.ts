/**
 * A fiber may yield between any two operations, also between looking and waiting. Whatever happens at that moment must
 * wake it all the same.
 */
import type * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { PushedBody } from "../../src/internal/http/PushedBody.ts"
import { SessionCore } from "../../src/internal/live/SessionCore.ts"
import { TurnLock } from "../../src/internal/live/TurnLock.ts"
import * as TurnView from "../../src/internal/live/turnView.ts"

/** Yields once, before the operation of that number. */
class Hesitant extends Scheduler.MixedScheduler {
  #left: number
  constructor(left: number) {
    super()
    this.#left = left
  }
  override shouldYield(): boolean {
    return this.#left-- === 0
  }
}

const turns = (count: number) => Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })

/** Whether the effect ends, wherever in its course it yields and the event comes. */
const isWoken = Effect.fnUntraced(
  function*<E>(make: () => { readonly wait: Effect.Effect<unknown, E>; readonly event: () => void }) {
    for (let place = 0; place < 40; place++) {
      const { event, wait } = make()
      const fiber = yield* Effect.forkChild(
        Effect.provideService(wait, Scheduler.Scheduler, new Hesitant(place)),
        { startImmediately: true }
      )
      event()
      yield* turns(20)
      assert.isDefined(fiber.pollUnsafe(), `it waits for ever, having yielded before operation ${place}`)
    }
  }
)

const controller = (): Undici.Dispatcher.DispatchController => ({
  aborted: false,
  paused: false,
  reason: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined
})

const answered = (body: PushedBody<never>) => () => {
  body.push(new Uint8Array([1]))
  body.end()
}

describe("is woken by what comes before it waits", () => {
  it.live("the reader of a response", () =>
    isWoken(() => {
      const body = new PushedBody<never>(controller())
      return { wait: body.open(), event: answered(body) }
    }))

  it.live("who wants a whole response", () =>
    isWoken(() => {
      const body = new PushedBody<never>(controller())
      return { wait: body.bytes(), event: answered(body) }
    }))

  it.live("a turn behind another one", () =>
    isWoken(() => {
      const lock = new TurnLock()
      const other = {}
      lock.take(other, () => undefined)
      const core = new SessionCore({
        model: "m",
        inboundLimit: 1_000,
        unreadable: "fail",
        hasTools: false,
        takesHistory: false,
        mayRepeat: false,
        isTransparent: false,
        hearsInSilence: false,
        turnEnd: 10_000
      }, {
        toolCall: () => undefined,
        toolCancel: () => undefined,
        toolLost: () => undefined,
        waitsFor: () => false,
        awaited: () => [],
        goAway: () => undefined,
        quiet: () => undefined,
        turnOpened: () => undefined,
        turnBegun: () => undefined,
        settleWithin: () => undefined
      })
      let hasSent = false
      const view = TurnView.make<never>(
        core,
        lock,
        () => Effect.sync(() => void (hasSent = true)),
        () => Effect.suspend(() => Effect.die(hasSent))
      )
      return { wait: Effect.exit(Stream.runDrain(view)), event: () => lock.release(other) }
    }))
})
