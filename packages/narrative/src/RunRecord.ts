/**
 * What a run is made of. A run is the list of its records and nothing else: where it stands, what it cost and what is
 * still to be asked are all read from it.
 *
 * `ActAsked` is written before the request leaves, so that a request whose answer nobody saw is known. Large texts lie
 * beside the journal by their SHA-256. Records are JSON, versioned by `records`, and hold no key and no header.
 *
 * @since 0.2.0
 */
import * as Records from "effect-gemini-journal/Records"
import { Attempt } from "effect-gemini/GeminiError"
import { Usage } from "effect-gemini/wire/Usage"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Decision } from "./Decision.ts"
import { isAnswered, isAsked } from "./internal/actRecords.ts"
import { OnFailure, Plan } from "./Plan.ts"

const count = Schema.Finite

/** Milliseconds since the epoch, by the writer's clock. */
const time = Schema.Finite

/**
 * A text: itself up to 64 KiB, else the SHA-256 and the size of its UTF-8 bytes, which lie beside the journal.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Content = Schema.Union([
  Schema.Struct({ text: Schema.String }),
  Schema.Struct({ sha256: Schema.String, bytes: count })
])

/**
 * @category models
 * @since 0.2.0
 */
export type Content = typeof Content.Type

/**
 * Tokens and dollars (a decimal text). `dollars` is missing where no price is known.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Spent = Schema.Struct({ tokens: count, dollars: Schema.optionalKey(Schema.String) })

/**
 * @category models
 * @since 0.2.0
 */
export type Spent = typeof Spent.Type

/**
 * What a run may cost; see `Budget.Limits`. Money is dollars as a decimal text.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunBudget = Schema.Struct({
  tokens: Schema.optionalKey(count),
  money: Schema.optionalKey(Schema.String),
  outputTokens: Schema.optionalKey(count)
})

/**
 * @category models
 * @since 0.2.0
 */
export type RunBudget = typeof RunBudget.Type

/**
 * How a run is played: how many acts at once, what it may cost, and the models that were given in place of the acts' own
 * (`model`) and for those that name none (`defaultModel`), which an adopted text keeps.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunSettings = Schema.Struct({
  concurrency: count,
  onFailure: Schema.optionalKey(OnFailure),
  budget: Schema.optionalKey(RunBudget),
  model: Schema.optionalKey(Schema.String),
  defaultModel: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type RunSettings = typeof RunSettings.Type

/** The plan, or its place beside the journal if it is long. */
const KeptPlan = Schema.Union([Schema.Struct({ plan: Plan }), Schema.Struct({ sha256: Schema.String, bytes: count })])

/**
 * The run begins. It holds what is played, and `library`, the version of this package that began it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Started = Schema.TaggedStruct("Started", {
  content: KeptPlan,
  settings: RunSettings,
  library: Schema.String
})

/**
 * The run goes on with another plan: acts whose key is the same keep their answers.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Adopted = Schema.TaggedStruct("Adopted", { content: KeptPlan, library: Schema.String })

/**
 * The run is a copy of what another one had, but for an act and what depends on it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Forked = Schema.TaggedStruct("Forked", { from: Schema.String, act: Schema.String })

/**
 * A process goes on with the run under these settings.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Continued = Schema.TaggedStruct("Continued", { settings: RunSettings })

/**
 * An act's request is about to be sent. `attempt` counts from 1 for the key; `mayHaveRun` says that an attempt before it
 * was in flight when its process died. `estimate` is what a lost attempt is charged.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ActAsked = Schema.TaggedStruct("ActAsked", {
  act: Schema.String,
  key: Schema.String,
  attempt: count,
  mayHaveRun: Schema.optionalKey(Schema.Literal(true)),
  model: Schema.optionalKey(Schema.String),
  estimate: Spent
})

/**
 * An act has its answer: it is never asked again under this key. `sha256` is that of the output's text, by which what
 * uses it is known; `isGroup` says that the acts it is made of have records of their own, and `list` has a fan-out's texts
 * as a JSON array. `cost` is dollars as a decimal text, if a price is known; `charged` has all attempts, lost ones too.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ActAnswered = Schema.TaggedStruct("ActAnswered", {
  act: Schema.String,
  key: Schema.String,
  output: Content,
  isGroup: Schema.optionalKey(Schema.Literal(true)),
  list: Schema.optionalKey(Content),
  sha256: Schema.String,
  /** The model that answered, as the server names it. */
  model: Schema.String,
  finishReason: Schema.optionalKey(Schema.String),
  usage: Schema.optionalKey(Usage),
  cost: Schema.optionalKey(Schema.String),
  charged: Spent,
  attempts: Schema.optionalKey(Schema.Array(Attempt)),
  /** When the act was asked, in milliseconds since the epoch, and how many milliseconds it took. */
  startedAt: time,
  duration: count
})

/**
 * Why an act failed: the tag of the reason, its sentence, and from when it is worth asking again, where that is known.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FailureCause = Schema.Struct({
  reason: Schema.String,
  message: Schema.String,
  status: Schema.optionalKey(count),
  model: Schema.optionalKey(Schema.String),
  until: Schema.optionalKey(time)
})

/**
 * @category models
 * @since 0.2.0
 */
