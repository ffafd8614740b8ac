/**
 * Combinations that one request may not have, as of `asOf`: models up to 2.5 take either functions or Gemini's own
 * tools, and neither of them beside JSON output (the server's refusals, 2025 and 2026). A model that is not in the list
 * is not judged here, because the server has the last word.
 */

/** The day (ISO, UTC) that the list describes. */
export const asOf = "2026-11-22"

const one: ReadonlySet<string> = new Set([
  "gemini-2.5-pro",
  "gemini-2.5-flash",
  "gemini-2.5-flash-lite"
])

export interface Kinds {
  readonly functions: boolean
  readonly ownTools: boolean
  readonly json: boolean
}

/** Says why the model refuses the combination, if it is known to refuse it. */
export const refusal = (model: string, { functions, json, ownTools }: Kinds): string | undefined => {
  if (!one.has(model.replace(/^models\//, ""))) return undefined
  const parts = [
    ...(functions ? ["function tools"] : []),
    ...(ownTools ? ["Gemini's own tools"] : []),
    ...(json ? ["JSON output"] : [])
  ]
  return parts.length < 2
    ? undefined
    : `${model} takes only one of ${parts.join(" and ")} in a request: ask in two steps, or a model from Gemini 3 on`
}
