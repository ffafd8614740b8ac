/**
 * How a run goes over to another agent: the model calls a tool that has no handler. What becomes of such a call follows
 * from the records alone, and it is decided when the other calls of its step have ended.
 */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AgentRecord, Source, Usage } from "../AgentRecord.ts"
import type * as AgentState from "../AgentState.ts"
import type * as StepCall from "../StepCall.ts"
import * as Output from "./output.ts"
import type { Tools } from "./Toolbox.ts"

/** The run of an agent that ended with another one to go on, as its team is told of it. */
export class HandedOver {
  readonly _tag = "HandedOver"
  /** The name of the agent that goes on. */
  readonly to: string
  /** What the model said to it, by the tool's parameters. */
  readonly carried: Schema.Json
  readonly id: string
  readonly records: ReadonlyArray<AgentRecord>
  readonly steps: number
  readonly usage: Usage
  readonly sources: ReadonlyArray<Source>
  readonly isPartial = false

  constructor(
    to: string,
    carried: Schema.Json,
    { id, records, state }: Pick<HandedOver, "id" | "records"> & { readonly state: AgentState.AgentState }
  ) {
    this.to = to
    this.carried = carried
    this.id = id
    this.records = records
    this.steps = state.steps
    this.usage = state.usage
    this.sources = state.sources
  }
}

export const isHandedOver = (error: unknown): error is HandedOver => error instanceof HandedOver

/** The records of a run without those of the one that it goes on from. */
export const own = (records: ReadonlyArray<AgentRecord>): ReadonlyArray<AgentRecord> =>
  records.slice(Math.max(0, records.findLastIndex(({ _tag }) => _tag === "Forked")))

/** Who may go on, by the name of the tool, and what the model says to it. */
export interface Handover {
  readonly tools: Tools
  readonly to: ReadonlyMap<string, string>
  readonly codec: Output.Json<unknown>
}

export const nameOf = (agent: string): string => `transfer_to_${agent}`

/** The tools that hand a run to these agents. */
export const make = (
  agents: ReadonlyArray<readonly [name: string, description: string | undefined]>,
  parameters: Schema.Codec<unknown, unknown>
): Handover => ({
  tools: Object.fromEntries(agents.map(([name, description]) => [
    nameOf(name),
    Tool.make(nameOf(name), {
      description: `Hands the conversation over to ${name}, who goes on with it in your place.` +
        (description === undefined ? "" : ` ${name}: ${description}`),
      parameters,
      success: Schema.Json
    })
  ])),
  to: new Map(agents.map(([name]) => [nameOf(name), name])),
  codec: Output.json(parameters)
})

const told = (text: string): ToolCalls.Handled<never> => ({ result: text, encodedResult: text, isFailure: true })

/** The end of such a call: of several in a step the first that can be taken counts, and the others are told so. */
export const ended = (
  { codec, to }: Handover,
  { name, params }: StepCall.StepCall,
  calls: ReadonlyArray<StepCall.StepCall>
): ToolCalls.Handled<never> => {
  const first = calls.find((known) => known.ended?.isFailure === false && to.has(known.name))
  if (first !== undefined) return told(`the conversation was handed over to ${to.get(first.name) ?? ""} before`)
  const carried = Result.flatMap(codec.from(params), codec.to)
  if (Result.isFailure(carried)) return { ...told(carried.failure), mistake: "WrongArguments" }
  const result = { handedTo: to.get(name) ?? "", carried: carried.success }
  return { result, encodedResult: result, isFailure: false }
}

/** Who goes on after the last step, if one of its calls said so. */
export const made = (
  { to }: Handover,
  { messages }: AgentState.AgentState
): { readonly to: string; readonly carried: Schema.Json } | undefined => {
  const last = messages.at(-1)
  if (last?.role !== "tool") return undefined
  for (const part of last.content) {
    if (part.type !== "tool-result" || part.isFailure) continue
    const name = to.get(part.name)
    const said = Schema.decodeUnknownResult(Said)(part.result)
    if (name !== undefined && Result.isSuccess(said) && said.success.handedTo === name) {
      return { to: name, carried: said.success.carried }
    }
  }
  return undefined
}

const Said = Schema.Struct({ handedTo: Schema.String, carried: Schema.Json })
