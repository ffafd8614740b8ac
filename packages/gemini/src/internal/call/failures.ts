/**
 * What a failure means for what may follow it: one row for each reason. Retries, fallbacks, circuits, members and
 * restarts all ask this table, and the compiler names the row that a new reason lacks. Without Effect.
 */
import type { GeminiError } from "../../GeminiError.ts"

/**
 * `retryable` means that the error itself decides. A deadline that is over, or a call that was hung up, is not
 * retryable.
 */
type Helps = "yes" | "retryable" | "no"

interface FailureRow {
  /** Whether the attempt may have left this process. If not, its permit is given back whole. */
  readonly sent: boolean
  /** What the failure says of the server, for circuits: an outage, good health (it judged the call), or nothing. */
  readonly health: "outage" | "well" | "unknown"
  /** Whether another member (a key, a project, a region) may answer all the same. */
  readonly member: Helps
  /** Whether a fallback model may take what this model refused. */
  readonly model: Helps
  /** Whether the other transport, or the model that a call's `fallback` names, may answer. */
  readonly transport: Helps
  /** Whether a stream that broke with it behind its first chunk may begin anew. */
  readonly restart: Helps
  /**
   * Whether the same way is asked again, after the server's delay or the backoff; or only if an option of the call says
   * so.
   */
  readonly again: Helps | "whenExhausted" | "toolCalls"
}

const refused: FailureRow = {
  sent: true,
  health: "unknown",
  member: "no",
  model: "no",
  transport: "no",
  restart: "no",
  again: "no"
}

/** The row of failures in which the server read the call and judged it. */
const judged: FailureRow = { ...refused, health: "well" }

const neverSent: FailureRow = { ...refused, sent: false }

/** The row of a server in bad health, or of no way to it. */
const outage: FailureRow = {
  ...refused,
  health: "outage",
  member: "retryable",
  transport: "retryable",
  restart: "retryable",
  again: "retryable"
}

const rows: Readonly<Record<GeminiError["reason"]["_tag"], FailureRow>> = {
  MissingApiKey: neverSent,
  LiveNotProvided: neverSent,
  InvalidRequest: { ...neverSent, model: "yes" },
  Unsupported: { ...neverSent, model: "yes" },
  NotFound: { ...refused, model: "yes" },
  Unauthenticated: { ...refused, member: "yes" },
  RateLimited: { ...refused, member: "yes", transport: "yes", again: "retryable" },
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

const holds = (rule: Helps, error: GeminiError): boolean => rule === "yes" || rule === "retryable" && error.isRetryable

const row = (error: GeminiError): FailureRow => rows[error.reason._tag]

/** Whether nothing left this process. An answer with a status was sent, whatever its reason. */
export const isUnsent = (error: GeminiError): boolean => error.status === undefined && !row(error).sent

/** Whether the server is in bad health, or there is no way to it. */
export const isOutage = (error: GeminiError): boolean => row(error).health === "outage" && error.isRetryable

/** Whether a server in good health read the call. */
export const isJudged = (error: GeminiError): boolean => row(error).health === "well"

/** Whether another member may be free of this failure. */
export const helpsMember = (error: GeminiError): boolean => holds(row(error).member, error)

/** Whether another model may be free of it. */
export const helpsModel = (error: GeminiError): boolean => holds(row(error).model, error)

/** Whether the other transport, or a fallback's model there, may be free of it. */
export const helpsTransport = (error: GeminiError): boolean => holds(row(error).transport, error)

/** Whether a stream that broke with it may begin anew. */
export const helpsRestart = (error: GeminiError): boolean => holds(row(error).restart, error)

/** What a call's own options say of asking again. */
export interface Again {
  /** Whether `whenExhausted` is `"wait"`: the lane is parked until the day turns, so the limiter does the waiting. */
  readonly waitForQuota: boolean
  /** The option `retry.toolCalls`. */
  readonly toolCalls: boolean
}

/**
 * Whether the same way may be asked again. A 499 is what a proxy shows of our own hanging up, and asking again would
 * undo that.
 */
export const mayBeAskedAgain = (error: GeminiError, { toolCalls, waitForQuota }: Again): boolean => {
  const { again } = row(error)
  if (again === "whenExhausted") return waitForQuota
  if (again === "toolCalls") return toolCalls
  return error.status !== 499 && holds(again, error)
}
