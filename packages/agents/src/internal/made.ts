/** A team of its program, whose members' types the signatures of the constructors say. */
import type * as Effect from "effect/Effect"
import type { AgentError } from "../AgentError.ts"
import type { Team } from "../Team.ts"
import * as Names from "./names.ts"
import * as TeamRun from "./TeamRun.ts"

/** All of them, or nothing if one does not say. */
export const approvalsOf = <D extends string>(
  members: ReadonlyArray<{ readonly approvals: ReadonlyArray<D> | undefined }>
): ReadonlyArray<D> | undefined => {
  const all = members.map(({ approvals }) => approvals)
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((approvals) => approvals ?? []))]
}

const team = <I, A, T, E, R, D extends string>(
  plan: TeamRun.Plan<I, A, T, E, R>,
  approvals: ReadonlyArray<D> | undefined
): Team<I, A, T, E, R, D> => ({
  ...TeamRun.make(plan, approvals),
  named: (name, { description } = {}) => team({ ...plan, name: Names.checked(name, "a team"), description }, approvals)
})

/** What the members give, fail with and need is for the signatures to say. */
export type Played = Effect.Effect<unknown, AgentError, unknown>

/** A team of the type that the signature of its constructor says, which is where its members' types are checked. */
export const typed = (
  plan: TeamRun.Plan<never, unknown, unknown, never, unknown>,
  approvals: ReadonlyArray<string> | undefined
): never => team<never, unknown, unknown, never, unknown, string>(plan, approvals) as never

export const unnamed = { version: undefined, description: undefined, output: undefined } as const
