/** A body that is pushed: when its source is paused, when its reader is woken, what is kept, and who lets it go. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import { PushedBody, type Pushing } from "../../src/internal/http/PushedBody.ts"

const make = (trickles?: boolean) => {
  const log: Array<string> = []
  const source = {
    paused: false,
    ...(trickles === undefined ? {} : { trickles }),
    pause: () => {
      log.push("pause")
      source.paused = true
    },
    resume: () => {
      log.push("resume")
      source.paused = false
    },
    abort: ({ message }: Error) => void log.push(message)
  }
  const pushing: Pushing = source
  return { body: new PushedBody<string>(pushing), log, source }
}
const piece = (length: number, value = 1) => new Uint8Array(length).fill(value)
const sizes = (pull: Pull.Pull<ReadonlyArray<Uint8Array>, string>) =>
  Pull.matchEffect(pull, {
    onSuccess: (pieces) => Effect.succeed(pieces.map(({ length }) => length)),
    onFailure: () => Effect.succeed("failed"),
    onDone: () => Effect.succeed("done")
  })
const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })
/** Lets microtasks and fibers run. */
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))
const aborted = "nobody reads the response"
const stopped = "the response is larger than its bound"

describe("a stream's reader", () => {
  it.effect("gets all pieces that are there at once, then waits, and hears of the end", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      assert.isFalse(body.isRead)
      body.push(piece(2))
      body.push(piece(3))
      const pull = body.open()
      assert.isTrue(body.isRead)
      assert.deepStrictEqual(yield* sizes(pull), [2, 3])
      const waiting = yield* start(sizes(pull))
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      body.push(piece(4))
      body.push(piece(5))
      assert.deepStrictEqual(yield* Fiber.join(waiting), [4, 5])
      const last = yield* start(sizes(pull))
      body.push(piece(6))
      body.end()
      assert.deepStrictEqual(yield* Fiber.join(last), [6])
      assert.strictEqual(yield* sizes(pull), "done")
      assert.deepStrictEqual(log, [])
      body.abort()
      assert.deepStrictEqual(log, [])
    }))

  it.effect("hears of a failure after what came before it", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      const pull = body.open()
      const waiting = yield* start(Effect.flip(pull))
      body.fail("broken")
      assert.strictEqual(yield* Fiber.join(waiting), "broken")
      const other = make()
      other.body.push(piece(1))
      other.body.fail("broken")
      const open = other.body.open()
      assert.deepStrictEqual(yield* sizes(open), [1])
      assert.strictEqual(yield* Effect.flip(open), "broken")
      body.abort()
      assert.deepStrictEqual(log, [])
    }))

  it.effect("lets the source be paused at 128 KiB and at 4,096 pieces, and resumes it by reading", () =>
    Effect.gen(function*() {
      const bytes = make()
      const pull = bytes.body.open()
      bytes.body.push(piece(128 * 1024 - 1))
      assert.deepStrictEqual(bytes.log, [])
      bytes.body.push(piece(1))
      assert.deepStrictEqual(bytes.log, ["pause"])
      assert.deepStrictEqual(yield* sizes(pull), [128 * 1024 - 1, 1])
      assert.deepStrictEqual(bytes.log, ["pause", "resume"])
      // What was read counts no more.
      bytes.body.push(piece(128 * 1024 - 1))
      assert.deepStrictEqual(bytes.log, ["pause", "resume"])
      yield* sizes(pull)
      assert.deepStrictEqual(bytes.log, ["pause", "resume"])

      const pieces = make()
      for (let nth = 1; nth < 4_096; nth++) pieces.body.push(piece(1))
      assert.deepStrictEqual(pieces.log, [])
      pieces.body.push(piece(1))
      assert.deepStrictEqual(pieces.log, ["pause"])
    }))

  it.effect("is waked once for what comes together, also from a source that trickles", () =>
    Effect.gen(function*() {
      const rows: ReadonlyArray<readonly [boolean | undefined, Array<number>]> = [
        [true, [1, 2, 3]],
        [false, [1]],
        [undefined, [1]]
      ]
      for (const [trickles, expected] of rows) {
        const { body } = make(trickles)
        const waiting = yield* start(sizes(body.open()))
        body.push(piece(1))
        // Each a microtask after the other.
        queueMicrotask(() => {
          body.push(piece(2))
          queueMicrotask(() => body.push(piece(3)))
        })
        assert.deepStrictEqual(yield* Fiber.join(waiting), expected, String(trickles))
      }
    }))

  it.effect("ends the request where it is interrupted, and the one that comes after it finds nothing to end", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      const waiting = yield* start(body.open())
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual(log, [aborted])
    }))

  it.effect("gets what was collected for a text that nobody waited for to its end", () =>
    Effect.gen(function*() {
      const { body } = make()
      const text = yield* start(body.bytes())
      body.push(piece(2))
      body.push(piece(3))
      const pull = body.open()
      assert.deepStrictEqual(yield* sizes(pull), [2, 3])
      yield* Fiber.interrupt(text)
    }))
})

