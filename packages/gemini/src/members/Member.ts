/**
 * A member of a pool (a project, a region of it, or a key) as data, and what a call sees of it.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import type { Destination } from "../internal/config/address.ts"
import type * as Tier from "../limits/Tier.ts"
import type * as RateLimiter from "../RateLimiter.ts"

/**
 * A project, a region of it, or a key. Fields that are left out are those of the options for all members.
 *
 * @category options
 * @since 0.1.0
 */
export interface Member {
  /** The name in attempts, spans and `MemberCall`. */
  readonly name: string
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** The environment variable that holds the key, for members in data: {@link layerConfig} reads it. */
  readonly apiKeyFrom?: string | undefined
  /** The project whose quota it uses. Default: one of its own, with the member's name. */
  readonly project?: string | undefined
  /** The region of that quota. Regions are tried in the order in which they are first named. Default `global`. */
  readonly location?: string | undefined
  readonly baseUrl?: string | undefined
  readonly apiVersion?: string | undefined
  readonly tier?: Tier.TierName | Tier.Tier | undefined
  readonly limits?: Readonly<Record<string, Partial<Tier.Limits>>> | undefined
  /** Its share of the calls beside the others of its region. Default 1. */
  readonly weight?: number | undefined
  /**
   * The API that it asks: the Gemini API by default, or Vertex AI, for which its `project` and `location` say where.
   * `Vertex.layerMembers` makes the destination of such members.
   */
  readonly api?: "gemini" | "vertex" | undefined
  /** Which throughput serves its calls on Vertex AI: the provisioned one alone, or the shared one alone. */
  readonly requestType?: "dedicated" | "shared" | undefined
  /** The project that pays for its calls on Vertex AI, where that is not its `project` (`x-goog-user-project`). */
  readonly quotaProject?: string | undefined
  /** Where its requests go, such as a destination of `Vertex.destination`, in place of `baseUrl` and `apiKey`. */
  readonly destination?: Destination | undefined
}

/**
 * A member and model as a call finds them.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemberChoice {
  readonly member: string
  readonly project: string
  readonly location: string
  readonly model: string
  /** How soon its lane admits the call, and how much of its quota is free. */
  readonly headroom: RateLimiter.Headroom
  readonly circuit: "closed" | "open" | "halfOpen"
  /** Whether it is left out because its key was refused. */
  readonly isKeyRefused: boolean
  /**
   * Why it cannot be chosen now: its circuit is open, its key was refused, it does not have the model, the calls of this
   * `sticky` key go elsewhere, it failed in this call, or its quota has no room.
   */
  readonly excluded?: "circuit" | "key" | "model" | "sticky" | "failed" | "quota"
  /** Milliseconds until it could take the call, as far as is known. */
  readonly availableIn: number
}
