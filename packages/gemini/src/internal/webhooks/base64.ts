/**
 * Base64 in its one canonical form. The last character of a text may have bits that decode to nothing, so that several
 * texts stand for the same bytes: a signature that was changed there would still be the signature.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"

export const canonical = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = Base64.decode(text)
  return Result.isSuccess(bytes) && Base64.encode(bytes.success) === text ? new Uint8Array(bytes.success) : undefined
}

/** The same without padding, in the alphabet of URLs. */
export const canonicalUrl = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = Base64Url.decode(text)
  return Result.isSuccess(bytes) && Base64Url.encode(bytes.success) === text ? new Uint8Array(bytes.success) : undefined
}
