/**
 * What a resumption handle stands for: a session's state as it was when the handle was given out.
 */
import * as Tokens from "../answers/tokens.ts"
import type * as Json from "../json.ts"

/** A history only grows at its end, so that a snapshot is a length. */
export interface History {
  readonly contents: Array<Json.Json>
  /** Input tokens of the contents, by modality. */
  tokens: Readonly<Record<string, number>>
  /** The last message of the client on this connection that the contents hold; the setup is message 0. */
  consumed: number
}

export const plus = (a: Tokens.Counts, b: Tokens.Counts): Tokens.Counts => {
  const sum: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

export const add = (history: History, contents: ReadonlyArray<Json.Json>, tokens?: Tokens.Counts): void => {
  history.contents.push(...contents)
  history.tokens = plus(history.tokens, tokens ?? Tokens.ofContents(contents))
}

/** The connections that continue one another. */
export interface Lineage {
  open: boolean
  endedAt: number
}

/** A call that the client has not answered. */
export interface Pending {
  readonly name: string
  readonly blocking: boolean
}

/** A place in a history, with the calls that wait for their answers there. */
export interface Mark {
  readonly length: number
  readonly tokens: Readonly<Record<string, number>>
  readonly consumed: number
  readonly pending: ReadonlyMap<string, Pending>
}

export const mark = (
  { consumed, contents, tokens }: History,
  pending: ReadonlyMap<string, Pending> = new Map()
): Mark => ({ length: contents.length, tokens, consumed, pending: new Map(pending) })

export interface Snapshot extends Mark {
  readonly model: string
  readonly project: string
  /** The region that has the session's state; no other region knows it. */
  readonly region: string
  readonly history: History
  readonly lineage: Lineage
}

export interface Handles {
  readonly put: (handle: string, snapshot: Snapshot) => void
  /** The state that a handle stands for. Undefined: it was never given out, is forgotten or is too old. */
  readonly get: (handle: string, now: number) => Snapshot | undefined
  readonly clear: () => void
}

/** How many handles a session keeps: the newest ones. */
const kept = 16

export const make = (lifetime: number): Handles => {
  const all = new Map<string, Snapshot>()
  const byLineage = new Map<Lineage, Array<string>>()
  const forget = (lineage: Lineage) => {
    for (const handle of byLineage.get(lineage) ?? []) all.delete(handle)
    byLineage.delete(lineage)
  }
  const isOver = (lineage: Lineage, now: number) => !lineage.open && now >= lineage.endedAt + lifetime
  return {
    put: (handle, snapshot) => {
      all.set(handle, snapshot)
      const list = byLineage.get(snapshot.lineage) ?? []
      byLineage.set(snapshot.lineage, list)
      list.push(handle)
      if (list.length > kept) all.delete(list.shift() ?? "")
    },
    get: (handle, now) => {
      for (const lineage of byLineage.keys()) if (isOver(lineage, now)) forget(lineage)
      return all.get(handle)
    },
    clear: () => {
      all.clear()
      byLineage.clear()
    }
  }
}
