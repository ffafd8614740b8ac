/**
 * Teams: plain functions from agents to an agent, which is run, streamed, resumed and put into further teams like any
 * other.
 *
 * Each child has a run and a journal of its own under the team's id: `poem-1.writer.1` is the first `writer` of the run
 * `poem-1`. When a team is resumed, children that ended give their answers and are not played again, and those that are
 * open go on by their own journals; that needs a `Journal` in the context. What people are to decide about calls of a
 * child comes up with the child's name before the call's, `writer.1/3.0`, and a decision of that name goes down to it.
 *
 * A child that gives no answer ends the team with the reason ChildFailed. A team has the bounds `money`, with `outputTokens` and `countInput`, and `time` in its
 * run; the others are those of its agents.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Team from "effect-gemini-agents/Team"
 *
 * const web = Agent.make({ name: "web", instructions: "You search the web." })
 * const papers = Agent.make({ name: "papers", instructions: "You search papers." })
 * const write = Agent.make({ name: "write", instructions: "You write a report of what was found." })
 *
 * const research = Team.all({ web, papers }, { combine: ({ papers, web }) => `${web}\n${papers}` })
 * const report = Team.sequence(research, write).named("report")
 * console.log(report.name) // report
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AgentError } from "./AgentError.ts"
import type { Agent } from "./AgentOptions.ts"
import type { RepeatOptions, Round } from "./Critique.ts"
import type { HandoffOptions } from "./Handoff.ts"
import type { ChildRuns, Input } from "./internal/ChildRuns.ts"
import * as Handing from "./internal/handing.ts"
import * as Made from "./internal/made.ts"
import * as Names from "./internal/names.ts"
import * as Output from "./internal/output.ts"
import * as Rounds from "./internal/rounds.ts"
import * as Together from "./internal/together.ts"
import type { Toolbox } from "./internal/Toolbox.ts"
import * as WorkerReplay from "./internal/WorkerReplay.ts"
import * as Workers from "./internal/Workers.ts"
import type {
  Agents,
  ApprovalsOf,
  CommonOf,
  Exits,
  FailureOf,
  Member,
  Named,
  NeedsOf,
  Splitting,
  ValueOf,
  Values
} from "./Member.ts"

/**
 * A team is an agent, and can be given a name of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Team<
  in I,
  out A,
  out T = never,
  out E = never,
  out R = never,
  out D extends string = string
> extends Agent<I, A, T, E, R, never, D> {
  /** The same team under another name, and with a description for others. Throws a RangeError if it cannot be one. */
  readonly named: (name: string, options?: { readonly description?: string | undefined }) => Team<I, A, T, E, R, D>
}

