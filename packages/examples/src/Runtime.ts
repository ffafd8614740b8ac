/**
 * One client for a whole program without Effect in it: a ManagedRuntime holds the client
 * (its connections, its quotas), calls take an AbortSignal, streams are async iterables.
 */
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"

export interface Gemini {
  readonly ask: (prompt: string, options?: { readonly signal?: AbortSignal }) => Promise<string>
  /** Leaving the loop or aborting the signal closes the request. */
  readonly tell: (prompt: string, options?: { readonly signal?: AbortSignal }) => AsyncIterable<string>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Completes when the signal aborts. It leaves no listener behind. */
const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const onAbort = () => resume(Effect.void)
    signal.addEventListener("abort", onAbort, { once: true })
    if (signal.aborted) onAbort()
    return Effect.sync(() => signal.removeEventListener("abort", onAbort))
  })

export const makeGemini = (): Gemini => {
  const runtime = ManagedRuntime.make(FetchGemini.layerConfig())

  const ask: Gemini["ask"] = async (prompt, { signal } = {}) => {
    signal?.throwIfAborted()
    const answer = runtime.runPromise(
      GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: prompt })),
      signal === undefined ? {} : { signal }
    )
    try {
      return (await answer).text
    } catch (error) {
      signal?.throwIfAborted() // the signal's own reason, not the runtime's
      throw error
    }
  }

  const tell: Gemini["tell"] = async function*(prompt, { signal } = {}) {
    signal?.throwIfAborted()
    const chunks = Stream.unwrap(
      GeminiClient.GeminiClient.use((gemini) => Effect.succeed(gemini.generateStream({ contents: prompt })))
    )
    const texts = Stream.map(
      signal === undefined ? chunks : Stream.interruptWhen(chunks, aborted(signal)),
      (chunk) => chunk.text
    )
    yield* await runtime.runPromise(Stream.toAsyncIterableEffect(texts))
    signal?.throwIfAborted()
  }

  return { ask, tell, [Symbol.asyncDispose]: () => runtime.dispose() }
}

if (import.meta.main) {
  await using gemini = makeGemini()
  for await (const text of gemini.tell("Tell a story", { signal: AbortSignal.timeout(60_000) })) {
    process.stdout.write(text)
  }
}
