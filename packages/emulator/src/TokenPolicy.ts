/**
 * Which access tokens open Vertex AI. Without a policy every token does that the emulator did not give out, and of
 * those that it gave out the ones that have neither expired nor been revoked.
 *
 * @since 0.2.0
 */

/**
 * Lists of tokens by what is wrong or right with them. If `valid` is given, tokens in no list are invalid, unless the
 * emulator gave them out: with an empty list only those are good.
 *
 * @example
 * ```ts
 * import * as Standalone from "effect-gemini-emulator/Standalone"
 *
 * const gemini = await Standalone.start({ vertex: { tokens: { valid: ["good"], expired: ["old"] } } })
 * const call = (token: string) =>
 *   fetch(`${gemini.url}/v1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash:countTokens`, {
 *     method: "POST",
 *     headers: { authorization: `Bearer ${token}` },
 *     body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hi" }] }] })
 *   }).then(({ status }) => status)
 * console.log(await call("good"), await call("old"), await call("other")) // 200 401 401
 * await gemini.stop()
 * ```
 *
 * @category models
 * @since 0.2.0
 */
export interface TokenPolicy {
  readonly valid?: ReadonlyArray<string> | undefined
  /** Tokens that were good once: 401, `ACCESS_TOKEN_EXPIRED`. */
  readonly expired?: ReadonlyArray<string> | undefined
  /** Tokens that never were good, or that were revoked: 401. */
  readonly invalid?: ReadonlyArray<string> | undefined
  /** Good tokens for other APIs: 403, `ACCESS_TOKEN_SCOPE_INSUFFICIENT`. */
  readonly unscoped?: ReadonlyArray<string> | undefined
  /** Good tokens of callers without the role: 403, `IAM_PERMISSION_DENIED`. */
  readonly denied?: ReadonlyArray<string> | undefined
}

/**
 * What a token is worth.
 *
 * @category models
 * @since 0.2.0
 */
export type TokenWorth = "good" | "expired" | "invalid" | "unscoped" | "denied"

/**
 * What a token is worth. `issued` is what it is worth as one that the emulator gave out; undefined if it did not.
 *
 * @example
 * ```ts
 * import * as TokenPolicy from "effect-gemini-emulator/TokenPolicy"
 *
 * console.log(TokenPolicy.worthOf("old", { expired: ["old"] })) // expired
 * console.log(TokenPolicy.worthOf("any", {})) // good
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const worthOf = (token: string, policy: TokenPolicy = {}, issued?: TokenWorth): TokenWorth => {
  for (const worth of ["invalid", "expired", "unscoped", "denied"] as const) {
    if (policy[worth]?.includes(token) === true) return worth
  }
  if (issued !== undefined) return issued
  return policy.valid === undefined || policy.valid.includes(token) ? "good" : "invalid"
}
