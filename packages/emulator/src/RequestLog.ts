/**
 * What arrived at the emulator, as data for tests. Keys are not kept.
 *
 * @since 0.1.0
 */

/**
 * One request. An entry grows while its answer is on the way; what `entries` gives are copies.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  /** 0, 1, 2, … in order of arrival, since the log was last cleared. */
  readonly id: number
  /** Milliseconds since the epoch, by the server's clock, when the request's headers had arrived. */
  readonly time: number
  /** The HTTP verb. */
  readonly method: string
  readonly path: string
  /** The method of the API, `generateContent` for instance; undefined for a path that is none of the API's. */
  readonly apiMethod: string | undefined
  readonly model: string | undefined
  /** The project of the key; the key itself is not kept. */
  readonly project: string
  /** `global`, or the region that it was sent to. */
  readonly region: string
  /** The parsed body, the text if it is no JSON, undefined if it was never read. */
  readonly body: unknown
  /** Names in lower case; key, authorization and cookies are left out. */
  readonly headers: Readonly<Record<string, string>>
  /** Requests with the same number came over the same connection. */
  readonly connection: number
  /** The HTTP status, once it was sent. */
  readonly status: number | undefined
  /** Bytes of the body handed to the connection so far. */
  readonly bytesSent: number
  /** How it ended; undefined while it is open. `aborted`: the client went away. */
  readonly outcome: "complete" | "cut" | "reset" | "aborted" | undefined
  /** Milliseconds since the epoch when it ended. */
  readonly closedAt: number | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export type Mutable = { -readonly [K in keyof Entry]: Entry[K] }

/**
 * @category models
 * @since 0.1.0
 */
export interface RequestLog {
  /** Opens an entry; whoever answers writes `status`, `bytesSent` and the end into it. */
  readonly add: (entry: Omit<Entry, "id" | "status" | "bytesSent" | "outcome" | "closedAt">) => Mutable
  /** The end of a request; the first call counts. */
  readonly close: (entry: Mutable, outcome: NonNullable<Entry["outcome"]>, time: number) => void
  readonly entries: () => ReadonlyArray<Entry>
  readonly clear: () => void
  /** Calls `f` with the live entries, at once and after every change, until it returns true. Gives back how to stop. */
  readonly watch: (f: (entries: ReadonlyArray<Entry>) => boolean) => () => void
}

const secret = new Set(["x-goog-api-key", "authorization", "cookie", "proxy-authorization"])

/**
 * The headers that may be kept.
 *
 * @category getters
 * @since 0.1.0
 */
export const withoutSecrets = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !secret.has(name.toLowerCase())) out[name] = value
  }
  return out
}

/**
 * The largest number of requests that arrived within any window of `millis`, start included,
 * end excluded.
 *
 * @category getters
 * @since 0.1.0
 */
export const largestInWindow = (entries: ReadonlyArray<Entry>, millis: number): number => {
  const times = entries.map((entry) => entry.time).sort((a, b) => a - b)
  let largest = 0
  let from = 0
  times.forEach((time, to) => {
    while (time - (times[from] ?? time) >= millis) from++
    largest = Math.max(largest, to - from + 1)
  })
  return largest
}

/**
 * How many of what: numbers by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counters {
  readonly total: number
  readonly connections: number
  /** By method of the API; `""` for paths that are none of the API's. */
  readonly byMethod: Readonly<Record<string, number>>
  readonly byModel: Readonly<Record<string, number>>
  readonly byProject: Readonly<Record<string, number>>
  readonly byRegion: Readonly<Record<string, number>>
  /** By HTTP status; `""` for what was never answered. */
  readonly byStatus: Readonly<Record<string, number>>
  /** By outcome; `open` for what has not ended. */
  readonly byOutcome: Readonly<Record<string, number>>
}

const countBy = (entries: ReadonlyArray<Entry>, name: (entry: Entry) => string): Record<string, number> => {
  // Clients choose the names, `constructor` for instance.
  const counts = new Map<string, number>()
  for (const entry of entries) counts.set(name(entry), (counts.get(name(entry)) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/**
 * @category getters
 * @since 0.1.0
 */
export const counters = (entries: ReadonlyArray<Entry>): Counters => ({
  total: entries.length,
  connections: new Set(entries.map((entry) => entry.connection)).size,
  byMethod: countBy(entries, (entry) => entry.apiMethod ?? ""),
  byModel: countBy(entries, (entry) => entry.model ?? ""),
  byProject: countBy(entries, (entry) => entry.project),
  byRegion: countBy(entries, (entry) => entry.region),
  byStatus: countBy(entries, (entry) => String(entry.status ?? "")),
  byOutcome: countBy(entries, (entry) => entry.outcome ?? "open")
})

/**
 * The largest number of requests that were open at one time.
 *
 * @category getters
 * @since 0.1.0
 */
export const largestConcurrency = (entries: ReadonlyArray<Entry>): number => {
  const edges = entries.flatMap((entry) => [
    [entry.time, 1] as const,
    ...(entry.closedAt === undefined ? [] : [[entry.closedAt, -1] as const])
  ])
  // At one instant ends come before starts: a slot that is free may be taken.
  edges.sort(([a, x], [b, y]) => a - b || x - y)
  let open = 0
  let largest = 0
  for (const [, step] of edges) {
    open += step
    largest = Math.max(largest, open)
  }
  return largest
}

/**
 * A log of the newest `remember` requests; default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (remember = Number.POSITIVE_INFINITY): RequestLog => {
  let log: Array<Mutable> = []
  let next = 0
  const watchers = new Set<(entries: ReadonlyArray<Entry>) => boolean>()
  const changed = () => {
    for (const watcher of watchers) if (watcher(log)) watchers.delete(watcher)
  }
  return {
    add: (fields) => {
      const entry: Mutable = {
        ...fields,
        id: next++,
        status: undefined,
        bytesSent: 0,
        outcome: undefined,
        closedAt: undefined
      }
      log.push(entry)
      // Half of it at once, so that forgetting costs nothing a request.
      if (log.length > 2 * remember) log.splice(0, log.length - remember)
      changed()
      return entry
    },
    close: (entry, outcome, time) => {
      if (entry.outcome !== undefined) return
      entry.outcome = outcome
      entry.closedAt = time
      changed()
    },
    entries: () => log.slice(-remember).map((entry) => ({ ...entry })),
    clear: () => {
      log = []
      next = 0
    },
    watch: (f) => {
      if (f(log)) return () => undefined
      watchers.add(f)
      return () => watchers.delete(f)
    }
  }
}
