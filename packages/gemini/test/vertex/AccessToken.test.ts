/** Access tokens: fetched once for everybody, renewed before their end, given again by nobody who was refused them. */
import { assert, describe, it } from "@effect/vitest"
import { GeminiError } from "effect-gemini/GeminiError"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"

const hour = 3_600_000

/** A source whose tokens are called 1, 2, 3 …, each good for an hour, and which takes two seconds for one. */
const source = (
  given: { life?: number | undefined; skew?: () => number; fails?: (asked: number) => GeminiError | undefined } = {}
) => {
  const asked: Array<string | undefined> = []
  const fetch = (refused: Redacted.Redacted<string> | undefined) =>
    Effect.gen(function*() {
      asked.push(refused && Redacted.value(refused))
      const number = asked.length
      yield* Effect.sleep("2 seconds")
      const error = given.fails?.(number)
      if (error !== undefined) return yield* error
      const now = yield* Clock.currentTimeMillis
      const expiresAt = "life" in given && given.life === undefined ? undefined : now + (given.life ?? hour)
      return { token: Redacted.make(`token-${number}`), expiresAt }
    })
  return { asked, fetch }
}

const value = <E, R>(token: Effect.Effect<Redacted.Redacted<string>, E, R>) =>
  Effect.map(token, (it) => Redacted.value(it))

