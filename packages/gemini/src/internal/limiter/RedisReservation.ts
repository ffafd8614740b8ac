import type * as LaneStore from "../../limits/LaneStore.ts"
import type { RedisBatch } from "./RedisBatch.ts"
import type { RedisLane } from "./RedisLane.ts"

export class RedisReservation implements LaneStore.Reservation {
  readonly _tag = "Reserved"
  readonly lane: RedisLane
  /** What it was granted with; `undefined` if it was taken while Redis was down. */
  readonly batch: RedisBatch | undefined
  readonly at: number
  tokens: number
  /** The same reservation in this process's own count. */
  readonly local: LaneStore.Reservation | undefined
  /** Whether its call is in flight: it ends once, however often that is said. */
  isInFlight = true

  constructor(
    lane: RedisLane,
    batch: RedisBatch | undefined,
    at: number,
    tokens: number,
    local: LaneStore.Reservation | undefined
  ) {
    this.lane = lane
    this.batch = batch
    this.at = at
    this.tokens = tokens
    this.local = local
  }
}
