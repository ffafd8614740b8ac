/** How soon a lane would admit a request, by what is known of it without asking. */
import type { StoredLane } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import type { Admission, Headroom } from "../../RateLimiter.ts"
import { countable } from "./LaneWindow.ts"

/** While both wait, in a lane or for members, every ninth admission is a batch call's: it is slowed, never starved. */
export const interactiveInRow = 8

/** Nobody knows how long the calls in flight take: each turn of them is taken for so long. */
const turnOfCalls = 1_000

/** Calls in a queue. */
interface Waiting {
  readonly length: number
  readonly tokens: number
}

/** Whether so many tokens can ever be admitted. */
export const isPossible = ({ concurrency, rpd, rpm, tpm }: Limits, tokens: number): boolean =>
  rpm >= 1 && rpd >= 1 && concurrency >= 1 && (tpm >= 1 || tokens === 0)

export const headroom = (
  store: StoredLane,
  span: number,
  interactive: Waiting,
  batch: Waiting,
  { limits, priority, tokens }: Pick<Admission, "limits" | "priority" | "tokens">,
  now: number
): Headroom => {
  const overtaken = priority === "batch"
    ? batch.length
    : Math.min(batch.length, Math.floor(interactive.length / interactiveInRow))
  const waiting = interactive.length + overtaken
  if (!isPossible(limits, tokens)) return { admitsIn: Infinity, waiting, free: 0 }
  const open = { ...limits, concurrency: Infinity }
  const { learned } = store.seen(open, { requests: 1, tokens: 1 }, now)
  const { concurrency } = limits
  const rpm = learned?.rpm ?? limits.rpm
  const tpm = learned?.tpm ?? limits.tpm
  const before = interactive.tokens + (overtaken === 0 ? 0 : batch.tokens * overtaken / batch.length)
  const size = before + Math.min(countable(tokens), tpm)
  // What a window cannot take at once comes in so many windows more.
  const turns = Math.max(Math.ceil((waiting + 1) / rpm), Math.ceil(size / tpm) || 1, 1) - 1
  const rest = (amount: number, limit: number) => turns === 0 ? amount : Math.max(1, amount - turns * limit)
  const seen = store.seen(open, { requests: rest(waiting + 1, rpm), tokens: rest(size, tpm) }, now)
  const calls = seen.inFlight + waiting + 1 - concurrency
  return {
    admitsIn: Math.max(
      seen.freeIn + turns * span,
      calls > 0 ? Math.ceil(calls / concurrency) * turnOfCalls : 0
    ),
    waiting,
    free: seen.exhausted || seen.parkedUntil !== undefined ? 0 : Math.max(
      0,
      1 - Math.max(
        (seen.requests + waiting) / rpm,
        (seen.tokens + before) / Math.max(1, tpm),
        (seen.inFlight + waiting) / concurrency
      )
    )
  }
}
