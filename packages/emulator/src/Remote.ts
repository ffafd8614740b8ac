/**
 * The service of an emulator that runs in another process, over its admin API: the same interface as `Emulator` gives in
 * this one. What only a program has, functions, bytes and iterables, cannot go there and is refused.
 *
 * ```ts
 * import * as Emulator from "effect-gemini-emulator/Emulator"
 * import * as Remote from "effect-gemini-emulator/Remote"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const remote = (url: string) =>
 *   Remote.layer({ url, space: "test-1" }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const program = Effect.gen(function*() {
 *   const { url } = yield* Emulator.Emulator // here it is one of this process
 *   const told = Emulator.Emulator.use((gemini) => Effect.andThen(gemini.enqueue("Hello"), gemini.waiting))
 *   return yield* Effect.provide(told, remote(url))
 * })
 * console.log(await Effect.runPromise(Effect.provide(program, Emulator.layerServer()))) // 1
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AdminApi from "./admin/AdminApi.ts"
import { Emulator, type Service } from "./Emulator.ts"
import * as RemoteService from "./internal/admin/remoteService.ts"

/**
 * Where the emulator is, and which of its spaces is meant.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** The address of the emulator, without a space: `http://127.0.0.1:8790`. */
  readonly url: string
  /** The space, which is made if it is not there. Default `default`. */
  readonly space?: string | undefined
  /** What opens the admin API of a server that others can reach. */
  readonly token?: string | Redacted.Redacted<string> | undefined
}

/**
 * The emulator cannot be reached, does not let this client in, or is none. It is a failure when a client is made; later
 * it is a defect, since the service in this process cannot fail so.
 *
 * @category errors
 * @since 0.2.0
 */
export class RemoteError extends Schema.TaggedError<RemoteError>("effect-gemini-emulator/RemoteError")("RemoteError", {
  url: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `the emulator at ${this.url}: ${this.description}`
  }
}

/**
 * The service of one space of an emulator of another process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Service, RemoteError, HttpClient.HttpClient> {
  const url = options.url.replace(/\/+$/, "")
  const token = Redacted.isRedacted(options.token) ? Redacted.value(options.token) : options.token
  const http = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      token === undefined ? request : HttpClientRequest.setHeader(request, "x-emulator-token", token)
    )
  )
  const client = yield* HttpApiClient.makeWith(AdminApi.Api, { baseUrl: url, httpClient: http })
  const failure = (error: unknown) =>
    new RemoteError({ url, description: error instanceof Error ? error.message : String(error) })
  const service = RemoteService.make({ client, address: url, failure }, options.space ?? "default")
  yield* Effect.mapError(
    client.health(),
    (error) =>
      new RemoteError({ url, description: `it does not answer as an emulator does: ${failure(error).description}` })
  )
  if (options.space !== undefined) yield* Effect.mapError(service.space(options.space), failure)
  return service
})

/**
 * The service of one space of an emulator of another process, as a layer.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<Emulator, RemoteError, HttpClient.HttpClient> =>
  Layer.effect(Emulator, Effect.map(make(options), (service) => Emulator.of(service)))
