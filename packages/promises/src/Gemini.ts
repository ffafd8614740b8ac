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
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as Models from "effect-gemini/wire/Models"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { AnySchema, Output } from "./AnySchema.ts"
import type { CallOptions } from "./CallOptions.ts"
import { Chat, type ChatOptions, type ToolChatOptions } from "./Chat.ts"
import type { GeminiOptions } from "./GeminiOptions.ts"
import * as Calls from "./internal/calls.ts"
import * as ClientCall from "./internal/clientCall.ts"
import * as ClientLayer from "./internal/clientLayer.ts"
import { ClientRuntime } from "./internal/ClientRuntime.ts"
import type { ObjectAnswer, ObjectChunk } from "./ObjectAnswer.ts"
import type { Chunks, Promised } from "./Promised.ts"
import type { Asked, EmbedRequest, ObjectRequest, RepairedRequest, Request, ToolRequest } from "./Request.ts"
import type { ToolAnswer } from "./Tool.ts"

const isAsked = (request: unknown): request is Asked => typeof request === "string" || Array.isArray(request)

const requestOf = <R extends Calls.AnyRequest>(request: Asked | R): R | Request =>
  isAsked(request) ? { contents: request } : request

/**
 * A client. It connects at its first call; `await using`, or `close()`, ends what is left of it.
 *
 * Every call takes a `signal` and rejects with the signal's own reason when it is aborted. Other failures are
 * `GeminiError`s, to be told apart by `error.reason._tag`. An option that cannot be meant throws one at once.
 *
 * @category services
 * @since 0.3.0
 */
export class Gemini {
  readonly #runtime: ClientRuntime<FetchGemini.Services>

  constructor(options: GeminiOptions = {}) {
    this.#runtime = new ClientRuntime(ClientLayer.make(options))
  }

  /** Asks for one answer. With `tools` by their names, the model's calls are run here until it has one. */
  generate(request: Asked | Request, options?: CallOptions): Promise<Answer.Answer>
  generate<Schemas extends Readonly<Record<string, AnySchema>>>(
    request: ToolRequest<Schemas>,
    options?: CallOptions
  ): Promise<ToolAnswer>
  generate(request: Asked | Calls.AnyRequest, options?: CallOptions): Promise<Answer.Answer> {
    return this.effect(Calls.generate(requestOf(request), ClientCall.toClient(options)), options)
  }

  /** Asks for an answer that comes in chunks; nothing is sent before the loop begins. */
  stream(request: Asked | Request, options?: CallOptions): Chunks<Answer.StreamChunk> {
    return this.effect(Calls.stream(requestOf(request), ClientCall.toClient(options)), options)
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

  /** Counts the tokens of a request on the server. */
  countTokens(request: Asked | Request, options?: CallOptions): Promise<Answer.TokenCount> {
    return this.#call((client, call) => client.countTokens(requestOf(request), call), options)
  }

  /** Turns a text, or many, into vectors, all in one request. */
  embed(
    request: string | ReadonlyArray<string> | EmbedRequest,
    options?: CallOptions
  ): Promise<Answer.Embeddings> {
    const whole = isInputs(request) ? { contents: request } : request
    return this.#call((client, call) => client.embed(whole, call), options)
  }

  /** Lists every model that the server offers, page after page. */
  models(options?: CallOptions): Chunks<Models.Model> {
    return this.#chunks((client, call) => client.listModels(undefined, call), options)
  }

  /** Gives one model's limits and methods. */
  model(name: string, options?: CallOptions): Promise<Models.Model> {
    return this.#call((client, call) => client.getModel(name, call), options)
  }

  /**
   * Runs an effect, or a stream, that needs the client's services, for the day when a program wants more of Effect.
   *
   * ```ts
   * import { Gemini } from "effect-gemini-promises"
   * import { GeminiClient } from "effect-gemini/GeminiClient"
   * import * as Effect from "effect/Effect"
   *
   * await using gemini = new Gemini()
   * const twice = GeminiClient.use(({ generate }) =>
   *   Effect.all([generate({ contents: "Say yes" }), generate({ contents: "Say no" })], { concurrency: 2 })
   * )
   * const [yes, no] = await gemini.effect(twice)
   * console.log(yes.text, no.text)
   * ```
   */
  effect<A, E>(
    effect: Effect.Effect<A, E, FetchGemini.Services>,
    options?: { readonly signal?: AbortSignal | undefined }
  ): Promise<A>
  effect<A, E>(
    stream: Stream.Stream<A, E, FetchGemini.Services>,
    options?: { readonly signal?: AbortSignal | undefined }
  ): Chunks<A>
  effect<A, E>(
    given: Effect.Effect<A, E, FetchGemini.Services> | Stream.Stream<A, E, FetchGemini.Services>,
    options?: { readonly signal?: AbortSignal | undefined }
  ): Promise<A> | Chunks<A> {
    return Stream.isStream(given)
      ? this.#runtime.iterator(given, options?.signal)
      : this.#runtime.promise(given, options?.signal)
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
    return this.#runtime.service(service as Context.Key<never, S>, options) as Promise<Promised<S>>
  }

  /** Ends the client, after up to `drain` (10 seconds) for calls in flight. */
  close(): Promise<void> {
    return this.#runtime.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call<A, E>(
    ask: (
      client: GeminiClient.Service,
      call: ReturnType<typeof ClientCall.toClient>
    ) => Effect.Effect<A, E>,
    options: CallOptions | undefined
  ): Promise<A> {
    return this.#runtime.promise(
      GeminiClient.GeminiClient.use((client) => ask(client, ClientCall.toClient(options))),
      options?.signal
    )
  }

  #chunks<A, E>(
    ask: (
      client: GeminiClient.Service,
      call: ReturnType<typeof ClientCall.toClient>
    ) => Stream.Stream<A, E>,
    options: CallOptions | undefined
  ): Chunks<A> {
    const opened = GeminiClient.GeminiClient.useSync((client) => ask(client, ClientCall.toClient(options)))
    return this.#runtime.iterator(Stream.unwrap(opened), options?.signal)
  }
}

const isInputs = (request: string | ReadonlyArray<string> | EmbedRequest): request is
  | string
  | ReadonlyArray<string> => typeof request === "string" || Array.isArray(request)
