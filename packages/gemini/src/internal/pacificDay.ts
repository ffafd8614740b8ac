/**
 * The day that Google counts daily quotas by: it turns at midnight in Los Angeles.
 */

const hour = 3_600_000

const clockOfLosAngeles = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/Los_Angeles",
  hourCycle: "h23",
  hour: "numeric",
  minute: "numeric",
  second: "numeric"
})

/** Milliseconds since local midnight, as a clock on the wall shows it. */
const sinceMidnight = (time: number): number => {
  let millis = ((time % 1000) + 1000) % 1000
  for (const { type, value } of clockOfLosAngeles.formatToParts(time)) {
    if (type === "hour") millis += Number(value) * hour
    else if (type === "minute") millis += Number(value) * 60_000
    else if (type === "second") millis += Number(value) * 1000
  }
  return millis
}

/** The next midnight in Los Angeles after `now`, both in milliseconds since the epoch. */
export const nextPacificMidnight = (now: number): number => {
  // On the two days on which the clock jumps, 24 hours of the wall are 23 or 25 real ones.
  const guess = now + 24 * hour - sinceMidnight(now)
  const off = sinceMidnight(guess)
  return off > 12 * hour ? guess + 24 * hour - off : guess - off
}
