/**
 * Hours and days of quota under TestClock: a whole client against a server that counts for itself. The outcome of each
 * is printed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const request = { model, contents: "count me" }
const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const hour = 3_600_000
/** Past the tests' own console. */
const print = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))
const minute = 60_000

const pacificDate = (time: number): string =>
  DateTime.formatIsoDate(DateTime.makeZonedUnsafe(time, { timeZone: "America/Los_Angeles" }))

const countBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([name, list]) => [name, list.length]))

describe("a day's quota", () => {
  it.effect.each([
    { name: "an ordinary day", from: "2026-07-14T20:00:00Z", hours: 24 },
    { name: "the day of 23 hours", from: "2027-03-13T20:00:00Z", hours: 23 },
    { name: "the day of 25 hours", from: "2026-10-31T20:00:00Z", hours: 25 }
  ])("is spent and turns at midnight in Los Angeles: $name", ({ from, hours, name }) =>
    Effect.gen(function*() {
      const rpd = 40
      yield* TestClock.setTime(Date.parse(from))
      const start = yield* Clock.currentTimeMillis
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      const reasons: Array<string> = []
      // One waits for the next day whenever one is spent; another is told, and asks again in ten minutes.
      const patient = Effect.forever(Effect.andThen(
        Effect.exit(gemini.generate(request, { whenExhausted: "wait" })),
        Effect.sleep("10 minutes")
      ))
      const told = Effect.forever(Effect.andThen(
        Effect.matchEffect(gemini.generate(request), {
          onSuccess: () => Effect.void,
          onFailure: ({ reason }) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              const resetAt = reason._tag === "QuotaExhausted" ? reason.resetAt ?? 0 : 0
              reasons.push(`${reason._tag} ${pacificDate(now) !== pacificDate(resetAt)} ${resetAt > now}`)
            })
        }),
        Effect.sleep("10 minutes")
      ))
      const fibers = yield* Effect.forEach(
        [patient, told],
        (loop) => Effect.forkChild(loop, { startImmediately: true })
      )
      for (let i = 0; i < 3 * 24 * 6; i++) yield* TestClock.adjust("10 minutes")
      yield* Fiber.interruptAll(fibers)

      const requests = yield* emulator.requests
      const byDay = countBy(requests.filter(({ status }) => status === 200), ({ time }) => pacificDate(time))
      const refused = requests.filter(({ status }) => status !== 200).length
      const [first = "", second = "", third = "", fourth = ""] = Object.keys(byDay)
      assert.deepStrictEqual(byDay, { [first]: rpd, [second]: rpd, [third]: rpd, [fourth]: rpd })
      // The server was asked for more than it has once a day, at most by those that were in flight together.
      assert.isAtMost(refused, 2 * 4)
      const midnights = [...new Set(requests.map(({ time }) => pacificDate(time)))].slice(1)
        .map((date) => requests.find(({ time }) => pacificDate(time) === date)?.time ?? 0)
      assert.strictEqual((midnights[1] ?? 0) - (midnights[0] ?? 0), hours * hour)
      assert.isTrue(reasons.length > 0 && reasons.every((reason) => reason === "QuotaExhausted true true"))
      yield* print(
        `${name}: ${Object.values(byDay).join(", ")} of ${rpd} a day used, ${refused} of ${requests.length} requests ` +
          `refused by the server, ${reasons.length} calls told until when (start ${new Date(start).toISOString()})`
      )
    }).pipe(
      Effect.provide(
        GeminiClient.layer({ apiKey: Redacted.make("key"), limits: { [model]: unlimited } }).pipe(
          Layer.provideMerge(Emulator.layerHttpClient({ quotas: { tier: "free", models: { [model]: { rpd: 40 } } } }))
        )
      )
    ), 60_000)
})

describe("a lane taught by 429s", () => {
  /** A server whose limit is 60 a minute, and 90 from the 40th on. */
  const rises = 40 * minute
  const server = Layer.effectContext(Effect.gen(function*() {
    const emulator = (rpm: number) =>
      Layer.build(
        Emulator.layerHttpClient({ quotas: { tier: "tier1", models: { [model]: { rpm } } } })
      )
    const low = yield* emulator(60)
    const high = yield* emulator(90)
    const client = HttpClient.make((sent) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          // Time on the way back: a burst is out before the first of it is refused.
          Effect.tap(
            Context.get(now < rises ? low : high, HttpClient.HttpClient).execute(sent),
            Effect.sleep("200 millis")
          )
      )
    )
    return Context.make(HttpClient.HttpClient, client).pipe(
      Context.add(Both, [Context.get(low, Emulator.Emulator), Context.get(high, Emulator.Emulator)])
    )
  }))
  class Both extends Context.Service<Both, readonly [Emulator.Service, Emulator.Service]>()("Both") {}

  const play = (learn: "told" | "off") =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const limiter = yield* RateLimiter.RateLimiter
      const worker = Effect.forever(Effect.exit(gemini.generate(request, { retry: { attempts: 1 } })))
      const fibers = yield* Effect.forEach(
        Array.from({ length: 150 }),
        () => Effect.forkChild(worker, { startImmediately: true })
      )
      const phases: Array<string> = []
      for (let i = 0; i < 100; i++) {
        yield* TestClock.adjust("1 minute")
        const [lane] = yield* limiter.snapshot
        if (lane?.learned?.rpm !== undefined) phases.push(`${lane.phase} ${lane.learned.rpm}`)
      }
      yield* Fiber.interruptAll(fibers)
      const [low, high] = yield* Both
      const count = (emulator: Emulator.Service, limit: number, minutes: number) =>
        Effect.map(emulator.requests, (requests) => ({
          refused: requests.filter(({ status }) => status === 429).length,
          share: requests.filter(({ status }) => status === 200).length / (limit * minutes)
        }))
      return { phases, before: yield* count(low, 60, 40), after: yield* count(high, 90, 60) }
    }).pipe(
      Effect.provide(
        GeminiClient.layerNoLimiter({ apiKey: Redacted.make("key"), limits: { [model]: { ...unlimited, rpm: 100 } } })
          .pipe(
            Layer.provideMerge(RateLimiter.layerWith({ learn })),
            Layer.provideMerge(server),
            // Each run begins at 0.
            Layer.provideMerge(TestClock.layer())
          )
      )
    )

  it.effect(
    "keeps to the limit that the server names below the tier's, and follows it when it rises",
    () =>
      Effect.gen(function*() {
        const told = yield* play("told")
        const off = yield* play("off")
        const figures = (name: string, { after, before }: typeof told) =>
          `${name}: ${before.refused} refused and ${
            (before.share * 100).toFixed(1)
          } % of 60 a minute used in 40 minutes, ` +
          `then ${after.refused} and ${(after.share * 100).toFixed(1)} % of 90 in 60 minutes`
        yield* print(figures("taught, a tier of 100", told))
        yield* print(figures("not taught", off))
        yield* print(`limits kept: ${told.phases.filter((phase, i) => phase !== told.phases[i - 1]).join(", ")}`)
        assert.isAtMost(told.before.refused + told.after.refused, (off.before.refused + off.after.refused) / 5)
        assert.isAtLeast(told.before.share, 0.95)
        assert.isAtLeast(told.after.share, 0.85)
        for (const phase of told.phases) assert.isAtMost(Number(phase.split(" ")[1]), 100)
      }),
    120_000
  )
})
