/** An agent as its loop sees it: every option there, and texts in and out of JSON. */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { AgentState } from "../AgentState.ts"
import type { Bounds } from "../Bounds.ts"
import type { Checks } from "../Check.ts"
import type { Compaction } from "../Compaction.ts"
import type { HandedOver, Handover } from "./Handover.ts"
import type { Toolbox } from "./Toolbox.ts"

/** What one step may have of its own. */
export interface StepSettings<E, R> {
  readonly model?: Layer.Layer<LanguageModel.LanguageModel, E, R> | undefined
  /** The names of the tools that are on. Default: all. */
  readonly tools?: ReadonlyArray<string> | undefined
  readonly toolChoice?: "auto" | "none" | "required" | undefined
}

export interface Output<A> {
  /** The value of a final text, or what is wrong with the text. */
  readonly decode: (text: string) => Result.Result<A, string>
  readonly toJson: (value: A) => Schema.Json
  readonly fromJson: (value: Schema.Json) => Result.Result<A, string>
  /** How the model is told to answer; empty where any text is an answer. */
  readonly instruction: string
}

/** `E` is what an agent's own effects fail with, `T` what its tools fail with. */
export interface Spec<I, A, T, E, R> {
  readonly name: string
  readonly description: string | undefined
  readonly version: string | undefined
  readonly instructions: (input: I) => Effect.Effect<string, E, R>
  readonly toolbox: Effect.Effect<Toolbox<T, R>, E, R>
  readonly inputToJson: (input: I) => Result.Result<Schema.Json, string>
  readonly output: Output<A>
  /** The tools about whose calls people decide, besides those that ask by themselves. */
  readonly approvals: ReadonlySet<string>
  readonly bounds: Bounds
  readonly atBound: "fail" | "conclude"
  readonly until: ((state: AgentState) => boolean) | undefined
  readonly step: ((state: AgentState) => StepSettings<E, R>) | undefined
  readonly compaction: Compaction<E, R> | undefined
  readonly checks: Checks<I, A, R>
  readonly concurrency: number | "unbounded"
  readonly handover: Handover | undefined
  /** What a run fails with that another agent goes on with; only a team takes it. */
  readonly handedOver: ((handed: HandedOver) => E) | undefined
}
