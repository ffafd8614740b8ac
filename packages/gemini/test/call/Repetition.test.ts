/** A stream that says the same piece over and over is cut; any other goes through as it is. */
import { assert, describe, it } from "@effect/vitest"
import { Repeated } from "effect-gemini/call/Repeated"
import * as Repetition from "effect-gemini/call/Repetition"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { Gauge } from "../../src/internal/call/Gauge.ts"

/** Numbers below n; the same for every seed. */
const dice = (seed: number) => {
  let state = (seed * 2_654_435_761) >>> 0
  return (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

const letters = "abcdefghij 漢\n😀"
const random = (pick: (n: number) => number, length: number) =>
  Array.from({ length }, () => letters[pick(letters.length)] ?? "").join("")

/** The shortest piece of which the end of the text consists, by trying each. */
const piece = (text: string, window: number, times: number): number | undefined => {
  const tail = text.slice(-window)
  if (tail.length < window) return undefined
  for (let p = 1; p <= window / times; p++) {
    if ([...tail].length > 0 && tail.slice(p) === tail.slice(0, -p)) return p
  }
  return undefined
}

const run = (texts: ReadonlyArray<string>, options: Repetition.Options) => {
  const seen: Array<string> = []
  return Effect.map(
    Effect.exit(Stream.runForEach(
      Repetition.guardBy((text: string) => text, options)(Stream.fromArray(texts)),
      (text) => Effect.sync(() => seen.push(text))
    )),
    (exit) => ({ seen, exit })
  )
}

const failure = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit)
    ? exit.cause.reasons.flatMap((reason) => reason._tag === "Fail" ? [reason.error] : [])[0]
    : undefined

describe("the gauge", () => {
  it("agrees with trying each piece, over 2,000 random texts however they are cut", () => {
    let found = 0
    for (let seed = 1; seed <= 2_000; seed++) {
      const pick = dice(seed)
      const window = 16 * (1 + pick(6))
      const times = 2 + pick(6)
      const unit = random(pick, 1 + pick(20))
      const text = random(pick, pick(100)) + unit.repeat(pick(40)) + random(pick, pick(3) === 0 ? pick(60) : 0)
      const gauge = new Gauge(window, times)
      let at = 0
      let repetition: ReturnType<Gauge["add"]>
      while (at < text.length && repetition === undefined) {
        const size = 1 + pick(30)
        repetition = gauge.add(text.slice(at, at + size))
        at += size
      }
      // It looks whenever a sixteenth of the window is new.
      const step = window / 16
      let expected: { readonly piece: number; readonly characters: number } | undefined
      for (let end = step; end <= text.length && expected === undefined; end += step) {
        const p = piece(text.slice(0, end), window, times)
        if (p !== undefined) expected = { piece: p, characters: end }
      }
      assert.strictEqual(repetition?.piece, expected?.piece, `seed ${seed}`)
      assert.strictEqual(repetition?.characters, expected?.characters, `seed ${seed}`)
      if (repetition !== undefined) {
        found++
        assert.strictEqual(repetition.times, Math.floor(window / repetition.piece))
      }
    }
    assert.isAbove(found, 300)
    assert.isBelow(found, 1_900)
  })

  it("takes a piece that stands often enough, and one character less often it does not", () => {
    // 64 characters: eight pieces of eight, or seven of nine and one character.
    const repeats = (unit: string) => new Gauge(64, 8).add(unit.repeat(40)) !== undefined
    assert.isTrue(repeats("abcdefgh"))
    assert.isFalse(repeats("abcdefghi"))
    assert.isTrue(new Gauge(64, 7).add("abcdefghi".repeat(40)) !== undefined)
  })

  it("keeps no more than its window, whatever comes", () => {
    const gauge = new Gauge(1_000, 8)
    const pick = dice(7)
    for (let i = 0; i < 2_000; i++) assert.isUndefined(gauge.add(random(pick, 500)))
    // A million characters were looked at in well under a second.
    const before = performance.now()
    for (let i = 0; i < 2_000; i++) gauge.add(random(pick, 500))
    assert.isBelow(performance.now() - before, 5_000)
  })

  it("bounds that cannot be meant are the nearest that can", () => {
    for (const [window, times] of [[0, 0], [-1, 1], [Number.NaN, Number.NaN], [2, 2], [1.5, 2.9]] as const) {
      const gauge = new Gauge(window, times)
      assert.isUndefined(gauge.add("a"))
      assert.deepStrictEqual(gauge.add("a"), { piece: 1, times: 2, characters: 2 })
    }
    assert.isUndefined(new Gauge(Infinity, 2).add("a".repeat(100)))
  })
})

describe("a guarded stream", () => {
  it.effect("delivers everything of an answer that does not repeat itself", () =>
    Effect.gen(function*() {
      const pick = dice(1)
      const texts = Array.from({ length: 200 }, () => random(pick, 50))
      const { exit, seen } = yield* run(texts, {})
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(seen, texts)
    }))

  it.effect("fails once the repetition is certain, and delivers what came until then", () =>
    Effect.gen(function*() {
      const texts = ["Once upon a time. ", ...Array.from({ length: 10_000 }, () => "And so on. ")]
      const { exit, seen } = yield* run(texts, { characters: 220, times: 10 })
      const error = failure(exit)
      assert.instanceOf(error, Repeated)
      assert.deepInclude(error, { piece: 11, times: 20 })
      assert.isAtMost(seen.length, 1 + 22)
      assert.deepStrictEqual(seen, texts.slice(0, seen.length))
      assert.include(String(error), "11 characters 20 times")
      assert.notInclude(JSON.stringify(error) + String(error), "And so on")
    }))

  it.effect("of one great chunk finds a repetition in the middle of it", () =>
    Effect.gen(function*() {
      const text = `${"x".repeat(5_000)}${random(dice(3), 5_000)}`
      const { exit, seen } = yield* run([text, "more"], {})
      assert.instanceOf(failure(exit), Repeated)
      assert.deepStrictEqual(seen, [text])
    }))

  it.effect("may be run again: each run counts for itself", () =>
    Effect.gen(function*() {
      const guarded = Repetition.guardBy((text: string) => text, { characters: 64 })(
        Stream.fromArray(Array.from({ length: 6 }, () => "abcdefghij"))
      )
      assert.lengthOf(yield* Stream.runCollect(guarded), 6)
      assert.lengthOf(yield* Stream.runCollect(guarded), 6)
    }))

  it.effect("keeps its own errors, and its source is closed when it is cut", () =>
    Effect.gen(function*() {
      let closed = 0
      const source = Stream.fromArray(Array.from({ length: 100 }, () => "a".repeat(50))).pipe(
        Stream.ensuring(Effect.sync(() => closed++))
      )
      yield* Effect.exit(Stream.runDrain(Repetition.guardBy((text: string) => text)(source)))
      assert.strictEqual(closed, 1)
      const failing = Repetition.guardBy((text: string) => text)(Stream.fail("its own"))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing)), "its own")
    }))
})
