/**
 * A response body between undici's callbacks and a reader that pulls.
 *
 * Invariants: at most `highWater` bytes wait for a stream's reader before the socket is
 * paused; a waiting reader is woken once a socket read, not once an HTTP chunk; a body
 * that nobody will read on is aborted, once.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Undici from "@effect/platform-node/Undici"
import type * as Pull from "effect/Pull"
import * as Utf8 from "./utf8.ts"

type Controller = Undici.Dispatcher.DispatchController

/** Two reads of a socket. */
const highWater = 128 * 1024

const empty: ReadonlyArray<Uint8Array> = []

export class DispatchBody<E> {
  #pieces: Array<Uint8Array> = []
  #size = 0
  #ended = false
  #failed: E | undefined = undefined
  #whole = false
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
    return this.#ended || this.#failed !== undefined
  }

  /** For one reader, that will `abort` if it stops early. */
  open(): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, E> {
    this.isRead = true
    return this.#pull
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#size += piece.length
    if (this.#whole) return
    if (this.#size >= highWater) this.#controller.pause()
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

  /** All of it as text; nothing is paused. */
  text(): Effect.Effect<string, E> {
    return Effect.map(this.bytes(), Utf8.decodeBody)
  }

  bytes(): Effect.Effect<Uint8Array, E> {
    return Effect.suspend(() => {
      this.isRead = true
      this.#whole = true
      if (this.#controller.paused) this.#controller.resume()
      const whole = (): Effect.Effect<Uint8Array, E> => {
        if (this.#failed !== undefined) return Effect.fail(this.#failed)
        const [only] = this.#pieces
        return Effect.succeed(only !== undefined && this.#pieces.length === 1 ? only : Utf8.concat(this.#pieces))
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
    if (!this.#isOver) this.#controller.abort(new Error("nobody reads the response"))
  }

  /** The response was collected: its body is let go, unless someone reads it by now. */
  dropUnread(): void {
    if (!this.isRead) this.abort()
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
