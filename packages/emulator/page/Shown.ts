/** Numbers, times and verdicts as a person reads them. */
import type { CostData, VerdictData } from "../src/admin/LogData.ts"

const two = (value: number): string => String(value).padStart(2, "0")

/** A time of the day, to the millisecond. */
export const clock = (time: number): string => {
  const date = new Date(time)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${
    String(date.getMilliseconds()).padStart(3, "0")
  }`
}

export const span = (millis: number): string => {
  if (millis < 1000) return `${Math.round(millis)} ms`
  return millis < 60_000 ? `${(millis / 1000).toFixed(2)} s` : `${(millis / 60_000).toFixed(1)} min`
}

export const bytes = (count: number): string =>
  count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`

/** `+`: a part of it has no price that is known. */
export const cost = (cost: typeof CostData.Type | undefined): string =>
  cost?.dollars === undefined ? "" : `$${cost.dollars}${cost.partial ? "+" : ""}`

export const by = (verdict: typeof VerdictData.Type | undefined): string =>
  verdict === undefined ? "" : verdict.rule === undefined ? verdict.by : `${verdict.by} ${verdict.rule}`

/** The most characters of a text that are drawn at once: a browser stands still over more. */
const most = 200_000

export const json = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2) ?? ""
  return text.length > most ? `${text.slice(0, most)}\n… ${text.length - most} more characters` : text
}
