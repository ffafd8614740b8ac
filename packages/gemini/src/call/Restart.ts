/**
 * A streamed answer that may begin anew, for consumers that can take back what they showed.
 *
 * `generateStream` never switches after its first chunk, since what was delivered cannot be taken back behind the
 * consumer's back. A consumer that can take it back asks for that here: a `Restart` tells it that everything before is
 * void and the answer begins again, at another member if there are several.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as Restart from "effect-gemini/call/Restart"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.gen(function*() {
 *   const gemini = yield* GeminiClient
 *   return yield* Restart.stream(gemini, { contents: "Tell a story" }).pipe(
 *     Stream.runFold(() => "", (text, event) => Restart.isRestart(event) ? "" : text + event.text)
 *   )
 * })
 * const story = await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig()))
 * console.log(story.length > 0) // true
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as GeminiClient from "../GeminiClient.ts"
import type { Attempt, GeminiError } from "../GeminiError.ts"
import { helpsRestart } from "../internal/call/failures.ts"
import * as MemberCall from "../members/MemberCall.ts"
import type { StreamChunk } from "./Answer.ts"
import type { CallOptions } from "./CallOptions.ts"

/**
 * Everything before this event is void, and the answer begins again. `error` is what broke it.
 *
 * @category models
 * @since 0.1.0
 */
export class Restart extends Data.TaggedClass("Restart")<{ readonly error: GeminiError }> {}

/**
 * Whether an event of the stream is a `Restart` and not a chunk.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRestart = (event: StreamChunk | Restart): event is Restart => event instanceof Restart

/**
 * Overrides of the call, and how often its answer may begin anew.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends CallOptions {
  /** How often the answer may begin anew. Default 1. */
  readonly restarts?: number | undefined
}

/**
 * The chunks of an answer, and a `Restart` wherever it begins anew: after a break behind the first chunk, never for
 * what would break again (a refusal, a blocked answer, a spent quota). Each beginning is a call of its own with its
 * own attempts; `timeouts.total` of these options bounds them together. The last error has the attempts of all
 * beginnings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = (
  gemini: Pick<GeminiClient.Service, "generateStream">,
  request: GeminiClient.Request,
  options: Options = {}
): Stream.Stream<StreamChunk | Restart, GeminiError> => {
  const { restarts = 1, ...call } = options
  const total = call.timeouts?.total

  const from = (
    left: number,
    before: ReadonlyArray<Attempt>,
    avoid: ReadonlyArray<string>,
    deadline: number
  ): Stream.Stream<StreamChunk | Restart, GeminiError> =>
    Stream.unwrap(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const { avoid: avoided = [] } = yield* MemberCall.Call
      const ends = deadline < Infinity || total === undefined ? deadline : now + Duration.toMillis(total)
      const remaining = ends === Infinity
        ? call
        : { ...call, timeouts: { ...call.timeouts, total: Math.max(0, ends - now) } }
      let hasBegun = false
      const chunks = gemini.generateStream(request, remaining).pipe(
        Stream.map((chunk): StreamChunk | Restart => {
          hasBegun = true
          return chunk
        })
      )
      return (avoid.length === 0 ? chunks : MemberCall.setStream({ avoid: [...avoided, ...avoid] })(chunks)).pipe(
        Stream.catch((error) => {
          const attempts = [...before, ...error.attempts]
          const whole = before.length === 0 ? error : error.withAttempts(attempts)
          if (!hasBegun || left <= 0 || !helpsRestart(error)) return Stream.fail(whole)
          const member = error.attempts.at(-1)?.member
          const next = from(left - 1, attempts, member === undefined ? avoid : [...avoid, member], ends)
          return Stream.concat(Stream.succeed(new Restart({ error: whole })), next)
        })
      )
    }))

  return from(restarts, [], [], Infinity)
}
