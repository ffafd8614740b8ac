/**
 * Request → response, as the real server would answer it: a web handler that knows
 * no sockets. Time comes from the Clock.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Generator from "./internal/generator.ts"
import * as RequestLog from "./RequestLog.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Milliseconds between two chunks of a stream. Default 0. */
  readonly chunkDelay?: number | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface EmulatorRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly signal: AbortSignal
}

/**
 * @category models
 * @since 0.1.0
 */
export type Handler = (request: EmulatorRequest) => Effect.Effect<Response>

const json = (status: number, body: unknown): Response =>
  new Response(`${JSON.stringify(body, undefined, 2)}\n`, {
    status,
    headers: { "content-type": "application/json; charset=UTF-8" }
  })

const failure = (code: number, status: string, message: string, details?: ReadonlyArray<unknown>): Response =>
  json(code, { error: { code, message, status, ...(details === undefined ? {} : { details }) } })

const noKey = "Method doesn't allow unregistered callers (callers without established identity). " +
  "Please use API Key or other form of API consumer identity to call this API."

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options, log: RequestLog.RequestLog): Effect.Effect<Handler> =>
  Effect.succeed((request) =>
    Effect.gen(function*() {
      const time = yield* Clock.currentTimeMillis
      const route = /^\/(v1|v1beta|v1alpha)\/models\/([^/:]+):(\w+)$/.exec(request.url.pathname)
      const [, version, model, method] = route ?? []
      const body = parse(request.body)
      log.add({
        time,
        method: request.method,
        path: request.url.pathname,
        model,
        body,
        headers: RequestLog.withoutSecrets(request.headers)
      })
      const key = request.headers["x-goog-api-key"] ?? request.url.searchParams.get("key")
      if (key === null || key === "") return failure(403, "PERMISSION_DENIED", noKey)
      if (model === undefined || !model.startsWith("gemini-")) {
        return failure(
          404,
          "NOT_FOUND",
          `models/${model} is not found for API version ${version}, or is not supported for ${method}. ` +
            "Call ListModels to see the list of available models and their supported methods."
        )
      }
      if (!Generator.isRequest(body)) {
        return failure(400, "INVALID_ARGUMENT", "* GenerateContentRequest.contents: contents is not specified\n")
      }
      const chunks = Generator.chunks(model, body)
      if (method === "generateContent") return json(200, Generator.whole(chunks))
      const context = yield* Effect.context<never>()
      const bytes = Stream.fromIterable(chunks).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((chunk) => Effect.as(Effect.sleep(options.chunkDelay ?? 0), chunk)),
        Stream.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`),
        Stream.encodeText
      )
      return new Response(Stream.toReadableStreamWith(bytes, context), {
        status: 200,
        headers: { "content-type": "text/event-stream" }
      })
    })
  )
