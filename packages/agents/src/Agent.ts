/**
 * An agent: a model with tools that is asked, acts, sees what came of it and is asked again, until it has an answer or
 * something typed says why it has none.
 *
 * A run is the list of its records (`AgentRecord`), each written before what it allows is done. With a `Journal` in the
 * context a run survives its process: `resume` goes on from the records, calls that ended are never called again, and
 * one whose outcome nobody knows is treated by its tool's policy. Without a journal the records are in memory, and every
 * error has them.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * const toolkit = Toolkit.make(
 *   Tool.make("add", {
 *     description: "Adds two numbers",
 *     parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
 *     success: Schema.Finite
 *   }).annotate(Tool.Readonly, true)
 * )
 * const clerk = Agent.make({ name: "clerk", instructions: "You add numbers.", toolkit })
 *
 * const program = Agent.run(clerk, "What are 2 and 3 together?").pipe(
 *   Effect.tap(({ steps, text }) => Effect.sync(() => console.log(steps, text))),
 *   Effect.catchReason("AgentError", "StepLimit", ({ used }) => Effect.sync(() => console.log("not done after", used)))
 * )
 *
 * const handlers = toolkit.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
 * const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
 * program.pipe(Effect.provide([gemini, handlers]), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AgentError } from "./AgentError.ts"
import { Changed } from "./AgentErrorReason.ts"
import type { AgentEvent } from "./AgentEvent.ts"
import type { Agent, Options, ProgramOptions, ResumeOptions, RunOptions } from "./AgentOptions.ts"
import type { Answer, StreamEvent } from "./Answer.ts"
import type { Decision } from "./Approval.ts"
import * as Declared from "./internal/declared.ts"
import * as Looped from "./internal/looped.ts"
import * as Names from "./internal/names.ts"
import * as Output from "./internal/output.ts"
import * as Replayer from "./internal/Replayer.ts"
import type { Spec } from "./internal/spec.ts"
import * as TeamRun from "./internal/TeamRun.ts"
import * as Toolbox from "./internal/Toolbox.ts"
import type { RunContext } from "./RunContext.ts"

export {
  /** An agent under a budget for all of its runs. */
  within
} from "./AgentBudget.ts"
export type {
  /** An agent by its types, and the methods by which it is played. */
  Agent
} from "./AgentOptions.ts"
export {
  /** An agent as a tool of another one, of a model without an agent, or of an MCP server. */
  asTool
} from "./AgentTool.ts"

type Tools = Record<string, Tool.Any>

const isToolkit = <T extends Tools, E, R>(
  toolkit: Effect.Effect<Toolkit.WithHandler<T>, E, R> | Toolkit.WithHandler<T>
): toolkit is Toolkit.WithHandler<T> => !Effect.isEffect(toolkit)

const codecOf = <A>(schema: Schema.Codec<A, unknown> | undefined): Output.Json<A> =>
  schema === undefined ? Output.textJson() : Output.json(schema)

