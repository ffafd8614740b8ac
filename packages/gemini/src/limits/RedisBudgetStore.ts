/**
 * Budgets in Redis: one for all processes that share it, beyond the life of any of them.
 *
 * A period of a budget is one hash that expires a day after its end (that of `Budget.within`, a month after its last
 * use). A reservation is one Lua script, so that processes that ask at the same time do not spend the same remainder.
 * Reservations of a process that died stay counted, as if they had been used. Periods end by each process's own clock.
 * Sums are exact to nine million dollars.
 *
 * While Redis does not answer, calls fail with LimiterUnavailable, or go uncounted with `whenDown: "open"`. The ends
 * of calls that it misses meanwhile are sent with the next step that reaches it. Each attempt has an id: a step whose
 * reply is late or lost is told again and counts once, and a reservation of which nobody knows is given back. A Redis
 * that is only slow is not down: it is asked again, and what takes too long is told of that one call alone.
 *
 * ```ts
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as Budget from "effect-gemini/Budget"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
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
import { LimiterUnavailable } from "../errors/GeminiErrorReason.ts"
import { GeminiError } from "../GeminiError.ts"
import { Ledger } from "../internal/budget/Ledger.ts"
import * as Script from "../internal/budget/script.ts"
import { type LinkStatus, StepRefused, StoreLink, up } from "../internal/limiter/StoreLink.ts"
import * as BudgetStore from "./BudgetStore.ts"

/**
 * The names of the keys in Redis, and what happens while it does not answer.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What the keys begin with. Default `gemini:budget:`. */
  readonly prefix?: string | undefined
  /** What calls do while Redis does not answer. Default `closed`: they fail with LimiterUnavailable. */
  readonly whenDown?: "closed" | "open" | undefined
  /**
   * How long a step may take. A Redis that then does not answer a PING for as long counts as down; one that does is slow,
   * and the step is sent once more before its call goes without it. Default 1 second.
   */
  readonly timeout?: Duration.Input | undefined
  /** How often a Redis that is down is asked whether it is back. Default 1 second. */
  readonly probeEvery?: Duration.Input | undefined
}

/**
 * For how many budgets this process remembers which attempts ended; for others Redis keeps the slots of their attempts
 * longer.
 */
const maxLedgers = 1_000

/**
 * The store over the Redis of the context, until the scope ends.
 *
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
    yield* SubscriptionRef.make<LinkStatus>(up),
    yield* Effect.scope
  )
  const ledgers = new Map<string, Ledger>()
  const ledgerOf = (key: string, endsAt: number): Ledger => {
    let ledger = ledgers.get(key)
    if (ledger === undefined) {
      if (ledgers.size >= maxLedgers) { for (const [other, { isQuiet }] of ledgers) if (isQuiet) ledgers.delete(other) }
      ledgers.set(key, ledger = new Ledger())
    }
    ledger.endsAt = endsAt
    return ledger
  }

  const tell = (
    key: string,
    ledger: Ledger,
    slots: ReadonlyArray<readonly [id: string, charge: BudgetStore.Charge]>
  ): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const known = ledger.takeKnown()
      const settled = Effect.catch(
        link.askAgain(redis.eval(Script.settle)(prefix + key, slots, ledger.endsAt, known), () => {
          for (const [id] of slots) ledger.unsure(id)
        }),
        () => Effect.undefined
      )
      return Effect.map(settled, (reply) => {
        if (reply !== undefined) {
          ledger.counted(slots)
          return true
        }
        ledger.keepKnown(known)
        return false
      })
    })

  const catchUpOf = (key: string, ledger: Ledger): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!ledger.isLate || link.down !== undefined) return Effect.void
      const late = ledger.takeLate()
      return Effect.flatMap(tell(key, ledger, late), (isTold) => {
        if (isTold) return catchUpOf(key, ledger)
        ledger.keepLate(late)
        return Effect.void
      })
    })

  const catchUp: Effect.Effect<void> = Effect.suspend(() => {
    if (link.down !== undefined) return Effect.void
    const late = [...ledgers].filter(([, ledger]) => ledger.isLate)
    return late.length === 0
      ? Effect.void
      : Effect.forEach(late, ([key, ledger]) => catchUpOf(key, ledger), { discard: true })
  })

  // Nobody else knows what is late when the process ends, so Redis is asked once more, whether or not it was down.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() =>
      [...ledgers.values()].some(({ isLate }) => isLate)
        ? Effect.andThen(SubscriptionRef.set(link.status, up), catchUp)
        : Effect.void
    )
  )

  const unavailableBy = (code: string | undefined): Effect.Effect<never, GeminiError> =>
    Effect.fail(
      new GeminiError({
        method: "acquire",
        attempts: [],
        reason: new LimiterUnavailable({ store: "redis", ...(code === undefined ? {} : { code }) })
      })
    )
  const unavailable = Effect.suspend(() => unavailableBy(link.down?.code ?? "TIMEOUT"))
  const told = <A>(step: Effect.Effect<A, unknown>): Effect.Effect<A | undefined, GeminiError> =>
    Effect.catch(link.askAgain(step), ({ code }) => unavailableBy(code))

  return BudgetStore.BudgetStore.of({
    reserve: (key, slot, limits, endsAt) =>
      Effect.uninterruptible(
        Effect.flatMap(catchUp, () => {
          const ledger = ledgerOf(key, endsAt)
          const wasAway = link.down !== undefined
          const known = ledger.takeKnown()
          const step = redis.eval(Script.reserve)(prefix + key, slot, limits, endsAt, known)
          return Effect.flatMap(
            Effect.catch(link.askAgain(step, () => ledger.unsure(slot.id)), Effect.succeed),
            (answer) => {
              if (typeof answer === "string") return Effect.succeed(answer)
              ledger.keepKnown(known)
              // What Redis refuses to count goes nowhere, whatever is done while it is down.
              if (answer instanceof StepRefused) return unavailableBy(answer.code)
              if (whenDown === "closed") {
                // Redis may have made the reservation all the same, so it is given back later.
                if (!wasAway) ledger.release(slot.id)
                return unavailable
              }
              if (wasAway) ledger.unasked(slot.id)
              else ledger.unsure(slot.id)
              return Effect.succeed<BudgetStore.Reserved>("reserved")
            }
          )
        })
      ),
    settle: (key, { amount, id }, endsAt) =>
      Effect.suspend(() => {
        const ledger = ledgerOf(key, endsAt)
        const isAway = link.down !== undefined
        if (isAway) return Effect.sync(() => ledger.postpone(id, amount, true))
        return Effect.map(tell(key, ledger, [[id, amount]]), (isTold) => {
          if (!isTold) ledger.postpone(id, amount, false)
        })
      }),
    atLeast: (key, amount, endsAt) =>
      Effect.flatMap(
        Effect.andThen(catchUp, told(redis.eval(Script.atLeast)(prefix + key, amount, endsAt))),
        (answer) => answer === undefined && whenDown === "closed" ? unavailable : Effect.void
      ),
    read: (key) =>
      Effect.flatMap(
        Effect.andThen(
          catchUp,
          told(redis.send<ReadonlyArray<string | null>>("HMGET", prefix + key, ...Script.fields))
        ),
        (fields) => fields === undefined ? unavailable : Effect.succeed(Script.spent(fields))
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
export const layer = (options: Options = {}): Layer.Layer<BudgetStore.BudgetStore, never, Redis.Redis> =>
  Layer.effect(BudgetStore.BudgetStore, make(options))
