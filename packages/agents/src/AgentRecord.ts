/**
 * What an agent's run is made of. A run is the list of its records and nothing else: the state of the loop, what the
 * model is sent, the trace and a replay are all read from it.
 *
 * A record is written before what it allows is done: `Asked` before the request, `CallStarted` before the handler. The
 * records are JSON, versioned by `records`, and hold no key and no header.
 *
 * ```ts
 * import * as AgentRecord from "effect-gemini-agents/AgentRecord"
 * import * as AgentState from "effect-gemini-agents/AgentState"
 * const records: ReadonlyArray<AgentRecord.AgentRecord> = [
 *   { _tag: "Begun", at: 0, agent: "clerk", input: "Hello", instructions: "Be short.", tools: {}, bounds: {} },
 *   { _tag: "Asked", step: 1 }
 * ]
 * console.log(AgentState.fold(records).steps) // 0: the model was asked and has not answered
 * ```
 *
 * @since 0.1.0
 */
import * as Records from "effect-gemini-journal/Records"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { RecordedBounds } from "./Bounds.ts"
import * as PlainRecord from "./internal/plainRecord.ts"
import { Progressed } from "./Progressed.ts"
import { SharedUpdated } from "./SharedUpdated.ts"
import { Source, Usage } from "./Usage.ts"

export {
  /** A place that the model cited. */
  Source,
  /** Tokens and dollars of answers. */
  Usage
}

const count = Schema.Finite
/** Milliseconds since the epoch, by the writer's clock. */
const time = count

/**
 * Why an answer could not be used.
 *
 * - `MalformedCall`: the model wrote a call that the server could not read.
 * - `Empty`: neither text nor a call came.
 * - `Truncated`: the answer was cut; calls of half an answer are not run.
 * - `NotTheSchema`: the final text does not fit the agent's output.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UnusableWhy = Schema.Literals(["MalformedCall", "Empty", "Truncated", "NotTheSchema"])

/**
 * @category models
 * @since 0.1.0
 */
export type UnusableWhy = typeof UnusableWhy.Type

/**
 * What happens to a call that began and has no end when the run is resumed; see `ToolPolicy.AfterCrash`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CrashPolicy = Schema.Literals(["rerun", "lookup", "tell", "ask"])

/**
 * @category models
 * @since 0.1.0
 */
export type CrashPolicy = typeof CrashPolicy.Type

/**
 * The run, or a further turn of a conversation, begins. `tools` has digests of the tools' declarations by their names.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Begun = Schema.TaggedStruct("Begun", {
  at: time,
  agent: Schema.String,
  version: Schema.optionalKey(Schema.String),
  input: Schema.Json,
  instructions: Schema.String,
  tools: Schema.Record(Schema.String, Schema.String),
  bounds: RecordedBounds
})

/**
 * A process goes on with the run. What was open before is treated as after a crash.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Continued = Schema.TaggedStruct("Continued", { at: time, bounds: RecordedBounds })

/**
 * The run begins as a copy of another one's first records, those before the sequence number `seq`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Forked = Schema.TaggedStruct("Forked", { from: Schema.String, seq: count })

/**
 * The model is about to be asked for the step's answer; `step` counts from 1 through all turns of the run. `estimate` is
 * the size of the input in tokens, by which a lost answer is counted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Asked = Schema.TaggedStruct("Asked", {
  step: count,
  estimate: Schema.optionalKey(count),
  /** Whether this is the last answer, without tools, that a bound asks for. */
  concluding: Schema.optionalKey(Schema.Literal(true))
})

/**
 * The model answered. `messages` are its parts as they came, with their signatures; there are none if nothing came.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Answered = Schema.TaggedStruct("Answered", {
  at: time,
  step: count,
  messages: Schema.Array(Prompt.Message),
  finish: Response.FinishReason,
  /** `calls`: tools are to be run; `text`: the model has nothing to call; else why the answer is not used. */
  use: Schema.Union([Schema.Literals(["calls", "text"]), UnusableWhy]),
  usage: Usage,
  model: Schema.optionalKey(Schema.String),
  sources: Schema.optionalKey(Schema.Array(Source))
})

/**
 * The request failed, or the server refused what the model wrote. `why` is given where the model may be asked again
 * with a hint.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AskFailed = Schema.TaggedStruct("AskFailed", {
  step: count,
  reason: Schema.String,
  message: Schema.String,
  why: Schema.optionalKey(UnusableWhy),
  usage: Schema.optionalKey(Usage)
})

/**
 * The model is told why it is asked again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Hinted = Schema.TaggedStruct("Hinted", { text: Schema.String })

/**
 * A handler is about to be called. `call` is the step and the call's place in it, such as `3.0`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CallStarted = Schema.TaggedStruct("CallStarted", {
  call: Schema.String,
  attempt: count,
  afterCrash: CrashPolicy
})

/**
 * How a call ended: with a result, with a failure that the model is told, or as a mistake of the model.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CallEnded = Schema.TaggedStruct("CallEnded", {
  call: Schema.String,
  isFailure: Schema.Boolean,
  /** JSON by the tool's schema. */
  result: Schema.Json,
  modelOutput: Schema.optionalKey(Schema.Array(Prompt.ToolModelOutputPart)),
  /** Head and tail of a result that is longer than the tool's `ResultLimit`. The model is sent this. */
  shown: Schema.optionalKey(Schema.String),
  /** The model's mistake: a name that is not a tool, or arguments that do not fit. */
  mistake: Schema.optionalKey(Schema.Literals(["UnknownTool", "WrongArguments"])),
  /** Whether this failure ended the run. */
  stopped: Schema.optionalKey(Schema.Literal(true)),
  /** What a call took that was the run of another agent, and the places which that cited. */
  usage: Schema.optionalKey(Usage),
  sources: Schema.optionalKey(Schema.Array(Source))
})

