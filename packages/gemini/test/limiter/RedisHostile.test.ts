/**
 * Hostile values in Redis, and counts that no call can have: whoever can write there can write anything, and one bad value
 * must stop no other call, model or lane, nor open a quota.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "effect-gemini/Budget"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import type * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import type * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { setClock, told } from "./RedisClock.ts"
import * as RedisServer from "./RedisServer.ts"

const hour = 3_600_000
const window: LaneStore.Window = { window: 60_000, margin: 60 }
const limits: Tier.Limits = { rpm: 3, tpm: 1_000, rpd: 1_000, concurrency: 3 }
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const keyOf = (model: string): LaneStore.LaneKey => ({
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse(model)),
  family: "generate"
})
const start = Date.UTC(2026, 10, 28, 20)

const send = (...command: readonly [string, ...ReadonlyArray<string>]) => {
  const [name, ...args] = command
  return Redis.use((redis) => Effect.orDie(redis.send<unknown>(name, ...args)))
}

const opened = Effect.fnUntraced(function*(options: RedisLaneStore.Options = {}) {
  const { status, store } = yield* RedisStore.make(options, told)
  return {
    status: SubscriptionRef.get(status),
    lane: (model: string) => {
      const lane = store.open(keyOf(model), window)
      return {
        ...lane,
        ask: (tokens = 1) => lane.reserve({ limits, tokens }, start),
        release: (reservation: LaneStore.Reservation) => lane.release(reservation, start),
        cancel: (reservation: LaneStore.Reservation) => lane.cancel(reservation, start),
        read: lane.read(limits, start)
      }
    }
  }
})

const codeOf = ({ reason }: GeminiError): string =>
  reason._tag === "LimiterUnavailable" ? `${reason._tag} ${reason.code}` : reason._tag

const fields = ["state", "rpm", "tpm"]
const values = [
  "",
  "x",
  "-1",
  "0",
  "1",
  "1.5",
  "1e30",
  "9e99",
  "inf",
  "-inf",
  "nan",
  "0x10",
  "9007199254740993",
  "9223372036854775807",
  "99999999999999999999999999",
  String(start + 4 * 365 * 24 * hour),
  "1 1 1 1",
  "0 0 0 0",
  "9e9 inf nan -1",
  `1 ${"9".repeat(15)} 1 ${"9".repeat(15)}`,
  "\u0000\uffff",
  "y".repeat(10_000)
]

if (!RedisServer.isInstalled) {
  describe("hostile values in Redis", () => {
    it.skip(`stop no other call (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("hostile values in Redis", () => {
  const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

  it.effect.prop(
    "leave a lane that answers, stands still for a day at most, and counts again after that",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        const any = <A>(list: ReadonlyArray<A>): A => list[below(list.length)] ?? assert.fail("nothing")
        const { lane, status } = yield* opened()
        yield* setClock(start)
        const name = "gemini:{p/global/gemini-2.5-flash/generate}"
        const fieldOf = (field: string) =>
          Redis.use((redis) => Effect.orDie(redis.send<string | null>("HGET", `${name}:window`, field))).pipe(
            Effect.map((text) => text ?? "")
          )
        for (let round = 0; round < 40; round++) {
          const { ask, read, release } = lane("gemini-2.5-flash")
          const held = yield* ask()
          const found = yield* Redis.use((redis) =>
            Effect.orDie(redis.send<ReadonlyArray<string>>("HKEYS", `${name}:window`))
          )
          const hurt: Array<string> = []
          for (let n = 0; n <= below(4); n++) {
            const field = below(3) === 0 ? any(found) : any(fields)
            // Of the numbers in a field one is another now and then, or all of it is something else.
            const parts = below(2) === 0 ? (yield* fieldOf(field)).split(" ") : [""]
            parts[below(parts.length)] = any(values)
            const value = parts.join(" ")
            hurt.push(`${field}=${value.slice(0, 30)}`)
            yield* send("HSET", `${name}:window`, field, value)
          }
          if (below(3) === 0) yield* send("ZADD", `${name}:leases`, any(["inf", "-inf", "9e99", "0"]), any(["a", "b"]))
          const said = `seed ${seed}, ${hurt.join(", ")}`
          for (const answer of [yield* ask(), yield* ask(below(2_000))]) {
            if (answer._tag === "Refused") assert.isAtMost(answer.retryIn, 26 * hour, said)
            else yield* release(answer)
          }
          if (held._tag === "Reserved") yield* release(held)
          const { parkedUntil, ...reading } = yield* read
          assert.isAtMost(parkedUntil ?? 0, start + 26 * hour, said)
          for (const count of [reading.requests, reading.tokens, reading.today, reading.inFlight]) {
            assert.isTrue(Number.isSafeInteger(count) && count >= 0, `${said}: ${JSON.stringify(reading)}`)
          }
          assert.strictEqual((yield* lane("gemini-2.5-pro").ask())._tag, round < 3 ? "Reserved" : "Refused")
          assert.strictEqual((yield* status)._tag, "Up")
          // Two days later the quota is what it was, and no more.
          yield* setClock(start + 50 * hour)
          const later = lane("gemini-2.5-flash")
          const answers = [yield* later.ask(), yield* later.ask(), yield* later.ask(), yield* later.ask()]
          assert.deepStrictEqual(
            answers.map((answer) => answer._tag),
            ["Reserved", "Reserved", "Reserved", "Refused"],
            said
          )
          yield* send("DEL", `${name}:window`, `${name}:leases`)
          yield* setClock(start)
        }
      }).pipe(Effect.provide(RedisServer.layer)),
    { arbitrary: { runs: 4 }, timeout: 120_000 }
  )

  it.effect("give nothing back of the other calls, and leave no count below nothing", () =>
    Effect.gen(function*() {
      const { lane } = yield* opened()
      yield* setClock(start)
      const { ask, cancel, read, release } = lane("gemini-2.5-flash")
      const [kept, unsent] = [yield* ask(), yield* ask()]
      if (kept._tag === "Refused" || unsent._tag === "Refused") return assert.fail("both have room")
      const name = "gemini:{p/global/gemini-2.5-flash/generate}"
      const positions = yield* Redis.use((redis) =>
        Effect.orDie(redis.send<ReadonlyArray<string>>("ZRANGE", `${name}:leases`, "0", "-1"))
      )
      for (const position of positions) {
        yield* send("HSET", `${name}:window`, position, `${start} ${10 ** 12} ${10 ** 12} 1 0`)
      }
      yield* release(kept)
      yield* cancel(unsent)
      // What a script says of the lane comes after the words that go with it.
      const { inFlight, today, tokens } = yield* read
      assert.deepStrictEqual({ inFlight, today, tokens }, { inFlight: 0, today: 1, tokens: 0 })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live.each(["closed", "open", "local"] as const)(
    "a key of the wrong type fails its own lane alone, and lets nothing go uncounted (%s)",
    (whenDown) =>
      Effect.gen(function*() {
        yield* setClock(start)
        const { lane, status } = yield* opened({ whenDown })
        for (const key of ["window", "leases"]) {
          const name = `gemini:{p/global/gemini-2.5-flash/generate}:${key}`
          yield* send("DEL", name)
          yield* send("SET", name, "poison")
          for (let n = 0; n < 3; n++) {
            assert.strictEqual(
              codeOf(yield* Effect.flip(lane("gemini-2.5-flash").ask())),
              "LimiterUnavailable WRONGTYPE"
            )
            yield* lane(`gemini-${n}`).ask()
            assert.deepStrictEqual(yield* status, { _tag: "Up" })
          }
          yield* send("DEL", name)
          assert.strictEqual((yield* lane("gemini-2.5-flash").ask())._tag, "Reserved")
        }
      }).pipe(Effect.provide(RedisServer.layer))
  )
})

/** A process whose budgets are in the Redis of the context. */
const spending = Effect.fnUntraced(function*(options: RedisBudgetStore.Options) {
  const context = yield* Layer.build(
    Layer.provideMerge(RateLimiter.layer, RedisBudgetStore.layer(options))
  )
  const limiter = Context.get(context, RateLimiter.RateLimiter)
  return (name: string, totalTokenCount: number | string = 7) =>
    limiter.use(
      { lane: keyOf("gemini-2.5-pro"), limits: unlimited, tokens: 5 },
      (permit) =>
        Effect.sync(() =>
          permit.charge?.({
            candidates: [{ finishReason: "STOP" }],
            usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount }
          })
        )
    ).pipe(
      Effect.as("answered"),
      Budget.within({ name, tokens: 100_000, money: "1", outputTokens: 10 }),
      Effect.catch((error) => Effect.succeed(codeOf(error))),
      Effect.provide(context)
    )
})

