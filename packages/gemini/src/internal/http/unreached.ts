/**
 * Tells the failures of attempts that found no way to the server, so that it saw nothing of them. Without Effect.
 */
import type { GeminiError } from "../../GeminiError.ts"

/**
 * The codes by which transports say that there was no connection: a socket that was never open, or a certificate that is
 * not believed. No byte of a request leaves before the handshake is over.
 */
const codes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** Whether no connection came about, as far as the transport says. */
export const isUnreached = ({ reason }: GeminiError): boolean =>
  reason._tag === "TimedOut"
    ? reason.phase === "connect"
    : reason._tag === "Network" && reason.code !== undefined && codes.has(reason.code)
