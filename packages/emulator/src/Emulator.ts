/**
 * A local Gemini: the API's methods answered without a key, a network or a bill.
 *
 * `layerServer` listens on real sockets of 127.0.0.1, for any client in any language;
 * `layerHttpClient` answers in memory, so that tests run under TestClock.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as GeminiHandler from "./GeminiHandler.ts"
import * as NodeServer from "./internal/nodeServer.ts"
import * as RequestLog from "./RequestLog.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends GeminiHandler.Options {
  /** Default 0: any free port. */
  readonly port?: number | undefined
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined
}

/**
 * A running emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Base URL for clients: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** What arrived, in order. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestLog.Entry>>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, Service>()("effect-gemini-emulator/Emulator") {}

/**
 * On real sockets, for the life of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerServer = (options: Options = {}): Layer.Layer<Emulator> =>
  Layer.effect(
    Emulator,
    Effect.gen(function*() {
      const log = RequestLog.make()
      const handle = yield* GeminiHandler.make(options, log)
      const url = yield* NodeServer.listen({ host: options.host ?? "127.0.0.1", port: options.port ?? 0, handle })
      return Emulator.of({ url, requests: Effect.sync(() => log.entries()) })
    })
  )

/**
 * In memory, as an HttpClient: no socket, and time is the caller's Clock.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient = (options: Options = {}): Layer.Layer<Emulator | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const log = RequestLog.make()
      const handle = yield* GeminiHandler.make(options, log)
      const client = HttpClient.make((request, url, signal) =>
        Effect.gen(function*() {
          const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
          const response = yield* handle({
            method: request.method,
            url,
            headers: request.headers,
            body,
            signal
          })
          return HttpClientResponse.fromWeb(request, response)
        })
      )
      return Context.make(HttpClient.HttpClient, client).pipe(
        Context.add(
          Emulator,
          Emulator.of({ url: "http://emulator.invalid", requests: Effect.sync(() => log.entries()) })
        )
      )
    })
  )
