/** Ages as people write them (`30d`, `12 h`, `2 weeks`), and as they read them. Pure. */
import * as Duration from "effect/Duration"

const units: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 7 * 86_400_000]
])

/** The span of time that a text names; undefined if it names none. */
export const parse = (text: string): Duration.Duration | undefined => {
  const [, amount = "", unit = ""] = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)\s*$/i.exec(text) ?? []
  const name = unit.toLowerCase()
  const word = /^(?:second|minute|hour|day|week)s?$/.test(name) ? name.slice(0, 1) : name
  const size = units.get(word)
  return amount === "" || size === undefined ? undefined : Duration.millis(Number(amount) * size)
}

const steps: ReadonlyArray<readonly [size: number, name: string]> = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"]
]

/** `42 s`, `5 min`, `3 h`, `12 d`: one number, because a list is for comparing. Clocks may be set back. */
export const say = (millis: number): string => {
  for (const [size, name] of steps) if (millis >= size) return `${Math.floor(millis / size)} ${name}`
  return "now"
}
