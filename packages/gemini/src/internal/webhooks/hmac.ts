/** Signatures with a secret (Standard Webhooks): HMAC-SHA256 over `id.timestamp.body`. */
import * as Bytes from "effect/Bytes"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { WebhookError } from "../../webhooks/WebhookError.ts"
import { Misconfigured } from "../../webhooks/WebhookErrorReason.ts"
import { canonical } from "./base64.ts"
import type { Incoming } from "./incoming.ts"

/** How many entries of a header are looked at: two come while secrets rotate. */
const mostEntries = 16

/** Standard Webhooks asks for 24 to 64 bytes. A shorter key could be guessed, and an empty one is anybody's. */
const leastKey = 16

const hmac = { name: "HMAC", hash: "SHA-256" } as const

const keyOf = (secret: Redacted.Redacted<string>): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = canonical(Redacted.value(secret).trim().replace(/^whsec_/, ""))
  return bytes === undefined || bytes.length < leastKey ? undefined : bytes
}

export const isStatic = ({ signature }: Incoming): boolean => /(?:^| )v1,/.test(signature)

/** Whether one of the signatures is that of one of the secrets. All are looked at, and each in constant time. */
export const holds = (
  { body, id, signature, timestamp }: Incoming,
  secrets: ReadonlyArray<Redacted.Redacted<string>>
): Effect.Effect<boolean, WebhookError> =>
  Effect.gen(function*() {
    const keys = secrets.map(keyOf).filter((key) => key !== undefined)
    if (keys.length < secrets.length) {
      const expected = `texts of the form whsec_BASE64, of at least ${leastKey} bytes`
      return yield* new WebhookError({ reason: new Misconfigured({ option: "secrets", expected }) })
    }
    const { subtle } = yield* WebCrypto
    const signed = Bytes.concat([new TextEncoder().encode(`${id}.${timestamp}.`), body])
    const macs = signature.split(" ", mostEntries).map((entry) =>
      entry.startsWith("v1,") ? canonical(entry.slice(3)) : undefined
    ).filter((mac) => mac !== undefined)
    const found = yield* Effect.promise(() =>
      Promise.all(keys.map(async (bytes) => {
        const key = await subtle.importKey("raw", bytes, hmac, false, ["verify"])
        return Promise.all(macs.map((mac) => subtle.verify("HMAC", key, mac, signed)))
      }))
    )
    return found.flat().includes(true)
  })
