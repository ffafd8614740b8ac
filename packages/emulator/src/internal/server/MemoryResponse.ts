/**
 * A response whose body is played by the reader's own fiber: pacing and faults happen
 * under its Clock, and an interrupt reaches the emulator at once.
 */
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

type Failure = HttpClientError.HttpClientError

export class MemoryResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies: Cookies.Cookies = Cookies.empty
  readonly remoteAddress: Option.Option<string> = Option.none()
  readonly stream: Stream.Stream<Uint8Array, Failure>
  #bytes: Effect.Effect<Uint8Array<ArrayBuffer>, Failure> | undefined

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: (self: MemoryResponse) => Stream.Stream<Uint8Array, Failure>
  ) {
    super()
    this.request = request
    this.url = url.href
    this.status = status
    this.headers = Headers.fromInput(headers)
    this.stream = body(this)
  }

  get bytes(): Effect.Effect<Uint8Array<ArrayBuffer>, Failure> {
    // The body can be played only once; later readers get the same bytes.
    return this.#bytes ??= Effect.runSync(Effect.cached(Effect.map(Stream.runCollect(this.stream), (pieces) => {
      const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
      let at = 0
      for (const piece of pieces) {
        all.set(piece, at)
        at += piece.length
      }
      return all
    })))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    return Effect.map(this.bytes, (bytes) => bytes.buffer)
  }

  get text(): Effect.Effect<string, Failure> {
    return Effect.map(this.bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, Failure> {
    return Effect.flatMap(this.text, (text) => this.#decoded(() => text === "" ? null : JSON.parse(text)))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, Failure> {
    return Effect.fail(this.#failure("the emulator sends no forms"))
  }

  get upgrade(): Effect.Effect<never, Failure> {
    return Effect.fail(this.#failure("no connection to hand over in memory"))
  }

  #failure(description: string, cause?: unknown): Failure {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, description, cause })
    })
  }

  #decoded<A>(evaluate: () => A): Effect.Effect<A, Failure> {
    return Effect.try({ try: evaluate, catch: (cause) => this.#failure("not JSON", cause) })
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
