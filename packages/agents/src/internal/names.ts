/** The names of agents and teams, which are part of ids and of span names. */
const isName = /^[a-z][a-z0-9-]{0,63}$/

/** The name, if it can be one; throws a RangeError otherwise. */
export const checked = (name: string, of: "an agent" | "a team"): string => {
  if (isName.test(name)) return name
  throw new RangeError(
    `${JSON.stringify(name)} cannot be ${of}'s name: use up to 64 lower-case letters, digits and -, beginning with a ` +
      "letter"
  )
}

const key = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** Whether it can be the name of a tool, of an agent in a team, or of a shared state. */
export const isKey = (name: string): boolean => key.test(name)

/** The names of the members, as far as they go into one name. */
export const joined = (members: ReadonlyArray<{ readonly name: string }>): string =>
  members.map(({ name }) => name).join("-").slice(0, 64)
