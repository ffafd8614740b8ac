/** What several requests used, added up. Pure. */
import type { InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import * as Usage from "../../wire/Usage.ts"

type Counts = Readonly<Record<string, unknown>>

const entries = (value: unknown): ReadonlyArray<Counts> =>
  Array.isArray(value) ? value.filter((item) => typeof item === "object" && item !== null) : []

const number = (value: unknown): number =>
  typeof value === "number" || typeof value === "string" ? Usage.count(value) : 0

/** Lists of counts by a modality or a type, of which each stands once in the sum. */
const list = (before: unknown, now: unknown): ReadonlyArray<Counts> => {
  const sums = new Map<unknown, Counts>()
  for (const entry of [...entries(before), ...entries(now)]) {
    const [kind, counted] = "modality" in entry ? [entry["modality"], "tokens"] : [entry["type"], "count"]
    const known = sums.get(kind)
    sums.set(kind, { ...entry, [counted]: number(known?.[counted]) + number(entry[counted]) })
  }
  return Array.from(sums.values())
}

/** Both counts together. A field that is not a count is the later one's. */
export const added = (
  before: InteractionUsage | null | undefined,
  now: InteractionUsage | null | undefined
): InteractionUsage | undefined => {
  if (!before || !now) return now ?? before ?? undefined
  const sums: Record<string, unknown> = { ...before, ...now }
  const [a, b]: ReadonlyArray<Counts> = [{ ...before }, { ...now }]
  for (const key of Object.keys(sums)) {
    if (Array.isArray(a?.[key]) || Array.isArray(b?.[key])) sums[key] = list(a?.[key], b?.[key])
    else if (key.endsWith("_tokens")) sums[key] = number(a?.[key]) + number(b?.[key])
  }
  return sums
}
