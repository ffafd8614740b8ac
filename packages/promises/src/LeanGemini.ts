/**
 * The client for programs that count kilobytes: it asks, streams, counts, embeds and lists models, and is about 3 kB
 * more than the same calls in Effect. `Gemini` has objects, tools, chats and other services besides.
 *
 * ```ts
 * import { LeanGemini } from "effect-gemini-promises/LeanGemini"
 *
 * await using gemini = new LeanGemini()
 * console.log((await gemini.generate("Say hello")).text)
 * for await (const chunk of gemini.stream("Tell a story")) process.stdout.write(chunk.text)
 * ```
 *
 * @since 0.3.0
 */
import type * as Answer from "effect-gemini/call/Answer"
import type * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as Models from "effect-gemini/wire/Models"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CallOptions } from "./CallOptions.ts"
import type { GeminiOptions } from "./GeminiOptions.ts"
import * as Asking from "./internal/asking.ts"
import * as ClientCall from "./internal/clientCall.ts"
import * as ClientLayer from "./internal/clientLayer.ts"
import { ClientRuntime } from "./internal/ClientRuntime.ts"
import type { Chunks } from "./Promised.ts"
import type { Asked, EmbedRequest, Request } from "./Request.ts"

/**
 * A client. It connects at its first call; `await using`, or `close()`, ends what is left of it.
 *
 * Every call takes a `signal` and rejects with the signal's own reason when it is aborted. Other failures are
 * `GeminiError`s, to be told apart by `error.reason._tag`. An option that cannot be meant throws one at once.
 *
 * @category services
 * @since 0.3.0
 */
export class LeanGemini {
  /** @internal */
  readonly runtime: ClientRuntime<FetchGemini.Services>

  constructor(options: GeminiOptions = {}) {
    this.runtime = new ClientRuntime(ClientLayer.make(options))
    Object.defineProperty(this, "runtime", { enumerable: false })
  }

  /** Asks for one answer. */
  generate(request: Asked | Request, options?: CallOptions): Promise<Answer.Answer> {
    return this.#call((client, call) => client.generate(Asking.request(request), call), options)
  }

  /** Asks for an answer that comes in chunks; nothing is sent before the loop begins. */
  stream(request: Asked | Request, options?: CallOptions): Chunks<Answer.StreamChunk> {
    return this.#chunks((client, call) => client.generateStream(Asking.request(request), call), options)
  }

  /** Counts the tokens of a request on the server. */
  countTokens(request: Asked | Request, options?: CallOptions): Promise<Answer.TokenCount> {
    return this.#call((client, call) => client.countTokens(Asking.request(request), call), options)
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
      ? this.runtime.iterator(given, options?.signal)
      : this.runtime.promise(given, options?.signal)
  }

  /** Ends the client, after up to `drain` (10 seconds) for calls in flight. */
  close(): Promise<void> {
    return this.runtime.close()
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
    return this.runtime.promise(
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
    return this.runtime.iterator(Stream.unwrap(opened), options?.signal)
  }
}

const isInputs = (request: string | ReadonlyArray<string> | EmbedRequest): request is
  | string
  | ReadonlyArray<string> => typeof request === "string" || Array.isArray(request)
