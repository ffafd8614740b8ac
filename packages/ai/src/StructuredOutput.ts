/**
 * Objects from a model: streamed as they come, and asked for again when they do not fit.
 *
 * `stream` gives what is certain so far, decoded, element by element; the last element is
 * the whole object, the same that `LanguageModel.generateObject` gives. `generate` asks
 * again, with what was wrong, as often as it may, and counts.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
 * import * as StructuredOutput from "effect-gemini-ai/StructuredOutput"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 * import * as Stream from "effect/Stream"
 *
 * const Recipe = Schema.Struct({ title: Schema.String, steps: Schema.Array(Schema.String) })
 * const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
 *
 * StructuredOutput.stream({ prompt: "a recipe for bread", schema: Recipe }).pipe(
 *   Stream.runForEach((recipe) => Effect.sync(() => console.log(recipe.title, recipe.steps?.length))),
 *   Effect.provide(gemini),
 *   Effect.runPromise
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as GeminiLanguageModel from "./GeminiLanguageModel.ts"
import * as GeminiSchema from "./GeminiSchema.ts"
import * as ObjectEnd from "./internal/objectEnd.ts"
import { partialDecode } from "./internal/partialDecode.ts"
import * as PartialJson from "./internal/partialJson.ts"

/**
 * An object of which parts may still be missing, at every depth.
 *
 * @category utility types
 * @since 0.1.0
 */
export type DeepPartial<T> = T extends ReadonlyArray<infer A> ? ReadonlyArray<DeepPartial<A>>
  : T extends Date | Uint8Array | URL ? T
  : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
  : T

const moduleName = "StructuredOutput"

const unsupported = (error: unknown): AiError.AiError =>
  AiError.make({
    module: moduleName,
    method: "stream",
    reason: new AiError.UnsupportedSchemaError({ description: error instanceof Error ? error.message : String(error) })
  })

const misfit = (responseText: string) => (error: Schema.SchemaError): AiError.AiError =>
  AiError.make({
    module: moduleName,
    method: "stream",
    reason: AiError.StructuredOutputError.fromSchemaError(error, responseText)
  })

/**
 * What is known of an object that comes: parts of it, and at last the whole.
 *
 * @category models
 * @since 0.3.0
 */
export type Piece<T> =
  | { readonly finished: false; readonly value: DeepPartial<T> }
  | { readonly finished: true; readonly value: T }

/**
 * What is asked for. `partial` is the schema that unfinished objects are decoded by, where `schema` itself has no fields
 * to look into, such as a schema that another library checks. Default: `schema`.
 *
 * @category options
 * @since 0.3.0
 */
export interface StreamOptions<T, E, RD> {
  readonly prompt: Prompt.RawInput
  readonly schema: Schema.Codec<T, E, RD, unknown>
  readonly partial?: Schema.Top | undefined
}

/**
 * The object as it comes. Each element knows at least what the one before knew; the last
 * is whole. Fails with a `StructuredOutputError` when the whole does not fit the schema.
 * The schema goes out as a setting of `GeminiLanguageModel`: `effect/ai` streams text only.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <T, E, RD>(
  options: StreamOptions<T, E, RD>
): Stream.Stream<DeepPartial<T>, AiError.AiError, LanguageModel.LanguageModel | RD> =>
  // The whole is a T of which nothing is missing.
  Stream.map(pieces(options), ({ value }) => value as DeepPartial<T>)

/**
 * The same, with a word on each element whether it is the whole.
 *
 * @category constructors
 * @since 0.3.0
 */
