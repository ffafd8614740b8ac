/**
 * What one call, or a whole program, asks of the members behind its client: set around it,
 * so that it also reaches calls that others make for it (a provider, a narrative).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * @category models
 * @since 0.1.0
 */
export interface MemberCall {
  /** Who asks. Callers that wait for the same model take turns, however many calls each has. Default: all are one. */
  readonly caller?: string | undefined
  /** The member to go to, and no other. */
  readonly member?: string | undefined
  /**
   * Calls of one key go to members that see the same state: the project and location of the
   * one that answered the first of them.
   */
  readonly sticky?: string | undefined
  /** Members to go to only where there is no other that admits the call. */
  readonly avoid?: ReadonlyArray<string> | undefined
  /** Models to fall back to, in order, in place of those of the options. */
  readonly fallbackModels?: ReadonlyArray<string> | undefined
}

/**
 * What the calls of a context ask. A client without members does not look at it.
 *
 * @category references
 * @since 0.1.0
 */
export const Call: Context.Reference<MemberCall> = /* @__PURE__ */ Context.Reference<MemberCall>(
  "effect-gemini/members/MemberCall",
  { defaultValue: () => ({}) }
)

const over = (call: MemberCall) => (around: MemberCall): MemberCall => ({ ...around, ...call })

/**
 * Sets what the calls of an effect ask; what is not set stays as it is around it.
 *
 * ```ts
 * import { GeminiClient } from "effect-gemini/GeminiClient"
 * import * as MemberCall from "effect-gemini/members/MemberCall"
 *
 * const answered = GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(
 *   MemberCall.set({ caller: "tenant-7", fallbackModels: ["gemini-3.5-flash-lite"] })
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const set = (call: MemberCall) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateService(self, Call, over(call))

/**
 * The same of a stream.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setStream = (call: MemberCall) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
  Stream.updateService(self, Call, over(call))
