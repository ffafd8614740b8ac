/** Google's day of quota: it turns at midnight Pacific time, on 23- and 25-hour days too. */

// Built on first use: loading the time zone takes milliseconds that no import should cost.
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
