/** Flags that name a key or a token, of which more than one may be given: `NAME` for a good one, or `NAME=HOW`. */
import * as Option from "effect/Option"

export interface Named<How extends string> {
  readonly name: string
  readonly how: How
}

/** Reads `NAME`, which is a valid one, or `NAME=expired`; none where it is called what none of `hows` says. */
export const read = <How extends string>(hows: ReadonlyArray<How>) => (text: string): Option.Option<Named<How>> => {
  const [, name, wanted = "valid"] = /^(.+?)(?:=([a-z]*))?$/.exec(text) ?? []
  const how = hows.find((each) => each === wanted)
  return name === undefined || how === undefined ? Option.none() : Option.some({ name, how })
}

/** The names that are called so. */
export const of = <How extends string>(named: ReadonlyArray<Named<How>>, how: How): ReadonlyArray<string> =>
  named.filter((each) => each.how === how).map(({ name }) => name)
