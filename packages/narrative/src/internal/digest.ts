/** SHA-256 of bytes, of texts and of JSON values, in hex. */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"

let service: Digest.Digest["Service"] | undefined

const encoder = new TextEncoder()

export const sha256 = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.suspend(() => {
    service ??= Effect.runSync(Effect.provide(Digest.Digest, Digest.layerWebCrypto))
    return service.digestHex(Digest.sha256, bytes)
  })

export const ofText = (text: string): Effect.Effect<string> => sha256(encoder.encode(text))

/** Keys in one order, so that equal values have equal texts. */
const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
    : value

export const ofJson = (value: unknown): Effect.Effect<string> => ofText(JSON.stringify(value, sorted))
