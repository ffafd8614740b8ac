/**
 * Base64 of images, which are megabytes. Where the runtime has `Buffer` it makes no copies on the way: a narrative of
 * twelve images would else leave a hundred megabytes to be collected.
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { sha256 } from "./digest.ts"

const node = () => typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:buffer")?.Buffer

export const encode = (bytes: Uint8Array): string => {
  const buffer = node()
  return buffer === undefined
    ? Base64.encode(bytes)
    : buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")
}

/** The bytes of a text that is known to be base64. */
export const decode = (text: string): Uint8Array => {
  const buffer = node()
  return buffer === undefined
    ? Result.getOrElse(Base64.decode(text), () => new Uint8Array(0))
    : buffer.from(text, "base64")
}

/** How many bytes a text of base64 has. */
const sizeOf = (text: string): number => text.length / 4 * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0)

/** SHA-256 and size of the bytes of a text of base64. */
export const digestOf = (text: string): Effect.Effect<{ readonly sha256: string; readonly bytes: number }> =>
  Effect.suspend(() => {
    const crypto = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:crypto")
    const digest = crypto === undefined
      ? sha256(decode(text))
      : Effect.sync(() => crypto.createHash("sha256").update(text, "base64").digest("hex"))
    return Effect.map(digest, (sha256) => ({ sha256, bytes: sizeOf(text) }))
  })
