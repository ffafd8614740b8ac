/**
 * The logs of a space as the admin API shows them, as schemas: what came over HTTP and over Live.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const about = (description: string) => ({ description })
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const time = Schema.Finite.annotate(about("milliseconds since the epoch"))
const counts = Schema.Record(Schema.String, count)

/**
 * Who answered or refused a request: see the module `Verdict`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VerdictData = Schema.Struct({
  by: Schema.Literals([
    "fault",
    "misuse",
    "judge",
    "quota",
    "hand",
    "header",
    "queue",
    "rule",
    "answers",
    "unmatched",
    "cassette",
    "generator"
  ]),
  rule: Schema.optionalKey(Schema.String),
  refused: Schema.optionalKey(Schema.String),
  nearMisses: Schema.optionalKey(Schema.Array(Schema.String))
}).annotate({ identifier: "Verdict" })

/**
 * A piece of an answer: its size, and its content if that was asked for, as text or in base64.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ChunkData = Schema.Struct({
  time,
  bytes: count,
  text: Schema.optionalKey(Schema.String),
  base64: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Chunk" })

/**
 * The tokens of an answer, as its `usageMetadata` or its `usage` counts them.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UsageData = Schema.Struct({
  input: count,
  output: count.annotate(about("thoughts among them"))
}).annotate({ identifier: "TokenUsage" })

/**
 * What a call would have cost with Google: list prices of the paid tier, see `effect-gemini/Cost`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CostData = Schema.Struct({
  dollars: Schema.optionalKey(Schema.String).annotateKey(
    about("US dollars, an exact decimal; absent: no price is known")
  ),
  partial: Schema.Boolean.annotate(about("whether a part of it has no price that is known"))
}).annotate({ identifier: "Cost" })

/**
 * The ways in which a request ends.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Outcome = Schema.Literals(["complete", "cut", "reset", "aborted"])

/**
 * A request of the log: see `RequestLog.Entry`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EntryData = Schema.Struct({
  id: count,
  time,
  method: Schema.String.annotate(about("the HTTP verb")),
  path: Schema.String,
  apiMethod: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  space: Schema.String,
  project: Schema.String,
  region: Schema.String,
  connection: count,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.optionalKey(Schema.Unknown),
  verdict: Schema.optionalKey(VerdictData),
  status: Schema.optionalKey(Schema.Int),
  response: Schema.optionalKey(Schema.Unknown),
  prompt: Schema.optionalKey(Schema.String).annotateKey(
    about("with bodies=false: the last words that were said to it, at most 200 characters")
  ),
  usage: Schema.optionalKey(UsageData).annotateKey(about("with bodies=false: the tokens that its answer names")),
  cost: Schema.optionalKey(CostData).annotateKey(about("with bodies=false: what it would have cost")),
  chunks: Schema.Array(ChunkData),
  bytesSent: count,
  outcome: Schema.optionalKey(Outcome),
  closedAt: Schema.optionalKey(time)
}).annotate({ identifier: "LoggedRequest" })

/**
 * A page of the log.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EntryPage = Schema.Struct({
  requests: Schema.Array(EntryData),
  next: Schema.optionalKey(count).annotateKey(about("there are more: ask again with this as after")),
  cursor: Schema.String.annotate(about("for changed: what changes from here on")),
  restarted: Schema.Boolean.annotate(about("true: changed was too old, or the log was cleared; this is everything")),
  arrived: count.annotate(about("all that arrived since the log was cleared")),
  closed: count.annotate(about("all of them that have ended"))
}).annotate({ identifier: "RequestPage" })

/**
 * Counts of all requests, those that the log has dropped included.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CountersData = Schema.Struct({
  total: count,
  dropped: count,
  connections: count,
  byMethod: counts,
  byModel: counts,
  byProject: counts,
  byRegion: counts,
  byStatus: counts,
  byOutcome: counts,
  cost: Schema.Struct({
    ...CostData.fields,
    calls: count.annotate(about("how many have ended and named their tokens")),
    missed: count.annotate(about("how many the log dropped before anybody asked; they are not among them")),
    byModel: Schema.Record(Schema.String, CostData),
    asOf: Schema.String.annotate(about("the day of the prices")),
    source: Schema.String.annotate(about("the page of the prices"))
  }).annotate(about("what they would have cost with Google"))
}).annotate({ identifier: "Counters" })

/**
 * An event: something has changed in a space.
 *
 * - `ready`: the stream has begun
 * - `request`: one has arrived, or has ended
 * - `held`, `released`: a call has begun to wait for a person, or waits no longer
 * - `live`: something has changed in the log of Live connections
 * - `restart`: the log was cleared, or what was missed is no longer known: ask for everything again
 *
 * @category schemas
 * @since 0.2.0
 */
export const EventData = Schema.Struct({
  kind: Schema.Literals(["ready", "request", "held", "released", "live", "restart"]),
  id: Schema.optionalKey(count).annotateKey(about("of the request, or of the held call")),
  ended: Schema.optionalKey(Schema.Boolean),
  method: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Int),
  by: Schema.optionalKey(Schema.String),
  rule: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Event" })

/**
 * A Live connection: see `LiveLog.Entry`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const LiveData = Schema.Struct({
  id: count,
  time,
  path: Schema.String,
  space: Schema.String,
  project: Schema.String,
  region: Schema.String,
  apiMethod: Schema.String,
  version: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String),
  model: Schema.optionalKey(Schema.String),
  setUpAt: Schema.optionalKey(time),
  resumed: Schema.Boolean,
  messages: Schema.Array(Schema.Struct({
    from: Schema.Literals(["client", "server"]),
    time,
    message: Schema.Unknown
  })),
  droppedMessages: count,
  verdicts: Schema.Array(VerdictData),
  turns: count,
  closedAt: Schema.optionalKey(time),
  code: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  closedBy: Schema.optionalKey(Schema.Literals(["client", "server", "network"]))
}).annotate({ identifier: "LiveConnection" })

/**
 * Counts of all Live connections.
 *
 * @category schemas
 * @since 0.2.0
 */
export const LiveCounts = Schema.Struct({
  total: count,
  dropped: count,
  open: count,
  largestConcurrent: count,
  turns: count,
  messagesFromClients: count,
  messagesFromServer: count,
  byCode: counts
}).annotate({ identifier: "LiveCounters" })

/**
 * The log of Live connections.
 *
 * @category schemas
 * @since 0.2.0
 */
export const LivePage = Schema.Struct({
  connections: Schema.Array(LiveData),
  counters: LiveCounts,
  closed: count,
  cursor: Schema.String.annotate(about("for changed: waits until something is different from now"))
})
