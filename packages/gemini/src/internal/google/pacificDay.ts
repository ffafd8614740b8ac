/**
 * Google's day of quota. It turns at midnight Pacific time, also on days of 23 and 25 hours, and by Google's clock, which
 * ours need not agree with.
 */

const hour = 3_600_000

/** The instant at which the nth Sunday of a month, counted from 1, has this hour in UTC. Months count from 0. */
const sunday = (year: number, month: number, nth: number, hourUtc: number): number => {
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay()
  return Date.UTC(year, month, 1 + (7 - first) % 7 + 7 * (nth - 1), hourUtc)
}

/**
 * How many hours Pacific time lies behind UTC: 7 from the second Sunday of March to the first of November, both at two
 * in the morning, else 8. It is the rule of the US since 2007 (15 U.S.C. 260a), in arithmetic: `Intl` takes 12 to 25 ms
 * to load a time zone, which the first call of every program would pay. A test holds it to `Intl`.
 */
const behind = (at: number): number => {
  const year = new Date(at - 8 * hour).getUTCFullYear()
  return at >= sunday(year, 2, 2, 10) && at < sunday(year, 10, 1, 9) ? 7 : 8
}

/** The next midnight Pacific after `at`, both in milliseconds since the epoch. */
export const nextPacificMidnight = (at: number): number => {
  const day = new Date(at - behind(at) * hour)
  // Clocks change at two in the morning, so a midnight is always 7 or 8 hours behind UTC.
  const midnight = (hours: number) => Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 1, hours)
  const summer = midnight(7)
  return behind(summer) === 7 ? summer : midnight(8)
}

/** How long after midnight a day that is spent may be the one before: clocks differ, and quotas may come back late. */
const uncertain = 5 * 60_000

/** How long the first minutes of a day wait at least and at most until somebody asks again, in milliseconds. */
const shortest = 1_000
const longest = 60_000

/** What is known where a server says that the day is spent. */
export interface SpentDay {
  /** Our time, in milliseconds since the epoch. */
  readonly now: number
  /** The server's own time in the answer, if it tells: it is in whole seconds, so it lies up to one behind. */
  readonly date?: number | undefined
  /** The milliseconds after which the server suggests to ask again. */
  readonly retryAfter?: number | undefined
}

/**
 * When the day's quota is back, by our clock: at the server's next midnight; in the first minutes of a day, after the
 * delay that the server suggests, a minute at most, because it may be yesterday's that is spent.
 */
export const backAt = ({ date, now, retryAfter = longest }: SpentDay): number => {
  const server = date ?? now
  return nextPacificMidnight(server - uncertain) <= server
    ? now + Math.min(longest, Math.max(shortest, retryAfter))
    : now + nextPacificMidnight(server) - server
}
