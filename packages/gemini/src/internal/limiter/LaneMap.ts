import type { LaneKey } from "../../limits/LaneStore.ts"
import type { LaneQueue } from "./LaneQueue.ts"

/** The lanes that a limiter knows; those that count nothing are forgotten when there are too many. */
export class LaneMap {
  // Lanes are found by their model and project: comparing the rest costs less than building a string for each call.
  readonly #lanes = new Map<string, Map<string, Array<LaneQueue>>>()
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
    return Array.from(this.#lanes.values()).flatMap((projects) => Array.from(projects.values()).flat())
  }

  /** The lane of a key, if it is kept. */
  find(key: LaneKey): LaneQueue | undefined {
    const known = this.#lanes.get(key.quotaModel)?.get(key.project)
    if (known !== undefined) {
      for (const lane of known) {
        if (lane.key.family === key.family && lane.key.location === key.location) return lane
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
    this.#keep(lane)
    return lane
  }

  #keep(lane: LaneQueue): void {
    const { project, quotaModel } = lane.key
    const projects = this.#lanes.get(quotaModel) ?? new Map<string, Array<LaneQueue>>()
    this.#lanes.set(quotaModel, projects)
    const known = projects.get(project)
    if (known === undefined) projects.set(project, [lane])
    else known.push(lane)
    this.#size++
  }

  #forgetIdle(now: number): void {
    const kept = this.all.filter((lane) => !lane.isIdle(now))
    this.#lanes.clear()
    this.#size = 0
    for (const lane of kept) this.#keep(lane)
    this.#sweepAt = Math.max(this.#most, this.#size * 2)
  }
}
