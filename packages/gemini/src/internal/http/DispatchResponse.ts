/**
 * The response of the dispatch client: Effect's interface over a `DispatchBody`.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders } from "node:http"
import { type Bounded, textWithin, type Within } from "./boundedText.ts"
import type { DispatchBody } from "./DispatchBody.ts"

type Failure = HttpClientError.HttpClientError

export class DispatchResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse, Bounded {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly status: number
  readonly #headers: IncomingHttpHeaders
  readonly #body: DispatchBody<Failure>

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    url: string,
    status: number,
    headers: IncomingHttpHeaders,
    body: DispatchBody<Failure>
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
    return Cookies.fromSetCookie(this.#headers["set-cookie"] ?? [])
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
    return Effect.flatMap(this.#web, (web) => web.json)
  }

  get urlParamsBody() {
    return Effect.flatMap(this.#web, (web) => web.urlParamsBody)
  }

  get formData(): Effect.Effect<FormData, Failure> {
    return Effect.flatMap(this.#web, (web) => web.formData)
  }

  get upgrade() {
    return Effect.flatMap(this.#web, (web) => web.upgrade)
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

  /** The same answer with its body in hand, for what is seldom asked of it. */
  get #web(): Effect.Effect<HttpClientResponse.HttpClientResponse, Failure> {
    return Effect.map(this.arrayBuffer, (bytes) => {
      const contentType = this.headers["content-type"]
      return HttpClientResponse.fromWeb(
        this.request,
        new Response(this.status === 204 || this.status === 304 ? null : bytes, {
          status: this.status,
          headers: contentType === undefined ? {} : { "content-type": contentType }
        })
      )
    })
  }
}
