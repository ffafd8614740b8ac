/**
 * A prefix that is cached where that pays: made, hit, renewed, lost, shared. No call fails because of a cache.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Journal from "effect-gemini-journal/Journal"
import * as Records from "effect-gemini-journal/Records"
import * as CachedPrefix from "effect-gemini/caches/CachedPrefix"
import * as CacheIndex from "effect-gemini/caches/CacheIndex"
import * as Caches from "effect-gemini/caches/Caches"
import * as JournalCacheIndex from "effect-gemini/caches/JournalCacheIndex"
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { client, emulated, methods, open, passTo, start, textOf } from "./cachedPrefix.ts"

const begun = TestClock.setTime(start)

const asked = { contents: "Which page?" }

/** 2.5 Flash: a hit saves $0.27 a million, an hour costs $1 a million. */
const hold = 972_000

describe("a prefix", () => {
  it.effect("is cached at the first call, hit by the next ones, and deleted with its scope", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* Effect.scoped(Effect.gen(function*() {
        const manual = yield* open()
        const answers = [yield* manual.generate(asked), yield* manual.generate(asked)]
        assert.deepStrictEqual(answers.map(({ usage }) => usage?.cachedTokens), [5_006, 5_006])
        const stats = yield* manual.stats
        const { cache, paid, saved, ...counts } = stats
        assert.deepStrictEqual(counts, {
          calls: 2,
          hits: 2,
          fallbacks: 0,
          created: 1,
          renewed: 0,
          tokens: 5_006,
          without: undefined
        })
        assert.strictEqual(cache?.expires.getTime(), start + hold)
        // One inline price for the cache, and twice the cached price.
        assert.closeTo(paid, 5_006e-6 * (0.3 + 2 * 0.03), 1e-12)
        assert.closeTo(saved, 5_006e-6 * (2 * 0.3 - 0.3 - 2 * 0.03), 1e-12)
        assert.strictEqual((yield* emulator.caches.list).length, 1)
      }))
      assert.deepStrictEqual(yield* emulator.caches.list, [])
      assert.deepStrictEqual(yield* methods, [
        "countTokens",
        "caches.create",
        "generateContent",
        "generateContent",
        "caches.delete"
      ])
    }).pipe(Effect.provide(emulated())))

  it.effect("says the same inline and out of a cache", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      yield* manual.generate(asked)
      yield* emulator.addFault({ when: { method: "caches.create" }, status: 403 })
      const small = yield* CachedPrefix.CachedPrefix.use((prefixes) =>
        prefixes.open({ model: "gemini-2.5-flash", systemInstruction: "Be brief.", contents: textOf(10) })
      )
      yield* small.generate(asked)
      const [first, second] = (yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "generateContent")
      const own = [{ role: "user", parts: [{ text: "Which page?" }] }]
      assert.deepStrictEqual(first?.body, {
        contents: own,
        cachedContent: String(Object(first?.body).cachedContent)
      })
      assert.deepStrictEqual(second?.body, {
        contents: [{ role: "user", parts: [{ text: textOf(10) }] }, ...own],
        systemInstruction: { parts: [{ text: "Be brief." }] }
      })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("is not cached below the model's minimum, nor without prices", () =>
    Effect.gen(function*() {
      yield* begun
      const near = yield* open(900)
      yield* near.generate(asked)
      yield* near.generate(asked)
      assert.deepInclude(yield* near.stats, { without: "small", tokens: 906, hits: 0, calls: 2 })
      const far = yield* open(20)
      yield* far.generate(asked)
      const unpriced = yield* open(5_000, "gemini-robotics-er-2-preview")
      yield* unpriced.generate(asked)
      assert.deepInclude(yield* unpriced.stats, { without: "unpriced", hits: 0, calls: 1 })
      // Tokens are counted once, and not where they are far too few.
      assert.deepStrictEqual((yield* methods).filter((method) => method !== "generateContent"), [
        "countTokens",
        "countTokens"
      ])
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("learns the model's minimum from a refusal", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({
        when: { method: "caches.create" },
        error: {
          code: 400,
          status: "INVALID_ARGUMENT",
          message: "Cached content is too small. total_token_count=5006, min_total_token_count=8192"
        }
      })
      const manual = yield* open()
      for (let call = 0; call < 3; call++) yield* manual.generate(asked)
      assert.deepInclude(yield* manual.stats, { without: "small", hits: 0, calls: 3 })
      assert.strictEqual((yield* methods).filter((method) => method === "caches.create").length, 1)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("is renewed before its end as long as there are hits, and then left to end", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      const minute = 60_000
      for (let call = 0; call < 12; call++) {
        yield* manual.generate(asked)
        yield* passTo(manual, start + (call + 1) * 5 * minute)
      }
      const { cache, created, hits, renewed } = yield* manual.stats
      assert.deepStrictEqual({ created, hits }, { created: 1, hits: 12 })
      assert.isAtLeast(renewed, 3)
      // The last hit was at the 55th minute.
      yield* passTo(manual, start + 55 * minute + hold - 1)
      assert.strictEqual((yield* emulator.caches.list).length, 1)
      yield* passTo(manual, start + 55 * minute + hold)
      assert.deepStrictEqual(yield* emulator.caches.list, [])
      assert.isDefined(cache)
      assert.deepInclude(yield* manual.stats, { cache: undefined, without: "idle" })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("streams, inline as well where the cache is lost", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      const tokens = Effect.map(
        Stream.runLast(manual.generateStream(asked)),
        (last) => last._tag === "Some" ? last.value.usage?.cachedTokens : undefined
      )
      assert.strictEqual(yield* tokens, 5_006)
      yield* emulator.caches.lose((yield* manual.stats).cache?.name ?? "")
      assert.strictEqual(yield* tokens, 0)
      assert.deepInclude(yield* manual.stats, { calls: 2, hits: 1, fallbacks: 1, without: "lost" })
    }).pipe(Effect.scoped, Effect.provide(emulated())))
})

describe("no call fails because of a cache", () => {
  const refusals: ReadonlyArray<readonly [name: string, fault: Fault.Fault]> = [
    ["a 400", { status: 400 }],
    ["a 403", { status: 403 }],
    ["a 404", { status: 404 }],
    ["a 429 of the free tier", { error: { code: 429, message: "TotalCachedContentStorageTokensPerModelFreeTier" } }],
    ["a 500", { status: 500 }],
    ["a 503", { status: 503 }]
  ]
  it.effect.each(refusals)("that the server refuses to make: %s", ([, fault]) =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "caches.create" }, ...fault })
      const manual = yield* open()
      const calls = yield* Effect.forkChild(Effect.forEach([1, 2, 3], () => manual.generate(asked)))
      // It looks for what a lost answer may have made.
      yield* passTo(manual, start + 5_000)
      yield* passTo(manual, start + 10_000)
      yield* Fiber.join(calls)
      assert.deepInclude(yield* manual.stats, { calls: 3, hits: 0, without: "refused" })
      // It is not asked again at every call.
      assert.strictEqual((yield* methods).filter((method) => method === "caches.create").length, 1)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  const losses: ReadonlyArray<readonly [name: string, fault: Fault.Fault]> = [
    ["the connection breaks", { reset: true }],
    ["it is not JSON", { body: "<html>" }],
    ["it names nothing", { body: "{}" }]
  ]
  it.effect.each(losses)("that is made although its answer is lost: %s", ([, fault]) =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "caches.create" }, ...fault })
      const manual = yield* open()
      yield* manual.generate(asked)
      assert.deepInclude(yield* manual.stats, { calls: 1, hits: 1, created: 1 })
      assert.strictEqual((yield* emulator.caches.list).length, 1)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  const misuses: ReadonlyArray<readonly [name: string, fault: Fault.Fault]> = [
    ["a 400", { status: 400 }],
    ["a 403", { status: 403 }],
    ["a 404", { status: 404 }]
  ]
  it.effect.each(misuses)("that the server refuses to use: %s", ([, fault]) =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      yield* manual.generate(asked)
      yield* emulator.addFault({ when: { method: "generateContent", times: 1 }, ...fault })
      yield* manual.generate(asked)
      assert.deepInclude(yield* manual.stats, { calls: 2, hits: 1, fallbacks: 1, cache: undefined })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("whose tokens cannot be counted at first", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "countTokens", times: 1 }, status: 400 })
      const manual = yield* open()
      assert.strictEqual((yield* manual.generate(asked)).usage?.cachedTokens, 0)
      assert.strictEqual((yield* manual.generate(asked)).usage?.cachedTokens, 5_006)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("that the server loses, however often", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      for (let call = 0; call < 100; call++) {
        yield* manual.generate(asked)
        for (const { cache } of yield* emulator.caches.list) yield* emulator.caches.lose(String(cache["name"]))
        yield* passTo(manual, start + (call + 1) * 60_000)
      }
      const { calls, created, fallbacks } = yield* manual.stats
      assert.strictEqual(calls, 100)
      assert.isAtLeast(fallbacks, 1)
      // A server that keeps none is asked more and more rarely.
      assert.isAtMost(created, 50)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("that takes too long to make: the call goes inline, and the cache is there later", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "caches.create" }, delay: 40_000 })
      const manual = yield* open()
      const call = yield* Effect.forkChild(manual.generate(asked))
      yield* passTo(manual, start + 31_000)
      const { usage } = yield* Fiber.join(call)
      assert.strictEqual(usage?.cachedTokens, 0)
      yield* passTo(manual, start + 41_000)
      assert.strictEqual((yield* manual.generate(asked)).usage?.cachedTokens, 5_006)
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("but a call that fails on its own account still does", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      yield* manual.generate(asked)
      yield* emulator.addFault({ when: { method: "generateContent" }, status: 400 })
      const error = yield* Effect.flip(manual.generate(asked))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      // The cache was not the cause, so it stays.
      assert.deepInclude(yield* manual.stats, { calls: 1, fallbacks: 0, without: undefined })
    }).pipe(Effect.scoped, Effect.provide(emulated())))
})

