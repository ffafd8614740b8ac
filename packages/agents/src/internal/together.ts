/** Agents of a team that play at once on the same input: all of them, or until the first one has an answer. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { Agent } from "../AgentOptions.ts"
import type { Answer } from "../Answer.ts"
import type { Request } from "../Approval.ts"
import type { Member } from "../Member.ts"
import type { ChildRuns, Input } from "./ChildRuns.ts"
import type { Json } from "./output.ts"
import { QuotaDoor } from "./QuotaDoor.ts"
import * as Tokens from "./tokens.ts"

/** How one agent of the team ended: an answer, a failure, or a wait for people. */
type Ending = Result.Result<Answer<unknown>, AgentError>

const pendingOf = (ending: Ending): ReadonlyArray<Request> =>
  Result.isFailure(ending) && ending.failure.reason._tag === "Suspended" ? ending.failure.reason.pending : []

/** A stop of the team itself, such as its journal's, is not one that it goes on without. */
const isOfChild = ({ reason }: AgentError): boolean => reason._tag === "ChildFailed" || reason._tag === "Suspended"

export const valuesOf = (endings: ReadonlyArray<readonly [string, Ending]>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    endings.flatMap(([name, ending]) => Result.isSuccess(ending) ? [[name, ending.success.value] as const] : [])
  )

const withOthers = (
  children: ChildRuns,
  error: AgentError,
  others: Readonly<Record<string, unknown>>
): AgentError =>
  error.reason._tag !== "ChildFailed" ? error : children.error(
    new Reason.ChildFailed({
      child: error.reason.child,
      why: error.reason.why,
      error: error.reason.error,
      others
    })
  )

type Taking<I> = Agent<I, unknown, unknown, unknown, unknown, unknown>

/** Makes the part of each agent of a team's input, or says what is wrong with the input. */
type Parts = (json: Schema.Json) => Result.Result<(name: string) => never, string>

export const parts =
  (codec: Json<never>, split: (input: never) => Readonly<Record<string, unknown>>): Parts => (json) =>
    Result.map(codec.from(json), (input) => {
      const made = split(input)
      // The signature of `Team.all` has checked that each agent takes its part.
      return (name) => made[name] as never
    })

export const all = <I>(
  members: Readonly<Record<string, Taking<I>>>,
  atLeast: number | "all",
  concurrency: number | "unbounded" | "quota",
  split: Parts | undefined
) =>
(given: Input<I>, children: ChildRuns): Effect.Effect<ReadonlyArray<readonly [string, Ending]>, AgentError, unknown> =>
  Effect.gen(function*() {
    const came: Array<readonly [string, Ending]> = []
    const door = concurrency === "quota" ? new QuotaDoor() : undefined
    const tokens = Tokens.estimate(JSON.stringify(given.json).length)
    const started = <A, E, R>(play: Effect.Effect<A, E, R>) => door === undefined ? play : door.pass(play, tokens)
    const parts = split?.(given.json) ?? Result.succeed(undefined)
    if (Result.isFailure(parts)) {
      return yield* children.error(
        new Reason.Changed({ what: `the team's input has another schema (${parts.failure})` })
      )
    }
    const begun = (name: string, agent: Taking<I>) =>
      parts.success === undefined
        ? children.given(agent, given, name)
        : children.child(agent, parts.success(name), { as: name })
    const one = ([name, agent]: readonly [string, Taking<I>]) =>
      Effect.result(started(begun(name, agent))).pipe(
        Effect.flatMap((ending): Effect.Effect<readonly [string, Ending], AgentError> => {
          came.push([name, ending])
          if (Result.isSuccess(ending) || pendingOf(ending).length > 0) return Effect.succeed([name, ending])
          return atLeast === "all" || !isOfChild(ending.failure)
            ? Effect.fail(withOthers(children, ending.failure, valuesOf(came)))
            : Effect.succeed([name, ending])
        })
      )
    const endings = yield* Effect.forEach(Object.entries(members), one, {
      concurrency: concurrency === "quota" ? "unbounded" : concurrency
    })
    const pending = endings.flatMap(([, ending]) => pendingOf(ending))
    if (pending.length > 0) return yield* children.error(new Reason.Suspended({ pending }))
    const failures = endings.flatMap(([, ending]) => Result.isFailure(ending) ? [ending.failure] : [])
    const [failure] = failures
    if (failure !== undefined && typeof atLeast === "number" && endings.length - failures.length < atLeast) {
      return yield* withOthers(children, failure, valuesOf(endings))
    }
    for (const failure of failures) yield* children.without(failure)
    return endings
  })

/** The first child that gave an answer in this turn: after a restart no other one is played. */
const winnerOf = ({ state: { children, childrenBefore } }: ChildRuns): string | undefined =>
  children.slice(childrenBefore).find(({ ended }) => ended?.isFailure === false)?.child

export const first =
  (agents: ReadonlyArray<Member>) =>
  (given: Input<never>, children: ChildRuns): Effect.Effect<unknown, AgentError, unknown> =>
    Effect.gen(function*() {
      const known = winnerOf(children)
      const racing = known === undefined ? agents : agents.filter(({ name }) => known.startsWith(`${name}.`))
      const answers = new Map<string, unknown>()
      const failures: Array<AgentError> = []
      const one = (agent: Member) =>
        children.given(agent, given).pipe(
          Effect.tap(({ value }) => Effect.sync(() => answers.set(agent.name, value))),
          Effect.tapError((error) => Effect.sync(() => failures.push(error)))
        )
      const ending = yield* Effect.result(Effect.raceAll(racing.map(one)))
      // Two may have ended at once: the one that is recorded first is the one that counts.
      const winner = winnerOf(children)
      if (winner !== undefined) return answers.get(winner.slice(0, winner.lastIndexOf(".")))
      if (Result.isSuccess(ending)) return ending.success.value
      const own = failures.find((error) => !isOfChild(error))
      if (own !== undefined) return yield* own
      const pending = failures.flatMap((failure) => pendingOf(Result.fail(failure)))
      if (pending.length > 0) return yield* children.error(new Reason.Suspended({ pending }))
      return yield* ending.failure
    })
