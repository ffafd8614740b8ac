/** One delivery through all the checks, and then through the ids that were seen. */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Result from "effect/Result"
import { type ReplayClaim, Replays } from "../../webhooks/Replays.ts"
import type { DeliveryHeaders, DynamicOptions, StaticOptions, WebhookDelivery } from "../../webhooks/Webhook.ts"
import { WebhookError } from "../../webhooks/WebhookError.ts"
import * as Reason from "../../webhooks/WebhookErrorReason.ts"
import * as WebhookEvent from "../../webhooks/WebhookEvent.ts"
import { WebhookKeys } from "../../webhooks/WebhookKeys.ts"
import * as Guard from "../wire/guard.ts"
import * as Hmac from "./hmac.ts"
import * as Incoming from "./incoming.ts"
import * as Token from "./token.ts"

export interface AcceptedDelivery {
  readonly delivery: WebhookDelivery
  /** Lets the delivery be accepted once more. */
  readonly release: Effect.Effect<void>
}

type Options = StaticOptions | DynamicOptions

/** A delivery whose signature holds: the ids by which it is known again, and for how many milliseconds. */
interface Signed {
  readonly delivery: WebhookDelivery
  readonly ids: ReadonlyArray<string>
  readonly keep: number
}

/** An id is kept a little longer than a delivery is good, because a store may have a clock of its own. */
const margin = 1_000

const longestTolerance = 3_600_000

const guard = Guard.make(WebhookEvent.WebhookEnvelope)

const refuse = (id: string, reason: Reason.WebhookErrorReason) => Effect.fail(new WebhookError({ id, reason }))

const eventOf = ({ body, id }: Incoming.Incoming): Effect.Effect<WebhookEvent.WebhookEvent, WebhookError> => {
  const parsed = Token.parsed(body)
  if (parsed === undefined) {
    return refuse(id, new Reason.MalformedDelivery({ part: "body", expected: "JSON, in the bytes that came" }))
  }
  const envelope = guard(parsed)
  if (Result.isSuccess(envelope)) return Effect.succeed(WebhookEvent.of(envelope.success))
  const { expected, path } = envelope.failure
  return refuse(id, new Reason.MalformedDelivery({ part: path === "" ? "body" : `body.${path}`, expected }))
}

const misconfigured = (option: string, expected: string) =>
  Effect.fail(new WebhookError({ reason: new Reason.Misconfigured({ option, expected }) }))

const signedStatic = (
  incoming: Incoming.Incoming,
  { secrets }: Options,
  tolerance: number
): Effect.Effect<Signed, WebhookError> =>
  Effect.gen(function*() {
    const { id } = incoming
    const kind = "static" as const
    if (secrets === undefined) return yield* refuse(id, new Reason.SignatureRejected({ kind, why: "notConfigured" }))
    const list = Arr.ensure(secrets)
    if (list.length === 0) return yield* misconfigured("secrets", "a secret")
    const isSigned = yield* Hmac.holds(incoming, list)
    if (!isSigned) return yield* refuse(id, new Reason.SignatureRejected({ kind, why: "signature" }))
    const event = yield* eventOf(incoming)
    return { delivery: { id, kind, event }, ids: [`id:${id}`], keep: 2 * tolerance }
  })

const signedDynamic = (
  incoming: Incoming.Incoming,
  options: Options,
  now: number,
  tolerance: number
): Effect.Effect<Signed, WebhookError, WebhookKeys> =>
  Effect.gen(function*() {
    const { id } = incoming
    const kind = "dynamic" as const
    const rejected = (why: Reason.SignatureCause) => refuse(id, new Reason.SignatureRejected({ kind, why }))
    if (options.audience === undefined) return yield* rejected("notConfigured")
    const audiences = Arr.ensure(options.audience)
    if (audiences.length === 0 || audiences.includes("")) {
      return yield* misconfigured("audience", "the URL of the webhook")
    }
    const token = Token.read(incoming)
    if (token === undefined) {
      const reason = new Reason.MalformedDelivery({
        part: "webhook-signature",
        expected: "v1,BASE64 or a signed token"
      })
      return yield* refuse(id, reason)
    }
    if (!token.isOurs) {
      return yield* rejected("algorithm")
    }
    const keys = yield* WebhookKeys
    const key = yield* keys.get(token.kid)
    if (key === undefined) return yield* rejected("unknownKey")
    if (!(yield* Token.holds(token, key))) return yield* rejected("signature")
    const event = yield* eventOf(incoming)
    const { issuer, unsignedBody = "refuse" } = options
    const acceptsUnsigned = unsignedBody === "accept"
    const judged = Token.judge(token, event.envelope, { audiences, issuer, acceptsUnsigned, now, tolerance })
    if (typeof judged === "string") return yield* rejected(judged)
    const { subtle } = yield* WebCrypto
    const digest = yield* Effect.promise(() => subtle.digest("SHA-256", token.signed))
    return {
      delivery: { id: judged.id ?? id, kind, event },
      // The header is not signed. So the token itself counts, too, and its own id if it has one.
      ids: [
        `token:${Hex.encode(new Uint8Array(digest))}`,
        ...(judged.id === undefined ? [] : [`jti:${judged.id}`]),
        `id:${id}`
      ],
      keep: Math.max(2 * tolerance, judged.left)
    }
  })

/** Claims all of the ids, or none. */
const claimed = (
  { delivery, ids, keep }: Signed
): Effect.Effect<AcceptedDelivery, WebhookError> =>
  Effect.gen(function*() {
    const replays = yield* Replays
    const claims: Array<ReplayClaim> = []
    const release = Effect.suspend(() => Effect.forEach(claims, (claim) => claim.release, { discard: true }))
    for (const id of ids) {
      const claim = yield* Effect.onError(replays.claim(id, keep + margin), () => release)
      if (claim === undefined) return yield* refuse(delivery.id, new Reason.ReplayedDelivery({ id: delivery.id }))
      claims.push(claim)
    }
    return { delivery, release }
  })

export const accepted = (
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: Options
): Effect.Effect<AcceptedDelivery, WebhookError, WebhookKeys> =>
  Effect.gen(function*() {
    const { maxBytes = 1 << 20 } = options
    const tolerance = Duration.toMillis(Duration.fromInputUnsafe(options.tolerance ?? "5 minutes"))
    if (!(tolerance > 0 && tolerance <= longestTolerance)) return yield* misconfigured("tolerance", "at most 1 hour")
    const incoming = yield* Effect.fromResult(Incoming.read(headers, body, maxBytes))
    const now = yield* Clock.currentTimeMillis
    const age = now - Number(incoming.timestamp) * 1_000
    if (Math.abs(age) > tolerance) {
      const reason = new Reason.StaleDelivery({ age: Math.round(age / 1_000), tolerance: tolerance / 1_000 })
      return yield* refuse(incoming.id, reason)
    }
    const signed = Hmac.isStatic(incoming)
      ? yield* signedStatic(incoming, options, tolerance)
      : yield* signedDynamic(incoming, options, now, tolerance)
    return yield* claimed(signed)
  })
