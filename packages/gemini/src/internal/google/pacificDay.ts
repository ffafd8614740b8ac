/**
 * Google's day of quota. It turns at midnight Pacific time, also on days of 23 and 25 hours, and by Google's clock, which
 * ours need not agree with.
 */

// It is built on first use, because loading the time zone takes milliseconds that no import should cost.
let pacific: Intl.DateTimeFormat | undefined

const parts = (at: number): Record<string, number> => {
  pacific ??= new Intl.DateTimeFormat("en-US", {
    timeZone: "America/Los_Angeles",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric"
  })
  return Object.fromEntries(pacific.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
}

/** The next midnight Pacific after `at`, both in milliseconds since the epoch. */
export const nextPacificMidnight = (at: number): number => {
  const { day = 1, month = 1, year = 1970 } = parts(at)
  // Clocks change at two in the morning, so a midnight is always 7 or 8 hours behind UTC.
  const summer = Date.UTC(year, month - 1, day + 1, 7)
  return parts(summer)["hour"] === 0 ? summer : Date.UTC(year, month - 1, day + 1, 8)
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
