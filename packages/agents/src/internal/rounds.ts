/** Drafts, and what a critic says of them, until one is good. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AgentError } from "../AgentError.ts"
import { Changed, CheckFailed } from "../AgentErrorReason.ts"
import type { RepeatOptions, Round } from "../Critique.ts"
import type { Member } from "../Member.ts"
import type { ChildRuns, Input } from "./ChildRuns.ts"
import * as Output from "./output.ts"

export const more = ({ advice, input, value }: Round<never, unknown>): string =>
  `${String(input)}\n\nYour last answer was:\n${typeof value === "string" ? value : JSON.stringify(value)}\n\n` +
  `It is to be better in this:\n${advice}`

interface Plan extends RepeatOptions<never, unknown, unknown, unknown, string> {
  readonly draft: Member
  readonly times: number
  readonly input: Schema.Top | undefined
  readonly again: (round: Round<never, never>) => unknown
}

export const play = ({ again, draft, input, times, until }: Plan) => {
  // It is the schema of what the draft's agent takes, by the signature of `Team.repeat`.
  const codec = input === undefined ? Output.textJson<never>() : Output.json(input as Schema.Codec<never, unknown>)
  return (given: Input<never>, children: ChildRuns): Effect.Effect<unknown, AgentError, unknown> =>
    Effect.gen(function*() {
      const decoded = codec.from(given.json)
      if (Result.isFailure(decoded)) {
        return yield* children.error(new Changed({ what: `the team's input has another schema (${decoded.failure})` }))
      }
      let { value }: { readonly value: unknown } = yield* children.given(draft, given)
      for (let drafts = 1;; drafts++) {
        // That signature has checked that the critic takes what the draft's agent gives, and `again` too.
        const made = value as never
        const { value: verdict } = yield* children.child(until, made)
        if (verdict.isGood) return value
        if (drafts >= times) {
          return yield* children.error(new CheckFailed({ check: until.name, why: verdict.advice }))
        }
        const next = again({ input: decoded.success, value: made, advice: verdict.advice }) as never
        value = (yield* children.child(draft, next)).value
      }
    })
}
