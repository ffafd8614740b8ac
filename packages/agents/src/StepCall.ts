/**
 * A call of a step, and what has become of it.
 *
 * @since 0.1.0
 */
import type * as Prompt from "effect/ai/Prompt"
import type { AgentRecord, CrashPolicy, Verdict } from "./AgentRecord.ts"

/**
 * The result of a call as the records have it.
 *
 * @category models
 * @since 0.1.0
 */
export type Ended = Omit<Extract<AgentRecord, { readonly _tag: "CallEnded" }>, "_tag">

/**
 * What a person is asked about a call.
 *
 * @category models
 * @since 0.1.0
 */
export type RequestedOf = Omit<Extract<AgentRecord, { readonly _tag: "Requested" }>, "_tag">

/**
 * A call of the present step.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepCall {
  /** The step and the call's place in it, such as `3.0`: its name within the run. */
  readonly call: string
  /** The id that the model, or its provider, gave. */
  readonly id: string
  readonly name: string
  /** The arguments as the model wrote them, or as a person changed them. */
  readonly params: unknown
  /** How often its handler was called. */
  readonly attempts: number
  /** The policy that was recorded when it began. */
  readonly afterCrash: CrashPolicy | undefined
  readonly requested: RequestedOf | undefined
  readonly verdict: Verdict | undefined
  readonly ended: Ended | undefined
}

/**
 * The text that the model wrote in these messages.
 *
 * @category getters
 * @since 0.1.0
 */
export const textOf = (messages: ReadonlyArray<Prompt.Message>): string =>
  messages.flatMap((message) =>
    message.role === "assistant" ? message.content.flatMap((part) => part.type === "text" ? [part.text] : []) : []
  ).join("")

/**
 * The calls of an answer, none of them begun.
 *
 * @category getters
 * @since 0.1.0
 */
export const callsOf = (step: number, messages: ReadonlyArray<Prompt.Message>): ReadonlyArray<StepCall> => {
  const calls: Array<StepCall> = []
  for (const message of messages) {
    if (message.role !== "assistant") continue
    for (const part of message.content) {
      if (part.type !== "tool-call" || part.providerExecuted) continue
      calls.push({
        call: `${step}.${calls.length}`,
        id: part.id,
        name: part.name,
        params: part.params,
        attempts: 0,
        afterCrash: undefined,
        requested: undefined,
        verdict: undefined,
        ended: undefined
      })
    }
  }
  return calls
}
