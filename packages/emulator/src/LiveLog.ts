/**
 * Live connections as data for tests: the messages both ways, and how each ended. Keys, tokens
 * and cookies are not kept. Bounded by the same bytes as the log of requests.
 *
 * @since 0.1.0
 */
import * as Allowance from "./internal/log/Allowance.ts"
import type { Verdict } from "./Verdict.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Message {
  readonly from: "client" | "server"
  /** Milliseconds since the epoch, by the server's clock. */
  readonly time: number
  /** The parsed message; the text where it was no JSON. */
  readonly message: unknown
}

/**
 * One connection. An entry grows while it is open; what `entries` gives are copies.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  /** 0, 1, 2, … in order of arrival, since the log was last cleared. */
  readonly id: number
  /** When the upgrade arrived: milliseconds since the epoch, by the server's clock. */
  readonly time: number
  readonly path: string
  /** The space that it came to: `default`, or as it was chosen. */
  readonly space: string
  /** The project of the key or the token. */
  readonly project: string
  /** `global`, or the region that was dialled. */
  readonly region: string
  /** `bidiGenerateContent` or `bidiGenerateContentConstrained`. */
  readonly apiMethod: string
  readonly version: string
  /** Names in lower case, secrets left out. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the setup, without `models/`. */
  readonly model: string | undefined
  /** When `setupComplete` was sent; undefined if it never was. */
  readonly setUpAt: number | undefined
  /** Whether it went on with an earlier session's state. */
  readonly resumed: boolean
  /** The newest ones, where there are too many; see `droppedMessages`. */
  readonly messages: ReadonlyArray<Message>
  /** How many older messages the log has dropped, to stay within its bounds. */
  readonly droppedMessages: number
  /** Who answered or refused each turn of the model, in order. */
  readonly verdicts: ReadonlyArray<Verdict>
  /** How many turns the model has completed, interrupted ones included. */
  readonly turns: number
  readonly closedAt: number | undefined
  /** 1006 where there was no close frame. */
  readonly code: number | undefined
  readonly reason: string | undefined
  /** Who ended it; `network`: it broke without a close frame, by a fault or of itself. */
  readonly closedBy: "client" | "server" | "network" | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export type Mutable = { -readonly [K in keyof Omit<Entry, "messages" | "verdicts">]: Entry[K] } & {
  messages: Array<Message>
  verdicts: Array<Verdict>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LiveLog {
  readonly add: (
    entry: Pick<Entry, "time" | "path" | "space" | "project" | "region" | "apiMethod" | "version" | "headers">
  ) => Mutable
  /** `length`: that of its text. */
  readonly message: (entry: Mutable, message: Message, length: number) => void
  readonly setUp: (entry: Mutable, time: number) => void
  /** The end; the first call counts. */
  readonly close: (
    entry: Mutable,
    end: { readonly code: number; readonly reason: string; readonly by: NonNullable<Entry["closedBy"]> },
    time: number
  ) => void
  /** Tells the watchers that something in an entry was set. */
  readonly changed: () => void
  readonly entries: () => ReadonlyArray<Entry>
  /** How many connections have ended since the log was last cleared. */
  readonly closed: () => number
  /** Of all connections, dropped ones included. */
  readonly counters: () => Counters
  readonly clear: () => void
  /** Calls `f` with the live entries, at once and after every change, until it returns true. Gives back how to stop. */
  readonly watch: (f: (entries: ReadonlyArray<Entry>) => boolean) => () => void
  /** Gives the log's bytes back; it keeps nothing any more. */
  readonly end: () => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Counters {
  readonly total: number
  /** How many connections the log has dropped, to stay within its bounds. */
  readonly dropped: number
  readonly open: number
  /** The largest number of sessions that were set up at one time. */
  readonly largestConcurrent: number
  readonly turns: number
  readonly messagesFromClients: number
  readonly messagesFromServer: number
  /** By close code; `open` for what has not ended. */
  readonly byCode: Readonly<Record<string, number>>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many of the newest connections it keeps, and messages of each. Default: as many as the bytes allow. */
  readonly remember?: number | undefined
  /** The bound on bytes, shared with other logs. Default: 256 MB for itself. */
  readonly allowance?: Allowance.Allowance | undefined
}

/** A connection without messages, and a message beside its text, which takes twice its length when parsed. */
const entryBytes = 1500
const messageBytes = 250

interface Kept {
  readonly entry: Mutable
  /** Of each message, in order. */
  readonly sizes: Array<number>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): LiveLog => {
  const { allowance = Allowance.make(Allowance.standard), remember = Number.POSITIVE_INFINITY } = options
  let log: Array<Mutable> = []
  let kept = new Map<Mutable, Kept>()
  /** Dropped before their end: still counted, since the log was last cleared. */
  let adrift = new Set<Mutable>()
  let open = 0
  let largest = 0
  let bytes = 0
  const nothing = () => ({
    arrived: 0,
    closed: 0,
    dropped: 0,
    turns: 0,
    client: 0,
    server: 0,
    byCode: new Map<string, number>()
  })
  let sums = nothing()
  const watchers = new Set<(entries: ReadonlyArray<Entry>) => boolean>()
  const changed = () => {
    for (const watcher of watchers) if (watcher(log)) watchers.delete(watcher)
  }
  const grew = (by: number) => {
    bytes += by
    allowance.changed(by)
  }
  const dropMessages = (of: Kept, count: number): number => {
    of.entry.messages.splice(0, count)
    of.entry.droppedMessages += count
    const freed = of.sizes.splice(0, count).reduce((sum, size) => sum + size, 0)
    grew(-freed)
    return freed
  }
  const dropEntries = (count: number): number => {
    let freed = 0
    for (const entry of log.splice(0, count)) {
      const of = kept.get(entry)
      if (of !== undefined) freed += dropMessages(of, of.sizes.length)
      kept.delete(entry)
      sums.dropped++
      if (entry.closedAt === undefined) adrift.add(entry)
      else sums.turns += entry.turns
      freed += entryBytes
      grew(-entryBytes)
    }
    return freed
  }
  /** Of a connection that is open its messages go before it does. */
  const dropSome = (): number => {
    const oldest = log[0]
    const of = oldest === undefined ? undefined : kept.get(oldest)
    return of !== undefined && of.entry.closedAt === undefined && of.sizes.length > 1
      ? dropMessages(of, Math.ceil(of.sizes.length / 2))
      : dropEntries(1)
  }
  const holder: Allowance.Holder = {
    bytes: () => bytes,
    drop: (wanted) => {
      let freed = 0
      for (let more = 1; freed < wanted && more > 0; freed += more) more = dropSome()
      return freed
    }
  }
  allowance.join(holder)
  const clear = () => {
    grew(-bytes)
    log = []
    kept = new Map()
    adrift = new Set()
    sums = nothing()
    largest = open
  }
  return {
    add: (fields) => {
      const entry: Mutable = {
        ...fields,
        id: sums.arrived++,
        model: undefined,
        setUpAt: undefined,
        resumed: false,
        messages: [],
        droppedMessages: 0,
        verdicts: [],
        turns: 0,
        closedAt: undefined,
        code: undefined,
        reason: undefined,
        closedBy: undefined
      }
      log.push(entry)
      kept.set(entry, { entry, sizes: [] })
      grew(entryBytes)
      // Half of it at once, so that forgetting costs nothing a message.
      if (log.length > 2 * remember) dropEntries(log.length - remember)
      changed()
      return entry
    },
    message: (entry, message, length) => {
      const of = kept.get(entry)
      if (of !== undefined || adrift.has(entry)) sums[message.from]++
      if (of !== undefined) {
        entry.messages.push(message)
        const size = messageBytes + 2 * length
        of.sizes.push(size)
        grew(size)
        if (of.sizes.length > 2 * remember) dropMessages(of, of.sizes.length - remember)
      }
      changed()
    },
    setUp: (entry, time) => {
      entry.setUpAt = time
      largest = Math.max(largest, ++open)
      changed()
    },
    close: (entry, { by, code, reason }, time) => {
      if (entry.closedAt !== undefined) return
      if (entry.setUpAt !== undefined) open--
      entry.closedAt = time
      entry.code = code
      entry.reason = reason
      entry.closedBy = by
      const isAdrift = adrift.delete(entry)
      if (isAdrift) sums.turns += entry.turns
      if (isAdrift || kept.has(entry)) {
        sums.closed++
        sums.byCode.set(String(code), (sums.byCode.get(String(code)) ?? 0) + 1)
      }
      changed()
    },
    changed,
    entries: () =>
      (remember === 0 ? [] : log.slice(-remember)).map((entry) => ({
        ...entry,
        messages: remember === 0 ? [] : entry.messages.slice(-remember),
        verdicts: [...entry.verdicts]
      })),
    closed: () => sums.closed,
    counters: () => {
      const still = sums.arrived - sums.closed
      return {
        total: sums.arrived,
        dropped: sums.dropped,
        open: still,
        largestConcurrent: largest,
        turns: [...log, ...adrift].reduce((sum, entry) => sum + entry.turns, sums.turns),
        messagesFromClients: sums.client,
        messagesFromServer: sums.server,
        byCode: { ...Object.fromEntries(sums.byCode), ...(still === 0 ? {} : { open: still }) }
      }
    },
    clear,
    watch: (f) => {
      if (f(log)) return () => undefined
      watchers.add(f)
      return () => watchers.delete(f)
    },
    end: () => {
      clear()
      allowance.leave(holder)
    }
  }
}
