/**
 * Turns the bytes of an event stream into events. An event is parsed once and handed out as it came.
 *
 * Invariants: nothing is pulled before the consumer asks. What came before a failure is delivered before it. A body that
 * ends before `interaction.completed`, an `error` or `[DONE]` was cut. One event has a bound; the stream has none.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import { InteractionEvent } from "../../interactions/InteractionEvent.ts"
import * as Bounds from "../config/bounds.ts"
import { joined, ReceivedBytes } from "../http/ReceivedBytes.ts"
import * as Body from "../http/responseBody.ts"
import { StreamSplitter } from "../http/StreamSplitter.ts"
import * as WireError from "../http/wireError.ts"
import * as Guard from "../wire/guard.ts"
import * as ErrorCode from "./errorCode.ts"

type Events = Arr.NonEmptyReadonlyArray<InteractionEvent>

const guardEvent = /* @__PURE__ */ Guard.make(InteractionEvent)

/** The frame after the last event. */
const end = "[DONE]"

const hasError = (body: unknown): boolean =>
  typeof body === "object" && body !== null && !("event_type" in body) && "error" in body

/** One body: it is given the texts of its events, and says what comes of them and whether it was whole. */
class EventBody {
  readonly #call: Body.CallContext
  readonly #splitter: StreamSplitter
  readonly #limit: number
  readonly #received = new ReceivedBytes()
  #isWhole = false
  broken: (() => GeminiError) | undefined

  constructor(call: Body.CallContext, limit: number) {
    this.#call = call
    this.#limit = limit
    this.#splitter = new StreamSplitter(limit)
  }

  push(pieces: Arr.NonEmptyReadonlyArray<Uint8Array>): Array<InteractionEvent> {
    const out: Array<InteractionEvent> = []
    for (const bytes of joined(pieces)) {
      const texts = this.#splitter.push(bytes)
      this.#received.addBytes(bytes)
      this.#decode(texts, out)
      if (this.#splitter.isTooLarge) {
        this.broken ??= () => Body.failure(this.#call, Bounds.exceeded("event", this.#limit))
      }
      if (this.broken !== undefined) break
    }
    return out
  }

  end(): Array<InteractionEvent> {
    const out: Array<InteractionEvent> = []
    if (this.broken === undefined) this.#decode(this.#splitter.end(), out)
    return out
  }

  /** Why a body that has ended was not whole; undefined if it was. */
  get verdict(): GeminiError | undefined {
    const stray = this.#splitter.stray === "" ? undefined : Body.parse(this.#splitter.stray)
    if (WireError.statusOf(stray) !== undefined) return ErrorCode.judged(Body.errorInside(this.#call, stray))
    if (this.#isWhole) return undefined
    return this.#splitter.stray.trim().length >= 5 && this.#received.delivered === 0
      ? Body.invalid(this.#call, "", "an event stream")
      : this.interrupted()
  }

  interrupted(description?: string): GeminiError {
    const received = this.#received.chunks()
    const dropped = this.#received.delivered - received.length
    return Body.failure(
      this.#call,
      new Reason.StreamInterrupted({
        received,
        ...(dropped > 0 ? { dropped } : {}),
        ...(description === undefined ? {} : { description })
      })
    )
  }

  /** Adds the events of the texts, up to the first text that holds none; its failure waits for the next pull. */
  #decode(texts: ReadonlyArray<string>, out: Array<InteractionEvent>): void {
    for (const text of texts) {
      if (text === end) {
        this.#isWhole = true
        continue
      }
      const body = Body.parse(text)
      const event = hasError(body) ? undefined : guardEvent(body)
      if (event === undefined) {
        this.broken = () => ErrorCode.judged(Body.errorInside(this.#call, body))
        return
      }
      if (Result.isFailure(event)) {
        const { expected, path } = event.failure
        this.broken = body === undefined && this.#splitter.cut
          ? () => this.interrupted()
          : () => Body.invalid(this.#call, path, body === undefined ? "JSON" : expected)
        return
      }
      const { success } = event
      this.#received.delivered++
      out.push(success)
      if (success.event_type === "interaction.completed") this.#isWhole = true
      else if (success.event_type === "error") {
        this.broken = () => ErrorCode.ofEvent(this.#call, success)
        return
      }
    }
  }
}

/** The events of the pieces of a body; `limit` is the most bytes of one, `within` what bounds each pull. */
export const decodePull = (
  call: Body.CallContext,
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, HttpClientError.HttpClientError | GeminiError>,
  limit: number,
  within: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | GeminiError> = identity
): Pull.Pull<Events, GeminiError> => {
  const body = new EventBody(call, limit)
  let started = false
  let ended = false

  const emit = (out: Array<InteractionEvent>): Pull.Pull<Events, GeminiError> =>
    Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : next

  const finish: Pull.Pull<Events, GeminiError> = Effect.suspend(() => {
    ended = true
    return emit(body.end())
  })

  const failed = (
    cause: Cause.Cause<HttpClientError.HttpClientError | GeminiError>
  ): Pull.Pull<Events, GeminiError> => {
    const error = Cause.findErrorOption(cause)
    if (Option.isSome(error) && error.value.reason._tag === "EmptyBodyError") return finish
    return Effect.failCause(Cause.map(cause, (error) => {
      const failure = error instanceof GeminiError ? error : Body.network(call, error)
      if (!started || failure.reason._tag !== "Network") return failure
      const { code, description } = failure.reason
      return body.interrupted([code, description].filter((text) => text !== undefined).join(": "))
    }))
  }

  const read: Pull.Pull<Events, GeminiError> = Pull.matchEffect(within(pull), {
    onSuccess: (pieces) => {
      started = true
      return emit(body.push(pieces))
    },
    onFailure: failed,
    onDone: () => finish
  })

  const next: Pull.Pull<Events, GeminiError> = Effect.suspend(() => {
    if (body.broken !== undefined) return Effect.fail(body.broken())
    if (!ended) return read
    const error = body.verdict
    return error === undefined ? Cause.done() : Effect.fail(error)
  })
  return next
}
