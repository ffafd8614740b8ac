/**
 * What changes in a space, numbered, so that a client which comes back learns what it has missed. It begins when the
 * admin API is first asked about the logs of a space, so it costs nothing where nobody asks.
 */
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import type { Entry } from "../../RequestLog.ts"
import type { HoldChange } from "../rules/Holds.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"

/** How many changes are remembered. */
const remembered = 10_000

/** A request has arrived or ended, or a call has begun to be held, or is no longer held. */
export type Change =
  & { readonly number: number }
  & (
    | { readonly kind: "request"; readonly id: number; readonly ended: boolean }
    | HoldChange
  )

/** The requests among changes. */
export const requestsOf = (changes: ReadonlyArray<Change>): ReadonlyArray<number> =>
  changes.flatMap((change) => change.kind === "request" ? change.id : [])

export class Activity {
  private readonly space: OpenSpace
  /** Tells this list of changes from those of other spaces, and from what was before the log was cleared. */
  private token: string = randomUUID()
  private changes: Array<Change> = []
  private last = 0
  private arrived = 0
  /** How often something has changed in the log of Live connections. */
  liveChanges = 0
  /** How often anything has changed. */
  version = 0
  private readonly waiting = new Set<() => void>()

  constructor(space: OpenSpace) {
    this.space = space
    this.arrived = space.state.log.arrived()
    space.state.log.watch((entry) => {
      if (entry !== undefined) this.request(entry)
      return false
    })
    space.state.scripts.holds.watch((change) => this.add((number) => ({ number, ...change })))
    space.state.live.log.watch(() => {
      this.liveChanges++
      this.wake()
      return false
    })
  }

  private request({ id, outcome }: Entry): void {
    if (outcome === undefined && id < this.arrived) this.restart()
    this.arrived = Math.max(this.arrived, id + 1)
    this.add((number) => ({ number, kind: "request", id, ended: outcome !== undefined }))
  }

  private add(change: (number: number) => Change): void {
    this.changes.push(change(++this.last))
    if (this.changes.length > 2 * remembered) this.changes = this.changes.slice(-remembered)
    this.wake()
  }

  private restart(): void {
    this.token = randomUUID()
    this.changes = []
    this.arrived = 0
  }

  private wake(): void {
    this.version++
    const all = [...this.waiting]
    this.waiting.clear()
    for (const wake of all) wake()
  }

  /** Notices that the log was cleared when nothing has come since. */
  private refresh(): void {
    if (this.space.state.log.arrived() < this.arrived) this.restart()
  }

  /** Where the list is now. */
  cursor(): string {
    this.refresh()
    return this.cursorAt(this.last)
  }

  cursorAt(number: number): string {
    return `${this.token}.${number}`
  }

  /** The changes behind a cursor. Undefined: what was missed is not known. */
  since(cursor: string): ReadonlyArray<Change> | undefined {
    this.refresh()
    const [token, number] = cursor.split(".")
    const from = Number(number)
    const first = this.changes[0]?.number ?? this.last + 1
    if (token !== this.token || !Number.isInteger(from) || from < first - 1 || from > this.last) return undefined
    return this.changes.slice(from - first + 1)
  }

  /** Resumes as soon as anything has changed after this version. */
  beyond(version: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.version > version) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      this.waiting.add(wake)
      return Effect.sync(() => this.waiting.delete(wake))
    })
  }
}

const known = new WeakMap<OpenSpace, Activity>()

export const of = (space: OpenSpace): Activity => {
  const found = known.get(space) ?? new Activity(space)
  known.set(space, found)
  return found
}
