/**
 * A lane in the form in which it is written to a file, and how much of a file that was read is believed.
 *
 * Anybody who can write there can write anything. So each number is checked for its range, and none may reach further
 * into the future than a lane could have put it.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { longestPark } from "./LaneWindow.ts"
import { windowsLearned } from "./learned.ts"
import type { Saved } from "./SavedWindow.ts"

const between = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }))

/** The times that a `Date` can hold. Some lie before the epoch, because tests count from 0. */
const Time = between(-8.64e15, 8.64e15)
const Count = between(0, 1e15)
/** Positions count up for ever, one for each request, and must stay exact. */
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
  /** The calls in flight, each with the time until which it is believed to be. */
  leases: Schema.Record(Schema.String, Time)
}))
const decodeOption = Schema.decodeUnknownOption(Written)

/** The lane that was written; undefined if the text is not one, or is of another version. */
export const decode = (text: string): Pick<typeof Written.Type, "window" | "leases"> | undefined =>
  Option.getOrUndefined(decodeOption(text))

export const encode = (window: Saved, leases: ReadonlyMap<string, number>): string =>
  JSON.stringify({
    version: 1,
    window: {
      ...window,
      // A call that was cancelled after a file was lost had never been counted in the new file.
      today: Math.max(0, window.today),
      late: Math.max(0, window.late),
      entries: window.entries.map(([at, tokens, requests]) => [at, Math.max(0, tokens), requests])
    },
    leases: Object.fromEntries(leases)
  })

/** The window without what no lane can have written at `now`, or at the time at which it was written. */
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
    pausedUntil: Math.min(window.pausedUntil, latest + longestPark),
    parkedUntil: Math.min(window.parkedUntil, now + longestPark),
    dayEnd: Math.min(window.dayEnd, nextPacificMidnight(now)),
    ...(window.learned === undefined ? {} : { learned: [learned(window.learned[0]), learned(window.learned[1])] })
  }
}

/**
 * The leases that hold at `now`: for so many milliseconds, or as long as another process chose. `back` says by how much
 * the clock was set back since they were written.
 */
export const holding = (
  leases: Iterable<readonly [string, number]>,
  now: number,
  lease: number,
  back = 0
): Map<string, number> =>
  new Map(
    Array.from(leases, ([name, until]) => [name, until - back] as const)
      .filter(([, until]) => until > now && until <= now + Math.max(lease, longestPark))
  )
