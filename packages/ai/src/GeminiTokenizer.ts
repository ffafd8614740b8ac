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
import * as AiError from "effect/ai/AiError"
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
  const { placed, refusal, systemInstruction } = promptToContents(Prompt.make(input), noTools)
  const contents = placed.map(({ content }) => content)
  return { request: { contents, ...(systemInstruction === undefined ? {} : { systemInstruction }) }, refusal }
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
    const { refusal, request } = requestOf(prompt)
    if (refusal !== undefined) {
      return Effect.fail(AiError.make({ module: "GeminiTokenizer", method: "count", reason: refusal }))
    }
    if (request.contents.length === 0) return Effect.succeed(0)
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
  const { contents, systemInstruction } = requestOf(prompt).request
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

/** Where the exchanges of a prompt begin: at what the user says, so that no result stands without its call. */
const beginnings = (messages: ReadonlyArray<Prompt.Message>): ReadonlyArray<number> =>
  messages.flatMap(({ role }, at) => role === "user" ? [at] : [])

/**
 * The latest exchanges that fit, whole, below all system messages. How many these are is sought by halves, so the
 * server is asked once for every doubling of the number of exchanges.
 */
const truncate = Effect.fnUntraced(function*<E, R>(
  prompt: Prompt.Prompt,
  tokens: number,
  countOf: (prompt: Prompt.Prompt) => Effect.Effect<number, E, R>
) {
  const messages = prompt.content
  if ((yield* countOf(prompt)) <= tokens) return prompt
  const starts = [...beginnings(messages), messages.length]
  const from = (start: number) =>
    Prompt.fromMessages(messages.filter(({ role }, at) => role === "system" || at >= start))
  // What begins at `starts[fits]` fits, and what begins before `starts[least]` does not.
  let least = 0
  let fits = starts.length
  while (least < fits) {
    const middle = (least + fits) >> 1
    if ((yield* countOf(from(starts[middle] ?? messages.length))) <= tokens) fits = middle
    else least = middle + 1
  }
  const start = starts[fits]
  return start === undefined ? Prompt.empty : from(start)
})

/**
 * The service, over the `GeminiClient` of the context.
 *
 * `truncate` keeps every system message and the latest exchanges that fit beside them. An exchange begins with what the
 * user says and is kept whole or not at all, so the prompt that is left is one that Gemini takes. If not even the
 * system messages fit, the prompt is empty. The server is asked about as often as the number of exchanges has binary
 * digits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Tokenizer.Service, never, GeminiClient.GeminiClient> {
  const client = yield* GeminiClient.GeminiClient
  const countOf = (prompt: Prompt.RawInput) =>
    Effect.provideService(count(prompt, options), GeminiClient.GeminiClient, client)
  return Tokenizer.Tokenizer.of({
    tokenize: (prompt) =>
      Effect.map(countOf(prompt), (tokens) => Array.from({ length: tokens }, (_, position) => position)),
    truncate: (prompt, tokens) => truncate(Prompt.make(prompt), tokens, countOf)
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
