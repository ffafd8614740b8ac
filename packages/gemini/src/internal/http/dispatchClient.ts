/**
 * An HttpClient on undici's `dispatch`: what `request()` adds to it (a Readable, an
 * AsyncResource, an AbortSignal) is more than half of a call's CPU time.
 *
 * It also closes what undici leaves open: a request that is interrupted while its socket
 * still connects takes the socket with it, instead of leaving it to the connect timeout.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import type { Socket } from "node:net"
import { version } from "../config/version.ts"
import { OnConnect } from "./connection.ts"
import { DispatchBody } from "./DispatchBody.ts"
import { DispatchResponse } from "./DispatchResponse.ts"
import { followsNothing } from "./redirect.ts"

type Response = HttpClientResponse.HttpClientResponse
type Failure = HttpClientError.HttpClientError

const userAgent = `effect-gemini/${version}`

/** A request that has not begun yet, and the socket that connects for it. */
interface Dialling {
  socket: Socket | undefined
}

// undici dials within `dispatch`, one request a connecting socket: who dials is who
// dispatches. With a dispatcher of the user's this is never read.
let dialling: Dialling | undefined

// Loaded when a layer is built, as Effect's own client does: it is half of what importing cost.
const load = Effect.promise(() => import("@effect/platform-node/Undici"))

/** An agent whose connecting sockets can be closed. `connectTimeout` in milliseconds, 0 for none. */
export const makeAgent = (connectTimeout: number): Effect.Effect<Undici.Agent> =>
  Effect.map(load, (undici) => {
    const connector = undici.buildConnector({ timeout: connectTimeout })
    return new undici.Agent({
      connect: (options, callback) => {
        const owner = dialling
        const connecting: unknown = connector(options, (...result) => {
          if (owner !== undefined) owner.socket = undefined
          callback(...result)
        })
        if (owner !== undefined && isSocket(connecting)) owner.socket = connecting
      }
    })
  })

// undici returns the socket, its types say nothing.
const isSocket = (value: unknown): value is Socket => typeof value === "object" && value !== null && "destroy" in value

const transportError = (request: HttpClientRequest.HttpClientRequest, cause: unknown): Failure =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

/** Origin and path, or nothing if it is no URL. */
const target = (request: HttpClientRequest.HttpClientRequest): readonly [origin: string, path: string] | undefined => {
  const { url } = request
  if (request.urlParams.params.length === 0 && /^https?:\/\//.test(url)) {
    const slash = url.indexOf("/", 8)
    if (slash > 0 && !url.includes("#")) return [url.slice(0, slash), url.slice(slash)]
  }
  const parsed = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  return parsed === undefined ? undefined : [parsed.origin, parsed.pathname + parsed.search]
}

const body = (request: HttpClientRequest.HttpClientRequest): string | Uint8Array | null | undefined => {
  if (request.body._tag === "Empty") return null
  if (request.body._tag !== "Uint8Array" || request.headers["upgrade"] !== undefined) return undefined
  return request.body.body
}

// A response that is dropped unread would hold its socket: collecting it lets go. Only
// those that nobody reads at once are registered: minor collections keep what a registry
// knows, and of every call a kilobyte would live until a major one (10 µs a call).
const unread = new FinalizationRegistry<DispatchBody<Failure>>((body) => body.dropUnread())

/** With the word of undici's redirect interceptor, which a dispatcher of the user's may hold: the key is in the headers. */
type DispatchOptions = Undici.Dispatcher.DispatchOptions & { readonly maxRedirections: 0 }

const send = (
  dispatcher: Undici.Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  content: string | Uint8Array | null,
  [origin, path]: readonly [origin: string, path: string],
  onConnect: (() => void) | undefined
): Effect.Effect<Response, Failure> =>
  Effect.callback<Response, Failure>((resume) => {
    const own: Dialling = { socket: undefined }
    let controller: Undici.Dispatcher.DispatchController | undefined
    let received: DispatchBody<Failure> | undefined
    let gone = false
    const handler: Undici.Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        controller = started
        if (gone) started.abort(interrupted())
        else onConnect?.()
      },
      onResponseStart: (started, status, headers) => {
        if (status < 200) return
        const body = received = new DispatchBody(started)
        // After what else this read of the socket holds: a small body is whole by then, and
        // its reader need not wait for a second time.
        queueMicrotask(() => {
          if (gone) return
          const response = new DispatchResponse(request, origin + path, status, headers, body)
          resume(Effect.succeed(response))
          if (!body.isRead) unread.register(response, body)
        })
      },
      onResponseData: (_, piece) => received?.push(piece),
      onResponseEnd: () => received?.end(),
      onResponseError: (_, cause) => {
        if (received === undefined) resume(Effect.fail(transportError(request, cause)))
        else received.fail(transportError(request, cause))
      }
    }
    const options: DispatchOptions = {
      origin,
      path,
      method: request.method,
      headers: { "user-agent": userAgent, ...request.headers },
      body: content,
      maxRedirections: 0,
      // Deadlines are the caller's.
      headersTimeout: 0,
      bodyTimeout: 0
    }
    const outer = dialling
    dialling = own
    try {
      dispatcher.dispatch(options, handler)
    } catch (cause) {
      resume(Effect.fail(transportError(request, cause)))
    } finally {
      dialling = outer
    }
    return Effect.sync(() => {
      gone = true
      if (controller !== undefined) controller.abort(interrupted())
      else own.socket?.destroy(interrupted())
    })
  })

const interrupted = (): Error => new Error("the request was interrupted")

/** Over the dispatcher in the context: an agent of `makeAgent`, a ProxyAgent, any other. */
export const make: Effect.Effect<HttpClient.HttpClient, never, NodeHttpClient.Dispatcher> = Effect.gen(function*() {
  const dispatcher = yield* NodeHttpClient.Dispatcher
  // Streamed and form bodies, upgrades: rare, and Effect's own client does them.
  const other = yield* NodeHttpClient.makeUndici
  const client = HttpClient.makeWith(
    (requested) =>
      Effect.flatMap(requested, (request) => {
        const content = body(request)
        if (content === undefined) return other.execute(request)
        const where = target(request)
        if (where === undefined) {
          return Effect.fail(
            new HttpClientError.HttpClientError({
              reason: new HttpClientError.InvalidUrlError({ request, cause: new Error("not an http URL") })
            })
          )
        }
        return Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
          send(dispatcher, request, content, where, fiber.getRef(OnConnect))
        )
      }),
    Effect.succeed<HttpClientRequest.HttpClientRequest>
  )
  return Object.assign(client, { [followsNothing]: true })
})
