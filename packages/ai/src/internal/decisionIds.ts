/**
 * Names that may be any text, as ids that a request may hold, and the words that describe them. Pure.
 */
import type * as Decision from "effect/ai/Decision"

/** A description in words: JSON is written as JSON. */
export const words = (description: Decision.Description): string =>
  typeof description === "string" ? description : JSON.stringify(description)

/**
 * An id for each name, in their order: the name itself where it fits, so that it says what it means, else a number. No
 * two names have one id.
 */
export const make = (
  names: ReadonlyArray<string>,
  kind: string,
  fits: (name: string) => boolean
): ReadonlyArray<string> => {
  const taken = new Set(names)
  let count = 0
  return names.map((name) => {
    if (fits(name)) return name
    let id = `${kind}_${++count}`
    while (taken.has(id)) id = `${kind}_${++count}`
    return id
  })
}

/** An option or a level: its name, its id, and what it stands for. */
export interface Option {
  readonly name: string
  readonly id: string
  readonly text: string
}

const described = (name: string, id: string, description: Decision.Description | null): string => {
  const said = description === null ? "" : words(description)
  if (said === "" || said === name) return name === "" ? id : name
  return id === name ? said : `${name}: ${said}`
}

type Listed = Decision.Classify<string> | Decision.Rate<string>

/** The options of a classification, or the levels of a rating, in their order. */
export const options = (decision: Listed, fits: (name: string) => boolean): ReadonlyArray<Option> => {
  const named: ReadonlyArray<readonly [string, Decision.Description | null]> = decision._tag === "Classify"
    ? Object.entries(decision.criteria)
    : decision.criteria.map(({ description, label }) => [label, description])
  const ids = make(named.map(([name]) => name), decision._tag === "Classify" ? "option" : "level", fits)
  return named.map(([name, description], index) => {
    const id = ids[index] ?? name
    return { name, id, text: described(name, id, description) }
  })
}

/** How many options or levels a decision has; 0 if it has neither. */
export const count = (decision: Decision.Any): number =>
  decision._tag === "Classify"
    ? Object.keys(decision.criteria).length
    : decision._tag === "Rate"
    ? decision.criteria.length
    : 0

/** Numbers by name, as properties of the object's own. */
export const byName = (
  options: ReadonlyArray<Option>,
  numberOf: (option: Option, index: number) => number | undefined
): Record<string, number> =>
  Object.fromEntries(options.flatMap((option, index) => {
    const number = numberOf(option, index)
    return number === undefined ? [] : [[option.name, number] as const]
  }))