export const pieces = <T, E, RD>(
  options: StreamOptions<T, E, RD>
): Stream.Stream<Piece<T>, AiError.AiError, LanguageModel.LanguageModel | RD> =>
  Stream.unwrap(Effect.gen(function*() {
    const { codec, jsonSchema } = yield* Effect.try({
      try: () => GeminiSchema.toCodecGemini(options.schema),
      catch: unsupported
    })
    const outer = Option.getOrUndefined(yield* Effect.serviceOption(GeminiLanguageModel.Config))
    const config = { ...outer, responseMimeType: "application/json", responseJsonSchema: jsonSchema } as const
    let text = ""
    let finish: ObjectEnd.Finish | undefined
    let shown = ""
    let next = 0
    const partials = LanguageModel.streamText({ prompt: options.prompt }).pipe(
      Stream.provideService(GeminiLanguageModel.Config, config),
      Stream.filterMap((part) => {
        if (part.type === "finish") finish = part
        if (part.type !== "text-delta") return Result.failVoid
        text += part.delta
        // Each parse reads the whole text, so the next one waits until the text has grown by a 256th.
        if (text.length < next) return Result.failVoid
        next = text.length > 4096 ? text.length + (text.length >> 5) : 0
        const partial = PartialJson.parse(text)
        if (partial === undefined || partial.complete) return Result.failVoid
        const decoded = partialDecode(options.partial ?? options.schema, partial)
        if (Option.isNone(decoded)) return Result.failVoid
        // The text grew, but what is certain stayed the same.
        const seen = JSON.stringify(decoded.value)
        if (seen === shown) return Result.failVoid
        shown = seen
        // The schema's own fields decoded this value, so it is a T of which parts may be missing.
        return Result.succeed<Piece<T>>({ finished: false, value: decoded.value as DeepPartial<T> })
      })
    )
    const whole = Effect.suspend((): Effect.Effect<Piece<T>, AiError.AiError, RD> => {
      const failure = finish === undefined ? undefined : ObjectEnd.failure(text, finish)
      if (failure !== undefined) {
        return Effect.fail(AiError.make({ module: moduleName, method: "stream", reason: failure }))
      }
      return Schema.decodeUnknownEffect(Schema.fromJsonString(codec))(text).pipe(
        Effect.map((value): Piece<T> => ({ finished: true, value })),
        Effect.catchTag("SchemaError", (error) => Effect.fail(misfit(text)(error)))
      )
    })
    return Stream.concat(partials, Stream.fromEffect(whole))
  }))

/**
 * An object, and how often it had to be asked for again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Repaired<T> {
  readonly value: T
  /** 0 when the first answer fitted. */
  readonly repairs: number
}

/**
 * The object, asked for again with what was wrong while it does not fit the schema, at
 * most `repairs` times (default 1). The last misfit is the error.
 *
 * @category constructors
 * @since 0.1.0
 */
export const generate = <T, E extends Record<string, unknown>, RD>(options: {
  readonly prompt: Prompt.RawInput
  readonly schema: Schema.Codec<T, E, RD, unknown>
  readonly objectName?: string | undefined
  readonly repairs?: number | undefined
}): Effect.Effect<Repaired<T>, AiError.AiError, LanguageModel.LanguageModel | RD> => {
  const allowed = options.repairs ?? 1
  const attempt = (
    prompt: Prompt.Prompt,
    repairs: number
  ): Effect.Effect<Repaired<T>, AiError.AiError, LanguageModel.LanguageModel | RD> =>
    LanguageModel.generateObject({ prompt, schema: options.schema, objectName: options.objectName }).pipe(
      Effect.map(({ value }) => ({ value, repairs })),
      Effect.catch((error): Effect.Effect<Repaired<T>, AiError.AiError, LanguageModel.LanguageModel | RD> =>
        error.reason._tag === "StructuredOutputError" && repairs < allowed
          ? attempt(corrected(prompt, error.reason), repairs + 1)
          : Effect.fail(error)
      )
    )
  return attempt(Prompt.make(options.prompt), 0)
}

const corrected = (prompt: Prompt.Prompt, misfit: AiError.StructuredOutputError): Prompt.Prompt =>
  Prompt.concat(prompt, [
    ...(misfit.responseText === "" ? [] : [{ role: "assistant" as const, content: misfit.responseText }]),
    { role: "user", content: `That does not fit the schema: ${misfit.description}\nAnswer with the corrected JSON.` }
  ])
