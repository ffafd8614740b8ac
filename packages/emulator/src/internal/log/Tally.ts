/**
 * Counts by name, of requests that have ended. The names come from clients, so only a bounded number of them is told
 * apart.
 */
import type { Counters, Entry } from "../../RequestLog.ts"

/** The name under which all names beyond the bound are counted. */
const others = "…"
const most = 1000

class NameCounts {
  private readonly counts = new Map<string, number>()

  add(name: string): void {
    const at = this.counts.has(name) || this.counts.size < most ? name : others
    this.counts.set(at, (this.counts.get(at) ?? 0) + 1)
  }
  copy(): NameCounts {
    const copy = new NameCounts()
    for (const [name, count] of this.counts) copy.counts.set(name, count)
    return copy
  }
  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counts)
  }
}

/** The fields of an entry that are counted. */
export type Counted = Pick<
  Entry,
  "apiMethod" | "model" | "project" | "region" | "status" | "outcome" | "connection"
>

export class Tally {
  private total = 0
  private readonly connections = new Set<number>()
  private byMethod = new NameCounts()
  private byModel = new NameCounts()
  private byProject = new NameCounts()
  private byRegion = new NameCounts()
  private byStatus = new NameCounts()
  private byOutcome = new NameCounts()

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
