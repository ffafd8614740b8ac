/**
 * An HttpClient on undici's `dispatch`. What `request()` adds to it (a Readable, an AsyncResource, an AbortSignal) is
 * more than half of a call's CPU time.
 *
 * It also closes what undici leaves open: a request that is interrupted while its socket still connects closes that
 * socket, instead of leaving it to the connect timeout.
 */
import type * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import type { Socket } from "node:net"
import type { Readable } from "node:stream"
import { version } from "../config/version.ts"
import { OnConnect } from "./connection.ts"
import { PushedBody } from "./PushedBody.ts"
import { PushedResponse } from "./PushedResponse.ts"
import { followsNothing } from "./redirect.ts"
import { noUndici } from "./responseBody.ts"

type Response = HttpClientResponse.HttpClientResponse
type Failure = HttpClientError.HttpClientError

/** The tag of `NodeHttpClient.Dispatcher`. Importing that module would take as long as all of ours. */
export const Dispatcher: Context.Service<NodeHttpClient.Dispatcher, Undici.Dispatcher> = Context.Service(
  "@effect/platform-node/NodeHttpClient/Dispatcher"
)

const userAgent = `effect-gemini/${version}`

/** A request that has not begun yet, and the socket that connects for it. */
interface Dialling {
  socket: Socket | undefined
}

// undici dials within `dispatch`, one connecting socket for each request, so the request that is being dispatched is
// the one that dials. With a dispatcher of the user's this is never read.
let dialling: Dialling | undefined

// These are loaded where they are needed, and by names that stand apart, so that no bundler takes them along: reading
// them took longer than all else before a program's first answer.
const unbundled = { undici: "undici", client: "@effect/platform-node/NodeHttpClient" }

// undici's versions promise no such paths, so where they are gone its whole takes their place.
const load = Effect.promise(async (): Promise<Makers> => {
  try {
    const [agent, connect] = await Promise.all([
      import("undici/lib/dispatcher/agent.js"),
      import("undici/lib/core/connect.js")
    ])
    return { Agent: agent.default, buildConnector: connect.default }
  } catch {
    return import(unbundled.undici)
  }
})

/** An agent whose connecting sockets can be closed. `connectTimeout` is in milliseconds; 0 means none. */
export const makeAgent = (connectTimeout: number): Effect.Effect<Undici.Agent> =>
  Effect.map(load, (undici) => agentOf(undici, connectTimeout))

/** What an agent is made of. */
type Makers = Pick<typeof Undici, "Agent" | "buildConnector">

/**
 * The agent of a module that may be a stub: other runtimes bring an `undici` whose classes do nothing (Bun, 2026), and a
 * layer is built all the same.
 */
export const agentOf = (undici: Makers, connectTimeout: number): Undici.Agent => {
  const isWhole = typeof undici.buildConnector === "function" && typeof undici.Agent?.prototype?.dispatch === "function"
  const connector = isWhole ? undici.buildConnector({ timeout: connectTimeout }) : undefined
  if (connector === undefined) return Object.assign(Object.create(null), { dispatch: refuse, destroy: noop })
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
}

const noop = (): Promise<void> => Promise.resolve()

const refuse = (): never => {
  throw Object.assign(new Error("its undici sends nothing: NodeGemini needs Node.js, FetchGemini runs everywhere"), {
    code: noUndici
  })
}

// undici returns the socket, though its types do not say so.
const isSocket = (value: unknown): value is Socket => typeof value === "object" && value !== null && "destroy" in value

const transportError = (request: HttpClientRequest.HttpClientRequest, cause: unknown): Failure =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

/** Origin and path, or undefined if there is no URL. */
const target = (request: HttpClientRequest.HttpClientRequest): readonly [origin: string, path: string] | undefined => {
  const { url } = request
  if (request.urlParams.params.length === 0 && /^https?:\/\//.test(url)) {
    const slash = url.indexOf("/", 8)
    if (slash > 0 && !url.includes("#")) return [url.slice(0, slash), url.slice(slash)]
  }
  const parsed = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  return parsed === undefined ? undefined : [parsed.origin, parsed.pathname + parsed.search]
}

/** A body as undici takes it, and the headers that go with it. */
interface Content {
  readonly body: string | Uint8Array | Readable | null
  readonly headers: Readonly<Record<string, string>>
}

