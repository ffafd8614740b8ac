/**
 * Is the caller let in? A key alone is judged here, not what it may do.
 */
import type { Refusal } from "../GoogleError.ts"
import * as GoogleError from "../GoogleError.ts"

/** What the server thinks of a key. */
export type Standing = "valid" | "invalid" | "expired" | "unknown" | "leaked"

/**
 * `valid`: only these are; absent: every key is, that another list does not name.
 */
export interface KeyPolicy {
  readonly valid?: ReadonlyArray<string> | undefined
  readonly invalid?: ReadonlyArray<string> | undefined
  readonly expired?: ReadonlyArray<string> | undefined
  readonly unknown?: ReadonlyArray<string> | undefined
  readonly leaked?: ReadonlyArray<string> | undefined
}

const refusals: Readonly<Record<Exclude<Standing, "valid">, () => Refusal>> = {
  invalid: GoogleError.invalidKey,
  expired: GoogleError.expiredKey,
  unknown: GoogleError.unknownKey,
  leaked: GoogleError.leakedKey
}

export const standing = (key: string, policy: KeyPolicy): Standing => {
  for (const kind of ["leaked", "expired", "unknown", "invalid"] as const) {
    if (policy[kind]?.includes(key) === true) return kind
  }
  return policy.valid === undefined || policy.valid.includes(key) ? "valid" : "invalid"
}

export const judge = (key: string | undefined, policy: KeyPolicy = {}): Refusal | undefined => {
  if (key === undefined || key === "") return GoogleError.missingKey()
  const found = standing(key, policy)
  return found === "valid" ? undefined : refusals[found]()
}
