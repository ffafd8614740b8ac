/**
 * Checks of an agent: what goes in, what it calls, and what comes out.
 *
 * ```ts
 * import * as Check from "effect-gemini-agents/Check"
 * import * as Effect from "effect/Effect"
 *
 * const short = Check.make("short", (answer: string) =>
 *   Effect.succeed(answer.length <= 80 ? Check.pass : Check.hint("Say it in 80 letters."))
 * )
 * console.log(short.name) // short
 * ```
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"

/**
 * What a check says: it passes, it refuses (the run ends with CheckFailed), or it sends the answer back with a hint.
 * For an input a hint is a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export type Finding =
  | { readonly _tag: "pass" }
  | { readonly _tag: "refuse"; readonly why: string }
  | { readonly _tag: "hint"; readonly text: string }

/**
 * A check with its name, which the error has.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check<in A, out R = never> {
  readonly name: string
  readonly check: (value: A) => Effect.Effect<Finding, never, R>
}

/**
 * What a check of a call says: it may run, it may not and the model is told why, or a person is asked.
 *
 * @category models
 * @since 0.1.0
 */
export type CallFinding =
  | { readonly _tag: "allow" }
  | { readonly _tag: "deny"; readonly why: string }
  | { readonly _tag: "ask"; readonly why?: string | undefined }

/**
 * The checks of an agent. All of a kind are asked, in their order, until one does not pass.
 *
 * @category options
 * @since 0.1.0
 */
export interface Checks<in I, in A, out R = never> {
  readonly input?: ReadonlyArray<Check<I, R>> | undefined
  readonly output?: ReadonlyArray<Check<A, R>> | undefined
  /** Looks at each call before it runs, besides the tool's own `needsApproval`. */
  readonly call?:
    | ((call: { readonly name: string; readonly params: unknown }) => Effect.Effect<CallFinding, never, R>)
    | undefined
}

/**
 * A check of that name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, R = never>(
  name: string,
  check: (value: A) => Effect.Effect<Finding, never, R>
): Check<A, R> => ({ name, check })

/**
 * It passes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pass: Finding = { _tag: "pass" }

/**
 * It is refused, and the run ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const refuse = (why: string): Finding => ({ _tag: "refuse", why })

/**
 * The model is told this, and asked again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hint = (text: string): Finding => ({ _tag: "hint", text })
