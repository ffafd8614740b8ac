/**
 * Which lines of a log count: the rule by which an append decides where no lock does.
 *
 * An opening counts if its number is the next one; any other line counts if, besides, its writer is the one who opened
 * last. Lines that a former writer adds later do not count for any reader. A line with a number above the next one
 * means that lines are missing.
 */
import type { End, Line } from "../JournalStore.ts"
import { endOf } from "./line.ts"

export class Chain {
  next = 0
  /** The writer who opened last. */
  by: string | undefined = undefined
  state: string | undefined = undefined
  /** The writer whose lines are counted in `own`. */
  mine: string | undefined = undefined
  /** The first sequence number after the last line of `mine` that counted, whoever opened the run after it. */
  own = 0

  take(line: Line): "taken" | "stale" | "gap" {
    if (line.seq > this.next) return "gap"
    if (line.seq < this.next || (!line.opened && line.by !== this.by)) return "stale"
    this.next = endOf(line)
    this.by = line.by
    this.state = line.state
    if (line.by === this.mine) this.own = this.next
    return "taken"
  }

  get end(): End {
    return { next: this.next, ...(this.state === undefined ? {} : { state: this.state }) }
  }
}
