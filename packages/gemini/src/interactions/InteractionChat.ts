/**
 * A conversation whose history the server keeps, and a journal keeps too.
 *
 * Each turn follows the last one by `previous_interaction_id`; instructions, tools and settings are sent again each time,
 * because that id carries the history alone. Where the server has forgotten (after 55 days, or one in the free tier;
 * because it was deleted or not stored), the steps of the journal are sent as they came, and an event says so.
 *
 * The turns lie in the Journal of the context, where there is one, and another process goes on with the same `id`; else
 * they lie in memory. This module needs the package `effect-gemini-journal`.
 *
 * ```ts
 * import * as InteractionChat from "effect-gemini/interactions/InteractionChat"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const chat = yield* InteractionChat.open({
 *     id: "ada",
 *     request: { model: "gemini-3.8-flash", system_instruction: "You know Bern." }
 *   })
 *   const first = yield* chat.ask("Name a bridge.")
 *   const other = yield* chat.fork({ at: 0 })
 *   return [first.text, (yield* chat.ask("When was it built?")).text, (yield* other.ask("Name a tower.")).text]
 * }))
 * ```
 *
 * @since 0.2.0
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/interactions/chatService.ts"
import type { ResourceHandle } from "../resources/ResourceHandle.ts"
import type { Usage } from "../wire/Usage.ts"
import type { AgentRequest, ModelRequest } from "./InteractionRequest.ts"
import type { Interactions } from "./Interactions.ts"
import type { InteractionTools, RoundEvent, RoundOptions, RoundsAnswer } from "./InteractionTools.ts"
import type { Step } from "./Step.ts"
import type { InteractionInput } from "./types/InteractionTypes.ts"

/**
 * A turn: its steps (the input first, calls and results between the answers), the interaction that the next one follows,
 * what it used, and when it ended, in milliseconds since the epoch.
 *
 * @category models
 * @since 0.2.0
 */
export interface ChatTurn {
  readonly steps: ReadonlyArray<Step>
  readonly interaction: ResourceHandle
  readonly usage?: Usage
  readonly at: number
}

/**
 * What is sent with each turn: the model or agent, instructions, tools, settings.
 *
 * @category models
 * @since 0.2.0
 */
export type ChatRequest =
  | Omit<ModelRequest, "input" | "previous_interaction_id" | "continuation_token">
  | Omit<AgentRequest, "input" | "previous_interaction_id" | "continuation_token">

/**
 * Options of a chat. `id` names it in the journal (letters, digits, `-` and `_`; by default a random one); with `tools`
 * its functions run here.
 *
 * @category options
 * @since 0.2.0
 */
export interface ChatOptions<R = never> {
  readonly id?: string | undefined
  readonly request: ChatRequest
  readonly tools?: InteractionTools<R> | undefined
  readonly options?: RoundOptions | undefined
}

/**
 * The answer to a turn: its text, its steps, and all that the rounds gave. `forgotten` says whether the server had
 * forgotten what went before.
 *
 * @category models
 * @since 0.2.0
 */
export interface ChatAnswer extends RoundsAnswer {
  readonly text: string
  readonly forgotten: boolean
}

/**
 * A conversation. Its turns come one after the other; one that is sent while another runs waits for its end. A turn that
 * fails or is interrupted is not kept, and the next one follows the turn before it.
 *
 * @category models
 * @since 0.2.0
 */
export interface InteractionChat<R = never> {
  readonly id: string
  readonly turns: Effect.Effect<ReadonlyArray<ChatTurn>>
  /** Says something, and gives the events of the turn. The turn is kept before its `Answered` is given. */
  readonly send: (
    input: InteractionInput,
    options?: RoundOptions
  ) => Stream.Stream<RoundEvent, GeminiError | JournalError, R>
  /** Says something, and waits for the answer. */
  readonly ask: (
    input: InteractionInput,
    options?: RoundOptions
  ) => Effect.Effect<ChatAnswer, GeminiError | JournalError, R>
  /** Another conversation that begins with the first `at` turns of this one, by default with all of them. */
  readonly fork: (options?: {
    readonly at?: number | undefined
    readonly id?: string | undefined
  }) => Effect.Effect<InteractionChat<R>, GeminiError | JournalError, Scope.Scope>
}

/**
 * Opens a conversation: a new one, or that of the same `id` in the Journal, which nobody else may have open.
 *
 * @category constructors
 * @since 0.2.0
 */
export const open = <R = never>(
  options: ChatOptions<R>
): Effect.Effect<InteractionChat<R>, GeminiError | JournalError, Interactions | Scope.Scope> => Service.open(options)