describe.runIf(RedisServer.isInstalled)("counts that no call can have", () => {
  it.live.each(["closed", "open"] as const)(
    "are none: the reservation is charged, and later calls go (%s)",
    (whenDown) =>
      Effect.gen(function*() {
        const call = yield* spending({ whenDown })
        for (const count of [1e30, -5, 1e30, "1e300", Number.MAX_VALUE]) {
          assert.strictEqual(yield* call("run", count), "answered")
          assert.strictEqual(yield* call("run"), "answered")
        }
        const found = yield* Redis.use((redis) =>
          Effect.orDie(redis.send<ReadonlyArray<string>>("HMGET", "gemini:budget:within/run", "tokens", "estimated"))
        )
        assert.deepStrictEqual(found, [String(5 * 15 + 5 * 7), "1"])
      }).pipe(Effect.provide(RedisServer.layer))
  )

  it.live("and sums that are none leave budgets that count", () =>
    Effect.gen(function*() {
      const call = yield* spending({})
      const names = ["tokens", "money", "heldTokens", "heldMoney", "partial", "estimated", "s:x"]
      for (const name of names) {
        for (const value of values) {
          yield* send("DEL", "gemini:budget:within/run")
          yield* send("HSET", "gemini:budget:within/run", name, value)
          const said = `${name}=${value.slice(0, 30)}`
          const first = yield* call("run")
          assert.include(["answered", "QuotaExhausted"], first, said)
          assert.strictEqual(yield* call("other"), "answered", said)
          const store = yield* Effect.provide(BudgetStore.BudgetStore, RedisBudgetStore.layer())
          const { money, tokens } = yield* store.read("within/run")
          assert.isTrue(tokens >= 0 && money >= 0n, said)
        }
      }
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live.each(["closed", "open"] as const)(
    "and a key of the wrong type fails its own budget alone (%s)",
    (whenDown) =>
      Effect.gen(function*() {
        const call = yield* spending({ whenDown })
        yield* send("SET", "gemini:budget:within/run", "poison")
        for (let n = 0; n < 3; n++) {
          assert.strictEqual(yield* call("run"), "LimiterUnavailable WRONGTYPE")
          assert.strictEqual(yield* call("other"), "answered")
        }
        yield* send("DEL", "gemini:budget:within/run")
        assert.strictEqual(yield* call("run"), "answered")
      }).pipe(Effect.provide(RedisServer.layer))
  )

  it.live("nor does a sum that is full go round", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(BudgetStore.BudgetStore, RedisBudgetStore.layer())
      const most = 2n ** 63n - 1n
      const slot = (id: string, money: bigint) => ({ id, amount: { tokens: 1e30, money } })
      assert.strictEqual(yield* store.reserve("k", slot("a", most), {}, Infinity), "reserved")
      assert.strictEqual(yield* store.reserve("k", slot("b", 10n ** 30n), {}, Infinity), "reserved")
      const { money, tokens } = yield* store.read("k")
      assert.strictEqual(money, most)
      assert.isAbove(tokens, Number.MAX_SAFE_INTEGER)
      assert.strictEqual(yield* store.reserve("k", slot("c", 1n), { money: most - 1n }, Infinity), "held")
      assert.isTrue(BigDecimal.isPositive(BigDecimal.make(money, 12)))
    }).pipe(Effect.provide(RedisServer.layer)))
})
