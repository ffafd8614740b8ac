/**
 * The response of our own clients: Effect's interface over a `PushedBody`.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders } from "node:http"
import { type Bounded, textWithin, type Within } from "./boundedText.ts"
import type { PushedBody } from "./PushedBody.ts"

type Failure = HttpClientError.HttpClientError

/** The headers as `fetch` has them, or as undici pushes them. */
type Received = globalThis.Headers | IncomingHttpHeaders

const cookiesOf = (headers: Received): string | ReadonlyArray<string> => {
  if (headers instanceof globalThis.Headers) return headers.getSetCookie()
  return headers["set-cookie"] ?? []
}

// A response that is dropped unread would hold its socket, so collecting it lets the socket go. Only responses that
// nobody reads at once are registered: minor collections keep what a registry knows, and a kilobyte of every call would
// live until a major one (10 µs a call).
const unread = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<PushedBody<Failure>>((body) => body.dropUnread())

export class PushedResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse, Bounded {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  // The value of `HttpClientResponse.TypeId`: importing it would bring Effect's own response into every bundle.
  readonly "~effect/http/HttpClientResponse" = "~effect/http/HttpClientResponse"
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly status: number
  readonly #headers: Received
  readonly #body: PushedBody<Failure>

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    url: string,
    status: number,
    headers: Received,
    body: PushedBody<Failure>
  ) {
    super()
    this.request = request
    this.url = url
    this.status = status
    this.#headers = headers
    this.#body = body
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.#headers)
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(cookiesOf(this.#headers))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get stream(): Stream.Stream<Uint8Array, Failure> {
    const body = this.#body
    return Stream.fromChannel(
      Channel.fromTransform((_: Effect.Effect<unknown, unknown>, scope) =>
        Effect.as(Scope.addFinalizer(scope, Effect.sync(() => body.abort())), body.open())
      )
    )
  }

  get text(): Effect.Effect<string, Failure> {
    return Effect.map(this.#body.text(), (text) => text ?? "")
  }

  [textWithin](limit: number): Within {
    return this.#body.text(limit)
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    return Effect.map(this.#body.bytes(), (bytes) => new Uint8Array(bytes ?? []).buffer)
  }

  get json(): Effect.Effect<Schema.Json, Failure> {
    return Effect.flatMap(this.text, (text) => this.#decoded(() => text === "" ? null : JSON.parse(text)))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return Effect.flatMap(
      this.text,
      (text) => this.#decoded(() => UrlParams.fromInput(new URLSearchParams(text)))
    )
  }

  get formData(): Effect.Effect<FormData, Failure> {
    return Effect.flatMap(
      this.arrayBuffer,
      (bytes) =>
        this.#decoded(() =>
          new Response(bytes, { headers: { "content-type": this.headers["content-type"] ?? "" } }).formData()
        )
    )
  }

  get upgrade(): Effect.Effect<never, Failure> {
    const description = "this client hands over no connection"
    return Effect.fail(
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.StatusCodeError({ request: this.request, response: this, description })
      })
    )
  }

  /** Lets go of the body once this response was collected, if nobody has read it by then. */
  dropUnread(): void {
    if (!this.#body.isRead) unread?.register(this, this.#body)
  }

  #decoded<A>(decode: () => A | Promise<A>): Effect.Effect<A, Failure> {
    return Effect.tryPromise({
      try: async () => decode(),
      catch: (cause) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
        })
    })
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "effect/http/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
