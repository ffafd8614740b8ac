/**
 * What an agent is by its type and what it is made of, and how its runs begin and go on.
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { AgentError } from "./AgentError.ts"
import type { AgentEvent } from "./AgentEvent.ts"
import type { AgentRecord } from "./AgentRecord.ts"
import type { AgentState } from "./AgentState.ts"
import type { Answer } from "./Answer.ts"
import type { Decision } from "./Approval.ts"
import type { Bounds } from "./Bounds.ts"
import type { Checks } from "./Check.ts"
import type { Compaction } from "./Compaction.ts"
import type { Diverged } from "./Diverged.ts"
import type { HandedOver, Handover } from "./internal/Handover.ts"
import type * as Toolbox from "./internal/Toolbox.ts"
import type { Replayed, ReplayOptions } from "./Replayed.ts"

/**
 * Options with a listener, which is told each event and may hold the run up.
 *
 * @category options
 * @since 0.1.0
 */
export type Listened<O> = O & { readonly tell?: ((event: AgentEvent) => Effect.Effect<void>) | undefined }

/**
 * A run of another agent that was handed over, and its records.
 *
 * @category options
 * @since 0.1.0
 */
export interface After {
  readonly id: string
  readonly records: ReadonlyArray<AgentRecord>
}

/**
 * How a run begins that may go on where one of another agent ended.
 *
 * @category options
 * @since 0.1.0
 */
export interface BeginOptions extends RunOptions {
  readonly after?: After | undefined
}

/**
 * How a run begins.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions {
  /** The run's id: 1 to 128 letters, digits and `. _ ~ @ -`. Default: the agent's name and a random text. */
  readonly id?: string | undefined
  /** Bounds that take the place of the agent's own. */
  readonly bounds?: Bounds | undefined
}

/**
 * How a turn of a conversation runs.
 *
 * @category options
 * @since 0.1.0
 */
export interface TurnOptions {
  /** Bounds of this turn that take the place of the agent's own. */
  readonly bounds?: Bounds | undefined
}

/**
 * How a run goes on.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResumeOptions {
  /** Bounds that take the place of the agent's own. */
  readonly bounds?: Bounds | undefined
  /** The records to go on from, such as an error's. They take the place of the journal's, and nothing is written. */
  readonly records?: ReadonlyArray<AgentRecord> | undefined
}

/**
 * An agent that takes an `I` and gives an `A`. `T` is what its tools fail with, `E` what its own effects fail with
 * (instructions, models of steps), `R` what all of them need, `C` what its checks need, and `D` the names of the tools
 * about whose calls people decide. Programs call `run`, `stream` and `resume` of `Agent`;
 * the methods are the seam for other things that run under an id and survive.
 *
 * @category models
 * @since 0.1.0
 */
export interface Agent<
  in I,
  out A,
  out T = never,
  out E = never,
  out R = never,
  out C = never,
  out D extends string = string
> {
  readonly name: string
  /** The tools about whose calls people decide, if the agent says so. */
  readonly approvals: ReadonlyArray<D> | undefined
  /** What others are told of it. */
  readonly description: string | undefined
  readonly version: string | undefined
  /** The input as records have it, or what is wrong with it. */
  readonly inputToJson: (input: I) => Result.Result<Schema.Json, string>
  /** `begin` with an input from records. */
  readonly beginFrom: (
    json: Schema.Json,
    options: Listened<RunOptions>
  ) => Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  readonly begin: (
    input: I,
    options: Listened<BeginOptions>
  ) => Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  readonly turn: (
    id: string,
    input: I,
    options: Listened<TurnOptions>
  ) => Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  readonly goOn: (
    id: string,
    decisions: ReadonlyArray<Decision<string>>,
    options: Listened<ResumeOptions>
  ) => Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  /** The same agent with further tools, which are other agents; `undefined` of one that has no loop. */
  readonly employing:
    | (<T2, R2>(
      workers: Toolbox.Toolbox<T2, R2>["tools"],
      toolbox: Effect.Effect<Toolbox.Toolbox<T2, R2>>,
      approvals: ReadonlyArray<string> | undefined
    ) => Agent<I, A, T | T2, E, R | R2, C, string>)
    | undefined
  /** The same agent, whose runs may end with another one to go on; `undefined` of one that has no loop. */
  readonly handing: ((handover: Handover) => Agent<I, A, T, E | HandedOver, R, C, D>) | undefined
  readonly replay: (
    records: ReadonlyArray<AgentRecord>,
    options: ReplayOptions
  ) => Effect.Effect<Replayed<A>, Diverged, C>
}

/**
 * What one step may have of its own.
 *
 * @category options
 * @since 0.1.0
 */
export interface Step<out E = never, out R = never, out Name extends string = string> {
  readonly model?: Layer.Layer<LanguageModel.LanguageModel, E, R> | undefined
  /** The names of the tools that are on; `read_result` is there where a tool has a `ResultLimit`. Default: all. */
  readonly tools?: ReadonlyArray<Name | "read_result"> | undefined
  readonly toolChoice?: "auto" | "none" | "required" | undefined
}

/**
 * What an agent is made of.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<
  I,
  A,
  Tools extends Record<string, Tool.Any>,
  E1,
  R1,
  E2,
  R2,
  E3,
  R3,
  R4,
  Approved extends string = string
> {
  /** Lower-case letters, digits and `-`, beginning with a letter: part of ids and span names. */
  readonly name: string
  readonly description?: string | undefined
  readonly version?: string | undefined
  /** The schema of the input, which the model is sent as JSON. Default: text. */
  readonly input?: Schema.Codec<I, unknown> | undefined
  /** The schema of the answer. Default: text. */
  readonly output?: Schema.Codec<A, unknown> | undefined
  /** Made once a run and recorded, so that they stay the same bytes. */
  readonly instructions: string | ((input: NoInfer<I>) => Effect.Effect<string, E1, R1>)
  readonly toolkit?: Effect.Effect<Toolkit.WithHandler<Tools>, E2, R2> | Toolkit.WithHandler<Tools> | undefined
  /**
   * The names of the tools about whose calls people decide: all of these, and no others. A tool that asks by itself
   * (`needsApproval`, `ToolPolicy.External`) must be among them. Default: the tools that ask by themselves.
   */
  readonly approvals?: ReadonlyArray<Approved> | undefined
  readonly bounds?: Bounds | undefined
  /** Whether a bound ends the run (default), or asks for a last answer without tools, which is then `isPartial`. */
  readonly atBound?: "fail" | "conclude" | undefined
  /** Ends the run with the model's last text, as soon as this says so after a step. */
  readonly until?: ((state: AgentState) => boolean) | undefined
  readonly step?: ((state: AgentState) => Step<E3, R3, Extract<keyof NoInfer<Tools>, string>>) | undefined
  readonly compaction?: Compaction<E3, R3> | undefined
  readonly checks?: Checks<NoInfer<I>, NoInfer<A>, R4> | undefined
  /** How many calls of a step run at once. Default: all. */
  readonly concurrency?: number | "unbounded" | undefined
}

/**
 * What an agent that is a program is told by.
 *
 * @category options
 * @since 0.1.0
 */
export interface ProgramOptions<I, A> {
  /** Lower-case letters, digits and `-`, beginning with a letter: part of ids and span names. */
  readonly name: string
  readonly description?: string | undefined
  readonly version?: string | undefined
  /** The schema of the input. Default: text. */
  readonly input?: Schema.Codec<I, unknown> | undefined
  /** The schema of the answer. Default: text. */
  readonly output?: Schema.Codec<A, unknown> | undefined
}
