/**
 * The handler as an HttpClient: no socket, no timer but the caller's Clock.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type * as Step from "../answers/step.ts"
import type { Exchange, Handler } from "./exchange.ts"
import { MemoryResponse } from "./MemoryResponse.ts"

const encoder = new TextEncoder()

/** What a Node client reports of a broken connection. */
const networkError = (how: "cut" | "reset"): Error =>
  how === "reset"
    ? Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
    : Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" })

const readBody = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Uint8Array> => {
  switch (request.body._tag) {
    case "Uint8Array":
      return Effect.succeed(request.body.body)
    case "Raw":
      return Effect.succeed(
        request.body.body instanceof Uint8Array ? request.body.body : encoder.encode(String(request.body.body))
      )
    case "Stream":
      return Stream.runFold(request.body.stream, () => new Uint8Array(), (all, piece) => {
        const next = new Uint8Array(all.length + piece.length)
        next.set(all)
        next.set(piece, all.length)
        return next
      }).pipe(Effect.orDie)
    default:
      return Effect.succeed(new Uint8Array())
  }
}

type Failure = HttpClientError.HttpClientError

const body = (
  exchange: Exchange,
  first: Iterator<Step.Step>,
  fail: (how: "cut" | "reset") => Failure
): Stream.Stream<Uint8Array, Failure> => {
  let steps = first
  /** Wakes a reader that waits when its connection is closed from this side, as a socket does. */
  let wake: (() => void) | undefined
  const waiting = <A>(step: Effect.Effect<A>): Effect.Effect<A, Failure> =>
    Effect.withFiber((reader: Fiber.Fiber<unknown, unknown>) =>
      Effect.callback((resume) => {
        const waited = Effect.runForkWith(reader.context)(step)
        const end = (exit: Exit.Exit<A, Failure>): void => {
          wake = undefined
          resume(exit)
        }
        wake = () => {
          waited.interruptUnsafe()
          end(Exit.fail(fail("cut")))
        }
        waited.addObserver((exit) => {
          if (Exit.isSuccess(exit)) end(exit)
        })
        return Fiber.interrupt(waited)
      })
    )
  const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, Failure> = Effect.suspend(() => {
    const { done, value: step } = steps.next()
    if (done === true) {
      exchange.closed("complete")
      return Cause.done()
    }
    switch (step._tag) {
      case "Wait":
        return Effect.andThen(waiting(exchange.sleep(step.millis)), pull)
      case "Hang":
        return Effect.andThen(waiting(Effect.never), pull)
      case "More":
        return Effect.flatMap(waiting(step.next), (next) => {
          steps = next[Symbol.iterator]()
          return pull
        })
      case "Head":
        return pull
      case "Bytes":
        exchange.sentBytes(step.bytes)
        return Effect.succeed(Arr.of(step.bytes))
      case "Break":
        exchange.closed(step.how)
        return Effect.fail(fail(step.how))
    }
  })
  const abort = Effect.sync(() => {
    exchange.closed("aborted")
    wake?.()
  })
  return Stream.ensuring(Stream.fromPull(Effect.succeed(pull)), abort)
}

export const make = (handle: Handler): HttpClient.HttpClient => {
  let connections = 0
  return HttpClient.make((request, url) =>
    Effect.gen(function*() {
      const transport = (how: "cut" | "reset") =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: networkError(how) })
        })
      const exchange = yield* handle({
        verb: request.method,
        url,
        headers: request.headers,
        connection: connections++,
        read: (slow) =>
          Effect.tap(
            readBody(request),
            (bytes) =>
              slow === undefined ? Effect.void : Effect.sleep(Math.ceil(bytes.length / slow.bytes) * slow.millis)
          ),
        pieces: (use) =>
          request.body._tag === "Stream"
            ? request.body.stream.pipe(
              Stream.orDie,
              Stream.takeWhile(use),
              Stream.runDrain
            )
            : Effect.map(readBody(request), use)
      })
      let steps = exchange.steps[Symbol.iterator]()
      const head: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> = Effect
        .suspend(() => {
          const { done, value: step } = steps.next()
          if (done === true) return Effect.fail(transport("cut"))
          switch (step._tag) {
            case "Wait":
              return Effect.andThen(exchange.sleep(step.millis), head)
            case "Hang":
              return Effect.never
            case "More":
              return Effect.flatMap(step.next, (next) => {
                steps = next[Symbol.iterator]()
                return head
              })
            case "Bytes":
              return head
            case "Break":
              exchange.closed(step.how)
              return Effect.fail(transport(step.how))
            case "Head":
              exchange.sentHead(step.status, step.headers)
              return Effect.succeed(
                new MemoryResponse(
                  request,
                  url,
                  step.status,
                  step.headers,
                  (response) =>
                    body(exchange, steps, (how) =>
                      new HttpClientError.HttpClientError({
                        reason: new HttpClientError.DecodeError({ request, response, cause: networkError(how) })
                      }))
                )
              )
          }
        })
      return yield* Effect.onInterrupt(head, () => Effect.sync(() => exchange.closed("aborted")))
    })
  )
}
