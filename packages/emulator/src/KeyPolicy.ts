/**
 * Which API keys are let in. Without a policy every key is; a request without one never is.
 *
 * @since 0.1.0
 */
import type { Refusal } from "./GoogleError.ts"
import * as GoogleError from "./GoogleError.ts"

/**
 * Keys by what the server thinks of them. With `valid`, keys in no list are invalid.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyPolicy {
  readonly valid?: ReadonlyArray<string> | undefined
  readonly invalid?: ReadonlyArray<string> | undefined
  readonly expired?: ReadonlyArray<string> | undefined
  /** Well-formed, and of no project. */
  readonly unknown?: ReadonlyArray<string> | undefined
  /** Reported as leaked. */
  readonly leaked?: ReadonlyArray<string> | undefined
}

const refusals = {
  leaked: GoogleError.leakedKey,
  expired: GoogleError.expiredKey,
  unknown: GoogleError.unknownKey,
  invalid: GoogleError.invalidKey
}

/**
 * The refusal of a request that carries this key, or none.
 *
 * @example
 * ```ts
 * import * as KeyPolicy from "effect-gemini-emulator/KeyPolicy"
 *
 * console.log(KeyPolicy.judge("old", { expired: ["old"] })?.body.error.message) // API key expired. …
 * ```
 *
 * @category predicates
 * @since 0.1.0
 */
export const judge = (key: string | undefined, policy: KeyPolicy = {}): Refusal | undefined => {
  if (key === undefined || key === "") return GoogleError.missingKey()
  // An ephemeral token is no key: it opens Live sessions, by a method of their own.
  if (key.startsWith("auth_tokens/")) return GoogleError.invalidKey()
  for (const standing of ["leaked", "expired", "unknown", "invalid"] as const) {
    if (policy[standing]?.includes(key) === true) return refusals[standing]()
  }
  return policy.valid === undefined || policy.valid.includes(key) ? undefined : GoogleError.invalidKey()
}
