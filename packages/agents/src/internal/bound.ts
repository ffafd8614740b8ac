/** The bound that keeps the next question from being asked, if one does. Pure. */
import * as BigDecimal from "effect/BigDecimal"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentState } from "../AgentState.ts"
import { type Bounds, defaults, type RecordedBounds } from "../Bounds.ts"

type Limit =
  | Reason.StepLimit
  | Reason.CallLimit
  | Reason.TokenLimit
  | Reason.MoneyLimit
  | Reason.NoProgress
  | Reason.Unusable

const dollars = (money: Bounds["money"]): string | undefined =>
  money === undefined ? undefined : typeof money === "string" ? money : BigDecimal.format(money)

/** The bounds as records have them. The time is left out, for it is each process's own. */
export const recorded = ({ calls, money, outputTokens, repeats, retries, steps, tokens }: Bounds): RecordedBounds => {
  const known = { steps, calls, tokens, money: dollars(money), outputTokens, repeats, retries }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}

/** The repeats that the model has been told of: one before the last. */
export const isWarned = ({ bounds: { repeats = defaults.repeats }, repeated }: AgentState): boolean =>
  repeated.times > 1 && repeated.times === repeats - 1

export const reached = ({ bounds, called, mistakes, repeated, steps, tries, unusable, usage }: AgentState):
  | Limit
  | undefined =>
{
  const { calls, repeats = defaults.repeats, retries = defaults.retries, steps: limit = defaults.steps, tokens } =
    bounds
  if (unusable !== undefined && tries > retries) return new Reason.Unusable({ why: unusable, attempts: tries })
  if (mistakes > retries) return new Reason.Unusable({ why: "WrongCalls", attempts: mistakes })
  if (repeated.times >= repeats) return new Reason.NoProgress({ call: repeated.call, times: repeated.times })
  if (steps >= limit) return new Reason.StepLimit({ limit, used: steps })
  if (calls !== undefined && called >= calls) return new Reason.CallLimit({ limit: calls, used: called })
  const used = usage.inputTokens + usage.outputTokens
  if (tokens !== undefined && used >= tokens) return new Reason.TokenLimit({ limit: tokens, used })
  return undefined
}
