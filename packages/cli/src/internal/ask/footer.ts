/** What an answer took, in the line below it: tokens, cost, time, and whether it was cut. Pure. */
import * as Cost from "effect-gemini/Cost"
import type { Usage } from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Lines from "../lines.ts"
import { cleanLine } from "../Shown.ts"

/** One answer, or all of a conversation. */
export interface Spent {
  /** Who answered. */
  readonly model: string
  readonly usage: Usage | undefined
  /** What Google bills for it, as far as its prices are known. */
  readonly cost: Cost.Cost | undefined
  /** In milliseconds. */
  readonly duration: number
  readonly finishReason?: string | undefined
}

/** The dollars of a cost as a decimal text; undefined: no price is known. */
export const dollars = (cost: Cost.Cost | undefined): string | undefined =>
  cost?.total === undefined ? undefined : BigDecimal.format(cost.total)

/** The same for people; undefined: no price is known. `isRehearsal` says that nobody is paid. */
export const price = (cost: Cost.Cost | undefined, isRehearsal: boolean): string | undefined => {
  const amount = dollars(cost)
  if (amount === undefined) return undefined
  return `${isRehearsal ? "would cost " : ""}${Lines.money(amount, cost?.isPartial === true)}`
}

export const footer = ({ cost, duration, finishReason, model, usage }: Spent, isRehearsal: boolean): string => {
  const paid = price(cost, isRehearsal)
  return cleanLine(
    `-- ${model}: ${Lines.used(usage)}${paid === undefined ? "" : `, ${paid}`} in ${Lines.time(duration)}${
      Lines.cut(finishReason)
    }`
  )
}