describe("a body that is read whole", () => {
  it.effect("is what came before and after it was asked for, and nothing is paused", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      body.push(piece(2, 65))
      const text = yield* start(body.text())
      body.push(piece(1, 66))
      for (let nth = 0; nth < 5_000; nth++) body.push(piece(100, 67))
      body.end()
      assert.strictEqual(yield* Fiber.join(text), `AAB${"C".repeat(500_000)}`)
      assert.strictEqual(yield* body.text(), `AAB${"C".repeat(500_000)}`)
      assert.deepStrictEqual(log, [])
      assert.isTrue(body.isRead)
    }))

  it.effect("is read to its bound and not a byte further, whenever that byte comes", () =>
    Effect.gen(function*() {
      for (const isBefore of [true, false]) {
        const at = make()
        if (isBefore) at.body.push(piece(4, 65))
        const whole = yield* start(at.body.text(4))
        if (!isBefore) at.body.push(piece(4, 65))
        at.body.end()
        assert.strictEqual(yield* Fiber.join(whole), "AAAA")
        assert.deepStrictEqual(at.log, [])

        const over = make()
        if (isBefore) over.body.push(piece(5))
        const none = yield* start(over.body.bytes(4))
        if (!isBefore) over.body.push(piece(5))
        assert.isUndefined(yield* Fiber.join(none))
        assert.deepStrictEqual(over.log, [stopped])
        // What comes after it changes nothing, and it is stopped once.
        over.body.push(piece(5))
        assert.isUndefined(yield* over.body.text(4))
        over.body.abort()
        assert.deepStrictEqual(over.log, [stopped])
      }
    }))

  it.effect("that has ended is larger than its bound without anything to stop", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      body.push(piece(5))
      body.end()
      assert.isUndefined(yield* body.bytes(4))
      assert.deepStrictEqual(log, [])
    }))

  it.effect("fails as its source does, and is empty where nothing came", () =>
    Effect.gen(function*() {
      const { body } = make()
      const waiting = yield* start(Effect.flip(body.text()))
      body.push(piece(1))
      body.fail("broken")
      assert.strictEqual(yield* Fiber.join(waiting), "broken")
      assert.strictEqual(yield* Effect.flip(body.bytes()), "broken")
      const none = make()
      none.body.end()
      assert.strictEqual(yield* none.body.text(), "")
      assert.lengthOf((yield* none.body.bytes()) ?? [1], 0)
    }))

  it.effect("ends the request where its reader is interrupted", () =>
    Effect.gen(function*() {
      const { body, log } = make()
      const waiting = yield* start(body.text())
      body.push(piece(3))
      const exit = yield* Effect.andThen(Fiber.interrupt(waiting), Fiber.await(waiting))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(log, [aborted])
    }))
})

it("a body whose response was collected is let go, unless somebody reads it", () => {
  const unread = make()
  unread.body.push(piece(1))
  unread.body.dropUnread()
  assert.deepStrictEqual(unread.log, [aborted])
  const read = make()
  const pull = read.body.open()
  assert.isTrue(Effect.isEffect(pull))
  read.body.dropUnread()
  assert.deepStrictEqual(read.log, [])
  const over = make()
  over.body.end()
  over.body.dropUnread()
  assert.deepStrictEqual(over.log, [])
})
