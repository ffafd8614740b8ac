/**
 * Budgets in Redis: one for all processes that share it, beyond the life of any of them.
 *
 * A period of a budget is one hash that expires a day after its end. Reserving is one Lua
 * script, so that processes that ask at once do not spend the same rest; what was reserved by
 * a process that died stays counted, as if it had been used. Periods turn by each process's
 * own clock.
 *
 * While Redis does not answer, calls fail with LimiterUnavailable, or go uncounted with
 * `whenDown: "open"`. What it could not be told of calls that end meanwhile is told with the
 * next step that reaches it.
 *
 * ```ts
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as Budget from "effect-gemini/Budget"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as RedisBudgetStore from "effect-gemini/RedisBudgetStore"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = NodeGemini.layerConfig({ tier: "tier1" }).pipe(
 *   Layer.provide(Budget.layer({ name: "reports", money: "200", per: "month" })),
 *   Layer.provide(RedisBudgetStore.layer()),
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379", disableOfflineQueue: true }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Budget from "./Budget.ts"
import { GeminiError } from "./GeminiError.ts"
import { LimiterUnavailable } from "./GeminiErrorReason.ts"
import { type Status, StoreLink, up } from "./internal/storeLink.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What the keys begin with. Default `gemini:budget:`. */
  readonly prefix?: string | undefined
  /** What calls do while Redis does not answer. Default `closed`: they fail with LimiterUnavailable. */
  readonly whenDown?: "closed" | "open" | undefined
  /** How long a step may take before Redis counts as down. Default 1 second. */
  readonly timeout?: Duration.Input | undefined
  /** How often a Redis that is down is asked whether it is back. Default 1 second. */
  readonly probeEvery?: Duration.Input | undefined
}

const day = 86_400_000

// Sums by HINCRBY, which is exact to 64 bits; Lua's doubles only compare.
const add = `
local function add(tokens, money)
  redis.call('HINCRBY', KEYS[1], 'tokens', tokens)
  redis.call('HINCRBY', KEYS[1], 'money', money)
  if ARGV[3] ~= 'never' then redis.call('PEXPIREAT', KEYS[1], ARGV[3]) end
end
`

const expiry = (endsAt: number): string => endsAt === Infinity ? "never" : String(endsAt + day)

const reserve = Redis.script(
  (key: string, { money, tokens }: Budget.Amount, limits: Partial<Budget.Amount>, endsAt: number) => [
    key,
    String(tokens),
    String(money),
    expiry(endsAt),
    String(limits.tokens ?? "inf"),
    String(limits.money ?? "inf")
  ],
  {
    numberOfKeys: 1,
    lua: `${add}
local function fits(name, more, limit)
  if limit == 'inf' or limit == 'Infinity' then return true end
  return tonumber(redis.call('HGET', KEYS[1], name) or 0) + tonumber(more) <= tonumber(limit)
end
if not (fits('tokens', ARGV[1], ARGV[4]) and fits('money', ARGV[2], ARGV[5])) then return 0 end
add(ARGV[1], ARGV[2])
return 1`
  }
).withReturnType<number>()

const settle = Redis.script(
  (key: string, { isPartial, money, tokens }: Budget.Spent, endsAt: number) => [
    key,
    String(tokens),
    String(money),
    expiry(endsAt),
    isPartial ? "1" : "0"
  ],
  {
    numberOfKeys: 1,
    lua: `${add}
add(ARGV[1], ARGV[2])
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'partial', '1') end
return 1`
  }
).withReturnType<number>()

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const redis = yield* Redis.Redis
  const { prefix = "gemini:budget:", whenDown = "closed" } = options
  const millis = (input: Duration.Input | undefined): number =>
    Duration.toMillis(Duration.fromInputUnsafe(input ?? "1 second"))
  const link = new StoreLink(
    { timeout: millis(options.timeout), probeEvery: millis(options.probeEvery), ping: redis.send("PING") },
    yield* SubscriptionRef.make<Status>(up),
    yield* Effect.scope
  )
  /** What Redis could not be told, by key: an outage may be long. */
  let unheard = new Map<string, readonly [amount: Budget.Spent, endsAt: number]>()

  const remember = (key: string, { isPartial, money, tokens }: Budget.Spent, endsAt: number): void => {
    const known = unheard.get(key)?.[0] ?? { tokens: 0, money: 0n, isPartial: false }
    const sum = {
      tokens: known.tokens + tokens,
      money: known.money + money,
      isPartial: known.isPartial || isPartial
    }
    unheard.set(key, [sum, endsAt])
  }

  const tell = (key: string, amount: Budget.Spent, endsAt: number): Effect.Effect<void> =>
    Effect.map(link.run(redis.eval(settle)(prefix + key, amount, endsAt)), (reply) => {
      if (reply === undefined) remember(key, amount, endsAt)
    })

  const catchUp: Effect.Effect<void> = Effect.suspend(() => {
    if (unheard.size === 0 || link.down !== undefined) return Effect.void
    const late = unheard
    unheard = new Map()
    return Effect.forEach(late, ([key, [amount, endsAt]]) => tell(key, amount, endsAt), { discard: true })
  })

  const unavailable = Effect.suspend(() => {
    const code = link.down?.code
    return Effect.fail(
      new GeminiError({
        method: "acquire",
        attempts: [],
        reason: new LimiterUnavailable({ store: "redis", ...(code === undefined ? {} : { code }) })
      })
    )
  })

  return Budget.BudgetStore.of({
    reserve: (key, amount, limits, endsAt) =>
      Effect.uninterruptible(
        Effect.flatMap(
          Effect.andThen(catchUp, link.run(redis.eval(reserve)(prefix + key, amount, limits, endsAt))),
          (taken) => {
            if (taken !== undefined) return Effect.succeed(taken === 1)
            if (whenDown === "closed") return unavailable
            // The end of the call is settled against this.
            remember(key, { ...amount, isPartial: false }, endsAt)
            return Effect.succeed(true)
          }
        )
      ),
    settle: tell,
    read: (key) =>
      Effect.flatMap(
        Effect.andThen(
          catchUp,
          link.run(
            redis.send<ReadonlyArray<string | null>>("HMGET", prefix + key, "tokens", "money", "partial")
          )
        ),
        (fields) =>
          fields === undefined ? unavailable : Effect.succeed({
            tokens: Number(fields[0] ?? 0),
            money: BigInt(fields[1] ?? 0),
            isPartial: fields[2] === "1"
          })
      )
  })
})

/**
 * Budgets in the Redis of the context, for `Budget.layer`. `NodeRedis.layer` provides one; give
 * it `disableOfflineQueue: true`, or steps sent while it is away are counted when it is back.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Budget.BudgetStore, never, Redis.Redis> =>
  Layer.effect(Budget.BudgetStore, make(options))
