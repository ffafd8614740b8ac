/** A line for each request that has ended, and for each Live session, as a person at the terminal watches them. */
import type { Entry as LiveEntry, LiveLog } from "../../LiveLog.ts"
import type { Entry, RequestLog } from "../../RequestLog.ts"
import type { Verdict } from "../../Verdict.ts"
import { line } from "./plain.ts"

/** So many of the newest sessions are looked at after each change. */
const lookedAt = 1000

const two = (n: number): string => String(n).padStart(2, "0")

const clock = (time: number): string => {
  const at = new Date(time)
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

const lasted = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

const who = (verdict: Verdict | undefined): string => {
  if (verdict === undefined) return ""
  const { by, nearMisses, refused, rule } = verdict
  const named = rule === undefined ? by : `${by} "${rule}"`
  return refused === undefined ? named : `${named}: ${nearMisses?.[0] ?? refused}`
}

const joined = (parts: ReadonlyArray<string>, width: number): string =>
  line(parts.filter((part) => part !== "").join(" "), width - 1)

/** A space that was chosen. */
const at = (space: string): string => space === "default" ? "" : `${space}:`

/** The line of a request, at most so many characters wide. */
export const ofRequest = (entry: Entry, width: number): string => {
  const { apiMethod, closedAt, method, model, outcome, path, space, status, time, verdict } = entry
  const what = apiMethod === undefined ? `${method} ${path}` : `${apiMethod}${model === undefined ? "" : ` ${model}`}`
  const end = outcome === undefined || outcome === "complete" ? "" : outcome
  return joined([
    clock(time),
    String(status ?? "---"),
    at(space),
    what,
    lasted((closedAt ?? time) - time),
    end,
    who(verdict)
  ], width)
}

/** The line of a Live session that has ended. */
export const ofSession = (entry: LiveEntry, width: number): string => {
  const { apiMethod, closedAt, code, model, reason, space, time, turns, verdicts } = entry
  const refused = verdicts.find((verdict) => verdict.refused !== undefined)
  const what = `${apiMethod}${model === undefined ? "" : ` ${model}`}`
  const count = `${turns} ${turns === 1 ? "turn" : "turns"}`
  const why = refused === undefined ? reason ?? "" : who(refused)
  return joined(
    [clock(time), String(code ?? "----"), at(space), what, lasted((closedAt ?? time) - time), count, why],
    width
  )
}

/** Tells the line of all that ends in a space from now on. */
export const watch = (
  { live, log }: { readonly log: RequestLog; readonly live: { readonly log: LiveLog } },
  width: () => number,
  tell: (text: string) => void
): void => {
  log.watch((changed) => {
    if (changed?.outcome !== undefined) tell(ofRequest(changed, width()))
    return false
  })
  const told = new WeakSet<LiveEntry>()
  live.log.watch((entries) => {
    for (const entry of entries.slice(-lookedAt)) {
      if (entry.closedAt === undefined || told.has(entry)) continue
      told.add(entry)
      tell(ofSession(entry, width()))
    }
    return false
  })
}
