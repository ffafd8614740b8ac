/**
 * Google's resumable upload from its first byte to its last answer: chunk by chunk, and after a cut from where the server says
 * that it is.
 *
 * Facts (REST reference, November 2026): the start answers `x-goog-upload-url` and the granularity; each command says its
 * offset; `x-goog-upload-status` is `active`, `final` or `cancelled`; `query` answers `x-goog-upload-size-received`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { UploadHandle } from "../../files/UploadHandle.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import * as Failures from "../call/failures.ts"
import * as Retry from "../call/retry.ts"
import { invalid } from "../resources/invalid.ts"
import * as Lost from "../resources/lost.ts"
import { type Chunk, ChunkReader, type Chunks, sliced } from "./ChunkReader.ts"
import type { OpenSource } from "./source.ts"
import { granularity, unexpected, wholeNumber } from "./startUpload.ts"

/** The size of chunks, to the next unit below. */
export const chunkSize = 8 * 1024 * 1024

/** How far an upload is. */
export interface Advance<A> {
  readonly handle: UploadHandle
  /** How many bytes the server has. */
  readonly sent: number
  /** The number of bytes, once it is known. */
  readonly size: number | undefined
  /** What the last answer made of it; it comes with the last progress alone. */
  readonly answer: A | undefined
}

/** What is uploaded, and what its last answer means. */
export interface Upload<A> {
  readonly http: ResourceHttp.Service
  /** The method for errors and spans. */
  readonly method: string
  /** The shape of the last answer. */
  readonly answer: Schema.Codec<A>
  /** Finds what was made, where the last answer was lost. Absent: that cannot be found out. */
  readonly find?: Effect.Effect<A, GeminiError> | undefined
  readonly options: CallOptions | undefined
  readonly retry: GeminiConfig.Retry | undefined
}

const Nothing = Schema.Struct({})

const statusOf = (headers: Headers.Headers): string | undefined => headers["x-goog-upload-status"]?.toLowerCase()

const failed = (method: string, reason: Reason.GeminiErrorReason) => new GeminiError({ method, attempts: [], reason })

/** Where the server is: it takes bytes from an offset on, or it has made something, or the upload is gone. */
type Standing<A> =
  | { readonly _tag: "active"; readonly received: number }
  | { readonly _tag: "done"; readonly answer: A }

export interface Given {
  /** Whether the upload has just begun, so that the server has no byte of it. */
  readonly isNew: boolean
  /** The most bytes that may be uploaded. */
  readonly largest: number
  /** The size of chunks in bytes. Default 8 MiB. */
  readonly chunk?: number | undefined
}

/** Uploads a source, from where the server is if the handle is from before. */
export const run = <A, E>(
  upload: Upload<A>,
  handle: UploadHandle,
  source: OpenSource<E>,
  given: Given
): Stream.Stream<Advance<A>, GeminiError | E> => Stream.suspend(() => running(upload, handle, source, given))

