/**
 * What budgets used, in this process. A slot is what one attempt holds or used: it is set, never added to, so that
 * saying it twice changes nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as BudgetStore from "../../limits/BudgetStore.ts"

const none: BudgetStore.Amount = { tokens: 0, money: 0n }

/** The sums of one budget in one period. */
class Period {
  tokens = 0
  money = 0n
  heldTokens = 0
  heldMoney = 0n
  isPartial = false
  isEstimated = false
  endsAt = Infinity
  /** The attempts in flight, each with what it holds. */
  readonly open = new Map<string, BudgetStore.Amount>()

  add({ money, tokens }: BudgetStore.Amount, sign: 1 | -1 = 1): void {
    this.tokens += sign * tokens
    this.money += BigInt(sign) * money
  }

  hold({ money, tokens }: BudgetStore.Amount, sign: 1 | -1 = 1): void {
    this.heldTokens += sign * tokens
    this.heldMoney += BigInt(sign) * money
  }

  fits({ money, tokens }: BudgetStore.Amount, limits: Partial<BudgetStore.Amount>, held: BudgetStore.Amount): boolean {
    return this.tokens - held.tokens + tokens <= (limits.tokens ?? Infinity) &&
      (limits.money === undefined || this.money - held.money + money <= limits.money)
  }

  get spent(): BudgetStore.Spent {
    const { isEstimated, isPartial, money, tokens } = this
    return { tokens, money, isPartial, isEstimated, held: { tokens: this.heldTokens, money: this.heldMoney } }
  }
}

export const memory = (): BudgetStore.Service => {
  const periods = new Map<string, Period>()
  const of = (key: string, endsAt: number, now: number): Period => {
    const known = periods.get(key) ?? new Period()
    if (known.endsAt === Infinity || known.endsAt < endsAt) known.endsAt = endsAt
    if (!periods.has(key)) {
      // When a period begins, the periods that are over are forgotten.
      for (const [other, period] of periods) if (period.endsAt <= now) periods.delete(other)
      periods.set(key, known)
    }
    return known
  }
  const inPeriod = <A>(key: string, endsAt: number, f: (period: Period) => A): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, (now) => f(of(key, endsAt, now)))

  return {
    reserve: (key, { amount, id }, limits, endsAt) =>
      inPeriod(key, endsAt, (period) => {
        if (!period.fits(amount, limits, none)) {
          const held = { tokens: period.heldTokens, money: period.heldMoney }
          return period.fits(amount, limits, held) ? "held" : "spent"
        }
        period.add(amount)
        period.hold(amount)
        period.open.set(id, amount)
        return "reserved"
      }),
    settle: (key, { amount, id }, endsAt) =>
      inPeriod(key, endsAt, (period) => {
        const held = period.open.get(id)
        if (held === undefined) return
        period.open.delete(id)
        period.add(held, -1)
        period.hold(held, -1)
        period.add(amount)
        period.isPartial ||= amount.isPartial
        period.isEstimated ||= amount.isEstimated
      }),
    atLeast: (key, { money, tokens }, endsAt) =>
      inPeriod(key, endsAt, (period) => {
        if (period.tokens < tokens) period.tokens = tokens
        if (period.money < money) period.money = money
      }),
    read: (key) => Effect.sync(() => (periods.get(key) ?? new Period()).spent)
  }
}