describe("a prefix is shared", () => {
  it.effect("by callers at the same time, which make one cache", () =>
    Effect.gen(function*() {
      yield* begun
      const manual = yield* open()
      yield* Effect.all(Array.from({ length: 10 }, () => manual.generate(asked)), { concurrency: 10 })
      assert.deepInclude(yield* manual.stats, { calls: 10, hits: 10, created: 1 })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("by two who opened it: the cache goes with the last one", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const scopes = [Scope.makeUnsafe(), Scope.makeUnsafe()] as const
      const first = yield* Scope.provide(open(), scopes[0])
      const second = yield* Scope.provide(open(), scopes[1])
      yield* first.generate(asked)
      yield* second.generate(asked)
      assert.deepInclude(yield* second.stats, { created: 0, hits: 1 })
      yield* Scope.close(scopes[0], Exit.void)
      assert.strictEqual((yield* emulator.caches.list).length, 1)
      yield* Scope.close(scopes[1], Exit.void)
      assert.deepStrictEqual(yield* emulator.caches.list, [])
    }).pipe(Effect.provide(emulated())))

  it.effect("by processes through a Journal, also after the one that made it has ended", () =>
    Effect.gen(function*() {
      yield* begun
      const journal = yield* Journal.Journal
      const index = Layer.provide(JournalCacheIndex.layer, Layer.succeed(Journal.Journal, journal))
      const process = <A, E>(use: (manual: CachedPrefix.Prefix) => Effect.Effect<A, E>) =>
        Effect.scoped(Effect.flatMap(open(), use)).pipe(
          Effect.provide(Layer.fresh(client().pipe(Layer.provide(index))))
        )
      const each = process((manual) => Effect.andThen(manual.generate(asked), manual.stats))
      const stats = [yield* each, yield* each, yield* each]
      assert.deepStrictEqual(stats.map(({ created, hits }) => [created, hits]), [[1, 1], [0, 1], [0, 1]])
      const emulator = yield* Emulator.Emulator
      assert.strictEqual((yield* emulator.caches.list).length, 1)
    }).pipe(Effect.provide(Layer.merge(Emulator.layerHttpClient(), Journal.layerMemory()))))
})

describe("a Journal that is of no help", () => {
  /** What a process has with this journal. */
  const process = <A, E>(
    journal: Journal.Journal["Service"],
    use: (manual: CachedPrefix.Prefix) => Effect.Effect<A, E>
  ) =>
    Effect.scoped(Effect.flatMap(open(), use)).pipe(Effect.provide(Layer.fresh(
      client().pipe(Layer.provide(JournalCacheIndex.layer), Layer.provide(Layer.succeed(Journal.Journal, journal)))
    )))
  const both = Layer.merge(Emulator.layerHttpClient(), Journal.layerMemory())

  it.effect("because another process is making the cache: the call goes inline, and finds it later", () =>
    Effect.gen(function*() {
      yield* begun
      const journal = yield* Journal.Journal
      yield* process(journal, (manual) => manual.generate(asked))
      yield* TestClock.adjust("1 hour")
      const [run] = yield* Stream.runCollect(journal.list(JournalCacheIndex.prefix))
      const records = Records.make({ name: "effect-gemini/CacheIndex", version: 1, schema: CacheIndex.IndexedCache })
      const answer = yield* Effect.scoped(Effect.andThen(
        journal.resume(records, run?.id ?? ""),
        process(journal, (manual) => manual.generate(asked))
      ))
      assert.strictEqual(answer.usage?.cachedTokens, 0)
      assert.strictEqual((yield* process(journal, (manual) => manual.generate(asked))).usage?.cachedTokens, 5_006)
    }).pipe(Effect.provide(both)))

  it.effect("because it cannot be read or written: each process has a cache of its own", () =>
    Effect.gen(function*() {
      yield* begun
      const journal = yield* Journal.Journal
      const broken = yield* Effect.flip(journal.head("none"))
      const fails = {
        ...journal,
        create: () => Effect.fail(broken),
        resume: () => Effect.fail(broken),
        read: () => Stream.fail(broken)
      }
      for (let i = 0; i < 2; i++) {
        const stats = yield* process(fails, (manual) => Effect.andThen(manual.generate(asked), manual.stats))
        assert.deepInclude(stats, { calls: 1, hits: 1, created: 1 })
      }
    }).pipe(Effect.provide(both)))
})

describe("a prefix over members", () => {
  const members = CachedPrefix.layer().pipe(
    Layer.provideMerge(Caches.layer),
    Layer.provideMerge(MemberResources.layer()),
    Layer.provideMerge(Members.layer({
      baseUrl: "http://emulator.invalid",
      tier: "tier3",
      retry: { attempts: 1 },
      members: ["a", "b"].map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
    })),
    Layer.provideMerge(Emulator.layerHttpClient({ projects: { a: { keys: ["key-a"] }, b: { keys: ["key-b"] } } }))
  )

  it.effect("is hit at the member that has its cache, and goes inline past that member where it does not answer", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      const manual = yield* open()
      yield* manual.generate(asked)
      yield* manual.generate(asked)
      const [kept] = yield* emulator.caches.list
      const owner = kept?.project ?? ""
      const calls = Effect.map(
        emulator.requests,
        (requests) => requests.filter(({ apiMethod }) => apiMethod === "generateContent").map(({ project }) => project)
      )
      assert.deepStrictEqual(yield* calls, [owner, owner])
      yield* emulator.addFault({ when: { method: "generateContent", project: owner }, status: 503 })
      const answer = yield* manual.generate(asked)
      assert.strictEqual(answer.usage?.cachedTokens, 0)
      assert.notStrictEqual((yield* calls).at(-1), owner)
      // The cache is still there.
      assert.deepInclude(yield* manual.stats, { calls: 3, hits: 2, fallbacks: 1, without: undefined })
    }).pipe(Effect.scoped, Effect.provide(members)))
})