/** What the request sends, or undefined where only Effect's own client can send it. */
const content = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Content, Failure> | Content | undefined => {
  const { body, headers } = request
  if (headers["upgrade"] !== undefined) return undefined
  switch (body._tag) {
    case "Empty":
      return { body: null, headers }
    case "Uint8Array":
      return { body: body.body, headers }
    case "Stream":
      return Effect.flatMap(
        Effect.tryPromise({ try: () => import("@effect/platform-node/NodeStream"), catch: () => noPlatform(request) }),
        ({ toReadable }) => Effect.map(toReadable(body.stream), (body) => ({ body, headers }))
      )
    case "FormData":
      return Effect.promise(async () => {
        const { Readable } = await import("node:stream")
        const form = new Response(body.formData)
        const bytes: AsyncIterable<Uint8Array> | null = form.body
        return {
          body: bytes === null ? null : Readable.from(bytes, { objectMode: false }),
          headers: { ...headers, "content-type": form.headers.get("content-type") ?? "multipart/form-data" }
        }
      })
    case "Raw":
      return undefined
  }
}

/**
 * Options with the field by which undici's redirect interceptor is switched off: a dispatcher of the user's may have
 * one, and the key is in the headers.
 */
type DispatchOptions = Undici.Dispatcher.DispatchOptions & { readonly maxRedirections: 0 }

const send = (
  dispatcher: Undici.Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  { body, headers }: Content,
  [origin, path]: readonly [origin: string, path: string],
  onConnect: (() => void) | undefined
): Effect.Effect<Response, Failure> =>
  Effect.callback<Response, Failure>((resume) => {
    const own: Dialling = { socket: undefined }
    let controller: Undici.Dispatcher.DispatchController | undefined
    let received: PushedBody<Failure> | undefined
    let gone = false
    const handler: Undici.Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        controller = started
        if (gone) started.abort(interrupted())
        else onConnect?.()
      },
      onResponseStart: (started, status, answered) => {
        if (status < 200) return
        const answer = received = new PushedBody(started)
        // This runs after everything else that this read of the socket holds: a small body is whole by then, and its
        // reader need not wait a second time.
        queueMicrotask(() => {
          if (gone) return
          const response = new PushedResponse(request, origin + path, status, answered, answer)
          resume(Effect.succeed(response))
          response.dropUnread()
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
      headers: { "user-agent": userAgent, ...headers },
      body,
      maxRedirections: 0,
      // The caller sets the deadlines.
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

/** `@effect/platform-node` is an optional peer, of which a bundle takes along only what makes a stream a body. */
const noPlatform = (request: HttpClientRequest.HttpClientRequest): Failure => {
  const description =
    "upgrades and bodies that stream or are raw need @effect/platform-node, in node_modules where a bundle leaves it out"
  return new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, description }) })
}

/**
 * Gives a dispatcher the method that Effect's own client asks. Agents have it since undici's whole was loaded, but not the
 * agent of a bundle, which is of a copy of its own.
 */
const asked = (dispatcher: { readonly request?: unknown }, { Dispatcher }: Pick<typeof Undici, "Dispatcher">): void => {
  if (dispatcher.request === undefined) Object.assign(dispatcher, { request: Dispatcher.prototype.request })
}

/** Effect's own client, for the rare request that asks for an upgrade or has a body of another kind. */
const other = (
  request: HttpClientRequest.HttpClientRequest,
  dispatcher: Undici.Dispatcher
): Effect.Effect<Response, Failure> =>
  Effect.tryPromise({
    try: async (): Promise<typeof NodeHttpClient> => {
      const whole: Promise<Pick<typeof Undici, "Dispatcher">> = import(unbundled.undici)
      asked(dispatcher, await whole)
      return import(unbundled.client)
    },
    catch: () => noPlatform(request)
  }).pipe(
    Effect.flatMap(({ makeUndici }) => makeUndici),
    Effect.provideService(Dispatcher, dispatcher),
    Effect.flatMap((client) => client.execute(request))
  )

/** The client over the dispatcher in the context: an agent of `makeAgent`, a ProxyAgent, or any other. */
export const make: Effect.Effect<HttpClient.HttpClient, never, NodeHttpClient.Dispatcher> = Effect.map(
  Dispatcher,
  (dispatcher) => {
    const client = HttpClient.makeWith(
      (requested) =>
        Effect.flatMap(requested, (request) => {
          const what = content(request)
          if (what === undefined) return other(request, dispatcher)
          const where = target(request)
          if (where === undefined) {
            return Effect.fail(
              new HttpClientError.HttpClientError({
                reason: new HttpClientError.InvalidUrlError({ request, cause: new Error("not an http URL") })
              })
            )
          }
          return Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
            const sent = (content: Content) => send(dispatcher, request, content, where, fiber.getRef(OnConnect))
            return Effect.isEffect(what) ? Effect.flatMap(what, sent) : sent(what)
          })
        }),
      Effect.succeed<HttpClientRequest.HttpClientRequest>
    )
    return Object.assign(client, { [followsNothing]: true })
  }
)
