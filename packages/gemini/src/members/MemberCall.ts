/**
 * What one call, or a whole program, asks of the members behind its client. It is set around an effect, so that it
 * also reaches calls that a provider or a narrative makes inside.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * What a call asks of the members: who makes it, where it may go, and which models may answer instead.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemberCall {
  /**
   * The name of the caller. Callers that wait for the same model take turns, however many calls each has. Default: all
   * calls are of one caller.
   */
  readonly caller?: string | undefined
  /** The only member that the call may go to. */
  readonly member?: string | undefined
  /**
   * Calls of one key go to members that see the same state: the project and location of the one that answered the last
   * of them. They move to the one that answers instead where it is dead: an outage, a refused key, a model that it does
   * not have. A call that names another `member` moves them, too.
   */
  readonly sticky?: string | undefined
  /** Members to which the call goes only if no other admits it. */
  readonly avoid?: ReadonlyArray<string> | undefined
  /** Models to fall back to, in order, in place of those of the options. */
  readonly fallbackModels?: ReadonlyArray<string> | undefined
}

/**
 * What the calls in a context ask of members. A client without members ignores it.
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
 * Sets what the calls of an effect ask; fields that are left out stay as they are around it.
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
 * Sets what the calls of a stream ask, as `set` does for an effect.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setStream = (call: MemberCall) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
  Stream.updateService(self, Call, over(call))
