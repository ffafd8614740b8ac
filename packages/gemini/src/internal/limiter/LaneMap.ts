import type { LaneKey } from "../../limits/LaneStore.ts"
import type { LaneQueue } from "./LaneQueue.ts"

/** The lanes that a limiter knows; those that count nothing are forgotten when there are too many. */
export class LaneMap {
  // Lanes are found by their model first: comparing the rest costs less than building a string for each call.
  readonly #lanes = new Map<string, Array<LaneQueue>>()
  readonly #open: (key: LaneKey) => LaneQueue
  readonly #most: number
  #size = 0
  #sweepAt: number
  #isClosed = false

  constructor(open: (key: LaneKey) => LaneQueue, most: number) {
    this.#open = open
    this.#most = most
    this.#sweepAt = most
  }

  get all(): ReadonlyArray<LaneQueue> {
    return Array.from(this.#lanes.values()).flat()
  }

  /** The lane of a key, if it is kept. */
  find(key: LaneKey): LaneQueue | undefined {
    const known = this.#lanes.get(key.quotaModel)
    if (known !== undefined) {
      for (const lane of known) {
        if (lane.key.family === key.family && lane.key.project === key.project && lane.key.location === key.location) {
          return lane
        }
      }
    }
    return undefined
  }

  of(key: LaneKey, now: number): LaneQueue {
    return this.find(key) ?? this.#add(key, now)
  }

  /** The lane of a key, for a question. A lane that nobody has used yet is not kept for it. */
  seen(key: LaneKey): LaneQueue {
    return this.find(key) ?? this.#open(key)
  }

  close(): void {
    this.#isClosed = true
    for (const lane of this.all) lane.close()
  }

  #add(key: LaneKey, now: number): LaneQueue {
    if (this.#size >= this.#sweepAt) this.#forgetIdle(now)
    const lane = this.#open(key)
    if (this.#isClosed) lane.close()
    const known = this.#lanes.get(key.quotaModel)
    if (known === undefined) this.#lanes.set(key.quotaModel, [lane])
    else known.push(lane)
    this.#size++
    return lane
  }

  #forgetIdle(now: number): void {
    for (const [model, known] of this.#lanes) {
      const kept = known.filter((lane) => !lane.isIdle(now))
      this.#size -= known.length - kept.length
      if (kept.length === 0) this.#lanes.delete(model)
      else this.#lanes.set(model, kept)
    }
    this.#sweepAt = Math.max(this.#most, this.#size * 2)
  }
}