/** Runs an effect with all the time that it needs. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>, time: number) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

const withoutLogin = AccessToken.unauthenticated("log in")

describe("AccessToken", () => {
  it.effect("is fetched once for a thousand who wait, and not before somebody needs it", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source()
      const tokens = yield* AccessToken.make(fetch)
      assert.strictEqual(asked.length, 0)
      const all = yield* passing(
        Effect.all(Array.from({ length: 1_000 }, () => value(tokens.get)), { concurrency: "unbounded" }),
        2_000
      )
      assert.deepStrictEqual(new Set(all), new Set(["token-1"]))
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("is renewed before its end while the old one is given, and nobody waits", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source()
      const tokens = yield* AccessToken.make(fetch)
      yield* passing(tokens.get, 2_000)
      yield* TestClock.adjust(hour - 225_000 - 1)
      assert.strictEqual(yield* value(tokens.get), "token-1")
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust(1)
      for (let i = 0; i < 100; i++) assert.strictEqual(yield* value(tokens.get), "token-1")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(asked.length, 2)
      assert.strictEqual(yield* value(tokens.get), "token-2")
    }))

  it.effect("is never given in its last seconds", () =>
    Effect.gen(function*() {
      const { fetch } = source()
      const tokens = yield* AccessToken.make(fetch)
      yield* passing(tokens.get, 2_000)
      yield* TestClock.adjust(hour - 10_000)
      const next = yield* Effect.forkChild(value(tokens.get))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(next.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(next), "token-2")
    }))

  it.effect("with a short life is renewed in its last fifth, and not at once", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source({ life: 60_000 })
      const tokens = yield* AccessToken.make(fetch)
      yield* passing(tokens.get, 2_000)
      yield* TestClock.adjust(47_999)
      yield* tokens.get
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust(1)
      yield* tokens.get
      yield* Effect.yieldNow
      assert.strictEqual(asked.length, 2)
    }))

  it.effect("without an end is used until it is refused", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source({ life: undefined })
      const tokens = yield* AccessToken.make(fetch)
      const token = yield* passing(tokens.get, 2_000)
      yield* TestClock.adjust("30 days")
      assert.strictEqual(yield* value(tokens.get), "token-1")
      assert.strictEqual(yield* value(passing(tokens.renew(token), 2_000)), "token-2")
      assert.deepStrictEqual(asked, [undefined, "token-1"])
    }))

  it.effect("that a thousand calls were refused is renewed once, and those who come later get the newer one", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source()
      const tokens = yield* AccessToken.make(fetch)
      const first = yield* passing(tokens.get, 2_000)
      const all = yield* passing(
        Effect.all(Array.from({ length: 1_000 }, () => value(tokens.renew(first))), { concurrency: "unbounded" }),
        2_000
      )
      assert.deepStrictEqual(new Set(all), new Set(["token-2"]))
      assert.strictEqual(yield* value(tokens.renew(first)), "token-2")
      assert.deepStrictEqual(asked, [undefined, "token-1"])
    }))

  it.effect("is fetched to the end when the one who asked first goes away", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source()
      const tokens = yield* AccessToken.make(fetch)
      const first = yield* Effect.forkChild(tokens.get)
      const second = yield* Effect.forkChild(value(tokens.get))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(second), "token-1")
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("ends in time though the clock is set back, and though a machine sleeps", () =>
    Effect.gen(function*() {
      let skew = 0
      const { asked, fetch } = source()
      const test = yield* Clock.Clock
      const skewed: Clock.Clock = Object.assign(Object.create(test), {
        currentTimeMillisUnsafe: () => test.currentTimeMillisUnsafe() + skew,
        currentTimeMillis: Effect.sync(() => test.currentTimeMillisUnsafe() + skew)
      })
      yield* Effect.gen(function*() {
        const tokens = yield* AccessToken.make(fetch)
        yield* passing(tokens.get, 2_000)
        skew = -24 * hour
        yield* TestClock.adjust(hour)
        assert.strictEqual(yield* value(passing(tokens.get, 2_000)), "token-2")
        skew = hour
        assert.strictEqual(yield* value(passing(tokens.get, 2_000)), "token-3")
        assert.strictEqual(asked.length, 3)
      }).pipe(Effect.provideService(Clock.Clock, skewed))
    }))

  it.effect("that has ended when it comes is used all the same, and its source is not asked by each call", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source({ life: -hour })
      const tokens = yield* AccessToken.make(fetch)
      yield* passing(tokens.get, 2_000)
      for (let i = 0; i < 100; i++) assert.strictEqual(yield* value(tokens.get), "token-1")
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("is given while its renewal fails, which is tried again in ten seconds", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source({ fails: (number) => number === 2 ? withoutLogin : undefined })
      const tokens = yield* AccessToken.make(fetch)
      yield* passing(tokens.get, 2_000)
      yield* TestClock.adjust(hour - 225_000)
      yield* tokens.get
      yield* TestClock.adjust("2 seconds")
      yield* tokens.get
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* value(tokens.get), "token-1")
      assert.strictEqual(asked.length, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* value(tokens.get), "token-1")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* value(tokens.get), "token-3")
    }))

  it.effect("fails with its source's words for everybody who waits, and asks again after a second", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source({ fails: (number) => number === 1 ? withoutLogin : undefined })
      const tokens = yield* AccessToken.make(fetch)
      const exits = yield* passing(
        Effect.all([Effect.flip(tokens.get), Effect.flip(tokens.get)], { concurrency: 2 }),
        2_000
      )
      for (const error of exits) assert.strictEqual(error.message, "accessToken Unauthenticated: log in")
      yield* Effect.flip(tokens.get)
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* value(passing(tokens.get, 2_000)), "token-2")
    }))

  it.effect("of a source that gives the refused one again fails, and does not ask for it by each call", () =>
    Effect.gen(function*() {
      let asked = 0
      const tokens = yield* AccessToken.make(() =>
        Effect.sync(() => {
          asked++
          return { token: Redacted.make("same"), expiresAt: undefined }
        })
      )
      const token = yield* tokens.get
      for (let i = 0; i < 10; i++) {
        const error = yield* Effect.flip(tokens.renew(token))
        assert.strictEqual(error.reason._tag, "Unauthenticated")
        assert.include(error.message, "roles/aiplatform.user")
      }
      assert.strictEqual(asked, 2)
    }))

  it.effect("fails with a deadline of its own, which a retry may mend", () =>
    Effect.gen(function*() {
      const tokens = yield* AccessToken.make(() => Effect.never, { timeout: "5 seconds" })
      const error = yield* passing(Effect.flip(tokens.get), 5_000)
      assert.isTrue(error.isRetryable)
      assert.include(error.message, "no access token came within 5s")
    }))

  it.effect("that a header cannot hold is refused without being shown", () =>
    Effect.gen(function*() {
      for (const wrong of ["", "two words", "line\n", "x".repeat(65_537)]) {
        const tokens = yield* AccessToken.make(() => Effect.succeed({ token: Redacted.make(wrong) }))
        const error = yield* Effect.flip(tokens.get)
        assert.include(error.message, "gave no token")
        assert.notInclude(JSON.stringify(error), "words")
      }
    }))

  it.effect("ends with its layer: those who wait are told, and nothing is asked any more", () =>
    Effect.gen(function*() {
      const { asked, fetch } = source()
      const scope = yield* Scope.make()
      const tokens = yield* Scope.provide(AccessToken.make(fetch), scope)
      const waiting = yield* Effect.forkChild(Effect.flip(tokens.get))
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      assert.include((yield* Fiber.join(waiting)).message, "credentials are closed")
      assert.include((yield* Effect.flip(tokens.get)).message, "credentials are closed")
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("that stands still is given until it is refused, and then the error says what to do", () =>
    Effect.gen(function*() {
      const tokens = yield* AccessToken.AccessToken
      const token = yield* tokens.get
      assert.strictEqual(Redacted.value(token), "standing")
      const error = yield* Effect.flip(tokens.renew(token))
      assert.instanceOf(error, GeminiError)
      assert.include(error.message, "VertexAuth.layer")
      assert.strictEqual(yield* value(tokens.get), "standing")
    }).pipe(Effect.provide(AccessToken.layerStatic(Redacted.make("standing")))))
})