const running = <A, E>(
  upload: Upload<A>,
  handle: UploadHandle,
  source: OpenSource<E>,
  given: Given
): Stream.Stream<Advance<A>, GeminiError | E> => {
  const { http, method, options } = upload
  const policy = Retry.policy(upload.retry, options?.retry)
  const { granularity: unit = granularity, member, name, size, url } = handle
  const of = [{ name, ...(member === undefined ? {} : { member }) }]
  const Last = Schema.Union([upload.answer, Nothing])

  const command = <B>(said: string, answer: Schema.Codec<B>, headers: Record<string, string>, body?: Uint8Array) =>
    http.ask(
      {
        method,
        httpMethod: "POST",
        url,
        of,
        answer,
        body,
        headers: { "x-goog-upload-command": said, ...headers },
        isRepeatable: false
      },
      { ...options, retry: { ...options?.retry, attempts: 1 } }
    )

  /** Ends what cannot become what the caller meant; the error that led here is told, whatever becomes of this. */
  const cancelled = (error: GeminiError) => Effect.andThen(Effect.ignore(command("cancel", Nothing, {})), error)

  const mayExist = (error: GeminiError) =>
    error.with({ mayExist: { name, ...(member === undefined ? {} : { member }) } })

  /** Looks for what the upload may have made. If that is not there, `error` says why it could not go on. */
  const found = (error: GeminiError): Effect.Effect<Standing<A>, GeminiError> =>
    upload.find === undefined
      ? Effect.fail(mayExist(error))
      : Effect.matchEffect(upload.find, {
        onFailure: (failure) => Effect.fail(failure.reason._tag === "NotFound" ? error : mayExist(error)),
        onSuccess: (answer) => Effect.succeed<Standing<A>>({ _tag: "done", answer })
      })

  const asked: Effect.Effect<Standing<A>, GeminiError> = Effect.matchEffect(command("query", Nothing, {}), {
    onFailure: (error) => error.reason._tag === "NotFound" || error.status === 410 ? found(error) : Effect.fail(error),
    onSuccess: ({ headers }): Effect.Effect<Standing<A>, GeminiError> => {
      const received = wholeNumber(headers["x-goog-upload-size-received"])
      switch (statusOf(headers)) {
        case "active":
          return received === undefined
            ? Effect.fail(unexpected(method, "x-goog-upload-size-received", "the number of bytes that arrived"))
            : Effect.succeed({ _tag: "active", received })
        case "final":
          return found(unexpected(method, "x-goog-upload-status", "an upload that had made something"))
        case "cancelled":
          return Effect.fail(invalid(method, "handle", "the upload was cancelled"))
        default:
          return Effect.fail(unexpected(method, "x-goog-upload-status", "active, final or cancelled"))
      }
    }
  })

  /** How many failures came one after another without a byte more at the server. */
  let failures = 0
  /** The most bytes that the server ever had: who loses what it had makes no progress by getting it again. */
  let most = 0
  const reached = (received: number) => {
    if (received <= most) return
    most = received
    failures = 0
  }

  /** Waits as the policy says, or fails for good. */
  const paused = (error: GeminiError): Effect.Effect<void, GeminiError> =>
    Effect.flatMap(Random.next, (random) => {
      failures++
      // An answer that cannot be read says nothing of the upload, which is asked how far it is all the same.
      const wait = error.reason._tag === "InvalidResponse" && failures < policy.attempts
        ? Retry.backoff(policy, failures, random)
        : Retry.delayAfter(policy, { error, failures, remaining: Infinity, waitForQuota: false, random })
      return wait === undefined ? Effect.fail(error) : Effect.sleep(Duration.millis(wait))
    })

  /** Asks where the server is after a failure, until it says so or the attempts are used up. */
  const standing = (error: GeminiError): Effect.Effect<Standing<A>, GeminiError> =>
    Effect.andThen(
      paused(error),
      Effect.catch(asked, (error) =>
        Lost.isLost(error) || Failures.isOutage(error) || error.reason._tag === "RateLimited"
          ? standing(error)
          : Effect.fail(error))
    )

  /** One attempt to send bytes. */
  const send = (bytes: Uint8Array, offset: number, isLast: boolean): Effect.Effect<Standing<A>, GeminiError> =>
    Effect.flatMap(
      command(isLast ? "upload, finalize" : "upload", Last, { "x-goog-upload-offset": String(offset) }, bytes),
      ({ headers, value }) => {
        const status = statusOf(headers)
        if (status === "final" && isLast) {
          return isAnswer(value)
            ? Effect.succeed<Standing<A>>({ _tag: "done", answer: value })
            : found(unexpected(method, "", "what the upload made"))
        }
        if (status === "active" && !isLast) {
          return Effect.succeed<Standing<A>>({ _tag: "active", received: offset + bytes.length })
        }
        // Somebody between us and Google answered, or the upload is not where it should be.
        return Effect.fail(failed(method, new Reason.Network({ description: `the upload's status is ${status}` })))
      }
    )
  const isAnswer = Schema.is(upload.answer)

  /** Whether the server may be somewhere else than we are, so that asking it helps. */
  const isOpen = (error: GeminiError): boolean =>
    Lost.isLost(error) || Failures.isOutage(error) || error.reason._tag === "RateLimited" || error.status === 400 ||
    error.status === 404 || error.status === 409 || error.status === 410

  /**
   * Sends the bytes from an offset on until the server has all of them. What it has already is not sent again; if it has
   * less than these bytes begin with, the source has to be opened anew.
   */
  const delivered = (
    bytes: Uint8Array,
    offset: number,
    isLast: boolean
  ): Effect.Effect<Standing<A>, GeminiError> =>
    Effect.catch(send(bytes, offset, isLast), (error) =>
      isOpen(error)
        ? Effect.flatMap(
          error.status === 400 || error.status === 404 || error.status === 409 || error.status === 410
            ? Effect.mapError(asked, (why) => why.reason._tag === "NotFound" || why.status === 410 ? why : error)
            : Effect.mapError(
              standing(error),
              // The last bytes may all have arrived.
              (error) => isLast && Lost.isLost(error) && error.mayExist === undefined ? mayExist(error) : error
            ),
          (at): Effect.Effect<Standing<A>, GeminiError> => {
            if (at._tag === "done") return Effect.succeed(at)
            const { received } = at
            // It judged the bytes, and stands where we thought.
            if (received === offset && error.status !== undefined && error.status >= 400 && error.status < 429) {
              return Effect.fail(error)
            }
            reached(received)
            if (received > offset + bytes.length) {
              const expected = `at most the ${offset + bytes.length} bytes that were sent, got ${received}`
              return Effect.fail(unexpected(method, "x-goog-upload-size-received", expected))
            }
            if (received < offset) return Effect.succeed(at)
            return received === offset + bytes.length && !isLast
              ? Effect.succeed(at)
              : delivered(bytes.subarray(received - offset), received, isLast)
          }
        )
        : Effect.fail(error))

  // What is smaller than a chunk needs no more room than it has bytes, and one for a byte too many.
  const length = Math.min(
    Math.max(1, Math.floor((given.chunk ?? chunkSize) / unit)) * unit,
    (size ?? source.size ?? Infinity) + 1
  )
  let buffers: readonly [Uint8Array, Uint8Array] | undefined

  /** Judges a chunk before it is sent. */
  const wrong = (chunk: Chunk, offset: number): GeminiError | undefined => {
    const total = offset + chunk.bytes.length
    if (total > given.largest) {
      return invalid(method, "source", `it has more than the ${given.largest} bytes that a file may have`)
    }
    // Behind a chunk that is not the last one there is more.
    if (size !== undefined && (chunk.isLast ? total !== size : total >= size)) {
      const said = chunk.isLast ? String(total) : `more than ${size}`
      return invalid(method, "size", `${size} bytes were announced, and the source has ${said}`)
    }
    return undefined
  }

  type Step = readonly [ReadonlyArray<Advance<A>>, Option.Option<void>]

  interface Place {
    readonly offset: number
    readonly reader: Chunks<E>
    /** The chunk that is read while the one before it is sent. */
    readonly ahead?: Effect.Effect<Chunk, GeminiError | E> | undefined
    readonly scope: Scope.Closeable
  }

  const opened = (offset: number): Effect.Effect<Place, GeminiError | E> =>
    Effect.gen(function*() {
      const scope = Scope.makeUnsafe()
      if (source.whole !== undefined) return { offset, scope, reader: sliced(source.whole, { offset, length }) }
      const next = yield* Scope.provide(source.at(offset), scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
      buffers ??= [new Uint8Array(length), new Uint8Array(length)]
      return { offset, scope, reader: new ChunkReader(buffers, next) }
    })

  const first: Effect.Effect<Standing<A>, GeminiError> = given.isNew
    ? Effect.succeed({ _tag: "active", received: 0 })
    : Effect.catch(
      asked,
      (error) => Lost.isLost(error) || Failures.isOutage(error) ? standing(error) : Effect.fail(error)
    )

  const progress = (sent: number, answer: A | undefined, isWhole = false): Advance<A> => ({
    handle,
    sent,
    size: size ?? source.size ?? (isWhole ? sent : undefined),
    answer
  })

  return Stream.unwrap(Effect.gen(function*() {
    const at = yield* first
    if (at._tag === "done") return Stream.succeed(progress(size ?? source.size ?? 0, at.answer))
    let place = yield* opened(at.received)
    const step = (): Effect.Effect<Step, GeminiError | E> =>
      Effect.gen(function*() {
        const { ahead, offset, reader, scope } = place
        const chunk = yield* ahead ?? reader.read
        const problem = wrong(chunk, offset)
        if (problem !== undefined) return yield* cancelled(problem)
        const { length } = chunk.bytes
        const next = chunk.isLast
          ? undefined
          : yield* Effect.forkIn(Effect.exit(reader.read), scope)
        return yield* Effect.flatMap(delivered(chunk.bytes, offset, chunk.isLast), (at) => {
          if (at._tag === "done") {
            return Effect.succeed<Step>([[progress(offset + length, at.answer, true)], Option.none()])
          }
          reached(at.received)
          if (at.received === offset + length) {
            const ahead = next === undefined ? undefined : Effect.flatten(Fiber.join(next))
            place = { offset: at.received, scope, reader, ahead }
            return Effect.succeed<Step>([[progress(at.received, undefined)], Option.some(undefined)])
          }
          // The server has less than it said before: what came before this chunk is read again.
          return Effect.map(
            Effect.andThen(Scope.close(scope, Exit.void), opened(at.received)),
            (again): Step => {
              place = again
              return [[progress(at.received, undefined)], Option.some(undefined)]
            }
          )
        })
      })
    return Stream.concat(
      Stream.succeed(progress(at.received, undefined)),
      Stream.paginate(undefined, step)
    ).pipe(Stream.ensuring(Effect.suspend(() => Scope.close(place.scope, Exit.void))))
  }))
}
