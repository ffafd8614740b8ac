/**
 * Answers over HTTP: what a model streams as a web `Response`, for Hono, Next, Bun, Deno, workers and whatever else takes
 * one.
 *
 * ```ts
 * import { eventResponse, Gemini } from "effect-gemini-promises"
 *
 * const gemini = new Gemini()
 * const handler = async (request: Request): Promise<Response> => {
 *   const { prompt } = await request.json()
 *   return eventResponse(gemini.stream(prompt, { signal: request.signal }))
 * }
 *
 * const response = await handler(new Request("http://here", { method: "POST", body: JSON.stringify({ prompt: "Hello" }) }))
 * console.log(response.headers.get("content-type")) // text/event-stream; charset=utf-8
 * await response.text()
 * await gemini.close()
 * ```
 *
 * The first piece is awaited before there is a response, so that a call that is refused has a status that says so. The
 * body is pulled at the reader's pace; when the reader goes away the request to Gemini is closed.
 *
 * @since 0.3.0
 */
import type { StreamChunk } from "effect-gemini/call/Answer"
import type { GeminiErrorReason } from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"

/**
 * The text of a stream as it comes. A stream that breaks later breaks the response off.
 *
 * @category constructors
 * @since 0.3.0
 */
export const textResponse = (
  chunks: AsyncIterable<{ readonly text: string }>,
  init?: ResponseInit
): Promise<Response> => streamed(chunks, ({ text }) => text, undefined, "text/plain; charset=utf-8", init)

/**
 * The elements of a stream as server-sent events, each a line of JSON: of a stream of text `{ text, finished,
 * finishReason?, usage? }`, of any other one the element, as those of `objectStream`. One that breaks later ends with an
 * event called `error`, with what `errorResponse` says.
 *
 * @category constructors
 * @since 0.3.0
 */
export const eventResponse = (items: AsyncIterable<unknown>, init?: ResponseInit): Promise<Response> =>
  streamed(
    items,
    (item) => `data: ${JSON.stringify(isChunk(item) ? shown(item) : item)}\n\n`,
    (error) => `event: error\ndata: ${JSON.stringify(said(error))}\n\n`,
    "text/event-stream; charset=utf-8",
    init
  )

/**
 * A failed call as a response: a status, `retry-after` where that is known, and `{ reason, message }`. What is wrong with
 * the program itself, such as its key, is not told. Anything but a GeminiError is thrown again.
 *
 * @category constructors
 * @since 0.3.0
 */
export const errorResponse = (error: unknown): Response => {
  if (!(error instanceof GeminiError)) throw error
  const { retryAfter } = error
  return Response.json(said(error), {
    status: statusOf(error.reason),
    ...(retryAfter && { headers: { "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) } })
  })
}

const statusOf = (reason: GeminiErrorReason): number => {
  switch (reason._tag) {
    case "InvalidRequest":
    case "NotFound":
    case "Unsupported":
      return 400
    case "RequestTooLarge":
      return 413
    case "PromptBlocked":
    case "ResponseBlocked":
      return 422
    case "RateLimited":
    case "LimiterFull":
    case "QuotaExhausted":
      return 429
    case "MissingApiKey":
    case "Unauthenticated":
    case "LiveNotProvided":
    case "Unpriced":
      return 500
    case "LimiterUnavailable":
    case "Overloaded":
      return 503
    case "TimedOut":
      return 504
    default:
      return 502
  }
}

const said = ({ reason }: GeminiError) => ({
  reason: reason._tag,
  message: statusOf(reason) === 500 ? "the service is not set up to answer" : reason.message
})

const isChunk = (item: unknown): item is StreamChunk =>
  typeof item === "object" && item !== null && "text" in item && "finished" in item && "response" in item

/** A chunk without the wire response, which is several times as long. */
const shown = ({ finishReason, finished, text, usage }: StreamChunk) => ({ text, finished, finishReason, usage })

const encoder = new TextEncoder()

const streamed = async <A>(
  items: AsyncIterable<A>,
  write: (item: A) => string,
  writeError: ((error: GeminiError) => string) | undefined,
  contentType: string,
  init: ResponseInit | undefined
): Promise<Response> => {
  const iterator = items[Symbol.asyncIterator]()
  let first: IteratorResult<A, unknown> | undefined
  try {
    first = await iterator.next()
  } catch (error) {
    return errorResponse(error)
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = first ?? await iterator.next()
        first = undefined
        if (next.done === true) return controller.close()
        controller.enqueue(encoder.encode(write(next.value)))
      } catch (error) {
        if (writeError === undefined || !(error instanceof GeminiError)) throw error
        controller.enqueue(encoder.encode(writeError(error)))
        controller.close()
      }
    },
    async cancel() {
      await iterator.return?.()
    }
  }, { highWaterMark: 0 })
  const headers = new Headers(init?.headers)
  headers.set("content-type", contentType)
  if (!headers.has("cache-control")) headers.set("cache-control", "no-cache, no-transform")
  return new Response(body, { ...init, headers })
}
