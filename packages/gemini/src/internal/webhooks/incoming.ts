/**
 * A delivery as it came: its three headers (Standard Webhooks, whatever shape the framework gives them) and its bytes.
 * Pure; nothing in it is believed yet.
 */
import * as Result from "effect/Result"
import type { DeliveryHeaders } from "../../webhooks/Webhook.ts"
import { WebhookError } from "../../webhooks/WebhookError.ts"
import { MalformedDelivery } from "../../webhooks/WebhookErrorReason.ts"

export interface Incoming {
  readonly id: string
  /** In seconds since the epoch, as it was written: these characters are signed. */
  readonly timestamp: string
  readonly signature: string
  readonly body: Uint8Array<ArrayBuffer>
}

/** The text of a header, if it is there once. A name may be written in any case. */
const headerOf = (headers: DeliveryHeaders, name: string): string | undefined => {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const found = Object.keys(headers).filter((key) => key.toLowerCase() === name)
    .flatMap((key) => headers[key] ?? [])
  return found.length === 1 ? found[0] : undefined
}

/**
 * An id has no quotes and braces. With them the border between id, time and body could be moved into the body, where a
 * caller's own metadata may look like another delivery, and the signature would still hold.
 */
const id = /^[\w.~:@+=/-]{1,256}$/
const timestamp = /^[1-9]\d{8,11}$/

/** A token holds the event, which is small. */
const mostSignature = 16 * 1024

const malformed = (part: string, expected: string, known: { readonly id?: string } = {}) =>
  Result.fail(new WebhookError({ ...known, reason: new MalformedDelivery({ part, expected }) }))

export const read = (
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  mostBytes: number
): Result.Result<Incoming, WebhookError> => {
  const came = {
    id: headerOf(headers, "webhook-id"),
    timestamp: headerOf(headers, "webhook-timestamp"),
    signature: headerOf(headers, "webhook-signature")
  }
  if (came.id === undefined || !id.test(came.id)) {
    return malformed("webhook-id", "one header, of 1 to 256 letters, digits and ._~:@+=/-")
  }
  const known = { id: came.id }
  if (came.timestamp === undefined || !timestamp.test(came.timestamp)) {
    return malformed("webhook-timestamp", "one header, of seconds since 1970", known)
  }
  if (came.signature === undefined || came.signature === "" || came.signature.length > mostSignature) {
    return malformed("webhook-signature", `one header, of at most ${mostSignature} characters`, known)
  }
  // A text that is longer in characters is longer in bytes, too.
  const bytes = body.length > mostBytes
    ? undefined
    : new Uint8Array(typeof body === "string" ? new TextEncoder().encode(body) : body)
  if (bytes === undefined || bytes.length > mostBytes) return malformed("body", `at most ${mostBytes} bytes`, known)
  return Result.succeed({ id: came.id, timestamp: came.timestamp, signature: came.signature, body: bytes })
}
