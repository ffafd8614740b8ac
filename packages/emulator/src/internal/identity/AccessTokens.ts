/**
 * The access tokens that a space gave out: whose they are, for what, and until when. A token of the default space opens
 * every space, since clients of a metadata server can name a host and no path.
 */
import type { TokenWorth } from "../../TokenPolicy.ts"
import type { IssuedToken } from "../../VertexControl.ts"
import * as Dice from "../Dice.ts"

export interface Grant {
  readonly by: IssuedToken["by"]
  readonly principal: string
  readonly scopes: ReadonlyArray<string>
  /** Milliseconds. */
  readonly lifetime: number
}

type Kept = Omit<IssuedToken, "revoked">

/** As many of the newest are remembered. */
const most = 10_000

/** The scope that opens Vertex AI, and what a login gets that names none. */
export const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

/** A class, because ten thousand spaces have one each: methods of its prototype weigh nothing. */
export class AccessTokens {
  readonly #seed: string
  readonly #parent: AccessTokens | undefined
  #all: Map<string, Kept> | undefined
  #revoked: Set<string> | undefined
  #count = 0
  /** The tokens with smaller numbers are revoked: of this space, and of the default one. */
  #from = 0
  #parentFrom = 0

  constructor(seed: string, parent: AccessTokens | undefined) {
    this.#seed = seed
    this.#parent = parent
  }

  /** Gives a new token out. */
  issue({ by, lifetime, principal, scopes }: Grant, now: number): { readonly token: string; readonly expires: number } {
    const id = this.#count++
    const token = `ya29.${Dice.make(`${this.#seed}\naccess\n${id}`).letters(120)}`
    const all = this.#all ??= new Map()
    const [oldest] = all.keys()
    if (all.size >= most && oldest !== undefined) all.delete(oldest)
    all.set(token, { id, by, principal, scopes, issuedAt: now, expires: now + lifetime })
    return { token, expires: now + lifetime }
  }

  /** What a token is worth; undefined for one that was not given out here. */
  worth(token: string, now: number): TokenWorth | undefined {
    if (this.#revoked?.has(token) === true) return "invalid"
    const own = this.#all?.get(token)
    const kept = own ?? this.#parent?.kept(token)
    if (kept === undefined) return undefined
    if (kept.id < (own === undefined ? this.#parentFrom : this.#from)) return "invalid"
    if (own === undefined && this.#parent?.worth(token, kept.issuedAt) === "invalid") return "invalid"
    if (now >= kept.expires) return "expired"
    return kept.scopes.includes(cloudPlatform) ? "good" : "unscoped"
  }

  /** The token of this space, whatever it is worth. */
  kept(token: string): Kept | undefined {
    return this.#all?.get(token)
  }

  /** Revokes a token, or all that were given out so far. */
  revoke(token: string | undefined): void {
    if (token !== undefined) {
      ;(this.#revoked ??= new Set()).add(token)
      return
    }
    this.#from = this.#count
    this.#parentFrom = this.#parent?.count ?? 0
  }

  /** How many were given out. */
  get count(): number {
    return this.#count
  }

  /** Those that are remembered, without the tokens themselves. */
  list(): ReadonlyArray<IssuedToken> {
    return Array.from(this.#all ?? [], ([token, kept]) => ({
      ...kept,
      revoked: kept.id < this.#from || this.#revoked?.has(token) === true
    }))
  }

  clear(): void {
    this.#all = undefined
    this.#revoked = undefined
    // The numbers go on, so that no token comes twice.
    this.#from = this.#count
    this.#parentFrom = 0
  }
}