/**
 * A stage of a sequence: an agent, or a function between two agents that makes the one's input of the other's answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Stage<I, A, T, E, R, D extends string> =
  | Agent<I, A, T, E, R, unknown, D>
  | ((value: I) => A)

/**
 * Agents one after the other: each takes what the one before it gave. A function between two agents changes it; it must
 * only depend on what it is given, for it is called again when the run is resumed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sequence: {
  <I, A, T1, E1, R1, D1 extends string, B, T2 = never, E2 = never, R2 = never, D2 extends string = never>(
    first: Agent<I, A, T1, E1, R1, unknown, D1>,
    second: Stage<A, B, T2, E2, R2, D2>
  ): Team<I, B, T1 | E1 | T2 | E2, never, R1 | R2, D1 | D2>
  <
    I,
    A,
    T1,
    E1,
    R1,
    D1 extends string,
    B,
    C,
    T2 = never,
    E2 = never,
    R2 = never,
    D2 extends string = never,
    T3 = never,
    E3 = never,
    R3 = never,
    D3 extends string = never
  >(
    first: Agent<I, A, T1, E1, R1, unknown, D1>,
    second: Stage<A, B, T2, E2, R2, D2>,
    third: Stage<B, C, T3, E3, R3, D3>
  ): Team<I, C, T1 | E1 | T2 | E2 | T3 | E3, never, R1 | R2 | R3, D1 | D2 | D3>
  <
    I,
    A,
    T1,
    E1,
    R1,
    D1 extends string,
    B,
    C,
    F,
    T2 = never,
    E2 = never,
    R2 = never,
    D2 extends string = never,
    T3 = never,
    E3 = never,
    R3 = never,
    D3 extends string = never,
    T4 = never,
    E4 = never,
    R4 = never,
    D4 extends string = never
  >(
    first: Agent<I, A, T1, E1, R1, unknown, D1>,
    second: Stage<A, B, T2, E2, R2, D2>,
    third: Stage<B, C, T3, E3, R3, D3>,
    fourth: Stage<C, F, T4, E4, R4, D4>
  ): Team<I, F, T1 | E1 | T2 | E2 | T3 | E3 | T4 | E4, never, R1 | R2 | R3 | R4, D1 | D2 | D3 | D4>
} = (
  first: Member,
  ...rest: ReadonlyArray<Stage<never, unknown, unknown, unknown, unknown, string>>
) => {
  const agents = [first, ...rest.filter((stage) => typeof stage !== "function")]
  const play = (given: Input<never>, children: ChildRuns): Made.Played =>
    Effect.gen(function*() {
      let { value }: { readonly value: unknown } = yield* children.given(first, given)
      for (const stage of rest) {
        // The signatures above have checked that each stage takes what the one before it gives.
        const input = value as never
        value = typeof stage === "function" ? stage(input) : (yield* children.child(stage, input)).value
      }
      return value
    })
  return Made.typed(
    { ...Made.unnamed, name: Names.joined(agents), inputToJson: first.inputToJson, play },
    Made.approvalsOf(agents)
  )
}

/**
 * How a team of all its agents is played.
 *
 * @category options
 * @since 0.1.0
 */
export interface AllOptions {
  readonly name?: string | undefined
  readonly description?: string | undefined
  /**
   * How many play at once. Default: all. `quota`: each starts when its model's lane would admit a request at once, by the
   * `RateLimiter` of the context, and not earlier, so that its bound of time does not run while it waits.
   */
  readonly concurrency?: number | "unbounded" | "quota" | undefined
}

type AllOf<M extends Named, A, I = CommonOf<M>> = Team<I, A, FailureOf<M>, never, NeedsOf<M>, ApprovalsOf<M>>

