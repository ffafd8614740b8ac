/**
 * A response body between a source that pushes (undici's callbacks, a reader of `fetch`) and a reader that pulls.
 *
 * Invariants: at most `highWater` bytes wait for a stream's reader before the source is paused. Of a body that is read
 * whole, no more is kept than its bound. A waiting reader is woken once for each read of the socket, not once for each
 * HTTP chunk. A body that nobody will read on is aborted, once; who still waits for it is woken by the failure.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import { Pieces } from "./Pieces.ts"
import * as Utf8 from "./utf8.ts"

/** What pushes a body: it can be paused, and ended. */
export interface Pushing {
  readonly paused: boolean
  /** Whether pieces that came together are pushed each a microtask after the other. */
  readonly trickles?: boolean
  readonly pause: () => void
  readonly resume: () => void
  readonly abort: (cause: Error) => void
}

/** The bytes of two reads of a socket. */
const highWater = 128 * 1024

/** So many pieces count as much as `highWater`, however small they are, because each keeps the whole read alive. */
const mostPieces = 4096

const empty: ReadonlyArray<Uint8Array> = []

export class PushedBody<E> {
  #pieces: Array<Uint8Array> = []
  #size = 0
  #ended = false
  #failed: E | undefined = undefined
  /** What has come of a body that is read whole. */
  #whole: Pieces | undefined
  #limit = Infinity
  #isTooLarge = false
  isRead = false
  #wakeScheduled = false
  #wake: (() => void) | undefined = undefined
  readonly #pushing: Pushing

  constructor(pushing: Pushing) {
    this.#pushing = pushing
  }

  get #isOver(): boolean {
    return this.#ended || this.#failed !== undefined || this.#isTooLarge
  }

  /** Opens the body for one reader, which will call `abort` if it stops early. */
  open(): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> {
    this.isRead = true
    if (this.#whole !== undefined) this.#pieces = [...this.#whole.takeAll()]
    this.#whole = undefined
    const taken = (): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> => {
      const pieces = this.#take()
      if (Arr.isReadonlyArrayNonEmpty(pieces)) return Effect.succeed(pieces)
      return this.#failed === undefined ? Cause.done() : Effect.fail(this.#failed)
    }
    const waiting: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> = Effect.callback((resume) => {
      // A fiber may yield between looking and waiting, and something may come meanwhile.
      if (this.#pieces.length > 0 || this.#isOver) return resume(taken())
      this.#wake = () => resume(taken())
      return Effect.sync(() => this.abort())
    })
    return Effect.suspend(() => this.#pieces.length > 0 || this.#isOver ? taken() : waiting)
  }

  push(piece: Uint8Array): void {
    const whole = this.#whole
    if (whole !== undefined) {
      whole.push(piece)
      if (whole.bytes > this.#limit) this.#stop()
      return
    }
    this.#size += piece.length
    if (this.#pieces.push(piece) >= mostPieces || this.#size >= highWater) this.#pushing.pause()
    this.#schedule()
  }

  end(): void {
    this.#ended = true
    this.#schedule()
  }

  fail(error: E): void {
    this.#failed = error
    this.#schedule()
  }

  /** The whole body as text, or `undefined` if it is larger than the limit. Nothing is paused. */
  text(limit = Infinity): Effect.Effect<string | undefined, E> {
    return Effect.map(this.bytes(limit), (bytes) => bytes === undefined ? undefined : Utf8.decodeBody(bytes))
  }

  bytes(limit = Infinity): Effect.Effect<Uint8Array | undefined, E> {
    return Effect.suspend(() => {
      this.isRead = true
      this.#limit = limit
      const pieces = this.#whole ??= new Pieces()
      for (const piece of this.#take()) pieces.push(piece)
      if (pieces.bytes > limit) this.#stop()
      const whole = (): Effect.Effect<Uint8Array | undefined, E> => {
        if (this.#isTooLarge) return Effect.as(Effect.void, undefined)
        return this.#failed === undefined ? Effect.succeed(pieces.whole()) : Effect.fail(this.#failed)
      }
      if (this.#isOver) return whole()
      return Effect.callback((resume) => {
        if (this.#isOver) return resume(whole())
        this.#wake = () => resume(whole())
        return Effect.sync(() => this.abort())
      })
    })
  }

  /** Ends the body, because nobody reads on. */
  abort(): void {
    this.#pieces = []
    this.#whole?.drop()
    if (!this.#isOver) this.#pushing.abort(new Error("nobody reads the response"))
  }

  /** Called when the response was collected: the body is let go, unless somebody reads it by now. */
  dropUnread(): void {
    if (!this.isRead) this.abort()
  }

  /** Stops the request: nobody wants more of the body. */
  #stop(): void {
    if (this.#isTooLarge) return
    this.#whole?.drop()
    const isOver = this.#isOver
    this.#isTooLarge = true
    this.#schedule()
    if (!isOver) this.#pushing.abort(new Error("the response is larger than its bound"))
  }

  #take(): ReadonlyArray<Uint8Array> {
    if (this.#pieces.length === 0) return empty
    const pieces = this.#pieces
    this.#pieces = []
    this.#size = 0
    if (this.#pushing.paused) this.#pushing.resume()
    return pieces
  }

  #schedule(): void {
    if (this.#wake === undefined || this.#wakeScheduled) return
    this.#wakeScheduled = true
    queueMicrotask(() => this.#wakeUp(this.#pushing.trickles === true ? 0 : undefined))
  }

  /** Wakes the reader; behind a source that trickles only once nothing came since `seen` bytes were there. */
  #wakeUp(seen: number | undefined): void {
    if (seen !== undefined && seen !== this.#size && !this.#isOver) {
      const size = this.#size
      return queueMicrotask(() => this.#wakeUp(size))
    }
    this.#wakeScheduled = false
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
