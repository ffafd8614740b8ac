/**
 * A guard for streams that repeat themselves without end.
 *
 * A model may fall into a loop and say the same words until its output limit, which is thousands of tokens that somebody
 * pays. The guard looks at the last so many characters: are they one piece, said over and over? Then the stream fails
 * with `Repeated`, the connection is closed, and the permit and a budget's reservation are settled by what came. It is
 * off unless a program puts it on its stream:
 *
 * ```ts
 * import * as Repetition from "effect-gemini/call/Repetition"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.gen(function*() {
 *   const gemini = yield* GeminiClient
 *   return yield* gemini.generateStream({ contents: "Tell a story" }).pipe(
 *     Repetition.guard(),
 *     Stream.runFold(() => "", (text, chunk) => text + chunk.text)
 *   )
 * })
 * const story = await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
 * console.log(story.length > 0) // true
 * ```
 *
 * @since 0.2.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { Gauge } from "../internal/call/Gauge.ts"
import * as GenerateContent from "../wire/GenerateContent.ts"
import type { StreamChunk } from "./Answer.ts"
import { Repeated } from "./Repeated.ts"

/**
 * What counts as a repetition.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** How many characters at the end are looked at, all of which must be the repetition. Default 2,000. */
  readonly characters?: number | undefined
  /** How often the piece must stand in them at least, from 2 on. Default 8. */
  readonly times?: number | undefined
}

/**
 * The guard for a stream of elements of any kind, by the text in each: `(part) => part.type === "text-delta" ? part.delta
 * : ""` for a stream of `effect/ai`. Every element is delivered, the one with which the repetition is certain too.
 *
 * @category combinators
 * @since 0.2.0
 */
export const guardBy =
  <A>(textOf: (element: A) => string, options: Options = {}) =>
  <E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E | Repeated, R> =>
    Stream.transformPull(stream, (pull) =>
      Effect.sync(() => {
        const gauge = new Gauge(options.characters ?? 2_000, options.times ?? 8)
        let end: Effect.Effect<never, Repeated> | undefined
        const taken = (elements: Arr.NonEmptyReadonlyArray<A>): Arr.NonEmptyReadonlyArray<A> => {
          for (const [i, element] of elements.entries()) {
            const found = gauge.add(textOf(element))
            if (found === undefined) continue
            end = Effect.fail(new Repeated(found))
            const kept = elements.slice(0, i + 1)
            return Arr.isReadonlyArrayNonEmpty(kept) ? kept : elements
          }
          return elements
        }
        const next = Effect.suspend((): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E | Repeated, void, R> =>
          end ?? Effect.map(pull, taken)
        )
        return next
      }))

/** Thoughts, too: a model falls into its loops there as well. */
const said = ({ response }: StreamChunk): string => {
  let text = ""
  for (const part of GenerateContent.parts(response)) text += part.text ?? ""
  return text
}

/**
 * The guard for a stream of `GeminiClient`, by what the model says and thinks.
 *
 * @category combinators
 * @since 0.2.0
 */
export const guard = (
  options: Options = {}
): <E, R>(stream: Stream.Stream<StreamChunk, E, R>) => Stream.Stream<StreamChunk, E | Repeated, R> =>
  guardBy(said, options)
