/**
 * Caches over whole days: random patterns of calls over an emulator, under TestClock. What was paid is read out of the
 * emulator's log, and held against an oracle that knows only what the rule knows, and one that knows the whole day.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as RequestLog from "effect-gemini-emulator/RequestLog"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import { choicesOf, leastOfDay, randomDay } from "../../../gemini/test/caches/dayOracle.ts"
import { emulated, open, passTo, start } from "./cachedPrefix.ts"

const days = sizeOf("16.4", { test: 8, prove: 1_000 })
const seed = seedOf("16.4", 20_261_129)

const hour = 3_600_000

/** Dollars for a million tokens (and an hour), as the page of November 2026 has them. */
const models = [
  { model: "gemini-2.5-flash", input: 0.3, cached: 0.03, output: 2.5, storage: 1, tokens: 1_100 },
  { model: "gemini-3.8-flash", input: 0.75, cached: 0.075, output: 3.75, storage: 0.5, tokens: 4_200 },
  { model: "gemini-2.5-pro", input: 1.25, cached: 0.125, output: 10, storage: 4.5, tokens: 4_200 }
] as const

/** What the emulator's log says of a day: the choices at its calls, the storage, and what the calls cost beside. */
const readLog = (requests: ReadonlyArray<RequestLog.Entry>, prices: (typeof models)[number]) => {
  const choices: Array<boolean | undefined> = []
  const lives = new Map<string, { readonly from: number; until: number }>()
  let created = false
  let cost = 0
  let rest = 0
  let tokens = 0
  for (const { apiMethod, body, path, response, status, time } of requests) {
    assert.strictEqual(status, 200)
    const { ttl = "0s" } = Object(body)
    const until = time + Number(ttl.slice(0, -1)) * 1000
    switch (apiMethod) {
      case "caches.create": {
        const { name, usageMetadata } = Object(response)
        lives.set(name, { from: time, until })
        tokens = usageMetadata.totalTokenCount
        cost += tokens * prices.input
        created = true
        break
      }
      case "caches.update": {
        const life = lives.get(path.replace("/v1beta/", ""))
        if (life !== undefined) life.until = until
        break
      }
      case "generateContent": {
        const { cachedContentTokenCount: hit = 0, candidatesTokenCount, promptTokenCount } =
          Object(response).usageMetadata
        const prefix = hit === 0 ? promptTokenCount - 3 : hit
        choices.push(hit === 0 ? false : created ? true : undefined)
        created = false
        cost += hit === 0 ? prefix * prices.input : hit * prices.cached
        rest = (promptTokenCount - prefix) * prices.input + candidatesTokenCount * prices.output
        tokens = prefix
      }
    }
  }
  const stored = [...lives.values()].reduce((sum, { from, until }) => sum + (until - from) / hour, 0)
  return { choices, tokens, paid: (cost + stored * tokens * prices.storage) / 1e6, rest: rest / 1e6 }
}

const dayOf = (day: number) => {
  const prices = models[day % models.length] ?? models[0]
  const random = randomDay(seed + day)
  // Every hold is a multiple of a second, and no gap of sevens ends within the second before it.
  const times = random.times.map((time) => start + Math.floor(time / 7_000) * 7_000)
  const output = Math.round(random.rest * prices.tokens * prices.input / prices.output)
  return { prices, times, text: "word".repeat(Math.max(1, output)) }
}

/** Plays a day of calls, and gives how it compares. */
const played = (day: number) => {
  const { prices, text, times } = dayOf(day)
  return Effect.gen(function*() {
    yield* TestClock.setTime(start)
    const prefix = yield* open(prices.tokens, prices.model)
    for (const time of times) {
      yield* passTo(prefix, time)
      yield* prefix.generate({ contents: "Which page?" })
    }
    yield* passTo(prefix, start + 30 * hour)
    const emulator = yield* Emulator.Emulator
    const { choices, paid, rest, tokens } = readLog(yield* emulator.requests, prices)
    const stats = yield* prefix.stats
    assert.strictEqual(stats.calls, times.length)
    assert.closeTo(stats.paid, paid, 1e-9)
    const inline = tokens * prices.input / 1e6
    const known = {
      inline,
      cached: tokens * prices.cached / 1e6,
      creation: inline,
      storage: tokens * prices.storage / 1e6 / hour
    }
    assert.deepStrictEqual(choices, choicesOf(known, times, rest), `day ${day}`)
    const beside = rest * times.length
    return {
      ofLeast: (paid + beside) / (leastOfDay(known, times) + beside),
      ofInline: (paid + beside) / (inline * times.length + beside),
      calls: times.length
    }
  }).pipe(Effect.scoped, Effect.provide(emulated({ answers: () => text })))
}

/** The values at these shares of the way from the least to the most. */
const spread = (values: ReadonlyArray<number>): string => {
  const sorted = [...values].sort((a, b) => a - b)
  return [0, 0.1, 0.5, 0.9, 0.99, 1]
    .map((share) => `${share * 100} % ${sorted[Math.round(share * (sorted.length - 1))]?.toFixed(3)}`).join(", ")
}

describe("caches over 24 hours", () => {
  it.effect(
    `${days} days: the choices of the oracle, and never more than twice the least`,
    () =>
      Effect.gen(function*() {
        const all: Array<Effect.Success<ReturnType<typeof played>>> = []
        for (let day = 0; day < days; day++) {
          const one = yield* played(day)
          assert.isAtMost(one.ofLeast, 2 + 1e-9, `day ${day}`)
          all.push(one)
        }
        const calls = all.reduce((sum, { calls }) => sum + calls, 0)
        process.stdout.write(
          `${days} days, ${calls} calls, seed ${seed}\n` +
            `  paid, of the least that was possible: ${spread(all.map(({ ofLeast }) => ofLeast))}\n` +
            `  paid, of what all calls cost inline:  ${spread(all.map(({ ofInline }) => ofInline))}\n`
        )
      }),
    { timeout: sizeOf("16.4", { test: 60_000, prove: 3_600_000 }) }
  )
})
