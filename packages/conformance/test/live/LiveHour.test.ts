/**
 * An hour of conversation in one session, under the clock of the test: the server ends its connection six times, the
 * network breaks three times, functions run, and the user speaks, types and interrupts all the while.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Talk from "./liveConversation.ts"
import * as Phone from "./livePhone.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const used = (): number => {
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

const count = 3_600_000 / Phone.pace

/** The server's first end is announced in minute 8; a crash two minutes behind each second one leaves room for six. */
const crashes = new Map<number, NonNullable<Talk.Exchange["crash"]>>([
  [40, "speaking"],
  [112, "working"],
  [184, "waiting"]
])

const talk = Effect.fnUntraced(function*(conversation: ReadonlyArray<Talk.Exchange>) {
  const phone = yield* Phone.make
  const playing = yield* Effect.forkScoped(phone.play(conversation), { startImmediately: true })
  const heap: Array<number> = []
  for (let minute = 1; minute <= 60; minute++) {
    for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
    if (minute % 2 === 0) heap.push(used())
  }
  yield* Fiber.join(playing)
  const { live } = yield* Emulator.Emulator
  const counters = yield* live.counters
  return { phone, heap, counters, handle: yield* phone.handle }
}, Effect.scoped)

const remember = Effect.fnUntraced(function*(handle: string | undefined) {
  const remembering = yield* Effect.forkScoped(Phone.memory(handle), { startImmediately: true })
  for (let i = 0; i < 600 && remembering.pollUnsafe() === undefined; i++) yield* TestClock.adjust("1 second")
  return yield* Fiber.join(remembering)
}, Effect.scoped)

const seed = seedOf("15.5", 2026)
const hours = Array.from({ length: sizeOf("15.5", { test: 1, prove: 30 }) }, (_, i) => seed * 1009 + i)

describe("an hour of conversation with six goAways, three crashes and functions", () => {
  it.effect.each(hours)(
    "loses nothing, doubles nothing and keeps nothing in memory (seed %i)",
    (seed) =>
      Effect.gen(function*() {
        const conversation = Talk.generate(seed, count, crashes)
        const expected = Talk.transcript(conversation)
        const { counters, handle, heap, phone } = yield* talk(conversation)
        assert.deepStrictEqual(Talk.settled(phone.lines, expected), expected)
        assert.deepStrictEqual(yield* remember(handle), Talk.memory(conversation))

        assert.strictEqual(phone.counts.get("GoAway"), 6)
        assert.deepStrictEqual(phone.reconnected.map(({ isStateRestored }) => isStateRestored), Array(9).fill(true))
        // The speech that the first crash cut is not acknowledged; a text that was cut, or is sent again, has an event.
        const unacknowledged = phone.reconnected.map((event) => event.unacknowledged)
        assert.deepStrictEqual(unacknowledged, [0, 1, 0, 0, 0, 0, 0, 0, 0])
        assert.deepStrictEqual([phone.counts.get("TurnInterrupted"), phone.counts.get("Resent")], [1, 1])
        const { byCode, largestConcurrent, total } = counters
        assert.deepStrictEqual([byCode, largestConcurrent, total], [{ 1000: 6, 1006: 3, open: 1 }, 1, 10])

        // More than ten megabytes of sound have come in the hour, and its end needs no more than its second ten minutes.
        assert.isAbove(phone.heard(), 10e6)
        const growth = Math.min(...heap.slice(-2)) - Math.max(...heap.slice(1, 3))
        assert.isBelow(growth, 2e6, heap.join(" "))
      }).pipe(Effect.provide(Phone.layer)),
    60_000
  )
})