/**
 * An agent. Its input and output are text unless `input` and `output` are schemas; the model is told the output's.
 *
 * Throws a RangeError if the name cannot be one, or if `approvals` names a tool that there is not, or leaves one out that
 * asks by itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  I = string,
  A = string,
  T extends Tools = {},
  E1 = never,
  R1 = never,
  E2 = never,
  R2 = never,
  E3 = never,
  R3 = never,
  R4 = never,
  const D extends Extract<keyof T, string> = Extract<keyof T, string>
>(
  options: Options<I, A, T, E1, R1, E2, R2, E3, R3, R4, D>
): Agent<
  I,
  A,
  Tool.HandlerError<T[keyof T]> | AiError.AiError,
  E1 | E2 | E3,
  R1 | R2 | R3 | R4 | Tool.HandlerServices<T[keyof T]>,
  // Where any needs of checks will do, an agent that is written there has its own all the same.
  NoInfer<R4>,
  D
> => {
  type E = E1 | E2 | E3
  type R = R1 | R2 | R3 | R4 | Tool.HandlerServices<T[keyof T]>
  const { approvals, checks = {}, compaction, description, instructions, name, step, toolkit, version } = options
  Names.checked(name, "an agent")
  const problem = approvals === undefined ? undefined : Declared.approvalProblem(approvals, Declared.toolsOf(toolkit))
  if (problem !== undefined) throw new RangeError(`the agent ${JSON.stringify(name)}: ${problem}`)
  const input = codecOf(options.input)
  const toolbox: Effect.Effect<
    Toolbox.Toolbox<Tool.HandlerError<T[keyof T]> | AiError.AiError, Tool.HandlerServices<T[keyof T]>>,
    E2,
    R2
  > = toolkit === undefined
    ? Effect.succeed(Toolbox.empty)
    : isToolkit(toolkit)
    ? Effect.succeed(Toolbox.make(toolkit))
    : Toolbox.from(toolkit)
  const spec: Spec<I, A, Tool.HandlerError<T[keyof T]> | AiError.AiError, E, R> = {
    name,
    description,
    version,
    instructions: typeof instructions === "string" ? () => Effect.succeed(instructions) : instructions,
    toolbox,
    inputToJson: input.to,
    output: Output.of(codecOf(options.output), options.output),
    approvals: new Set<string>(approvals),
    bounds: options.bounds ?? {},
    atBound: options.atBound ?? "fail",
    until: options.until,
    step,
    compaction,
    checks,
    concurrency: options.concurrency ?? "unbounded",
    handover: undefined,
    handedOver: undefined
  }
  return Looped.agent(spec, input, approvals, (records, tools, handover) =>
    Replayer.run(
      {
        ...spec,
        handover,
        handedOver: undefined,
        instructions: () => Effect.succeed(""),
        toolbox: Effect.succeed(Toolbox.empty),
        step: step === undefined
          ? undefined
          : (state) => {
            const { toolChoice, tools } = step(state)
            return { toolChoice, tools }
          },
        compaction: compaction === undefined ? undefined : { above: compaction.above, keep: compaction.keep },
        checks
      },
      { ...Declared.toolsOf(toolkit), ...tools },
      records
    ))
}

/**
 * An agent that is a program: for children of a team that need no model, and for teams of one's own. It is played with
 * a `RunContext`, whose `child` plays other agents under ids and journals of their own.
 *
 * When its run is resumed the program runs again from its beginning, and children that ended give their answers and are
 * not played again. So it must come to the same children in the same order from the input and their answers alone; what
 * else it does is done at least once, until its answer is recorded. Agents within it that are to survive are played by
 * `child`, and by `Agent.run` none of them does.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Effect from "effect/Effect"
 *
 * const shout = Agent.fromEffect({ name: "shout" }, (text) => Effect.succeed(text.toUpperCase()))
 * console.log(shout.name) // shout
 * ```
 *
 * Throws a RangeError if the name cannot be one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEffect = <I = string, A = string, T = never, E = never, R = never>(
  options: ProgramOptions<I, A>,
  play: (
    input: NoInfer<I>,
    run: RunContext
  ) => Effect.Effect<NoInfer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
): Agent<I, A, T, E, R, never, string> => {
  Names.checked(options.name, "an agent")
  const input = codecOf(options.input)
  return TeamRun.make<I, A, T, E, R, string>({
    name: options.name,
    description: options.description,
    version: options.version,
    inputToJson: input.to,
    output: codecOf(options.output),
    play: ({ json, value }, run) => {
      if (value !== undefined) return play(value.value, run)
      const decoded = input.from(json)
      return Result.isSuccess(decoded)
        ? play(decoded.success, run)
        : Effect.fail(run.error<T>(new Changed({ what: `the agent's input has another schema (${decoded.failure})` })))
    }
  }, undefined)
}

/**
 * Plays the agent to its answer. Fails with an `AgentError` whose reason says why there is none, and which has the
 * records so far.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <I, A, T, E, R, C>(
  agent: Agent<I, A, T, E, R, C>,
  input: I,
  options: RunOptions = {}
): Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> => agent.begin(input, options)

/**
 * Goes on with a run: one that stopped at a bound, waits for decisions, or whose process died. A run that has its answer
 * gives it again and does nothing.
 *
 * @category running
 * @since 0.1.0
 */
export const resume = <I, A, T, E, R, C, D extends string>(
  agent: Agent<I, A, T, E, R, C, D>,
  id: string,
  decisions: ReadonlyArray<Decision<NoInfer<D>>> = [],
  options: ResumeOptions = {}
): Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> => agent.goOn(id, decisions, options)

/** A run may be ahead of whoever reads by so many events. */
const ahead = 16

/**
 * A run as a stream of its events and, last, its answer, for whatever plays with a listener.
 *
 * @category running
 * @since 0.1.0
 */
export const streamed = <A, E, R>(
  play: (tell: (event: AgentEvent) => Effect.Effect<void>) => Effect.Effect<Answer<A>, E, R>
): Stream.Stream<StreamEvent<A>, E, R> =>
  Stream.callback<StreamEvent<A>, E, R>((queue) =>
    play((event) => Effect.asVoid(Queue.offer(queue, event))).pipe(
      Effect.flatMap((answer) => Queue.offer(queue, { _tag: "Done", answer })),
      Effect.matchCauseEffect({
        onFailure: (cause) => Queue.failCause(queue, cause),
        onSuccess: () => Queue.end(queue)
      })
    ), { bufferSize: ahead, strategy: "suspend" })

/**
 * The run as a stream of its records, of the text between them, and of the answer as the last event. It is pulled: a
 * reader that stops reading stops the run, and one that leaves interrupts it.
 *
 * @category running
 * @since 0.1.0
 */
export const stream = <I, A, T, E, R, C>(
  agent: Agent<I, A, T, E, R, C>,
  input: I,
  options: RunOptions = {}
): Stream.Stream<StreamEvent<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> =>
  streamed((tell) => agent.begin(input, { ...options, tell }))

/**
 * `resume` as a stream, which begins with what is new.
 *
 * @category running
 * @since 0.1.0
 */
export const resumeStream = <I, A, T, E, R, C, D extends string>(
  agent: Agent<I, A, T, E, R, C, D>,
  id: string,
  decisions: ReadonlyArray<Decision<NoInfer<D>>> = [],
  options: ResumeOptions = {}
): Stream.Stream<StreamEvent<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> =>
  streamed((tell) => agent.goOn(id, decisions, { ...options, tell }))
