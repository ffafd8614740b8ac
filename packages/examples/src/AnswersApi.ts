/**
 * An HTTP API on effect/http-api: what Gemini could not do reaches the caller as a status
 * that says whose turn it is. 400: change the request. 402: the quota is spent. 429: come
 * back after Retry-After. 502: Gemini failed. 503: Gemini is overloaded. 504: it took too long.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const said = { message: Schema.String }

export class BadPrompt extends Schema.TaggedError<BadPrompt>()("BadPrompt", said, { httpApiStatus: 400 }) {}
export class QuotaSpent extends Schema.TaggedError<QuotaSpent>()("QuotaSpent", said, { httpApiStatus: 402 }) {}
export class BadAnswer extends Schema.TaggedError<BadAnswer>()("BadAnswer", said, { httpApiStatus: 502 }) {}
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", said, { httpApiStatus: 503 }) {}
export class TooSlow extends Schema.TaggedError<TooSlow>()("TooSlow", said, { httpApiStatus: 504 }) {}

/** The seconds that the caller should wait; they travel in the Retry-After header. */
export class TooMany extends Schema.TaggedError<TooMany>()("TooMany", { ...said, seconds: Schema.Int }) {}

const TooManyWithHeader = TooMany.pipe(
  HttpApiSchema.encodeToWithHeaders({
    body: Schema.TaggedStruct("TooMany", said).pipe(HttpApiSchema.status(429)),
    headers: { "retry-after": Schema.Int }
  }, {
    decode: ({ body, headers }) => new TooMany({ message: body.message, seconds: headers["retry-after"] }),
    encode: ({ message, seconds }) => ({
      body: { _tag: "TooMany" as const, message },
      headers: { "retry-after": seconds }
    })
  })
)

export const Api = HttpApi.make("answers").add(
  HttpApiGroup.make("answers").add(
    HttpApiEndpoint.post("ask", "/answers", {
      payload: Schema.Struct({ prompt: Schema.String, model: Schema.optionalKey(Schema.String) }),
      success: Schema.Struct({ text: Schema.String, model: Schema.String }),
      error: [BadPrompt, QuotaSpent, TooManyWithHeader, BadAnswer, Overloaded, TooSlow]
    })
  )
)

type Refusal = BadPrompt | QuotaSpent | TooMany | BadAnswer | Overloaded | TooSlow

/**
 * Every reason has its place: with a new one this would not compile. The caller is not told details of what is our own
 * fault.
 */
export const refusalOf = ({ reason, retryAfter }: GeminiError): Refusal => {
  const { message } = reason
  switch (reason._tag) {
    case "InvalidRequest":
    case "NotFound":
    case "RequestTooLarge":
    case "Unsupported":
    case "PromptBlocked":
    case "ResponseBlocked":
      return new BadPrompt({ message })
    case "QuotaExhausted":
      return new QuotaSpent({ message })
    case "RateLimited":
    case "LimiterFull":
      return new TooMany({
        message,
        seconds: Math.ceil(Duration.toSeconds(retryAfter ?? Duration.seconds(10)))
      })
    case "LimiterUnavailable":
    case "Overloaded":
      return new Overloaded({ message })
    case "TimedOut":
      return new TooSlow({ message })
    case "MissingApiKey":
    case "Unpriced":
    case "Unauthenticated":
    case "LiveNotProvided":
      return new BadAnswer({ message: "this server may not use Gemini" })
    case "ServerError":
    case "Network":
    case "InvalidResponse":
    case "ResponseTooLarge":
    case "ToolCallRejected":
    case "StreamInterrupted":
    case "Live":
      return new BadAnswer({ message })
  }
}

/** The handlers. They need a GeminiClient: `FetchGemini.layerConfig()` or another. */
export const AnswersLive = HttpApiBuilder.group(
  Api,
  "answers",
  Effect.fnUntraced(function*(handlers) {
    const gemini = yield* GeminiClient
    return handlers.handle(
      "ask",
      ({ payload: { model, prompt } }) =>
        gemini.generate({ contents: prompt, ...(model === undefined ? {} : { model }) }).pipe(
          Effect.map((answer) => ({ text: answer.text, model: answer.model })),
          Effect.mapError(refusalOf)
        )
    )
  })
)

export const ApiLive = HttpApiBuilder.layer(Api).pipe(Layer.provide(AnswersLive))
