/** What acts were asked, with their references filled in by the answers there are; a gap that nothing fills stays as written. */
import type { Text } from "../Act.ts"
import type { PlannedAct } from "../Plan.ts"
import { print } from "../Reference.ts"
import * as Groups from "./groups.ts"
import { baseOf } from "./instances.ts"
import * as Template from "./template.ts"

/** Answers by the names by which the run knows acts. */
export type Answers = ReadonlyMap<string, Template.OutputValue>

/** An act of the plan, and the groups in which it lies, the outermost first. */
export interface Placed {
  readonly act: PlannedAct
  readonly groups: ReadonlyArray<PlannedAct>
}

/** The acts that are asked, by the names that the file writes. */
export const placesOf = (
  acts: ReadonlyArray<PlannedAct>,
  groups: ReadonlyArray<PlannedAct> = []
): ReadonlyMap<string, Placed> => {
  const found = new Map<string, Placed>()
  for (const act of acts) {
    if (act.acts === undefined) found.set(act.name, { act, groups })
    else for (const [name, placed] of placesOf(act.acts, [...groups, act])) found.set(name, placed)
  }
  return found
}

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

const suffixOf = (indices: ReadonlyArray<number>): string => indices.map((index) => `[${index}]`).join("")

/** What names stand for in the instance of an act at these indices of its groups. */
const environmentOf = (
  groups: ReadonlyArray<PlannedAct>,
  indices: ReadonlyArray<number>,
  answers: Answers
): Template.Environment =>
(name) => {
  for (let depth = groups.length; depth > 0; depth--) {
    const group = groups[depth - 1]
    const index = indices[depth - 1] ?? 0
    if (group === undefined) continue
    if (name === "index") return { text: String(index) }
    if (name === "number") return { text: String(index + 1) }
    if (group.each !== undefined && name === group.each.as) {
      const { list } = group.each
      const outer = environmentOf(groups.slice(0, depth - 1), indices, answers)
      const items = "values" in list ? list.values : Groups.listAt(list, outer)
      const item: unknown = Array.isArray(items) ? items[index] : undefined
      return item === undefined ? undefined : { text: textOf(item) }
    }
    if (group.repeat !== undefined && (name === "previous" || name.startsWith("previous."))) {
      const before = name === "previous" ? group.result ?? "" : name.slice("previous.".length)
      const known = answers.get(`${before}${suffixOf([...indices.slice(0, depth - 1), index - 1])}`)
      return known ?? { text: "", isAbsent: true }
    }
  }
  for (let depth = groups.length; depth >= 0; depth--) {
    const known = answers.get(`${name}${suffixOf(indices.slice(0, depth))}`)
    if (known !== undefined) return known
  }
  return undefined
}

/** The text of an act as it was sent. */
export const textFor = (name: string, { groups }: Placed, answers: Answers) => {
  const indices = Array.from(name.slice(baseOf(name).length).matchAll(/\[(\d+)\]/g), ([, index]) => Number(index))
  const environment = environmentOf(groups, indices, answers)
  return (text: Text): string =>
    text.map((piece) =>
      typeof piece === "string"
        ? piece
        : Template.missing([piece], environment).length > 0
        ? `{{${print(piece)}}}`
        : Template.render([piece], environment)
    ).join("")
}
