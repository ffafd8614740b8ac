/**
 * Google Gemini for plain TypeScript: promises and async iterables over the client of `effect-gemini`, with its quotas,
 * retries and typed errors.
 *
 * ```ts
 * import { Gemini, GeminiError } from "effect-gemini-promises"
 *
 * await using gemini = new Gemini() // GEMINI_API_KEY
 * try {
 *   const answer = await gemini.generate("Say hello", { signal: AbortSignal.timeout(30_000) })
 *   console.log(answer.text, answer.usage?.totalTokens)
 *   for await (const chunk of gemini.stream("Tell a story")) process.stdout.write(chunk.text)
 * } catch (error) {
 *   if (!(error instanceof GeminiError)) throw error
 *   console.error(error.reason._tag, error.message)
 * }
 * ```
 *
 * @since 0.3.0
 */
import type * as Answer from "effect-gemini/call/Answer"
import type * as FetchGemini from "effect-gemini/FetchGemini"
import type * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import type { AnySchema, Output } from "./AnySchema.ts"
import type { CallOptions } from "./CallOptions.ts"
import { Chat, type ChatOptions, type ToolChatOptions } from "./Chat.ts"
import type { GeminiOptions } from "./GeminiOptions.ts"
import * as Asking from "./internal/asking.ts"
import * as Calls from "./internal/calls.ts"
import * as ClientCall from "./internal/clientCall.ts"
import * as ClientLayer from "./internal/clientLayer.ts"
import { PlainServices } from "./internal/PlainServices.ts"
import { LeanGemini } from "./LeanGemini.ts"
import type { ObjectAnswer, ObjectChunk } from "./ObjectAnswer.ts"
import type { Chunks, Promised } from "./Promised.ts"
import type { Asked, ObjectRequest, RepairedRequest, Request, ToolRequest } from "./Request.ts"
import type { ToolAnswer } from "./Tool.ts"

/**
 * A client. It connects at its first call; `await using`, or `close()`, ends what is left of it.
 *
 * Every call takes a `signal` and rejects with the signal's own reason when it is aborted. Other failures are
 * `GeminiError`s, to be told apart by `error.reason._tag`. An option that cannot be meant throws one at once.
 *
 * @category services
 * @since 0.3.0
 */
export class Gemini extends LeanGemini {
  readonly #services: PlainServices<FetchGemini.Services>

  constructor(options: GeminiOptions = {}) {
    super(options)
    this.#services = new PlainServices(this.runtime, ClientLayer.extended(options))
  }

  /** Asks for one answer. With `tools` by their names, the model's calls are run here until it has one. */
  override generate(request: Asked | Request, options?: CallOptions): Promise<Answer.Answer>
  override generate<Schemas extends Readonly<Record<string, AnySchema>>>(
    request: ToolRequest<Schemas>,
    options?: CallOptions
  ): Promise<ToolAnswer>
  override generate(request: Asked | Calls.AnyRequest, options?: CallOptions): Promise<Answer.Answer> {
    return this.effect(Calls.generate(Asking.request(request), ClientCall.toClient(options)), options)
  }

  /** Asks for an answer that comes in chunks; nothing is sent before the loop begins. */
  override stream(request: Asked | Request, options?: CallOptions): Chunks<Answer.StreamChunk> {
    return this.effect(Calls.stream(Asking.request(request), ClientCall.toClient(options)), options)
  }

  /**
   * Asks for an object, and checks it by a schema of any library. An answer that does not fit is asked for again, with
   * what was wrong, `repairs` times (default 1); then the call rejects with `InvalidResponse`.
   *
   * ```ts
   * import { Gemini } from "effect-gemini-promises"
   * import { z } from "zod"
   *
   * const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) })
   *
   * await using gemini = new Gemini()
   * const { value } = await gemini.object({ schema: Recipe, contents: "A recipe for bread" })
   * console.log(value.title, value.steps.length)
   * ```
   */
  object<S extends AnySchema>(request: RepairedRequest<S>, options?: CallOptions): Promise<ObjectAnswer<Output<S>>> {
    // The codec of this schema made the value.
    return this.effect(Calls.object(request, ClientCall.toClient(options)), options) as Promise<
      ObjectAnswer<Output<S>>
    >
  }

  /**
   * Asks for an object as it comes: each element knows at least what the one before knew, and the last is `finished`.
   *
   * ```ts
   * import { Gemini } from "effect-gemini-promises"
   * import { z } from "zod"
   *
   * const Story = z.object({ title: z.string(), chapters: z.array(z.string()) })
   *
   * await using gemini = new Gemini()
   * for await (const { finished, value } of gemini.objectStream({ schema: Story, contents: "A story" })) {
   *   console.log(finished ? "done" : "so far", value.title, value.chapters?.length)
   * }
   * ```
   */
  objectStream<S extends AnySchema>(request: ObjectRequest<S>, options?: CallOptions): Chunks<ObjectChunk<S>> {
    return this.effect(Calls.objectStream(request, ClientCall.toClient(options)), options) as Chunks<ObjectChunk<S>>
  }

  /** A conversation that remembers what was said. */
  chat(options?: ChatOptions): Chat
  chat<Schemas extends Readonly<Record<string, AnySchema>>>(options: ToolChatOptions<Schemas>): Chat<ToolAnswer>
  chat(options: ChatOptions | ToolChatOptions<Readonly<Record<string, AnySchema>>> = {}): Chat {
    return new Chat(this, options)
  }

  /**
   * Another service of `effect-gemini` in its plain form: `Files`, `Caches`, `Batches`, `Decisions`, `GeminiLive` and so
   * on; a program carries only those that it imports. `signal` holds for all that is called on what this gives. A
   * service of your own, or one with options of its own, comes by its `layer`.
   *
   * ```ts
   * import { Gemini } from "effect-gemini-promises"
   * import { Files } from "effect-gemini/files/Files"
   *
   * await using gemini = new Gemini()
   * const files = await gemini.with(Files)
   * const { file } = await files.upload(new TextEncoder().encode("a,b\n1,2\n"), { mimeType: "text/csv" })
   * console.log(file.uri)
   * for await (const kept of files.list()) console.log(kept.file.name)
   * ```
   */
  with<Self, S>(
    service: Context.Key<Self, S>,
    options: {
      readonly layer?: Layer.Layer<Self, unknown, FetchGemini.Services> | undefined
      readonly signal?: AbortSignal | undefined
    } = {}
  ): Promise<Promised<S>> {
    // The plain form is made field by field, as the type says it.
    return this.#services.get(service as Context.Key<never, S>, options) as Promise<Promised<S>>
  }
}
