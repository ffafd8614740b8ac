/**
 * A response body between undici's callbacks and a reader that pulls.
 *
 * Invariants: at most `highWater` bytes wait for a stream's reader before the socket is
 * paused; of a body that is read whole no more is kept than its bound; a waiting reader is woken once a socket read, not once an HTTP chunk; a body
 * that nobody will read on is aborted, once.
 */
import type * as Undici from "@effect/platform-node/Undici"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import { Pieces } from "./Pieces.ts"
import * as Utf8 from "./utf8.ts"

type Controller = Undici.Dispatcher.DispatchController

/** Two reads of a socket. */
const highWater = 128 * 1024

/** So many pieces are as much, however small: each keeps alive what was read with it. */
const mostPieces = 4096

const empty: ReadonlyArray<Uint8Array> = []

export class DispatchBody<E> {
  #pieces: Array<Uint8Array> = []
  #size = 0
  #ended = false
  #failed: E | undefined = undefined
  /** Of a body that is read whole: what came of it. */
  #whole: Pieces | undefined
  #limit = Infinity
  #isTooLarge = false
  isRead = false
  #wakeScheduled = false
  #wake: (() => void) | undefined = undefined
  readonly #controller: Controller
  readonly #pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E>

  constructor(controller: Controller) {
    this.#controller = controller
    const taken = (): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> => {
      const pieces = this.#take()
      if (Arr.isReadonlyArrayNonEmpty(pieces)) return Effect.succeed(pieces)
      return this.#failed === undefined ? Cause.done() : Effect.fail(this.#failed)
    }
    const waiting: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> = Effect.callback((resume) => {
      // A fiber may yield between looking and waiting, and something come meanwhile.
      if (this.#pieces.length > 0 || this.#isOver) return resume(taken())
      this.#wake = () => resume(taken())
      return Effect.sync(() => this.abort())
    })
    this.#pull = Effect.suspend(() => this.#pieces.length > 0 || this.#isOver ? taken() : waiting)
  }

  get #isOver(): boolean {
    return this.#ended || this.#failed !== undefined || this.#isTooLarge
  }

  /** For one reader, that will `abort` if it stops early. */
  open(): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> {
    this.isRead = true
    if (this.#whole !== undefined) this.#pieces = [...this.#whole.takeAll()]
    this.#whole = undefined
    return this.#pull
  }

  push(piece: Uint8Array): void {
    const whole = this.#whole
    if (whole !== undefined) {
      whole.push(piece)
      if (whole.bytes > this.#limit) this.#stop()
      return
    }
    this.#size += piece.length
    if (this.#pieces.push(piece) >= mostPieces || this.#size >= highWater) this.#controller.pause()
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

  /** All of it as text, or `undefined` if it is larger than the limit; nothing is paused. */
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

  /** Nobody reads on. */
  abort(): void {
    this.#wake = undefined
    this.#pieces = []
    this.#whole?.drop()
    if (!this.#isOver) this.#controller.abort(new Error("nobody reads the response"))
  }

  /** The response was collected: its body is let go, unless someone reads it by now. */
  dropUnread(): void {
    if (!this.isRead) this.abort()
  }

  /** Nobody wants more of it. */
  #stop(): void {
    if (this.#isTooLarge) return
    this.#whole?.drop()
    const isOver = this.#isOver
    this.#isTooLarge = true
    this.#schedule()
    if (!isOver) this.#controller.abort(new Error("the response is larger than its bound"))
  }

  #take(): ReadonlyArray<Uint8Array> {
    if (this.#pieces.length === 0) return empty
    const pieces = this.#pieces
    this.#pieces = []
    this.#size = 0
    if (this.#controller.paused) this.#controller.resume()
    return pieces
  }

  #schedule(): void {
    if (this.#wake === undefined || this.#wakeScheduled) return
    this.#wakeScheduled = true
    queueMicrotask(() => {
      this.#wakeScheduled = false
      const wake = this.#wake
      this.#wake = undefined
      wake?.()
    })
  }
}
