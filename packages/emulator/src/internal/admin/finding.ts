/** Finds the space that a call of the admin API names, or says why there is none. */
import * as Effect from "effect/Effect"
import * as Problem from "../../admin/AdminProblem.ts"
import type { RuleError } from "../../RuleError.ts"
import type { SpaceError } from "../../Space.ts"
import { suggestion } from "../nearest.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"
import type { Spaces } from "../spaces/Spaces.ts"

export const notThere = (detail: string) => new Problem.NotThere({ detail, problems: [] })

export const notPossible = ({ message }: SpaceError) => new Problem.NotPossible({ detail: message, problems: [] })

export const wrong = ({ message, problems }: RuleError) => new Problem.WrongRequest({ detail: message, problems })

/** The space of this name. A call that only looks makes none, since that would hide a mistake in its name. */
export const existing = Effect.fnUntraced(function*(spaces: Spaces, name: string): Effect.fn.Return<
  OpenSpace,
  Problem.NotThere | Problem.SpaceEnded
> {
  const found = yield* spaces.look(name)
  if (typeof found === "string") return yield* new Problem.SpaceEnded({ detail: found, problems: [] })
  if (found !== undefined) return found
  const names = (yield* spaces.summary).spaces.map((space) => space.name)
  const meant = suggestion(name, names)
  return yield* notThere(
    `There is no space "${name}".${meant} A space is made by its first request, by PUT, or when it is told something.`
  )
})

/** The space of this name, which is made if there never was one, as a request makes it. */
export const made = Effect.fnUntraced(function*(spaces: Spaces, name: string): Effect.fn.Return<
  OpenSpace,
  Problem.NotPossible | Problem.SpaceEnded
> {
  const found = yield* spaces.look(name)
  if (typeof found === "string") {
    const detail = `${found} PUT it to have a new one.`
    return yield* new Problem.SpaceEnded({ detail, problems: [] })
  }
  return found ?? (yield* Effect.catch(
    spaces.get(name),
    (error) => Effect.fail(new Problem.NotPossible({ detail: error.message, problems: [] }))
  ))
})
