/**
 * Numbers by name, of requests that have ended. Names come from clients, so there is a bound on how
 * many are told apart.
 */
import type { Counters, Entry } from "../../RequestLog.ts"

/** What names beyond the bound are counted under. */
const others = "…"
const most = 1000

class Counts {
  private readonly counts = new Map<string, number>()

  add(name: string): void {
    const at = this.counts.has(name) || this.counts.size < most ? name : others
    this.counts.set(at, (this.counts.get(at) ?? 0) + 1)
  }
  copy(): Counts {
    const copy = new Counts()
    for (const [name, count] of this.counts) copy.counts.set(name, count)
    return copy
  }
  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts)
  }
}

/** What is read of an entry. */
export type Counted = Pick<
  Entry,
  "apiMethod" | "model" | "project" | "region" | "status" | "outcome" | "connection"
>

export class Tally {
  private total = 0
  private readonly connections = new Set<number>()
  private byMethod = new Counts()
  private byModel = new Counts()
  private byProject = new Counts()
  private byRegion = new Counts()
  private byStatus = new Counts()
  private byOutcome = new Counts()

  add(entry: Counted): void {
    this.total++
    this.connections.add(entry.connection)
    this.byMethod.add(entry.apiMethod ?? "")
    this.byModel.add(entry.model ?? "")
    this.byProject.add(entry.project)
    this.byRegion.add(entry.region)
    this.byStatus.add(String(entry.status ?? ""))
    this.byOutcome.add(entry.outcome ?? "open")
  }

  copy(): Tally {
    const copy = new Tally()
    copy.total = this.total
    for (const connection of this.connections) copy.connections.add(connection)
    copy.byMethod = this.byMethod.copy()
    copy.byModel = this.byModel.copy()
    copy.byProject = this.byProject.copy()
    copy.byRegion = this.byRegion.copy()
    copy.byStatus = this.byStatus.copy()
    copy.byOutcome = this.byOutcome.copy()
    return copy
  }

  counters(dropped: number): Counters {
    return {
      total: this.total,
      dropped,
      connections: this.connections.size,
      byMethod: this.byMethod.toRecord(),
      byModel: this.byModel.toRecord(),
      byProject: this.byProject.toRecord(),
      byRegion: this.byRegion.toRecord(),
      byStatus: this.byStatus.toRecord(),
      byOutcome: this.byOutcome.toRecord()
    }
  }
}
