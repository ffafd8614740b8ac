/**
 * Signatures with a key of Google's: a JWT (RFC 7519) in `webhook-signature`. The algorithm is RS256 because we say so;
 * a token that names another one is refused, and addresses of keys in it are not looked at.
 *
 * Google's guide (July 2026) takes the verified claims for the event, and does not say that anything else binds the body
 * to the token. So the event has to be in the claims, and the body has to say the same.
 */
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import type { SignatureCause } from "../../webhooks/WebhookErrorReason.ts"
import { canonicalUrl } from "./base64.ts"
import type { Incoming } from "./incoming.ts"
import { rs256 } from "./jwks.ts"

export interface Token {
  readonly kid: string
  /** Whether its header names our algorithm, and nothing that we would have to understand. */
  readonly isOurs: boolean
  readonly signed: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
  readonly payload: Uint8Array<ArrayBuffer>
}

const Header = Schema.Struct({ alg: Schema.String, kid: Schema.String })
const isHeader = Schema.is(Header)

export const parsed = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** The token in a header, or undefined if there is none. */
export const read = ({ signature: text }: Incoming): Token | undefined => {
  const [head = "", body = "", tail = "", ...more] = text.split(".", 4)
  const [header, payload, signature] = [canonicalUrl(head), canonicalUrl(body), canonicalUrl(tail)]
  if (more.length > 0 || header === undefined || payload === undefined || signature === undefined) return undefined
  const fields = parsed(header)
  if (!isHeader(fields) || fields.kid.length > 256) return undefined
  const isOurs = fields.alg === "RS256" && !Object.hasOwn(fields, "crit") && !Object.hasOwn(fields, "b64")
  return { kid: fields.kid, isOurs, signed: new TextEncoder().encode(`${head}.${body}`), signature, payload }
}

export const holds = ({ signature, signed }: Token, key: CryptoKey): Effect.Effect<boolean> =>
  Effect.flatMap(WebCrypto, ({ subtle }) => Effect.promise(() => subtle.verify(rs256, key, signature, signed)))

const Claims = Schema.Struct({
  aud: Schema.Union([Schema.String, Schema.Array(Schema.String)]),
  iss: Schema.optionalKey(Schema.String),
  iat: Schema.optionalKey(Schema.Finite),
  nbf: Schema.optionalKey(Schema.Finite),
  exp: Schema.optionalKey(Schema.Finite),
  jti: Schema.optionalKey(Schema.String)
})
const isClaims = Schema.is(Claims)

/** The claims that are about the token. The others are the event. */
const registered = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"])

export interface Expected {
  readonly audiences: ReadonlyArray<string>
  readonly issuer: string | undefined
  readonly acceptsUnsigned: boolean
  /** In milliseconds. */
  readonly now: number
  readonly tolerance: number
}

/** A token without a time of its making has to end within a day, because it is remembered that long. */
const longest = 86_400_000

/** The id in the token, the event, and how long after `now` the token is good; or why it is refused. */
export const judge = (
  { payload }: Token,
  body: unknown,
  { acceptsUnsigned, audiences, issuer, now, tolerance }: Expected
): SignatureCause | { readonly id: string | undefined; readonly left: number } => {
  const claims = parsed(payload)
  if (!isClaims(claims)) return "audience"
  const { aud, exp, iat, iss, jti, nbf } = claims
  const one = typeof aud === "string" ? aud : aud.length === 1 ? aud[0] : undefined
  if (one === undefined || !audiences.includes(one)) return "audience"
  if (issuer !== undefined && iss !== issuer) return "issuer"
  if (exp !== undefined && now > exp * 1_000 + tolerance) return "expired"
  if (nbf !== undefined && now < nbf * 1_000 - tolerance) return "expired"
  if (iat !== undefined && Math.abs(now - iat * 1_000) > tolerance) return "expired"
  if (iat === undefined && (exp === undefined || exp * 1_000 - now > longest)) return "expired"
  const event = Object.fromEntries(Object.entries(claims).filter(([name]) => !registered.has(name)))
  const isInside = typeof event["type"] === "string"
  if (!isInside && !acceptsUnsigned) return "unsignedBody"
  if (isInside && !Equal.equals(event, body)) return "otherBody"
  const end = iat === undefined ? exp ?? 0 : iat
  return { id: jti, left: Math.max(0, end * 1_000 + tolerance - now) }
}