/**
 * A person is to decide about a call: whether it may run, what its result is, or what became of it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Requested = Schema.TaggedStruct("Requested", {
  call: Schema.String,
  kind: Schema.Literals(["approval", "result", "outcome"]),
  /** The digest of the call's name and arguments: a decision is about them and no others. */
  digest: Schema.String,
  reason: Schema.optionalKey(Schema.String),
  /** Milliseconds since the epoch after which the request counts as denied. */
  expires: Schema.optionalKey(count)
})

/**
 * What a person decided.
 *
 * - `approve` runs the call, with other arguments if `params` is given.
 * - `deny` tells the model `reason`.
 * - `result` gives the call's result in place of its handler.
 * - `again` runs a call whose outcome nobody knew, `skip` tells the model that it is unknown.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Verdict = Schema.Union([
  Schema.TaggedStruct("approve", { params: Schema.optionalKey(Schema.Json) }),
  Schema.TaggedStruct("deny", { reason: Schema.String }),
  Schema.TaggedStruct("result", { value: Schema.Json, isFailure: Schema.optionalKey(Schema.Boolean) }),
  Schema.TaggedStruct("again", {}),
  Schema.TaggedStruct("skip", {})
])

/**
 * @category models
 * @since 0.1.0
 */
export type Verdict = typeof Verdict.Type

/**
 * A decision about a call, with who made it and when (milliseconds since the epoch).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Decided = Schema.TaggedStruct("Decided", {
  call: Schema.String,
  verdict: Verdict,
  by: Schema.String,
  at: time
})

/**
 * Older messages are sent as a summary from here on: those after the first user message and before the place `upTo` of
 * the messages. The records stay.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Compacted = Schema.TaggedStruct("Compacted", {
  upTo: count,
  text: Schema.String,
  /** Input tokens that were counted before, and are expected after. */
  before: count,
  after: count,
  usage: Schema.optionalKey(Usage)
})

/**
 * The run, or the turn, is over: `value` is the answer by the agent's output schema. If another agent of a team goes on,
 * `handoff` is its name, and `value` what the model says to it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Finished = Schema.TaggedStruct("Finished", {
  value: Schema.Json,
  text: Schema.String,
  /** Whether a bound asked for this answer before the model was done. */
  isPartial: Schema.optionalKey(Schema.Literal(true)),
  handoff: Schema.optionalKey(Schema.String)
})

/**
 * The run stopped without an answer; `reason` is the tag of the error.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Stopped = Schema.TaggedStruct("Stopped", { reason: Schema.String, message: Schema.String })

/**
 * A child of a team is about to begin. `child` is its name and number in the team, such as `critic.2`, and `id` is the
 * id of its run, which has a journal of its own.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChildStarted = Schema.TaggedStruct("ChildStarted", {
  child: Schema.String,
  agent: Schema.String,
  id: Schema.String
})

/**
 * A child of a team is over and is not played again: with its answer, which its own records have, with another child to
 * go on, whose name is `handoff`, or as a failure that the team goes on without, and then `why` says what it was.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChildEnded = Schema.TaggedStruct("ChildEnded", {
  child: Schema.String,
  isFailure: Schema.Boolean,
  why: Schema.optionalKey(Schema.String),
  handoff: Schema.optionalKey(Schema.String),
  /** How often its models answered, and what they took, with those of its own children. */
  steps: count,
  usage: Usage,
  sources: Schema.optionalKey(Schema.Array(Source))
})

/**
 * One record of a run.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AgentRecord = Schema.Union([
  Begun,
  Continued,
  Forked,
  Asked,
  Answered,
  AskFailed,
  Hinted,
  CallStarted,
  CallEnded,
  Requested,
  Decided,
  Compacted,
  ChildStarted,
  ChildEnded,
  Progressed,
  SharedUpdated,
  Finished,
  Stopped
])

/**
 * @category models
 * @since 0.1.0
 */
export type AgentRecord = typeof AgentRecord.Type

const written = (bySchema: Records.Records<AgentRecord>): Records.Records<AgentRecord> => ({
  ...bySchema,
  encode: (record, at) => {
    const json = PlainRecord.toJson(record)
    return json === undefined ? bySchema.encode(record, at) : Result.succeed(json)
  }
})

/**
 * How the records lie in a journal: `Journal.read(AgentRecord.records, id)` reads a run.
 * @category schemas
 * @since 0.1.0
 */
export const records: Records.Records<AgentRecord> = /* @__PURE__ */ written(
  /* @__PURE__ */ Records.make({ name: "effect-gemini-agents/Run", version: 1, schema: AgentRecord })
)

/**
 * A record and when it was written, in milliseconds since the epoch by the writer's clock; `undefined` if that is not
 * known.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimedRecord {
  readonly record: AgentRecord
  readonly at: number | undefined
}
