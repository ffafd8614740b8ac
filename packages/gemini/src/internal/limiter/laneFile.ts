/**
 * A lane as it is written to a file, and what is believed of a file that was read.
 *
 * Whoever can write there can write anything: each number is checked for its range, and none
 * reaches further into the future than a lane could have put it.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import type { Saved } from "./LaneWindow.ts"

const between = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }))

/** What a `Date` can be, before the epoch too: tests count from 0. */
const Time = between(-8.64e15, 8.64e15)
const Count = between(0, 1e15)
/** Positions count up for ever, one a request, and have to stay exact. */
const Position = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 50 }))

const Learned = Schema.Struct({ limit: between(1, 1e15), risesAt: Time, step: between(1, 1e15), until: Time })

const Written = Schema.fromJsonString(Schema.Struct({
  version: Schema.Literal(1),
  window: Schema.Struct({
    entries: Schema.Array(Schema.Tuple([Time, Count, Schema.Literals([0, 1])])),
    first: Position,
    today: Count,
    late: Count,
    strikes: Count,
    last: Time,
    dayEnd: Time,
    dayCountsSince: Time,
    pausedUntil: Time,
    parkedUntil: Time,
    learned: Schema.optionalKey(Schema.Tuple([Schema.NullOr(Learned), Schema.NullOr(Learned)]))
  }),
  /** The calls in flight, and until when they are believed to be. */
  leases: Schema.Record(Schema.String, Time)
}))
const decodeOption = Schema.decodeUnknownOption(Written)

/** What was written there; undefined where this is no such text, or one of another version. */
export const decode = (text: string): Pick<typeof Written.Type, "window" | "leases"> | undefined =>
  Option.getOrUndefined(decodeOption(text))

export const encode = (window: Saved, leases: ReadonlyMap<string, number>): string =>
  JSON.stringify({
    version: 1,
    window: {
      ...window,
      // What was cancelled after a file had been lost was never counted in the new one.
      today: Math.max(0, window.today),
      late: Math.max(0, window.late),
      entries: window.entries.map(([at, tokens, requests]) => [at, Math.max(0, tokens), requests])
    },
    leases: Object.fromEntries(leases)
  })

/** Nothing stops a lane longer: a Pacific day has 25 hours at most. */
const longest = 25 * 3_600_000

/** What is learned is held for ten windows, and then rises in ten steps at most. */
const windowsLearned = 20

/** The window without what no lane can have written at `now`, or at the time that it was written. */
export const bounded = (window: Saved, now: number, span: number): Saved => {
  const written = window.last === 0 ? now : window.last
  const latest = Math.max(now, written)
  const learned = (one: NonNullable<Saved["learned"]>[number]) =>
    one && {
      ...one,
      risesAt: Math.min(one.risesAt, latest + windowsLearned * span),
      until: Math.min(one.until, latest + windowsLearned * span)
    }
  return {
    ...window,
    entries: window.entries.map(([at, tokens, requests]) => [Math.min(at, written), tokens, requests]),
    pausedUntil: Math.min(window.pausedUntil, latest + longest),
    parkedUntil: Math.min(window.parkedUntil, now + longest),
    dayEnd: Math.min(window.dayEnd, nextPacificMidnight(now)),
    ...(window.learned === undefined ? {} : { learned: [learned(window.learned[0]), learned(window.learned[1])] })
  }
}

/** The leases that hold at `now`: of these milliseconds, or those that another process chose. */
export const holding = (
  leases: Iterable<readonly [string, number]>,
  now: number,
  lease: number
): Map<string, number> =>
  new Map(Array.from(leases).filter(([, until]) => until > now && until <= now + Math.max(lease, longest)))
