/**
 * A server that says in turn what a script tells it, as an HttpClient, and remembers what it was sent.
 *
 * Streams come in pieces of a few bytes, so that a provider that takes pieces for events, or bytes for letters, is seen.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type { Sent } from "./Sent.ts"
import type { Wire } from "./Subject.ts"
import type { Answer, Turn } from "./Turn.ts"

/** What a server has seen. */
export interface Requests {
  /** What was sent, in order. */
  readonly sent: ReadonlyArray<Sent>
  /** How many requests were given up while they were answered. */
  readonly aborted: number
}

/** What the server has seen so far. */
export class Server extends Context.Service<Server, Effect.Effect<Requests>>()("conformance/provider/Server") {}

const pieceSize = 7

const decoder = new TextDecoder()

const bodyOf = (request: HttpClientRequest.HttpClientRequest): unknown => {
  const { body } = request
  const said = body._tag === "Uint8Array"
    ? decoder.decode(body.body)
    : body._tag === "Raw"
    ? typeof body.body === "string" ? body.body : JSON.stringify(body.body)
    : "{}"
  return JSON.parse(said)
}

/** The text in pieces. With `onCancel` it has no end, and that is called when nobody waits for it any longer. */
const pieces = (text: string, onCancel?: () => void): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += pieceSize))
      else if (onCancel !== undefined) return new Promise<void>(() => {})
      else controller.close()
      return undefined
    },
    cancel: () => onCancel?.()
  })
}

const events = { "content-type": "text/event-stream" }
const json = { "content-type": "application/json" }

/** The first half of what is streamed, up to an event's end. */
const half = (text: string): string => {
  const middle = text.indexOf("\n\n", Math.floor(text.length / 3))
  return middle < 0 ? text : text.slice(0, middle + 2)
}

/** Whoever asks more often than the script has turns is told this. */
const fine: Answer = { says: [{ text: "fine" }] }

/** The server as an HttpClient, with what it has seen. */
export const layer = (
  wire: Wire,
  script: ReadonlyArray<Turn>
): Layer.Layer<HttpClient.HttpClient | Server> => {
  const sent: Array<Sent> = []
  let aborted = 0
  let next = 0
  const onAbort = () => {
    aborted++
  }
  const respond = (turn: Exclude<Turn, "hang">, isStream: boolean, signal: AbortSignal): Response => {
    if ("status" in turn) {
      return new Response(JSON.stringify(wire.refusal(turn)), {
        status: turn.status,
        headers: { ...json, ...(turn.retryAfter === undefined ? {} : { "retry-after": String(turn.retryAfter) }) }
      })
    }
    if ("raw" in turn) return new Response(turn.raw, { headers: isStream ? events : json })
    if ("cut" in turn) {
      const whole = isStream ? half(wire.events(turn.cut)) : JSON.stringify(wire.whole(turn.cut)).slice(0, -9)
      return new Response(pieces(whole), { headers: isStream ? events : json })
    }
    if ("open" in turn) {
      const controller = new AbortController()
      controller.signal.addEventListener("abort", onAbort, { once: true })
      const givenUp = () => controller.abort()
      signal.addEventListener("abort", givenUp, { once: true })
      return new Response(pieces(half(wire.events(turn.open)), givenUp), { headers: events })
    }
    return isStream
      ? new Response(pieces(wire.events(turn)), { headers: events })
      : new Response(JSON.stringify(wire.whole(turn)), { headers: json })
  }
  const client = HttpClient.make((request, url, signal) =>
    Effect.suspend(() => {
      const body = bodyOf(request)
      sent.push(wire.read(body))
      const turn = script[next++] ?? fine
      if (turn === "hang") return Effect.onInterrupt(Effect.never, () => Effect.sync(onAbort))
      return Effect.succeed(HttpClientResponse.fromWeb(request, respond(turn, wire.isStream(url, body), signal)))
    })
  )
  return Layer.merge(
    Layer.succeed(HttpClient.HttpClient, client),
    Layer.succeed(Server, Effect.sync(() => ({ sent: [...sent], aborted })))
  )
}

/** What the last request was. */
export const last: Effect.Effect<Sent, never, Server> = Effect.flatMap(
  Server,
  (seen) =>
    Effect.flatMap(seen, ({ sent }) => {
      const request = sent.at(-1)
      return request === undefined ? Effect.die(new Error("nothing was sent")) : Effect.succeed(request)
    })
)