export type FailureCause = typeof FailureCause.Type

/**
 * An act failed. A `final` failure is a result: the same request would fail again. One that may pass leaves the act to be
 * asked by `resume`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ActFailed = Schema.TaggedStruct("ActFailed", {
  act: Schema.String,
  key: Schema.String,
  final: Schema.Boolean,
  cause: FailureCause,
  usage: Schema.optionalKey(Usage),
  charged: Spent,
  attempts: Schema.optionalKey(Schema.Array(Attempt)),
  startedAt: time,
  duration: count
})

/**
 * An act is left out, because it needs the act `because`, which failed or was left out itself.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ActSkipped = Schema.TaggedStruct("ActSkipped", { act: Schema.String, because: Schema.String })

/**
 * An act waits until `until` for quota, without a request in flight.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Waiting = Schema.TaggedStruct("Waiting", {
  act: Schema.String,
  key: Schema.String,
  until: time,
  cause: FailureCause
})

/**
 * Somebody is asked whether an act may be sent. `key` names exactly what would be sent, so that a decision holds for that
 * alone.
 *
 * @category schemas
 * @since 0.3.0
 */
export const ApprovalAsked = Schema.TaggedStruct("ApprovalAsked", {
  act: Schema.String,
  key: Schema.String,
  question: Schema.String
})

/**
 * Somebody decided about an act that waited for it.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Decided = Schema.TaggedStruct("Decided", {
  act: Schema.String,
  key: Schema.String,
  decision: Decision
})

/**
 * The run stops for now. `acts` are those that stand in its way; `until` is the time from which it is worth resuming, where
 * that is known. `stopped` says that somebody asked for it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Paused = Schema.TaggedStruct("Paused", {
  acts: Schema.Array(Schema.Struct({ act: Schema.String, cause: FailureCause })),
  until: Schema.optionalKey(time),
  stopped: Schema.optionalKey(Schema.Literal(true))
})

/**
 * Somebody cancelled the run: nothing of it is asked any more.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Cancelled = Schema.TaggedStruct("Cancelled", {})

/**
 * What a run came to: totals and names, not the texts again.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunTotals = Schema.Struct({
  promptTokens: count,
  outputTokens: count,
  totalTokens: count,
  /** Dollars as a decimal text, where a price is known. */
  dollars: Schema.optionalKey(Schema.String),
  /** What is counted against the budget: the totals, and lost attempts by their estimates. */
  charged: Spent,
  /** Whether something in `charged` is an estimate. */
  isEstimated: Schema.Boolean,
  /** Whether something has no price, so that dollars are less than the bill. */
  isPartial: Schema.Boolean
})

/**
 * @category models
 * @since 0.2.0
 */
export type RunTotals = typeof RunTotals.Type

/**
 * The run is over: all acts are played, or `failed` names those that failed for good and `skipped` those left out. A run
 * that `ok` is false stopped at a failure.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Finished = Schema.TaggedStruct("Finished", {
  ok: Schema.Boolean,
  failed: Schema.Array(Schema.String),
  skipped: Schema.Array(Schema.String),
  totals: RunTotals
})

/**
 * One record of a run.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunRecord = Schema.Union([
  Started,
  Adopted,
  Forked,
  Continued,
  ActAsked,
  ActAnswered,
  ActFailed,
  ActSkipped,
  Waiting,
  ApprovalAsked,
  Decided,
  Paused,
  Cancelled,
  Finished
])

/**
 * @category models
 * @since 0.2.0
 */
export type RunRecord = typeof RunRecord.Type

/** The same records, of which the commonest are read without the schema. */
function readFast(records: Records.Records<RunRecord>): Records.Records<RunRecord> {
  return {
    ...records,
    decode: (of, version, value, seq) =>
      of === records.name && version !== undefined && version <= records.version &&
        (isAnswered(value) || isAsked(value))
        ? Result.succeed(value)
        : records.decode(of, version, value, seq)
  }
}

/**
 * How the records lie in a journal: `Journal.read(RunRecord.records, id)` reads a run. Version 2 has approvals, and plans
 * with the words of format 2; it reads version 1 as it is.
 *
 * @category schemas
 * @since 0.2.0
 */
export const records: Records.Records<RunRecord> = /* @__PURE__ */ readFast(
  /* @__PURE__ */ Records.make({ name: "effect-gemini-narrative/Run", version: 2, schema: RunRecord })
)

/**
 * Where a run stands, as its journal and lists of runs say it. A run that says `running` while no process holds it was cut
 * off by the death of its process.
 *
 * @category models
 * @since 0.2.0
 */
export type Standing = "running" | "paused" | "finished" | "failed" | "cancelled"

/**
 * Where a run stands after a record.
 *
 * @category getters
 * @since 0.2.0
 */
export const standing = (record: RunRecord): Standing => {
  switch (record._tag) {
    case "Paused":
      return "paused"
    case "Cancelled":
      return "cancelled"
    case "Finished":
      return record.ok ? "finished" : "failed"
    default:
      return "running"
  }
}
