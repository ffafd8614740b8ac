/**
 * Why a delivery of a webhook is not accepted. Each reason has the HTTP `status` that its sender should get: Google tries
 * again, for a day, whatever is not answered with 2xx.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const reason =
  <Self>() => <const Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
    Schema.TaggedError<Self>(`effect-gemini/WebhookError/${tag}`)(tag, fields)

/**
 * The request is not a delivery: `part` is the header or the body that is missing, doubled or malformed. A body has to be
 * given as it came, before anything parses it.
 *
 * @category errors
 * @since 0.2.0
 */
export class MalformedDelivery extends /* @__PURE__ */ reason<MalformedDelivery>()("MalformedDelivery", {
  part: Schema.String,
  expected: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  get status(): number {
    return 400
  }
  override get message(): string {
    return `${this.part}: expected ${this.expected}`
  }
}

/**
 * The delivery was signed too long ago, or too far in the future. `age` is in seconds, and negative in the future.
 *
 * @category errors
 * @since 0.2.0
 */
export class StaleDelivery extends /* @__PURE__ */ reason<StaleDelivery>()("StaleDelivery", {
  age: Schema.Finite,
  tolerance: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  get status(): number {
    return 400
  }
  override get message(): string {
    const when = this.age < 0 ? `${-this.age} s in the future` : `${this.age} s ago`
    return `it was signed ${when}, and ${this.tolerance} s are allowed: an old delivery that is sent again, ` +
      `or a clock that is wrong`
  }
}

const causes = {
  notConfigured: "no secret or audience is given for this kind of signature",
  signature: "the signature is not that of this id, time and body by any of the secrets or keys",
  algorithm: "the token must be signed with RS256 and have no critical extensions",
  unknownKey: "Google's list of keys does not have the token's key",
  audience: "the token is for another audience",
  issuer: "the token is of another issuer",
  expired: "the token is not valid at this time, or says of no time that it is",
  unsignedBody:
    "the token does not hold the event, so nobody signed the body: unsignedBody \"accept\" takes it all the same",
  otherBody: "the body says something else than the token"
} as const

/**
 * What is wrong in a {@link SignatureRejected}.
 *
 * @category models
 * @since 0.2.0
 */
export type SignatureCause = keyof typeof causes

/**
 * The signature does not hold for what came. `kind` says how the delivery was signed: with a secret (`static`) or with a
 * key of Google's (`dynamic`).
 *
 * @category errors
 * @since 0.2.0
 */
export class SignatureRejected extends /* @__PURE__ */ reason<SignatureRejected>()("SignatureRejected", {
  kind: Schema.Literals(["static", "dynamic"]),
  why: Schema.Literals([
    "notConfigured",
    "signature",
    "algorithm",
    "unknownKey",
    "audience",
    "issuer",
    "expired",
    "unsignedBody",
    "otherBody"
  ])
}) {
  get isRetryable(): boolean {
    return false
  }
  get status(): number {
    return 401
  }
  override get message(): string {
    return causes[this.why]
  }
}

/**
 * The delivery was accepted before. Answer it with success and do nothing: Google delivers at least once.
 *
 * @category errors
 * @since 0.2.0
 */
export class ReplayedDelivery extends /* @__PURE__ */ reason<ReplayedDelivery>()("ReplayedDelivery", {
  id: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  get status(): number {
    return 200
  }
  override get message(): string {
    return `the delivery ${this.id} was accepted before`
  }
}

/**
 * Google's keys cannot be had, so a signature cannot be checked. `code` is that of the connection or of the answer.
 *
 * @category errors
 * @since 0.2.0
 */
export class KeysUnavailable extends /* @__PURE__ */ reason<KeysUnavailable>()("KeysUnavailable", {
  url: Schema.String,
  code: Schema.String
}) {
  get isRetryable(): boolean {
    return true
  }
  get status(): number {
    return 503
  }
  override get message(): string {
    return `the keys at ${this.url} cannot be had (${this.code}); the delivery will come again`
  }
}

/**
 * The ids that were seen cannot be asked, so a replay would not be known. `code` is that of the store: `FULL` if it holds
 * as many as it may.
 *
 * @category errors
 * @since 0.2.0
 */
export class ReplaysUnavailable extends /* @__PURE__ */ reason<ReplaysUnavailable>()("ReplaysUnavailable", {
  store: Schema.String,
  code: Schema.String
}) {
  get isRetryable(): boolean {
    return true
  }
  get status(): number {
    return 503
  }
  override get message(): string {
    return `the ids of deliveries in ${this.store} cannot be asked (${this.code}); the delivery will come again`
  }
}

/**
 * An option cannot be meant: nothing was checked, and nothing would be accepted by it.
 *
 * @category errors
 * @since 0.2.0
 */
export class Misconfigured extends /* @__PURE__ */ reason<Misconfigured>()("Misconfigured", {
  option: Schema.String,
  expected: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  get status(): number {
    return 500
  }
  override get message(): string {
    return `${this.option}: expected ${this.expected}`
  }
}

/**
 * All reasons.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookErrorReason = /* @__PURE__ */ Schema.Union([
  MalformedDelivery,
  StaleDelivery,
  SignatureRejected,
  ReplayedDelivery,
  KeysUnavailable,
  ReplaysUnavailable,
  Misconfigured
])

/**
 * @category models
 * @since 0.2.0
 */
export type WebhookErrorReason = typeof WebhookErrorReason.Type
