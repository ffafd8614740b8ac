/**
 * Where the table of the wire's types differs from the typings of an SDK's version. It reads the object types of a
 * `genai.d.ts` line by line, and compares the names of their fields.
 */
import type { Table } from "./interactionTypes.ts"

const fieldsOf = (line: string): ReadonlySet<string> =>
  new Set(Array.from(line.matchAll(/(?:^|, )(\w+)\??: /g), ([, name = ""]) => name))

/**
 * The fields of each object type of the typings, under the name without the mark that a bundler puts behind it. The
 * classic family has types of the same names, whose fields are in camel case.
 */
const typesIn = (text: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>()
  let fields: Set<string> | undefined
  let indent = ""
  for (const line of text.split("\n")) {
    const [, before = "", name] =
      /^(\s*)(?:export )?(?:declare )?(?:interface|type) (\w+?)(?:\$\d*|_\d+)?(?: extends .*)?(?: =)? \{\r?$/.exec(
        line
      ) ??
        []
    if (name !== undefined) {
      indent = before
      fields = found.get(name) ?? new Set()
      found.set(name, fields)
    } else if (fields !== undefined) {
      const field = /^(\s+)(?:readonly )?"?(\w+)"?\??:/.exec(line)
      if (field?.[1] === `${indent}    ` && /^[a-z\d_]+$/.test(field[2] ?? "")) fields.add(field[2] ?? "")
      if (line.startsWith(`${indent}}`)) fields = undefined
    }
  }
  return found
}

/** One line for each field that only one side has, and for each type that the typings do not have. */
export const against = ({ modules }: Pick<Table, "modules">, text: string): ReadonlyArray<string> => {
  const theirs = typesIn(text)
  return Object.values(modules).flatMap(({ objects }) => Object.entries(objects)).flatMap(([name, line]) => {
    const known = theirs.get(name)
    if (known === undefined) return [`${name}: the typings do not have it as an object`]
    const mine = fieldsOf(line)
    const lacking = Array.from(known).filter((field) => !mine.has(field)).map((it) => `${name}.${it}: only theirs`)
    const extra = Array.from(mine).filter((field) => !known.has(field)).map((it) => `${name}.${it}: only ours`)
    return [...lacking, ...extra]
  })
}
