/**
 * What a failure means for what may follow it: one row a reason. Retries, fallbacks, circuits, members and restarts
 * all ask this table, and the compiler names the row that a new reason lacks. Without Effect.
 */
import type { GeminiError } from "../../GeminiError.ts"

/** `retryable`: where the error itself says so; a deadline that is over, or a call that was hung up, is not. */
type Rule = "yes" | "retryable" | "no"

interface Row {
  /** Whether the attempt may have left this process. If not, its permit is given back whole. */
  readonly sent: boolean
  /** What it says of the server, for circuits: an outage, good health since it judged the call, or nothing. */
  readonly health: "outage" | "well" | "unknown"
  /** Whether another member (a key, a project, a region) may answer all the same. */
  readonly member: Rule
  /** Whether a fallback model may take what this model refused. */
  readonly model: Rule
  /** Whether the other transport, or the model that a call's `fallback` names, may answer. */
  readonly transport: Rule
  /** Whether a stream that broke with it behind its first chunk may begin anew. */
  readonly restart: Rule
  /** Whether the same way is asked again, after the server's delay or the backoff; or only by an option of the call. */
  readonly again: Rule | "whenExhausted" | "toolCalls"
}

const refused: Row = {
  sent: true,
  health: "unknown",
  member: "no",
  model: "no",
  transport: "no",
  restart: "no",
  again: "no"
}

/** The server read the call and judged it. */
const judged: Row = { ...refused, health: "well" }

const neverSent: Row = { ...refused, sent: false }

/** A server in bad health, or no way to it. */
const outage: Row = {
  ...refused,
  health: "outage",
  member: "retryable",
  transport: "retryable",
  restart: "retryable",
  again: "retryable"
}

const rows: Readonly<Record<GeminiError["reason"]["_tag"], Row>> = {
  MissingApiKey: neverSent,
  LiveNotProvided: neverSent,
  InvalidRequest: { ...neverSent, model: "yes" },
  Unsupported: { ...neverSent, model: "yes" },
  NotFound: { ...refused, model: "yes" },
  Unauthenticated: { ...refused, member: "yes" },
  RateLimited: { ...refused, member: "yes", transport: "yes", again: "yes" },
  QuotaExhausted: { ...refused, member: "yes", transport: "yes", again: "whenExhausted" },
  RequestTooLarge: neverSent,
  Unpriced: neverSent,
  LimiterFull: { ...neverSent, transport: "yes" },
  LimiterUnavailable: neverSent,
  Overloaded: outage,
  ServerError: outage,
  Network: outage,
  TimedOut: outage,
  StreamInterrupted: outage,
  InvalidResponse: refused,

  ResponseTooLarge: judged,
  PromptBlocked: judged,
  ResponseBlocked: judged,
  ToolCallRejected: { ...judged, again: "toolCalls" },
  Live: outage
}

const holds = (rule: Rule, error: GeminiError): boolean => rule === "yes" || rule === "retryable" && error.isRetryable

const row = (error: GeminiError): Row => rows[error.reason._tag]

/** Whether nothing left this process. An answer with a status was sent, whatever its reason. */
export const isUnsent = (error: GeminiError): boolean => error.status === undefined && !row(error).sent

/** Whether the server is in bad health, or there is no way to it. */
export const isOutage = (error: GeminiError): boolean => row(error).health === "outage" && error.isRetryable

/** Whether a server in good health read the call. */
export const isJudged = (error: GeminiError): boolean => row(error).health === "well"

/** Whether another member may not meet this failure. */
export const helpsMember = (error: GeminiError): boolean => holds(row(error).member, error)

/** Whether another model may not meet it. */
export const helpsModel = (error: GeminiError): boolean => holds(row(error).model, error)

/** Whether the other transport, or a fallback's model there, may not meet it. */
export const helpsTransport = (error: GeminiError): boolean => holds(row(error).transport, error)

/** Whether a stream that broke with it may begin anew. */
export const helpsRestart = (error: GeminiError): boolean => holds(row(error).restart, error)

/** What a call's own options say of asking again. */
export interface Again {
  /** `whenExhausted: "wait"`: the lane is parked until the day turns, so the wait is the limiter's. */
  readonly waitForQuota: boolean
  /** `retry.toolCalls`. */
  readonly toolCalls: boolean
}

/** Whether the same way may be asked again. A 499 is our own hanging up, as seen by a proxy: asking would undo it. */
export const mayBeAskedAgain = (error: GeminiError, { toolCalls, waitForQuota }: Again): boolean => {
  const { again } = row(error)
  if (again === "whenExhausted") return waitForQuota
  if (again === "toolCalls") return toolCalls
  return error.status !== 499 && holds(again, error)
}
