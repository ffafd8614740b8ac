/** How soon a lane would admit a request, by what is known of it without asking. */
import type { Headroom } from "../../limits/LaneSnapshot.ts"
import type { Admission } from "../../limits/Permit.ts"
import type { Limits } from "../../limits/Tier.ts"
import { countable } from "../wire/countable.ts"
import type { LaneQueue } from "./LaneQueue.ts"
import { interactiveInRow } from "./WaitingList.ts"

/** How long a turn of the calls in flight is taken to last, in milliseconds: nobody knows how long they take. */
const turnOfCalls = 1_000

/** Whether so many tokens can ever be admitted. */
export const isPossible = ({ concurrency, rpd, rpm, tpm }: Limits, tokens: number): boolean =>
  rpm >= 1 && rpd >= 1 && concurrency >= 1 && (tpm >= 1 || tokens === 0)

/** What is asked about a lane. */
export type Inquiry = Pick<Admission, "lane" | "limits" | "own" | "priority" | "tokens">

type Look = (question: Inquiry, now: number) => Headroom

const looks = /* @__PURE__ */ new WeakMap<object, Look>()

/** Lets a limiter be asked on the call, without an Effect for each of many lanes. */
export const seenBy = <L extends object>(limiter: L, look: Look): L => {
  looks.set(limiter, look)
  return limiter
}

/** How to ask a limiter on the call; one that somebody else has made can only be asked by its Effect. */
export const lookOf = (limiter: object): Look | undefined => looks.get(limiter)

export const headroom = (
  lane: LaneQueue,
  span: number,
  { limits, own, priority, tokens }: Omit<Inquiry, "lane">,
  now: number
): Headroom => {
  const { list: { batch, interactive }, store } = lane
  const overtaken = priority === "batch"
    ? batch.length
    : Math.min(batch.length, Math.floor(interactive.length / interactiveInRow))
  const waiting = interactive.length + overtaken
  if (!isPossible(own ?? limits, tokens)) return { admitsIn: Infinity, waiting, free: 0 }
  const ownFree = own && lane.owns.find(own)?.read(now, { requests: 1, tokens: countable(tokens) }).freeIn
  const open = { ...limits, concurrency: Infinity }
  const small = countable(tokens)
  const alone = store.seen(open, { requests: 1, tokens: small }, now)
  const { learned } = alone
  const { concurrency } = limits
  const rpm = learned?.rpm ?? limits.rpm
  const tpm = learned?.tpm ?? limits.tpm
  const before = interactive.tokens + (overtaken === 0 ? 0 : batch.tokens * overtaken / batch.length)
  const size = before + Math.min(countable(tokens), tpm)
  // What a window cannot take at once needs so many windows more.
  const turns = Math.max(Math.ceil((waiting + 1) / rpm), Math.ceil(size / tpm) || 1, 1) - 1
  const rest = (amount: number, limit: number) => turns === 0 ? amount : Math.max(1, amount - turns * limit)
  const requests = rest(waiting + 1, rpm)
  const wanted = rest(size, tpm)
  // Where nobody waits that was the question already.
  const seen = requests === 1 && wanted === small ? alone : store.seen(open, { requests, tokens: wanted }, now)
  const calls = seen.inFlight + waiting + 1 - concurrency
  return {
    admitsIn: Math.max(
      seen.freeIn + turns * span,
      ownFree === Infinity ? turnOfCalls : ownFree ?? 0,
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
