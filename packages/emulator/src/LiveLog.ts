/**
 * Live connections as data for tests: the messages both ways, and how each ended. Keys, tokens and cookies are not
 * kept. It shares its bound in bytes with the log of requests.
 *
 * @since 0.1.0
 */
import * as Allowance from "./internal/log/Allowance.ts"
import type { Verdict } from "./Verdict.ts"

/**
 * One message of a connection, and which side sent it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Message {
  readonly from: "client" | "server"
  /** Milliseconds since the epoch, by the server's clock. */
  readonly time: number
  /** The parsed message, or the text if it was not JSON. */
  readonly message: unknown
}

/**
 * One connection. An entry grows while it is open; `entries` gives copies.
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
  /** `bidiGenerateContent`, `bidiGenerateContentConstrained` or `bidiGenerateMusic`. */
  readonly apiMethod: string
  readonly version: string
  /** Names in lower case, secrets left out. */
  readonly headers: Readonly<Record<string, string>>
  /** The model that the setup names, without `models/`. */
  readonly model: string | undefined
  /** When `setupComplete` was sent; undefined if it never was. */
  readonly setUpAt: number | undefined
  /** Whether it went on with an earlier session's state. */
  readonly resumed: boolean
  /** The messages, or only the newest if there are too many; see `droppedMessages`. */
  readonly messages: ReadonlyArray<Message>
  /** How many older messages the log has dropped, to stay within its bounds. */
  readonly droppedMessages: number
  /** Who answered or refused each turn of the model, in order. */
  readonly verdicts: ReadonlyArray<Verdict>
  /** How many turns the model has completed, interrupted ones included. */
  readonly turns: number
  readonly closedAt: number | undefined
  /** The close code; 1006 if there was no close frame. */
  readonly code: number | undefined
  readonly reason: string | undefined
  /** Who ended it. `network`: it broke without a close frame, by a fault or by itself. */
  readonly closedBy: "client" | "server" | "network" | undefined
}

/**
 * An entry of the log while it is written: the Live handler sets its fields.
 *
 * @category models
 * @since 0.1.0
 */
export type Mutable = { -readonly [K in keyof Omit<Entry, "messages" | "verdicts">]: Entry[K] } & {
  messages: Array<Message>
  verdicts: Array<Verdict>
}

/**
 * The log of Live connections: the handler writes it, tests read it and wait on it.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveLog {
  readonly add: (
    entry: Pick<Entry, "time" | "path" | "space" | "project" | "region" | "apiMethod" | "version" | "headers">
  ) => Mutable
  /** Adds a message; `length` is that of its text. */
  readonly message: (entry: Mutable, message: Message, length: number) => void
  readonly setUp: (entry: Mutable, time: number) => void
  /** Ends the entry. Only the first call counts. */
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
  /** Counts of all connections, dropped ones included. */
  readonly counters: () => Counters
  readonly clear: () => void
  /**
   * Calls `f` with the live entries, at once and after every change, until it returns true. The result stops the
   * watch.
   */
  readonly watch: (f: (entries: ReadonlyArray<Entry>) => boolean) => () => void
  /** Gives the log's bytes back and keeps nothing from then on. */
  readonly end: () => void
}

/**
 * How many connections and sessions there were, by several measures.
 *
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
  /** By close code; `open` for connections that have not ended. */
  readonly byCode: Readonly<Record<string, number>>
}

/**
 * How much the log keeps.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * How many of the newest connections it keeps, and how many messages of each. Default: as many as the bytes allow.
   */
  readonly remember?: number | undefined
  /** The bound on bytes, shared with other logs. Default: 256 MB for itself. */
  readonly allowance?: Allowance.Allowance | undefined
}

/**
 * The estimated bytes of a connection without messages, and of a message besides its text; the parsed text takes twice
 * its length.
 */
const entryBytes = 1500
const messageBytes = 250

interface Kept {
  readonly entry: Mutable
  /** The size of each message, in order. */
  readonly sizes: Array<number>
}

/**
 * An empty log of Live connections.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): LiveLog => {
  const { allowance = Allowance.make(Allowance.standard), remember = Number.POSITIVE_INFINITY } = options
  let log: Array<Mutable> = []
  let kept = new Map<Mutable, Kept>()
  /** Connections that were dropped before their end and are still counted; clearing the log forgets them. */
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
  /** Drops the oldest; an open connection loses its messages before it is dropped itself. */
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
      // Half of the log goes at once, so that dropping costs little per message.
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
