import type * as LaneStore from "../../limits/LaneStore.ts"
import type { RedisLane } from "./RedisLane.ts"

export class RedisReservation implements LaneStore.Reservation {
  readonly _tag = "Reserved"
  readonly lane: RedisLane
  /** The position in Redis's window; `undefined` if it was taken while Redis was down. */
  readonly position: string | undefined
  readonly at: number
  tokens: number
  /** The same reservation in this process's own count. */
  readonly local: LaneStore.Reservation | undefined

  constructor(
    lane: RedisLane,
    position: string | undefined,
    at: number,
    tokens: number,
    local: LaneStore.Reservation | undefined
  ) {
    this.lane = lane
    this.position = position
    this.at = at
    this.tokens = tokens
    this.local = local
  }
}
