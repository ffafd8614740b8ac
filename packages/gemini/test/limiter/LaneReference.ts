/**
 * A lane written as slowly and plainly as possible: everything that ever happened is in lists, and every question goes
 * through all of them. `LaneModel.test.ts` compares the limiter with it.
 */
import type * as Tier from "effect-gemini/limits/Tier"
import * as DateTime from "effect/DateTime"

export interface Call {
  readonly id: number
  readonly priority: "interactive" | "batch"
  readonly arrival: number
  readonly estimate: number
  /** What the server counts, told when the call ends; undefined: it never says. */
  readonly counted: number | undefined
  readonly duration: number
  /** When the caller is interrupted, waiting or running. */
  readonly interruptAt: number | undefined
  readonly maxWait: number | undefined
}

export type Outcome = { readonly admittedAt: number } | "interrupted" | "late"

interface Entry {
  readonly time: number
  tokens: number
  readonly requests: number
}

interface Moment {
  readonly time: number
  /** Whether two of these at one time could be taken in either order. */
  readonly isOwn: boolean
  readonly act: () => void
}

export interface Window {
  readonly window: number
  readonly margin: number
}

const midnightBefore = (now: number): number =>
  DateTime.toEpochMillis(DateTime.startOf(DateTime.makeZonedUnsafe(now, { timeZone: "America/Los_Angeles" }), "day"))

const midnightAfter = (now: number): number => {
  // A day has 23 to 25 hours: 30 hours after midnight lie in the next one.
  return midnightBefore(midnightBefore(now) + 30 * 3_600_000)
}

export const simulate = (
  calls: ReadonlyArray<Call>,
  limits: Tier.Limits,
  { margin, window }: Window
): { readonly outcomes: ReadonlyArray<Outcome>; readonly isAmbiguous: boolean } => {
  const outcomes: Array<Outcome> = []
  const entries: Array<Entry> = []
  const requests: Array<number> = []
  const running = new Set<number>()
  let waiting: Array<Call> = []
  let inRow = 0
  let moments: Array<Moment> = []
  let isAmbiguous = false

  const at = (time: number, isOwn: boolean, act: () => void): void => {
    moments.push({ time, isOwn, act })
  }

  const fits = (call: Call, now: number): boolean => {
    const inWindow = entries.filter((entry) => entry.time + window + margin > now)
    const used = inWindow.reduce((sum, entry) => sum + entry.requests, 0)
    const tokens = inWindow.reduce((sum, entry) => sum + entry.tokens, 0)
    const midnight = midnightBefore(now)
    const today = requests.filter((time) => time >= midnight - margin).length
    return used + 1 <= limits.rpm && today + 1 <= limits.rpd && running.size + 1 <= limits.concurrency &&
      (tokens + call.estimate <= limits.tpm || (call.estimate > limits.tpm && tokens === 0))
  }

  const head = (): Call | undefined => {
    const interactive = waiting.find((call) => call.priority === "interactive")
    const batch = waiting.find((call) => call.priority === "batch")
    if (interactive === undefined) return batch
    return batch !== undefined && inRow >= 8 ? batch : interactive
  }

  const leave = (call: Call): void => {
    waiting = waiting.filter((other) => other !== call)
    if (!waiting.some((other) => other.priority === "batch")) inRow = 0
  }

  const admit = (call: Call, now: number): void => {
    inRow = call.priority === "interactive" ? inRow + 1 : 0
    leave(call)
    outcomes[call.id] = { admittedAt: now }
    const entry: Entry = { time: now, tokens: call.estimate, requests: 1 }
    entries.push(entry)
    requests.push(now)
    running.add(call.id)
    at(now + window + margin, false, () => {})
    at(midnightAfter(now), false, () => {})
    const end = now + call.duration
    const isCut = call.interruptAt !== undefined && call.interruptAt < end
    at(isCut ? Math.max(now, call.interruptAt) : end, true, () => {
      const time = isCut ? call.interruptAt ?? now : end
      running.delete(call.id)
      if (isCut || call.counted === undefined) return
      if (entry.time + window + margin > time) entry.tokens = call.counted
      else if (call.counted > call.estimate) {
        entries.push({ time, tokens: call.counted - call.estimate, requests: 0 })
        at(time + window + margin, false, () => {})
      }
    })
  }

  for (const call of calls) {
    at(call.arrival, true, () => {
      waiting.push(call)
      if (call.maxWait !== undefined) {
        at(call.arrival + call.maxWait, true, () => {
          if (!waiting.includes(call)) return
          leave(call)
          outcomes[call.id] = "late"
        })
      }
      if (call.interruptAt !== undefined) {
        at(call.interruptAt, false, () => {
          if (!waiting.includes(call)) return
          leave(call)
          outcomes[call.id] = "interrupted"
        })
      }
    })
  }

  while (moments.length > 0) {
    const now = moments.reduce((least, moment) => Math.min(least, moment.time), Infinity)
    const due = moments.filter((moment) => moment.time === now)
    moments = moments.filter((moment) => moment.time !== now)
    isAmbiguous ||= due.filter((moment) => moment.isOwn).length > 1
    for (const moment of due) moment.act()
    for (let next = head(); next !== undefined && fits(next, now); next = head()) admit(next, now)
  }
  return { outcomes, isAmbiguous }
}

/** Most of `amount` in any span of `window`, its start included and its end not. */
export const most = (
  taken: ReadonlyArray<{ readonly time: number; readonly amount: number }>,
  window: number
): number => {
  const sorted = taken.toSorted((a, b) => a.time - b.time)
  return sorted.reduce((most, { time }) => {
    const inside = sorted.filter((other) => other.time >= time && other.time < time + window)
    return Math.max(most, inside.reduce((sum, { amount }) => sum + amount, 0))
  }, 0)
}
