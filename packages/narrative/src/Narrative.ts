/**
 * A narrative: acts in TOML, each played by a model of its own.
 *
 * `parse` checks the whole before anything is sent; `execute` plays it and returns
 * every act's result; `executeStream` tells what happens while it happens.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { NarrativeEvent } from "./NarrativeEvent.ts"

/**
 * One act as it stands in the file.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Act = Schema.Struct({
  name: Schema.String,
  model: Schema.optionalKey(Schema.String),
  system: Schema.optionalKey(Schema.String),
  prompt: Schema.String
})

/**
 * @category schemas
 * @since 0.1.0
 */
export const Narrative = Schema.Struct({
  title: Schema.String,
  acts: Schema.Array(Act)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Narrative = typeof Narrative.Type

/**
 * A narrative that cannot be played, and why.
 *
 * @category errors
 * @since 0.1.0
 */
export class NarrativeError extends Schema.TaggedError<NarrativeError>("effect-gemini-narrative/NarrativeError")(
  "NarrativeError",
  { file: Schema.String, description: Schema.String }
) {
  override get message(): string {
    return `${this.file}: ${this.description}`
  }
}

const decode = Schema.decodeUnknownResult(Narrative)

/**
 * TOML text → narrative.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string, file: string): Result.Result<Narrative, NarrativeError> => {
  const toml = Toml.parse(text)
  if (Result.isFailure(toml)) return Result.fail(new NarrativeError({ file, description: String(toml.failure) }))
  return Result.mapError(
    decode(toml.success),
    (error) => new NarrativeError({ file, description: error.message })
  )
}

/**
 * Plays the acts in the order of the file, as typed events.
 *
 * @category execution
 * @since 0.1.0
 */
export const executeStream = (
  narrative: Narrative,
  options: { readonly model?: string | undefined } = {}
): Stream.Stream<NarrativeEvent, GeminiError, GeminiClient.GeminiClient> =>
  Stream.unwrap(Effect.map(GeminiClient.GeminiClient, (client) => {
    const play = (act: typeof Act.Type): Stream.Stream<NarrativeEvent, GeminiError> => {
      const model = options.model ?? act.model
      let text = ""
      let answeredBy = model ?? ""
      const chunks = client.generateStream({
        ...(model === undefined ? {} : { model }),
        ...(act.system === undefined ? {} : { systemInstruction: { parts: [{ text: act.system }] } }),
        contents: act.prompt
      })
      return Stream.concat(
        Stream.succeed<NarrativeEvent>({ _tag: "ActStarted", act: act.name, model }),
        Stream.flatMap(chunks, (chunk): Stream.Stream<NarrativeEvent> => {
          text += chunk.text
          answeredBy = chunk.response.modelVersion ?? answeredBy
          const said: NarrativeEvent = { _tag: "Chunk", act: act.name, text: chunk.text }
          return chunk.finished
            ? Stream.make(said, { _tag: "ActFinished", act: act.name, model: answeredBy, text, usage: chunk.usage })
            : Stream.make(said)
        })
      )
    }
    return Stream.concat(
      Stream.flatMap(Stream.fromIterable(narrative.acts), play),
      Stream.succeed<NarrativeEvent>({ _tag: "NarrativeFinished", title: narrative.title })
    )
  }))
