/**
 * A conversation with an agent: turns under one id, in one journal.
 *
 * One turn runs at a time, across processes too. Between turns nothing of the conversation is in memory. A turn that
 * waits for people, or whose process died, is gone on with by `Agent.resume` with the conversation's id.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Conversation from "effect-gemini-agents/Conversation"
 * import * as Effect from "effect/Effect"
 *
 * const clerk = Agent.make({ name: "clerk", instructions: "Be short." })
 *
 * export const program = Effect.gen(function*() {
 *   const talk = Conversation.open(clerk, "talk-1")
 *   yield* talk.send("My name is Ada.")
 *   const { text } = yield* talk.send("What is my name?")
 *   yield* talk.fork("talk-2") // goes on from here under another id
 *   return text
 * })
 * console.log(typeof program) // object
 * ```
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as Agent from "./Agent.ts"
import type { AgentError } from "./AgentError.ts"
import type { TurnOptions } from "./AgentOptions.ts"
import type { AgentRecord } from "./AgentRecord.ts"
import * as AgentState from "./AgentState.ts"
import type { Answer, StreamEvent } from "./Answer.ts"
import * as Player from "./internal/Player.ts"

/**
 * A conversation. It needs a `Journal` in the context of each call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conversation<in I, out A, out T = never, out E = never, out R = never> {
  readonly id: string
  /**
   * One turn. Fails with `Busy` while another process has the conversation, and with `Refused` if calls of the last turn
   * are open.
   */
  readonly send: (
    input: I,
    options?: TurnOptions
  ) => Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  readonly stream: (
    input: I,
    options?: TurnOptions
  ) => Stream.Stream<StreamEvent<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>
  /** What was said and done, as the model is sent it: after a compaction the older part is a summary. */
  readonly history: Effect.Effect<Prompt.Prompt, AgentError<never>>
  /** All records of the conversation. */
  readonly records: Effect.Effect<ReadonlyArray<AgentRecord>, AgentError<never>>
  /**
   * A conversation of the id `to` that begins with this one's entries before the sequence number `at` (default: all of
   * them). Neither sees what the other adds later.
   */
  readonly fork: (to: string, at?: number) => Effect.Effect<Conversation<I, A, T, E, R>, AgentError<never>>
}

/**
 * The conversation of that id. Nothing happens before its first turn.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = <I, A, T, E, R, C>(
  agent: Agent.Agent<I, A, T, E, R, C>,
  id: string
): Conversation<I, A, T, E, R> => {
  const records = Player.read(agent.name, id)
  return {
    id,
    records,
    send: (input, options = {}) => agent.turn(id, input, options),
    stream: (input, options = {}) => Agent.streamed((tell) => agent.turn(id, input, { ...options, tell })),
    history: Effect.map(records, (records) => Prompt.fromMessages(AgentState.fold(records).messages)),
    fork: (to, at) => Effect.map(Player.fork(agent.name, id, to, at), () => open(agent, to))
  }
}
