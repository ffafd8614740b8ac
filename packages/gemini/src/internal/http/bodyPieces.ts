/**
 * A body in its pieces, also where the platform has none to give: React Native's `fetch` (2026) answers without
 * `response.body`, and Effect's response then says that it is empty. Its bytes are there all the same, in one piece, so
 * that a stream is not asked for, and paid, again.
 */
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

/** Effect's response of `fetch`, perhaps within the one that can be interrupted: neither type is published. */
const hasNoPieces = (response: object): boolean => {
  const inner: unknown = "original" in response ? response.original : response
  if (typeof inner !== "object" || inner === null || !("source" in inner)) return false
  const { source } = inner
  return typeof source === "object" && source !== null && "arrayBuffer" in source &&
    !("body" in source && source.body != null)
}

export const of = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> =>
  hasNoPieces(response)
    ? Stream.fromEffect(Effect.map(response.arrayBuffer, (bytes) => new Uint8Array(bytes)))
    : response.stream
