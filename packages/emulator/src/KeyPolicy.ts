/**
 * Which API keys are let in. Without a policy every key is let in; a request without a key never is.
 *
 * @since 0.1.0
 */
import type { Refusal } from "./GoogleError.ts"
import * as GoogleError from "./GoogleError.ts"

/**
 * Lists of keys by what is wrong or right with them. If `valid` is given, keys in no list are invalid.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyPolicy {
  readonly valid?: ReadonlyArray<string> | undefined
  readonly invalid?: ReadonlyArray<string> | undefined
  readonly expired?: ReadonlyArray<string> | undefined
  /** Well-formed keys that belong to no project. */
  readonly unknown?: ReadonlyArray<string> | undefined
  /** Keys that were reported as leaked. */
  readonly leaked?: ReadonlyArray<string> | undefined
}

const refusals = {
  leaked: GoogleError.leakedKey,
  expired: GoogleError.expiredKey,
  unknown: GoogleError.unknownKey,
  invalid: GoogleError.invalidKey
}

/**
 * The refusal of a request with this key; undefined if the key is let in.
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
  // An ephemeral token is not a key: it only opens Live sessions, by their own method.
  if (key.startsWith("auth_tokens/")) return GoogleError.invalidKey()
  for (const standing of ["leaked", "expired", "unknown", "invalid"] as const) {
    if (policy[standing]?.includes(key) === true) return refusals[standing]()
  }
  return policy.valid === undefined || policy.valid.includes(key) ? undefined : GoogleError.invalidKey()
}
