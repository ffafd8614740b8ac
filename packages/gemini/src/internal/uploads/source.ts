/**
 * What may be uploaded, opened at an offset: each way of giving bytes becomes a pull of pieces.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Source } from "../../files/Files.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { invalid } from "../resources/invalid.ts"

/** The next piece; `undefined` at the end. */
export type NextPiece<E> = Effect.Effect<Uint8Array | undefined, GeminiError | E>

export interface OpenSource<E> {
  /** In bytes; `undefined` for a stream of which the caller did not say it. */
  readonly size: number | undefined
  /** Opens it behind so many bytes. */
  readonly at: (offset: number) => Effect.Effect<NextPiece<E>, GeminiError | E, Scope.Scope>
  /** Any of the bytes at once, which need not be copied then. Absent: they come in their order. */
  readonly whole?: Whole
}

/** Bytes that can be had in any order, such as those in memory. */
export interface Whole {
  /** How many there are. */
  readonly size: number
  /** Those from one offset to another. */
  readonly slice: (from: number, to: number) => Effect.Effect<Uint8Array, GeminiError>
}

/** After so many bytes other fibers have their turn, if the source never waits. */
export const stretch = 512 * 1024

/** The size of the pieces in which a file or a Blob is read. */
const piece = 256 * 1024

const ofBytes = (bytes: Uint8Array): OpenSource<never> => ({
  size: bytes.length,
  at: (offset) =>
    Effect.sync(() => {
      let rest: Uint8Array | undefined = bytes.subarray(offset)
      return Effect.sync(() => {
        const next = rest
        rest = undefined
        return next !== undefined && next.length > 0 ? next : undefined
      })
    }),
  whole: { size: bytes.length, slice: (from, to) => Effect.succeed(bytes.subarray(from, to)) }
})

const ofBlob = (method: string, blob: Blob): OpenSource<never> => {
  // What it is that threw belongs to the caller's own Blob, and may hold anything.
  const unreadable = () => invalid(method, "source", "the Blob could not be read")
  const slice = (from: number, to: number) =>
    Effect.flatMap(
      Effect.tryPromise({ try: () => blob.slice(from, to).arrayBuffer(), catch: unreadable }),
      (buffer) => buffer.byteLength === to - from ? Effect.succeed(new Uint8Array(buffer)) : Effect.fail(unreadable())
    )
  return {
    size: blob.size,
    at: (offset) =>
      Effect.sync(() => {
        let at = offset
        return Effect.suspend(() => {
          if (at >= blob.size) return Effect.succeed(undefined)
          const from = at
          at = Math.min(from + piece, blob.size)
          return slice(from, at)
        })
      }),
    whole: { size: blob.size, slice }
  }
}

/** Passes over the first bytes of what `next` gives. */
const skipping = <E>(next: NextPiece<E>, offset: number): NextPiece<E> => {
  let left = offset
  const pull: NextPiece<E> = Effect.flatMap(next, (bytes) => {
    if (bytes === undefined || left === 0) return Effect.succeed(bytes)
    const over = Math.min(left, bytes.length)
    const isLong = Math.floor(left / stretch) !== Math.floor((left - over) / stretch)
    left -= over
    if (over < bytes.length) return Effect.succeed(bytes.subarray(over))
    return isLong ? Effect.andThen(Effect.yieldNow, pull) : pull
  })
  return pull
}

const ofStream = <E>(stream: Stream.Stream<Uint8Array, E>, size: number | undefined): OpenSource<E> => ({
  size,
  at: (offset) =>
    Effect.map(Stream.toPull(stream), (pull) => {
      let ready: ReadonlyArray<Uint8Array> = []
      let at = 0
      const more = Pull.catchDone(
        Effect.map(pull, (pieces) => {
          ready = pieces
          at = 0
          return true
        }),
        () => Effect.succeed(false)
      )
      const next: NextPiece<E> = Effect.suspend(() => {
        const bytes = ready[at++]
        if (bytes !== undefined) return Effect.succeed(bytes)
        return Effect.flatMap(more, (isMore) => isMore ? next : Effect.succeed(undefined))
      })
      return offset === 0 ? next : skipping(next, offset)
    })
})

const ofOpening = <E>(
  opened: (offset: number) => Stream.Stream<Uint8Array, E>,
  size: number | undefined
): OpenSource<E> => ({
  size,
  at: (offset) => Effect.suspend(() => ofStream(opened(offset), undefined).at(0))
})

const ofPath = Effect.fnUntraced(
  function*(method: string, path: string): Effect.fn.Return<OpenSource<never>, GeminiError> {
    const found = yield* Effect.serviceOption(FileSystem.FileSystem)
    if (Option.isNone(found)) {
      return yield* invalid(
        method,
        "source",
        "a path needs a FileSystem in the context, such as that of NodeServices.layer"
      )
    }
    const fs = found.value
    const unreadable = (error: { readonly reason: { readonly _tag: string } }) =>
      invalid(method, "source", `${JSON.stringify(path)} cannot be read: ${error.reason._tag}`)
    const info = yield* Effect.mapError(fs.stat(path), unreadable)
    // Anything else than a regular file may wait for ever, or not end.
    if (info.type !== "File") {
      return yield* invalid(method, "source", `${JSON.stringify(path)} is not a regular file`)
    }
    const size = Number(info.size)
    const { at } = ofOpening(
      (offset) => Stream.mapError(fs.stream(path, { offset, chunkSize: piece }), unreadable),
      size
    )
    return { size, at }
  }
)

/** Opens a source. `size` is what the caller says of a stream. */
export const open = <E>(
  method: string,
  source: Source<E>,
  size: number | undefined
): Effect.Effect<OpenSource<E>, GeminiError> => {
  if (typeof source === "string") return ofPath(method, source)
  if (source instanceof Uint8Array) return Effect.succeed(ofBytes(source))
  if (source instanceof Blob) return Effect.succeed(ofBlob(method, source))
  if (Stream.isStream(source)) return Effect.succeed(ofStream(source, size))
  if (typeof source === "function") return Effect.succeed(ofOpening(source, size))
  return Effect.fail(
    invalid(method, "source", "expected a path, a Uint8Array, a Blob, a Stream of bytes or a function that opens one")
  )
}
