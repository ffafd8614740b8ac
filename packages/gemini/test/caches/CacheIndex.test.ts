/** What is remembered of caches, what they cost by the list prices, and the least that a cache holds. */
import { assert, describe, it } from "@effect/vitest"
import * as CacheIndex from "effect-gemini/caches/CacheIndex"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as CacheMinimum from "../../src/internal/caches/cacheMinimum.ts"
import { PayOff } from "../../src/internal/caches/PayOff.ts"
import * as PrefixPrices from "../../src/internal/caches/prefixPrices.ts"

const cache = (name: string, expires = 100): CacheIndex.IndexedCache => ({ name, tokens: 1, expires })

describe("an index in memory", () => {
  it.effect("gives what was told last, and makes one where there is none or it has ended", () =>
    Effect.gen(function*() {
      const index = CacheIndex.makeMemory()
      assert.isFalse(index.isShared)
      assert.isUndefined(yield* index.get("k"))
      let made = 0
      const make = Effect.sync(() => cache(`made${++made}`))
      assert.strictEqual((yield* index.once("k", 99, make))?.name, "made1")
      assert.strictEqual((yield* index.once("k", 99, make))?.name, "made1")
      assert.strictEqual((yield* index.once("k", 100, make))?.name, "made2")
      assert.strictEqual((yield* index.get("k"))?.name, "made2")
      yield* index.set("k", cache("told"))
      assert.strictEqual((yield* index.get("k"))?.name, "told")
      assert.isUndefined(yield* index.get("other"))
    }))

  it.effect("lets one make it at a time, whatever becomes of that one", () =>
    Effect.gen(function*() {
      const index = CacheIndex.makeMemory()
      const free = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(
        index.once("k", 0, Effect.as(Deferred.await(free), cache("slow"))),
        { startImmediately: true }
      )
      assert.isUndefined(yield* index.once("k", 0, Effect.succeed(cache("second"))))
      assert.strictEqual((yield* index.once("other", 0, Effect.succeed(cache("other"))))?.name, "other")
      yield* Deferred.succeed(free, undefined)
      assert.strictEqual((yield* Fiber.join(slow))?.name, "slow")
      assert.strictEqual((yield* index.once("k", 0, Effect.succeed(cache("second"))))?.name, "slow")
      // A failure and an interrupt give the turn back, too.
      assert.isTrue(Exit.isFailure(yield* Effect.exit(index.once("f", 0, Effect.fail("no")))))
      const left = yield* Effect.forkChild(index.once("f", 0, Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(left)
      assert.strictEqual((yield* index.once("f", 0, Effect.succeed(cache("third"))))?.name, "third")
    }))

  it.effect("remembers ten thousand, and forgets the oldest beyond that", () =>
    Effect.gen(function*() {
      const index = CacheIndex.makeMemory()
      yield* Effect.forEach(Array.from({ length: 10_000 }), (_, nth) => index.set(`k${nth}`, cache("x")))
      yield* index.set("k5", cache("again"))
      assert.isDefined(yield* index.get("k0"))
      yield* index.set("more", cache("x"))
      assert.isUndefined(yield* index.get("k0"))
      assert.isDefined(yield* index.get("k1"))
      assert.isDefined(yield* index.get("more"))
    }))
})

describe("the least tokens of a cache", () => {
  it("are those of the model, or those that a refusal names", () => {
    for (const model of ["gemini-2.5-flash", "gemini-2.5-flash-lite"]) assert.strictEqual(CacheMinimum.of(model), 1_024)
    for (const model of ["gemini-2.5-pro", "gemini-3.8-flash"]) assert.strictEqual(CacheMinimum.of(model), 4_096)
    const refused = (reason: Reason.GeminiErrorReason) =>
      CacheMinimum.refused(new GeminiError({ method: "caches.create", attempts: [], reason }))
    const small = (description?: string) =>
      new Reason.InvalidRequest({ fields: [], ...(description === undefined ? {} : { description }) })
    assert.strictEqual(refused(small("total_token_count=1, min_total_token_count=2048")), 2_048)
    assert.isUndefined(refused(small("too small")))
    assert.isUndefined(refused(small()))
    assert.isUndefined(refused(new Reason.Overloaded({ description: "min_total_token_count=2048" })))
  })
})

describe("what a prefix costs", () => {
  const at = Date.UTC(2026, 10, 2)
  const options = { at, prices: undefined, creation: 0.5 }
  const text = [{ modality: "TEXT", tokenCount: 1_000_000 }]
  const counted = { tokens: 1_000_000, details: text }
  const prices = PrefixPrices.of("gemini-2.5-flash", counted, options)

  it("is its price in a call, out of a cache, for making one and keeping it", () => {
    assert.isDefined(prices)
    assert.closeTo(prices?.inline ?? 0, 0.3, 1e-9)
    assert.closeTo(prices?.cached ?? 0, 0.03, 1e-9)
    assert.closeTo(prices?.creation ?? 0, 0.15, 1e-9)
    assert.closeTo((prices?.storage ?? 0) * 3_600_000, 1, 1e-9)
    // Where the server does not say of what kind they are, it is the dearest.
    assert.closeTo(
      PrefixPrices.of("gemini-2.5-flash", { ...counted, details: undefined }, options)?.inline ?? 0,
      1,
      1e-9
    )
    assert.isUndefined(PrefixPrices.of("gemini-robotics-er-2-preview", counted, options))
    assert.isUndefined(PrefixPrices.of("gemini-2.5-flash", { tokens: 0, details: undefined }, options))
  })

  it("in an answer is told apart from the rest, and from what the server cached by itself", () => {
    if (prices === undefined) return assert.fail("there are no prices")
    const prefix = { ...prices, tokens: counted.tokens }
    const answer = (
      usage: { readonly cachedContentTokenCount?: number; readonly candidatesTokenCount?: number } | undefined,
      call: { readonly count: number; readonly isHit: boolean }
    ) => {
      const { cachedContentTokenCount: tokenCount } = usage ?? {}
      const cached = tokenCount === undefined ? {} : { cacheTokensDetails: [{ modality: "TEXT", tokenCount }] }
      const prompt = { promptTokenCount: 1_000_000, promptTokensDetails: text }
      const response = usage === undefined ? {} : { usageMetadata: { ...prompt, ...cached, ...usage } }
      return PrefixPrices.answered("gemini-2.5-flash", response, prefix, call, options)
    }
    const close = (given: { readonly inline: number; readonly rest: number }, inline: number, rest: number) => {
      assert.closeTo(given.inline, inline, 1e-9)
      assert.closeTo(given.rest, rest, 1e-9)
    }
    const once = { count: 1, isHit: false }
    close(answer({}, once), 0.3, 0)
    close(answer({ candidatesTokenCount: 1_000_000 }, once), 0.3, 2.5)
    // The server had half of it cached.
    close(answer({ cachedContentTokenCount: 500_000 }, once), 0.165, 0)
    assert.closeTo(answer({ cachedContentTokenCount: 2_000_000 }, once).inline, 0.03, 1e-9)
    assert.closeTo(answer({ cachedContentTokenCount: 1_000_000 }, { count: 2, isHit: false }).inline, 0.165, 1e-9)
    const hit = { cachedContentTokenCount: 1_000_000, candidatesTokenCount: 1_000_000 }
    close(answer(hit, { count: 1, isHit: true }), 0.3, 2.5)
    close(answer(undefined, once), 0.3, 0)
  })
})

describe("the rule of when a cache pays", () => {
  // An inline call costs 10, a hit 1, making a cache 10, and a second of keeping it 1: it is kept for nine seconds.
  const prices = { inline: 10, cached: 1, creation: 10, storage: 1 / 1_000 }

  it("keeps a cache for as long as a hit saves, or as making it again costs", () => {
    assert.strictEqual(new PayOff(prices).hold, 9_000)
    assert.strictEqual(new PayOff({ ...prices, creation: 5 }).hold, 5_000)
    assert.strictEqual(new PayOff({ ...prices, cached: 10 }).hold, 0)
    assert.strictEqual(new PayOff({ ...prices, cached: 12 }).hold, 0)
    const never = new PayOff({ ...prices, cached: 10 })
    never.arrived(0)
    assert.isFalse(never.shouldCreate(0))
  })

  it("makes one at once while at least half of the gaps were short, and waits for a second call after that", () => {
    const gaps = (...gaps: ReadonlyArray<number>) => {
      const rule = new PayOff(prices)
      let now = 0
      rule.arrived(now)
      for (const gap of gaps) {
        rule.served(now, { isHit: false })
        now += gap
        rule.arrived(now)
      }
      return rule.shouldCreate(now)
    }
    assert.isTrue(gaps())
    assert.isTrue(gaps(9_000, 9_000))
    assert.isTrue(gaps(9_001, 9_000))
    assert.isFalse(gaps(9_001))
    assert.isFalse(gaps(60_000, 60_000, 9_000))
    // Nine gaps on, the long ones are forgotten.
    assert.isTrue(gaps(60_000, 60_000, 60_000, 60_000, 1, 1, 1, 1, 1, 1, 1, 1))
  })

  it("counts what was paid: calls, making, and storage between the times that it is there", () => {
    const rule = new PayOff(prices)
    rule.arrived(0)
    rule.created(1_000, 10_000)
    assert.strictEqual(rule.paid, 10)
    rule.served(2_000, { isHit: true })
    assert.closeTo(rule.paid, 12, 1e-9)
    assert.strictEqual(rule.uncached, 10)
    // A clock that was set back costs nothing.
    rule.served(1_500, { isHit: true, count: 2 })
    assert.closeTo(rule.paid, 14, 1e-9)
    assert.strictEqual(rule.uncached, 30)
    rule.endsAt(3_000, 4_000)
    rule.arrived(9_000)
    assert.closeTo(rule.paid, 16, 1e-9)
    rule.served(9_000, { isHit: false, inline: 4, rest: 7 })
    assert.closeTo(rule.paid, 20, 1e-9)
    assert.strictEqual(rule.uncached, 34)
    // Others pay for the time until its end.
    rule.adopted(9_000, 12_000)
    rule.arrived(12_000)
    assert.closeTo(rule.paid, 20, 1e-9)
    rule.endsAt(12_000, 15_000)
    rule.arrived(20_000)
    assert.closeTo(rule.paid, 23, 1e-9)
  })
})
