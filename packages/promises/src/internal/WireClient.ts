/**
 * A client for one conversation of ours, under the language model of `effect-gemini-ai`: it puts what the caller asked
 * on the wire in place of the prompt, and remembers what came back. So contents travel as they were given, with their
 * signatures, and an error is the `GeminiError` that it was.
 */
import type { Answer } from "effect-gemini/call/Answer"
import type * as Call from "effect-gemini/call/CallOptions"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Content from "effect-gemini/wire/Content"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** The prompt that stands for what the caller asked; it is taken out before anything is sent. */
export const placeholder = "asked on the wire"

export class WireClient {
  readonly service: GeminiClient.Service
  /** What the last request held: all that was said before the last answer. */
  contents: ReadonlyArray<Content.Content>
  answer: Answer | undefined
  /** Why the last request failed, if it did. */
  error: GeminiError | undefined
  readonly #base: GeminiClient.Request
  readonly #jsonSchema: object | undefined

  constructor(
    client: GeminiClient.Service,
    base: GeminiClient.Request,
    call: Call.CallOptions | undefined,
    jsonSchema?: object
  ) {
    this.#base = base
    this.#jsonSchema = jsonSchema
    this.contents = Content.fromInput(base.contents)
    const failed = (error: GeminiError) => Effect.sync(() => void (this.error = error))
    this.service = {
      ...client,
      generate: (request) =>
        Effect.suspend(() => client.generate(this.#sent(request), call)).pipe(
          Effect.tap((answer) => Effect.sync(() => void (this.answer = answer))),
          Effect.tapError(failed)
        ),
      generateStream: (request) =>
        Stream.suspend(() => client.generateStream(this.#sent(request), call)).pipe(Stream.tapError(failed))
    }
  }

  /** The whole conversation, with the last answer. */
  get conversation(): ReadonlyArray<Content.Content> {
    const turn = this.answer?.response.candidates?.[0]?.content
    return turn ? [...this.contents, turn] : this.contents
  }

  #sent({ contents, generationConfig, toolConfig, tools, ...request }: GeminiClient.Request) {
    const base = this.#base
    this.contents = [...Content.fromInput(base.contents), ...said(Content.fromInput(contents))]
    this.error = undefined
    const config = {
      ...base.generationConfig,
      ...generationConfig,
      ...(this.#jsonSchema && { responseJsonSchema: this.#jsonSchema })
    }
    return {
      ...request,
      model: undefined, // the client has its own default
      ...base,
      contents: this.contents,
      ...(Object.keys(config).length > 0 && { generationConfig: config }),
      ...((base.tools ?? tools) && { tools: [...(base.tools ?? []), ...(tools ?? [])] }),
      ...((base.toolConfig ?? toolConfig) && { toolConfig: { ...toolConfig, ...base.toolConfig } })
    }
  }
}

/** What was said after the placeholder, which is the first part of the first content. */
const said = ([first, ...rest]: ReadonlyArray<Content.Content>): ReadonlyArray<Content.Content> => {
  const parts = first?.parts?.slice(1) ?? []
  return first === undefined || parts.length === 0 ? rest : [{ ...first, parts }, ...rest]
}