/**
 * All agents on the same input, at once. `combine` makes the answer of what they gave; without it the answer is an object
 * of their values by name. It must only depend on what it is given, for it is called again when the run is resumed.
 * With `split` each agent gets a part of the input in place of the whole.
 *
 * If one fails, the others are interrupted and the team fails with ChildFailed. With `atLeast` the others go on, and the
 * answer is made of Exits as soon as all have ended and so many of them gave an answer; fewer are ChildFailed. An agent
 * that waits for people does not stop the others: the team waits when they have ended.
 *
 * Throws a RangeError if there is no agent, if a name is not of letters, digits, `_` and `-`, or if `atLeast` is not a
 * count of them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: {
  <const M extends Readonly<Record<string, Named>>, A = Exits<M>, I = CommonOf<M[keyof M]>>(
    agents: M & Agents<M>,
    options: AllOptions & Splitting<M, I> & {
      readonly atLeast: number
      readonly combine?: ((exits: Exits<M>) => A) | undefined
    }
  ): AllOf<M[keyof M], A, I>
  <const M extends Readonly<Record<string, Named>>, A = Values<M>, I = CommonOf<M[keyof M]>>(
    agents: M & Agents<M>,
    options?: AllOptions & Splitting<M, I> & {
      readonly atLeast?: "all" | undefined
      readonly combine?: ((values: Values<M>) => A) | undefined
    }
  ): AllOf<M[keyof M], A, I>
} = (
  agents: Readonly<Record<string, Member>>,
  options: AllOptions & {
    readonly atLeast?: number | "all" | undefined
    readonly combine?: ((given: never) => unknown) | undefined
    readonly input?: Schema.Top | undefined
    readonly split?: ((input: never) => Readonly<Record<string, unknown>>) | undefined
  } = {}
) => {
  const { atLeast = "all", combine, concurrency = "unbounded", description, input, name, split } = options
  const names = Object.keys(agents)
  const [first] = Object.values(agents)
  if (first === undefined) throw new RangeError("a team needs an agent")
  const wrong = names.find((name) => !Names.isKey(name))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} cannot be an agent's name in a team`)
  if (atLeast !== "all" && !(Number.isSafeInteger(atLeast) && atLeast >= 1 && atLeast <= names.length)) {
    throw new RangeError(`\`atLeast\` is a count of the ${names.length} agents, from 1`)
  }
  // The signatures above have checked that this schema is that of what is split, and each part that of its agent.
  const codec = input === undefined ? undefined : Output.json(input as Schema.Codec<never, unknown>)
  const parts = codec === undefined || split === undefined ? undefined : Together.parts(codec, split)
  const play = (given: Input<never>, children: ChildRuns): Made.Played =>
    Effect.map(Together.all(agents, atLeast, concurrency, parts)(given, children), (endings) => {
      const made = atLeast === "all"
        ? Together.valuesOf(endings)
        : Object.fromEntries(endings.map(([name, ending]) => [
          name,
          Result.isSuccess(ending) ? Exit.succeed(ending.success.value) : Exit.fail(ending.failure)
        ]))
      // The signatures above have checked that `combine` takes this.
      return combine === undefined ? made : combine(made as never)
    })
  const members = Object.values(agents)
  return Made.typed({
    ...Made.unnamed,
    name: name === undefined ? Names.joined(members) : Names.checked(name, "a team"),
    description,
    inputToJson: codec?.to ?? first.inputToJson,
    play
  }, Made.approvalsOf(members))
}

/**
 * The agents on the same input at once, and the first answer of them; the others are interrupted. If none gives one, the
 * team fails with ChildFailed, or waits if one of them does.
 *
 * Throws a RangeError if there is no agent, or if two have the same name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const race = <const M extends ReadonlyArray<Member>>(...agents: M): AllOf<M[number], ValueOf<M[number]>> => {
  const [first] = agents
  const names = agents.map(({ name }) => name)
  if (first === undefined) throw new RangeError("a team needs an agent")
  if (new Set(names).size < names.length) throw new RangeError("the agents of a race have different names")
  return Made.typed(
    { ...Made.unnamed, name: Names.joined(agents), inputToJson: first.inputToJson, play: Together.first(agents) },
    Made.approvalsOf(agents)
  )
}

/**
 * A draft, a critic who says what is to be better, and a further draft, until the critic calls one good. It gives that
 * draft. If `times` drafts were not good the team fails with CheckFailed, which has the critic's last advice.
 *
 * `again` makes the next draft's input; without it the draft's agent is told its task, its last answer and the advice. It
 * must only depend on what it is given, for it is called again when the run is resumed. Where the input is not text,
 * `input` is its schema.
 *
 * Throws a RangeError if `times` is not a count from 1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const repeat: {
  <A, T1, E1, R1, D1 extends string, T2, E2, R2, D2 extends string>(
    draft: Agent<string, A, T1, E1, R1, unknown, D1>,
    options: RepeatOptions<A, T2, E2, R2, D2> & {
      readonly input?: undefined
      readonly again?: ((round: Round<string, A>) => string) | undefined
    }
  ): Team<string, A, T1 | E1 | T2 | E2, never, R1 | R2, D1 | D2>
  <I, A, T1, E1, R1, D1 extends string, T2, E2, R2, D2 extends string>(
    draft: Agent<I, A, T1, E1, R1, unknown, D1>,
    options: RepeatOptions<A, T2, E2, R2, D2> & {
      readonly input: Schema.Codec<I, unknown>
      readonly again: (round: Round<I, A>) => I
    }
  ): Team<I, A, T1 | E1 | T2 | E2, never, R1 | R2, D1 | D2>
} = (
  draft: Member,
  { again = Rounds.more, description, input, name, times = 4, until }:
    & RepeatOptions<never, unknown, unknown, unknown, string>
    & {
      readonly input?: Schema.Top | undefined
      readonly again?: ((round: Round<never, never>) => unknown) | undefined
    }
) => {
  if (!Number.isSafeInteger(times) || times < 1) throw new RangeError("`times` is a count from 1")
  const play = Rounds.play({ draft, until, times, again, input })
  return Made.typed({
    ...Made.unnamed,
    name: name === undefined ? Names.joined([draft, until]) : Names.checked(name, "a team"),
    description,
    inputToJson: draft.inputToJson,
    play
  }, Made.approvalsOf([draft, until]))
}

/**
 * Agents of which one at a time has the run, and may hand it over to another one, by a tool for each edge:
 * `transfer_to_billing`. Only edges that are declared are there. The other calls of the step end first, with what people
 * decide about them; of two transfers in a step the first one counts, and the second one is told so.
 *
 * Each turn of an agent is a child of its own, `triage.1`, `billing.1`, `triage.2`. The answer is that of the agent which
 * gives one. The team fails with HandoffLimit after `limit` transfers, and as soon as a transfer is made for the second
 * time while nobody has called anything else since the first one.
 *
 * Throws a RangeError if an agent of `start` or `edges` is not there, if one that hands over is a team or hands over to
 * itself, if a name cannot be a tool's, if `carry` is a schema of something else than an object, or if `limit` is not a
 * count from 1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const handoff = <
  const M extends Readonly<Record<string, Named>>
>(
  { agents, carry = "transcript", description, edges, limit = 6, name, start }: HandoffOptions<M>
): AllOf<M[keyof M], ValueOf<M[keyof M]>> => {
  const plan = { agents, start, edges, carry, limit }
  const all = Object.values(agents)
  return Made.typed({
    ...Made.unnamed,
    name: name === undefined ? Names.joined(all) : Names.checked(name, "a team"),
    description,
    inputToJson: Output.textJson<string>().to,
    play: Handing.play({ ...plan, agents: Handing.members(plan) })
  }, Made.approvalsOf(all))
}

/**
 * An agent with others as its tools: it is asked as ever, and a call of a worker, by its name and with a `task`, is a run
 * of that worker with a journal of its own, `plan-1.coder.2.0` for the call `2.0` of the run `plan-1`. What stops a worker
 * is told to the manager, and what people are to decide about a worker's call stops both, until it is decided. `workers`
 * is how many play at once; default: all. With `concurrency: "quota"` a worker starts when its model's lane would admit a
 * request at once, and its requests wait behind the manager's. A worker takes the place of a tool of its name.
 *
 * Throws a RangeError if the manager is a team, if a worker's name cannot be a tool's, or if `workers` is not a count
 * from 1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const manager = <
  I,
  A,
  T,
  E,
  R,
  C,
  D extends string,
  const W extends Readonly<Record<string, Named>>
>(
  boss: Agent<I, A, T, E, R, C, D>,
  agents: W & Agents<W, Agent<string, unknown, unknown, unknown, unknown, unknown>>,
  options: { readonly workers?: number | undefined; readonly concurrency?: "quota" | undefined } = {}
): Agent<I, A, T | AgentError<FailureOf<W[keyof W]>>, E, R | NeedsOf<W[keyof W]>, C, string> => {
  const { concurrency, workers = Infinity } = options
  const { employing } = boss
  if (employing === undefined) throw new RangeError(`${boss.name} is a team, so it calls no tools`)
  if (workers !== Infinity && !(Number.isSafeInteger(workers) && workers >= 1)) {
    throw new RangeError("`workers` is a count from 1")
  }
  const tools = Workers.toolsOf(agents)
  // What the workers fail with and need is what their types say.
  const toolbox = Workers.toolbox(agents, workers, concurrency === "quota") as Effect.Effect<
    Toolbox<AgentError<FailureOf<W[keyof W]>>, NeedsOf<W[keyof W]>>
  >
  return WorkerReplay.also(employing(tools, toolbox, Made.approvalsOf(Object.values(agents))), agents)
}
