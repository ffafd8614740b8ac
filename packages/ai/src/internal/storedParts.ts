/**
 * A language model whose parts can be stored: what it gives is JSON, and what it gets may come out of a store.
 *
 * `effect/ai` keeps in a conversation what a tool's schema encodes to, which may be a `Date`, a `Map` or a `BigInt`; a
 * chat that is exported then fails or loses it. Arguments and results leave here as JSON by the tool's schemas, and the
 * arguments of a call that was approved are decoded before `effect/ai` hands them to the tool.
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ToolJson from "./toolJson.ts"
import * as ToolParams from "./toolParams.ts"

type Tools = Readonly<Record<string, AiTool.Any>>

type WithHandler = Toolkit.WithHandler<Record<string, AiTool.Any>>

/** The options that count here, of all three operations. */
interface Options {
  readonly prompt: Prompt.RawInput
  readonly toolkit?: WithHandler | Effect.Effect<WithHandler, AiError.AiError> | undefined
  readonly disableToolCallResolution?: boolean | undefined
  readonly toolCallValidation?: "strict" | "deferred" | undefined
}

type Part = Response.Part<Record<string, AiTool.Any>> | Response.StreamPart<Record<string, AiTool.Any>>

const own = (tools: Tools, name: string): AiTool.Any | undefined => Object.hasOwn(tools, name) ? tools[name] : undefined

/** Ids of the calls that wait for a person's answer, or have one and wait to be run. */
const waiting = (prompt: Prompt.Prompt): ReadonlySet<string> => {
  const ids = new Set<string>()
  for (const message of prompt.content) {
    if (message.role === "assistant") {
      for (const part of message.content) if (part.type === "tool-approval-request") ids.add(part.toolCallId)
    }
  }
  if (ids.size === 0) return ids
  for (const message of prompt.content) {
    if (message.role === "tool") {
      for (const part of message.content) if (part.type === "tool-result") ids.delete(part.id)
    }
  }
  return ids
}

/** The prompt with the arguments of calls that may be run as their tools take them. */
const runnable = (prompt: Prompt.Prompt, tools: Tools): Effect.Effect<Prompt.Prompt> => {
  const ids = waiting(prompt)
  if (ids.size === 0) return Effect.succeed(prompt)
  return Effect.map(
    Effect.forEach(
      prompt.content,
      (message): Effect.Effect<Prompt.Message> =>
        message.role !== "assistant" ? Effect.succeed(message) : Effect.map(
          Effect.forEach(message.content, (part): Effect.Effect<Prompt.AssistantMessagePart> =>
            part.type === "tool-call" && ids.has(part.id)
              ? Effect.map(ToolParams.decoded(own(tools, part.name), part.params), (params) => ({ ...part, params }))
              : Effect.succeed(part)),
          (content) => ({ ...message, content })
        )
    ),
    Prompt.fromMessages
  )
}

/** A part as JSON. */
const stored = <P extends Part>(part: P, tools: Tools, params: boolean): Result.Result<P, AiError.AiErrorReason> => {
  if (part.type === "tool-call" && params && part.providerExecuted !== true) {
    return Result.succeed({ ...part, params: ToolJson.params(own(tools, part.name), part.params) })
  }
  if (part.type === "tool-result" && part.providerExecuted !== true) {
    const { encodedResult: result, isFailure, name } = part
    return Result.map(
      ToolJson.result(own(tools, name), { name, isFailure, result }),
      (encodedResult) => ({ ...part, encodedResult })
    )
  }
  return Result.succeed(part)
}

const isTooled = ({ type }: Part): boolean => type === "tool-call" || type === "tool-result"

type Parts<P> = Arr.NonEmptyReadonlyArray<P>

/** What is done around one call. */
interface Ready {
  /** The toolkit, resolved; undefined if there is none. */
  readonly toolkit: WithHandler | undefined
  readonly prompt: Prompt.RawInput
  /** Whether nobody runs the calls, nor judges their arguments later. */
  readonly strict: boolean
  /** The parts as JSON; the same array where none needs it. */
  readonly stored: <P extends Part>(parts: Parts<P>) => Effect.Effect<Parts<P>, AiError.AiError>
}

const storedContent = <P extends Part>(
  { stored }: Ready,
  content: Array<P>
): Effect.Effect<Array<P>, AiError.AiError> =>
  Arr.isArrayNonEmpty(content) ? Effect.map(stored(content), Arr.fromIterable) : Effect.succeed(content)

const ready = (options: Options, method: string): Effect.Effect<Ready, AiError.AiError> =>
  Effect.gen(function*() {
    const { disableToolCallResolution = false, prompt: raw, toolCallValidation = "strict", toolkit: given } = options
    if (given === undefined) return { toolkit: given, prompt: raw, strict: false, stored: Effect.succeed }
    const toolkit = Effect.isEffect(given) ? yield* given : given
    const prompt = yield* runnable(Prompt.make(raw), toolkit.tools)
    const strict = disableToolCallResolution && toolCallValidation === "strict"
    return {
      toolkit,
      prompt,
      strict,
      stored: <P extends Part>(parts: Parts<P>) =>
        parts.some(isTooled)
          // `effect/ai` gives the arguments of such a call as the tool's schema encodes them, and types them so.
          ? Effect.forEach(parts, (part: P) => Effect.fromResult(stored(part, toolkit.tools, !strict))).pipe(
            Effect.mapError((reason) => AiError.make({ module: "GeminiLanguageModel", method, reason }))
          )
          : Effect.succeed(parts)
    }
  })

const judged = <A, E, R>(self: Effect.Effect<A, E, R>, { strict }: Ready): Effect.Effect<A, E, R> =>
  strict ? Effect.provideService(self, ToolParams.Strict, true) : self

/**
 * The model with its parts as JSON.
 *
 * Its operations relate a toolkit's types to those of the response, and neither changes here: so they are written for
 * any tools, and have the types of the operations that they take the place of.
 */
export const make = (model: LanguageModel.LanguageModel): LanguageModel.LanguageModel => {
  const operations = {
    generateText: (options: Options) =>
      Effect.gen(function*() {
        const call = yield* ready(options, "generateText")
        const { prompt, toolkit } = call
        if (toolkit === undefined) return yield* model.generateText({ ...options, prompt, toolkit: undefined })
        const response = yield* judged(model.generateText({ ...options, prompt, toolkit }), call)
        return new LanguageModel.GenerateTextResponse(yield* storedContent(call, response.content))
      }),
    generateObject: <A, I extends Record<string, unknown>, RD, RE>(
      options: Options & { readonly schema: Schema.Codec<A, I, RD, RE>; readonly objectName?: string | undefined }
    ) =>
      Effect.gen(function*() {
        const call = yield* ready(options, "generateObject")
        const { prompt, toolkit } = call
        if (toolkit === undefined) return yield* model.generateObject({ ...options, prompt, toolkit: undefined })
        const response = yield* judged(model.generateObject({ ...options, prompt, toolkit }), call)
        return new LanguageModel.GenerateObjectResponse(response.value, yield* storedContent(call, response.content))
      }),
    streamText: (options: Options) =>
      Stream.unwrap(Effect.map(ready(options, "streamText"), ({ prompt, stored, strict, toolkit }) => {
        if (toolkit === undefined) return model.streamText({ ...options, prompt, toolkit: undefined })
        const parts = model.streamText({ ...options, prompt, toolkit })
        return Stream.mapArrayEffect(strict ? Stream.provideService(parts, ToolParams.Strict, true) : parts, stored)
      }))
  }
  return Object.assign({ ...model }, operations)
}
