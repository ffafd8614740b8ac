/** A provider of `effect/ai` that is judged, and the API behind it. */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Model from "effect/ai/Model"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import type { Sent } from "./Sent.ts"
import type { Answer, Refusal } from "./Turn.ts"

/** How an API writes what is said, and how it is asked. */
export interface Wire {
  /** The body of a whole answer, as JSON. */
  readonly whole: (answer: Answer) => unknown
  /** The events of a streamed answer, as they go over the connection. Cut anywhere, they are a stream that broke. */
  readonly events: (answer: Answer) => string
  /** The body of a refusal, as JSON. */
  readonly refusal: (refusal: Refusal) => unknown
  /** Whether a request asks for events. */
  readonly isStream: (url: URL, body: unknown) => boolean
  readonly read: (body: unknown) => Sent
}

/** A provider that takes part in the suite. */
export interface Subject {
  readonly name: string
  readonly wire: Wire
  /** The provider over an HttpClient, without retries of its own. */
  readonly layer: Layer.Layer<
    LanguageModel.LanguageModel | Model.ProviderName | Model.ModelName,
    never,
    HttpClient.HttpClient
  >
  /** The key that it sends, which no error may tell. */
  readonly key: string
  /** Points that it is known not to meet, by their names, each with the reason. One that it meets after all is told. */
  readonly misses: Readonly<Record<string, string>>
}
