/**
 * Live connections as data for tests: the messages both ways, and how each ended. Keys, tokens
 * and cookies are not kept.
 *
 * @since 0.1.0
 */

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
  readonly messages: ReadonlyArray<Message>
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
export type Mutable = { -readonly [K in keyof Omit<Entry, "messages">]: Entry[K] } & { messages: Array<Message> }

/**
 * @category models
 * @since 0.1.0
 */
export interface LiveLog {
  readonly add: (
    entry: Pick<Entry, "time" | "path" | "project" | "region" | "apiMethod" | "version" | "headers">
  ) => Mutable
  readonly message: (entry: Mutable, message: Message) => void
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
  /** Sessions that were set up at one time, at most. */
  readonly largestConcurrent: () => number
  readonly clear: () => void
  /** Calls `f` with the live entries, at once and after every change, until it returns true. Gives back how to stop. */
  readonly watch: (f: (entries: ReadonlyArray<Entry>) => boolean) => () => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Counters {
  readonly total: number
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
 * @category getters
 * @since 0.1.0
 */
export const counters = (entries: ReadonlyArray<Entry>, largestConcurrent: number): Counters => {
  const byCode: Record<string, number> = {}
  for (const { code } of entries) byCode[code ?? "open"] = (byCode[code ?? "open"] ?? 0) + 1
  const messages = entries.flatMap((entry) => entry.messages)
  return {
    total: entries.length,
    open: entries.filter((entry) => entry.closedAt === undefined).length,
    largestConcurrent,
    turns: entries.reduce((sum, entry) => sum + entry.turns, 0),
    messagesFromClients: messages.filter(({ from }) => from === "client").length,
    messagesFromServer: messages.filter(({ from }) => from === "server").length,
    byCode
  }
}

/**
 * A log of the newest `remember` connections, and of each its newest `remember` messages; default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (remember = Number.POSITIVE_INFINITY): LiveLog => {
  let log: Array<Mutable> = []
  let next = 0
  let open = 0
  let largest = 0
  const watchers = new Set<(entries: ReadonlyArray<Entry>) => boolean>()
  const changed = () => {
    for (const watcher of watchers) if (watcher(log)) watchers.delete(watcher)
  }
  // Half of it at once, so that forgetting costs nothing a message.
  const trim = <A>(list: Array<A>) => {
    if (list.length > 2 * remember) list.splice(0, list.length - remember)
  }
  return {
    add: (fields) => {
      const entry: Mutable = {
        ...fields,
        id: next++,
        model: undefined,
        setUpAt: undefined,
        resumed: false,
        messages: [],
        turns: 0,
        closedAt: undefined,
        code: undefined,
        reason: undefined,
        closedBy: undefined
      }
      log.push(entry)
      trim(log)
      changed()
      return entry
    },
    message: (entry, message) => {
      entry.messages.push(message)
      trim(entry.messages)
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
      changed()
    },
    changed,
    entries: () => log.slice(-remember).map((entry) => ({ ...entry, messages: entry.messages.slice(-remember) })),
    largestConcurrent: () => largest,
    clear: () => {
      log = []
      next = 0
      largest = open
    },
    watch: (f) => {
      if (f(log)) return () => undefined
      watchers.add(f)
      return () => watchers.delete(f)
    }
  }
}
