/**
 * What a call asks of the members, and what all calls over the same members share.
 */
import type * as Effect from "effect/Effect"
import type { CallOptions } from "../../call/CallOptions.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { Estimate } from "../limiter/Tally.ts"
import type * as Circuit from "./circuit.ts"
import type { MemberTable } from "./MemberTable.ts"
import type { Pace } from "./Pace.ts"
import type { ProbeTurns } from "./ProbeTurns.ts"
import type { Refusals } from "./Refusals.ts"
import type { WaitingRoom } from "./WaitingRoom.ts"
import type { Family, MemberState, Way } from "./Way.ts"

/** What a call asks of the members. */
export interface RouteAsk {
  readonly method: string
  readonly family: Family
  /** The model that was asked for. */
  readonly model: ModelId.ModelId
  readonly tokens: () => Estimate
  /** What counts the tokens first, where an estimate is not enough. */
  readonly counted: Effect.Effect<Estimate> | undefined
  /** For a generation: what is asked, and how a way counts it. */
  readonly asks: ((way: Way) => RateLimiter.Admission["asks"]) | undefined
  readonly options: CallOptions | undefined
  readonly caller: string
  /** Where the call may go: the models in order, each with its members. */
  readonly ways: ReadonlyArray<Way>
  /** Members that are taken only if there is no other. */
  readonly avoid: ReadonlyArray<string>
  /** The member that answers a call of this key answers the next ones, while it is alive. */
  readonly sticky: string | undefined
  /** Whether the caller named the member: then it is asked whatever was refused there. */
  readonly isNamed: boolean
  /** Whether the request names what a member made. */
  readonly isHeld: boolean
  /** The attempts where the retry policy names no number: enough for every member and every model once. */
  readonly attempts: number | undefined
  /** The milliseconds of the call's total deadline, or `Infinity`. */
  readonly total: number
}

/** What all calls over the same members share. */
export interface SharedByRoutes {
  readonly limiter: RateLimiter.Service
  readonly circuits: Circuit.Circuits
  readonly table: MemberTable<MemberState>
  readonly room: WaitingRoom
  readonly pace: Pace
  readonly turns: ProbeTurns
  readonly refusals: Refusals
  /** Called when a call waits that does not observe its waits itself. */
  readonly onWait: RateLimiter.Admission["onWait"]
}
