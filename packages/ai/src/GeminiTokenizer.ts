/**
 * Tokens of a prompt as Gemini counts them, and an estimate without a request.
 *
 * Gemini tells how many tokens a prompt is, not which: the `Tokenizer` of `effect/ai` gets
 * that many positions (0, 1, 2, …), which is what `truncate` needs and nothing more. Do not
 * take them for ids of a vocabulary.
 *
 * @since 0.1.0
 */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as AiError from "effect/ai/AiError"
import * as Prompt from "effect/ai/Prompt"
import * as Tokenizer from "effect/ai/Tokenizer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GeminiAiError from "./GeminiAiError.ts"
import { promptToContents } from "./internal/promptToContents.ts"
import * as ToolIndex from "./internal/toolIndex.ts"

/**
 * Whose tokens are counted, and how the calls for it are made.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The model whose tokens are counted. */
  readonly model: string
  readonly call?: CallOptions | undefined
}

const noTools = ToolIndex.make([])

const requestOf = (input: Prompt.RawInput) => {
  const { placed, systemInstruction } = promptToContents(Prompt.make(input), noTools)
  const contents = placed.map(({ content }) => content)
  return { contents, ...(systemInstruction === undefined ? {} : { systemInstruction }) }
}

/**
 * How many tokens a prompt is, counted by the server, system messages included. An empty
 * prompt is 0 and costs no request.
 *
 * @category conversions
 * @since 0.1.0
 */
export const count = (
  prompt: Prompt.RawInput,
  { call, model }: Options
): Effect.Effect<number, AiError.AiError, GeminiClient.GeminiClient> =>
  Effect.suspend(() => {
    const { contents, systemInstruction } = requestOf(prompt)
    if (contents.length === 0 && systemInstruction === undefined) return Effect.succeed(0)
    // The API counts a system instruction only beside contents; alone it is content.
    const request = contents.length === 0 && systemInstruction !== undefined
      ? { contents: [{ role: "user", parts: systemInstruction.parts }] }
      : { contents, ...(systemInstruction === undefined ? {} : { systemInstruction }) }
    return Effect.flatMap(GeminiClient.GeminiClient, (client) => client.countTokens({ model, ...request }, call)).pipe(
      Effect.mapBoth({
        onFailure: GeminiAiError.fromGeminiError("GeminiTokenizer", "count"),
        onSuccess: ({ totalTokens }) => totalTokens
      })
    )
  })

// Google's rule of thumb of 2026; an image of up to 384 pixels a side is 258 tokens.
const charactersPerToken = 4
const tokensPerFile = 258

/**
 * About how many tokens a prompt is, without a request: four characters of text a token,
 * 258 tokens a file. Good for a first look; `count` is exact.
 *
 * ```ts
 * import * as GeminiTokenizer from "effect-gemini-ai/GeminiTokenizer"
 *
 * console.log(GeminiTokenizer.estimate("one two three four")) // 5
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const estimate = (prompt: Prompt.RawInput): number => {
  const { contents, systemInstruction } = requestOf(prompt)
  let characters = 0
  let files = 0
  for (const content of systemInstruction === undefined ? contents : [systemInstruction, ...contents]) {
    for (const part of content.parts ?? []) {
      if (part.inlineData || part.fileData) files++
      else characters += (part.text ?? JSON.stringify(part.functionCall ?? part.functionResponse ?? "")).length
    }
  }
  return Math.ceil(characters / charactersPerToken) + files * tokensPerFile
}

/**
 * The service, over the `GeminiClient` of the context. `truncate` asks the server once for every message that it
 * keeps.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Tokenizer.Service, never, GeminiClient.GeminiClient> {
  const client = yield* GeminiClient.GeminiClient
  return Tokenizer.make({
    tokenize: (prompt) =>
      count(prompt, options).pipe(
        Effect.map((tokens) => Array.from({ length: tokens }, (_, position) => position)),
        Effect.provideService(GeminiClient.GeminiClient, client)
      )
  })
})

/**
 * The `Tokenizer` service of `effect/ai` as a Layer, over the `GeminiClient` of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Tokenizer.Tokenizer, never, GeminiClient.GeminiClient> =>
  Layer.effect(Tokenizer.Tokenizer, make(options))
