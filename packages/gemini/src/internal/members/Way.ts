/**
 * A member and a model: where an attempt of a call over members goes, with its lanes.
 */
import type { CallOptions } from "../../call/CallOptions.ts"
import type * as GeminiHttp from "../../GeminiHttp.ts"
import type { Limits } from "../../limits/Tier.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { Base } from "../http/destination.ts"
import { Lane } from "../limiter/Lane.ts"
import { messageLimits } from "../live/messageLimits.ts"
import type { ProviderOf } from "../telemetry/recorder.ts"

/** A member as the pool keeps it. */
export interface MemberState {
  readonly name: string
  readonly project: string
  readonly location: string
  readonly regionRank: number
  readonly weight: number
  readonly http: GeminiHttp.Service
  /** Its API, by the name that OpenTelemetry has for it. */
  readonly provider: string
  /** Says what the API of this member does not have. */
  readonly lacks: Base["lacks"]
  readonly limits: (asked: ModelId.ModelId) => (quotaModel: ModelId.ModelId, call?: CallOptions) => Limits
  /** Whether its key was refused when it was last used. */
  isKeyRefused: boolean
  /** How many calls went there. */
  calls: number
}

/** The name of who is asked. Without a member it is the one that all members share, or that of Google's APIs together. */
export const providerOf = (members: ReadonlyArray<MemberState>): ProviderOf => {
  const [first, ...others] = new Set(members.map(({ provider }) => provider))
  const shared = others.length === 0 ? first : undefined
  return (name) => members.find((member) => member.name === name)?.provider ?? shared ?? "gcp.gen_ai"
}

export type Family = "generate" | "embed" | "count" | "live"

export class Way {
  readonly member: MemberState
  readonly model: ModelId.ModelId
  readonly #limiter: RateLimiter.Service
  readonly #lanes = new Map<Family, Lane>()
  readonly #circuit: string
  readonly #liveCircuit: string

  constructor(member: MemberState, model: ModelId.ModelId, limiter: RateLimiter.Service) {
    this.member = member
    this.model = model
    this.#limiter = limiter
    this.#circuit = `${member.name}/${model}`
    this.#liveCircuit = `${this.#circuit}/live`
  }

  lane(family: Family): Lane {
    const known = this.#lanes.get(family)
    if (known !== undefined) return known
    const { location, project } = this.member
    const limits = this.member.limits(this.model)
    const lane = new Lane({
      limiter: this.#limiter,
      project,
      location,
      quotaModel: ModelAlias.quotaModel(this.model),
      isAlias: ModelAlias.isAlias(this.model),
      // Over Live a call is one message, which is counted apart; the number of sessions bounds how many run at once.
      limits: family === "live" ? (model, call) => messageLimits(limits(model, call)) : limits
    }, family)
    this.#lanes.set(family, lane)
    return lane
  }

  /** The key of its circuit; over Live it has another circuit. */
  circuit(family: Family): string {
    return family === "live" ? this.#liveCircuit : this.#circuit
  }
}
