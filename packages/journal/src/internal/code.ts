/** Codes of Redis and SQL clients' errors, and what they mean to a journal. */
import { type JournalErrorReason, StorageFull, Unavailable } from "../JournalErrorReason.ts"

/** The code of a thrown error. Its message is left out, because it may hold an address or a statement. */
export const codeOf = (error: unknown): string => {
  for (let cause = error, depth = 0; typeof cause === "object" && cause !== null && depth < 6; depth++) {
    if ("errcode" in cause && typeof cause.errcode === "number") return `SQLITE ${cause.errcode & 255}`
    if ("code" in cause && typeof cause.code === "string" && /^\w{2,40}$/.test(cause.code)) return cause.code
    // Redis opens its errors with a word of capitals: LOADING, READONLY, OOM, NOAUTH.
    const word = "message" in cause && typeof cause.message === "string" ? /^[A-Z]{3,}\b/.exec(cause.message) : null
    if (word !== null) return word[0]
    const inner: unknown = "cause" in cause && cause.cause !== undefined
      ? cause.cause
      : "reason" in cause
      ? cause.reason
      : undefined
    if (inner === undefined) return "name" in cause && typeof cause.name === "string" ? cause.name : "UNKNOWN"
    cause = inner
  }
  return "UNKNOWN"
}

/**
 * The codes that mean a full store: OOM of Redis, 53100 disk_full and 53200 out_of_memory of PostgreSQL, 13
 * SQLITE_FULL.
 */
const full = new Set(["OOM", "53100", "53200", "SQLITE 13", "ENOSPC", "EDQUOT"])

export const reasonOf = (error: unknown): JournalErrorReason => {
  const code = codeOf(error)
  return full.has(code) ? new StorageFull({ code }) : new Unavailable({ code })
}
