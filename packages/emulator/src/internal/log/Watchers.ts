/** Those who wait for an entry of a log. They look at it again whenever one has changed. */
import type { Entry, RequestLog } from "../../RequestLog.ts"
import { isOpen, type KeptRequest } from "./KeptRequest.ts"
import * as Packed from "./Packed.ts"

type Watcher = Parameters<RequestLog["watch"]>[0]

export class Watchers {
  private readonly kept: () => ReadonlyArray<KeptRequest>
  private readonly watching = new Set<Watcher>()
  /** The entries that predicates look at. They are unpacked once, as long as somebody waits. */
  private readonly unpacked = new Map<number, Entry>()

  constructor(kept: () => ReadonlyArray<KeptRequest>) {
    this.kept = kept
  }

  /** Calls `f` at once, and after every change until it returns true. The result stops that. */
  watch(f: Watcher): () => void {
    if (f(undefined, this.look)) return () => undefined
    this.watching.add(f)
    return () => this.watching.delete(f)
  }

  changed(entry: Entry): void {
    for (const watcher of this.watching) if (watcher(entry, this.look)) this.watching.delete(watcher)
    if (this.watching.size === 0) this.unpacked.clear()
  }

  /** The entry is not kept any more. */
  drop(id: number): void {
    this.unpacked.delete(id)
  }

  /** No entry is kept any more; who waits goes on waiting. */
  clear(): void {
    this.unpacked.clear()
  }

  private readonly look = (): ReadonlyArray<Entry> =>
    this.kept().map((kept) => {
      if (isOpen(kept)) return kept
      const known = this.unpacked.get(kept.id)
      if (known !== undefined) return known
      const made = Packed.unpack(kept)
      this.unpacked.set(kept.id, made)
      return made
    })
}
