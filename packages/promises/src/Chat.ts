/**
 * A conversation: its history goes along with each message, as it came, thought signatures included.
 *
 * ```ts
 * import { Gemini } from "effect-gemini-promises"
 *
 * await using gemini = new Gemini()
 * const chat = gemini.chat({ systemInstruction: "Answer in one sentence." })
 * console.log((await chat.send("Why does the sea have tides?")).text)
 * for await (const chunk of chat.stream("And the lakes?")) process.stdout.write(chunk.text)
 * const other = chat.fork() // goes its own way from here
 * console.log(other.history.length) // 4
 * ```
 *
 * @since 0.3.0
 */
import * as Accumulate from "effect-gemini/call/Accumulate"
import type { Answer, StreamChunk } from "effect-gemini/call/Answer"
import * as Content from "effect-gemini/wire/Content"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import type { Part } from "effect-gemini/wire/Part"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { AnySchema } from "./AnySchema.ts"
import type { CallOptions } from "./CallOptions.ts"
import type { Gemini } from "./Gemini.ts"
import * as Calls from "./internal/calls.ts"
import * as ClientCall from "./internal/clientCall.ts"
import type { Chunks } from "./Promised.ts"
import type { Request, ToolRequest } from "./Request.ts"
import type { ToolAnswer } from "./Tool.ts"

/**
 * What holds for every message of a chat: the model, the system instruction, settings; and what was said before.
 *
 * @category options
 * @since 0.3.0
 */
export interface ChatOptions extends Omit<Request, "contents"> {
  readonly history?: ReadonlyArray<Content.Content> | undefined
}

/**
 * The options of a chat with tools, which are run until the model has an answer.
 *
 * @category options
 * @since 0.3.0
 */
export interface ToolChatOptions<Schemas extends Readonly<Record<string, AnySchema>>>
  extends Omit<ToolRequest<Schemas>, "contents">
{
  readonly history?: ReadonlyArray<Content.Content> | undefined
}

/**
 * A conversation. Messages that are sent at once are asked one after the other. A message that fails, or whose stream was
 * left, changes nothing: it can be sent again.
 *
 * @category models
 * @since 0.3.0
 */
export class Chat<A extends Answer = Answer> {
  readonly #gemini: Gemini
  readonly #settings: Calls.Settings
  readonly #turn = Semaphore.makeUnsafe(1)
  #history: ReadonlyArray<Content.Content>

  /** @internal */
  constructor(gemini: Gemini, { history = [], ...settings }: Calls.Settings & Pick<ChatOptions, "history">) {
    this.#gemini = gemini
    this.#settings = settings
    this.#history = history
  }

  /** All that was said, with calls of tools and their results, as Gemini takes it; to be stored as JSON, for instance. */
  get history(): ReadonlyArray<Content.Content> {
    return this.#history
  }

  /** Sends a message, and gives the answer when it is whole. */
  send(message: string | ReadonlyArray<Part>, options?: CallOptions): Promise<A> {
    const said = Content.user(message)
    const asked = Effect.suspend(() =>
      Calls.generate({ ...this.#settings, contents: [...this.#history, said] }, ClientCall.toClient(options))
    )
    const answered = Effect.tap(asked, (answer) => Effect.sync(() => this.#went(said, answer)))
    // With tools the answer is a ToolAnswer, as the type of the chat says.
    return this.#gemini.effect(this.#turn.withPermit(answered), options) as Promise<A>
  }

  /** Sends a message, and gives the answer as it comes. A chat with tools has no streams. */
  stream(message: string | ReadonlyArray<Part>, options?: CallOptions): Chunks<StreamChunk> {
    const said = Content.user(message)
    const responses: Array<GenerateContentResponse> = []
    const opened = Effect.map(
      Effect.acquireRelease(this.#turn.take(1), () => this.#turn.release(1)),
      () => Calls.stream({ ...this.#settings, contents: [...this.#history, said] }, ClientCall.toClient(options))
    )
    const chunks = Stream.map(Stream.unwrap(opened), (chunk) => {
      responses.push(chunk.response)
      if (chunk.finished) this.#went(said, { text: "", response: Accumulate.fromChunks(responses) })
      return chunk
    })
    return this.#gemini.effect(chunks, options)
  }

  /** A chat of its own that begins with what was said until now. */
  fork(): Chat<A> {
    return new Chat(this.#gemini, { ...this.#settings, history: this.#history })
  }

  #went(said: Content.Content, answer: Pick<Answer, "text" | "response"> & Partial<Pick<ToolAnswer, "contents">>) {
    const turn = answer.response.candidates?.[0]?.content ?? Content.model(answer.text)
    this.#history = answer.contents ?? [...this.#history, said, turn]
  }
}
