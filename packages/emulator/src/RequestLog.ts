/**
 * What arrived at the emulator, what was answered and why, as data for tests. Keys are not kept.
 *
 * All spaces together have one bound in bytes: beyond it the oldest entries are dropped, and counted.
 *
 * @since 0.1.0
 */
import * as IdentityRoute from "./internal/identity/identityRoute.ts"
import * as Allowance from "./internal/log/Allowance.ts"
import { isOpen, type KeptRequest, shown } from "./internal/log/KeptRequest.ts"
import { type Arrival, LoggedRequest } from "./internal/log/LoggedRequest.ts"
import * as Packed from "./internal/log/Packed.ts"
import * as Slabs from "./internal/log/Slabs.ts"
import { Tally } from "./internal/log/Tally.ts"
import { Watchers } from "./internal/log/Watchers.ts"
import type { Verdict } from "./Verdict.ts"

/**
 * A piece of an answer's body as it was handed to the connection.
 *
 * @category models
 * @since 0.1.0
 */
export interface Chunk {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly time: number
  readonly bytes: Uint8Array
}

/**
 * One request. An entry grows while its answer is on the way; `entries` gives copies.
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
  /** The method of the API, `generateContent` for instance; undefined for a path outside the API. */
  readonly apiMethod: string | undefined
  readonly model: string | undefined
  /** The space that it came to: `default`, or as it was chosen. */
  readonly space: string
  /** The project of the key; the key itself is not kept. */
  readonly project: string
  /** `global`, or the region that it was sent to. */
  readonly region: string
  /** The parsed body, the text if it is not JSON, or undefined if it was never read. */
  readonly body: unknown
  /** Names in lower case; keys and cookies are left out, and of `authorization` only the scheme, `Bearer` or `Token`, is kept. */
  readonly headers: Readonly<Record<string, string>>
  /** Requests with the same number came over the same connection. */
  readonly connection: number
  /** Who answered or refused it. Undefined as long as that is not decided, and for a path outside the API. */
  readonly verdict: Verdict | undefined
  /** The HTTP status, once it was sent. */
  readonly status: number | undefined
  /**
   * The response as far as it has been sent: the parsed body, a list of the parsed events of a stream, or the text if
   * it is not JSON. A new ephemeral token is not kept.
   */
  readonly response: unknown
  /** The response as far as it has been sent, as text. */
  readonly responseText: string
  /** The response as far as it has been sent, in the pieces that were handed to the connection, each with its time. */
  readonly chunks: ReadonlyArray<Chunk>
  /** Bytes of the body handed to the connection so far. */
  readonly bytesSent: number
  /** How it ended; undefined while it is open. `aborted`: the client went away. */
  readonly outcome: "complete" | "cut" | "reset" | "aborted" | undefined
  /** Milliseconds since the epoch when it ended. */
  readonly closedAt: number | undefined
}

/**
 * The writing end of an entry, for the one who answers the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  /** The number of the entry. */
  readonly id: number
  readonly judged: (verdict: Verdict) => void
  readonly head: (status: number, contentType: string) => void
  /** Adds bytes that were sent. With `isSecret` only their number is kept. */
  readonly sent: (bytes: Uint8Array, time: number, isSecret?: boolean) => void
  /** Ends the entry. Only the first call counts. */
  readonly close: (outcome: NonNullable<Entry["outcome"]>, time: number) => void
}

/**
 * The log of requests: the handler writes it, tests read it and wait on it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestLog {
  /** Opens an entry. */
  readonly add: (arrival: Arrival) => Handle
  /** The entries that are kept, from a number on. */
  readonly entries: (from?: number) => ReadonlyArray<Entry>
  /** How many have arrived since the log was last cleared, dropped ones included. */
  readonly arrived: () => number
  /** How many of them have ended. */
  readonly closed: () => number
  /** How many by method, model, status and outcome, dropped ones included. */
  readonly counters: () => Counters
  readonly clear: () => void
  /** The entry with this number. Undefined: it is not kept. */
  readonly at: (id: number) => Entry | undefined
  /** The first one that satisfies a predicate, from a number on. */
  readonly find: (predicate: (entry: Entry) => boolean, from?: number) => Entry | undefined
  /**
   * Calls `f` at once with undefined, and after every change with the entry that has changed, until it returns true.
   * The result stops the watch.
   */
  readonly watch: (f: (changed: Entry | undefined, kept: () => ReadonlyArray<Entry>) => boolean) => () => void
  /** Gives the log's bytes back and keeps nothing from then on. */
  readonly end: () => void
}

/** The answers with something that is as secret as a key. */
const secretMethods = new Set(["auth_tokens.create", "webhooks.create", "webhooks.rotateSigningSecret"])

/**
 * Whether the log leaves the bytes of an answer out, because they are secret, or those of a file, which is kept already.
 *
 * @internal
 */
export const hasSecret = (method: string): boolean =>
  secretMethods.has(method) || method.endsWith(".download") || hidesBody(method)

/**
 * Whether the log leaves the body of a request out: that of a login is as secret as its answer.
 *
 * @internal
 */
export const hidesBody = (method: string): boolean => IdentityRoute.isLogin(method)

const secret = new Set(["x-goog-api-key", "authorization", "cookie", "proxy-authorization"])

/**
 * The headers without keys and cookies, with their names in lower case. Of `authorization` only the scheme stays,
 * `Bearer` or `Token`, which tells that a token came.
 *
 * @category getters
 * @since 0.1.0
 */
export const withoutSecrets = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const lower = name.toLowerCase()
    if (!secret.has(lower)) out[name] = value
    else if (lower === "authorization") {
      const scheme = /^(Bearer|Token) /.exec(value)?.[1]
      if (scheme !== undefined) out[name] = scheme
    }
  }
  return out
}

/**
 * The largest number of requests that arrived within any window of `millis`, whose start is included and its end is
 * not.
 *
 * @category getters
 * @since 0.1.0
 */
export const largestInWindow = (entries: ReadonlyArray<Pick<Entry, "time">>, millis: number): number => {
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
 * How many requests there were, by method, model, status and outcome.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counters {
  readonly total: number
  /** How many of them the log has dropped, to stay within its bounds. */
  readonly dropped: number
  readonly connections: number
  /** By method of the API; `""` for paths outside the API. */
  readonly byMethod: Readonly<Record<string, number>>
  readonly byModel: Readonly<Record<string, number>>
  readonly byProject: Readonly<Record<string, number>>
  readonly byRegion: Readonly<Record<string, number>>
  /** By HTTP status; `""` for requests that were never answered. */
  readonly byStatus: Readonly<Record<string, number>>
  /** By outcome; `open` for requests that have not ended. */
  readonly byOutcome: Readonly<Record<string, number>>
}

/**
 * The largest number of requests that were open at one time.
 *
 * @category getters
 * @since 0.1.0
 */
export const largestConcurrency = (entries: ReadonlyArray<Pick<Entry, "time" | "closedAt">>): number => {
  const edges = entries.flatMap((entry) => [
    [entry.time, 1] as const,
    ...(entry.closedAt === undefined ? [] : [[entry.closedAt, -1] as const])
  ])
  // Ends come before starts of the same time, because a slot that has become free may be taken at once.
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
 * How much the log keeps.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many of the newest requests it keeps. Default: as many as the bytes allow. */
  readonly remember?: number | undefined
  /** The bound on bytes, shared with other logs. Default: 256 MB for itself. */
  readonly allowance?: Allowance.Allowance | undefined
}

/** How many different headers and paths are kept only once, because most are alike. */
const interned = 512

/**
 * An empty log of requests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): RequestLog => {
  const { allowance = Allowance.make(Allowance.standard), remember = Number.POSITIVE_INFINITY } = options
  let log: Array<KeptRequest> = []
  let arrived = 0
  let closed = 0
  let dropped = 0
  let epoch = 0
  let bytes = 0
  /** The counts of requests that have ended. */
  let tally = new Tally()
  /** All open requests, also those that the log has dropped. */
  let open = new Set<LoggedRequest>()
  const slabs = new Slabs.Slabs()
  const texts = new Map<string, string>()
  const intern = (text: string): string => {
    const known = texts.get(text)
    if (known !== undefined) return known
    if (texts.size >= interned) texts.clear()
    texts.set(text, text)
    return text
  }
  const watchers = new Watchers(() => log)
  const grew = (by: number) => {
    bytes += by
    allowance.changed(by)
  }
  const drop = (count: number) => {
    let freed = 0
    for (const kept of log.splice(0, count)) {
      freed += Packed.sizeOf(kept)
      dropped++
      watchers.drop(kept.id)
      if (isOpen(kept)) kept.drop()
      else slabs.drop(kept)
    }
    grew(-freed)
    return freed
  }
  const holder: Allowance.Holder = {
    bytes: () => bytes,
    drop: (wanted) => {
      let count = 0
      let found = 0
      while (found < wanted && count < log.length) {
        const kept = log[count++]
        if (kept !== undefined) found += Packed.sizeOf(kept)
      }
      return drop(count)
    }
  }
  allowance.join(holder)

  /** Packs a request that has ended into bytes, and lets its objects go. */
  const settle = (entry: LoggedRequest) => {
    const place = entry.id - (log[0]?.id ?? 0)
    if (entry.dropped || log[place] !== entry) return
    const packed = Packed.pack(entry, slabs)
    log[place] = packed
    grew(Packed.sizeOf(packed) - Packed.sizeOf(entry))
  }
  const handle = (entry: LoggedRequest): Handle => ({
    id: entry.id,
    judged: (verdict) => {
      entry.verdict = verdict
    },
    head: (status, contentType) => {
      entry.status = status
      entry.contentType = contentType
    },
    sent: (piece, time, isSecret = false) => {
      entry.bytesSent += piece.length
      if (!entry.dropped && !isSecret) grew(entry.send({ time, bytes: piece }))
    },
    close: (outcome, time) => {
      if (entry.outcome !== undefined) return
      entry.outcome = outcome
      entry.closedAt = time
      if (open.delete(entry)) {
        closed++
        tally.add(entry)
      }
      settle(entry)
      watchers.changed(entry)
    }
  })
  const clear = () => {
    epoch++
    grew(-bytes)
    for (const entry of open) entry.drop()
    log = []
    watchers.clear()
    slabs.clear()
    texts.clear()
    open = new Set()
    tally = new Tally()
    arrived = 0
    closed = 0
    dropped = 0
  }
  return {
    add: (arrival) => {
      const { headersText, path } = arrival
      const entry = new LoggedRequest(arrived++, epoch, {
        ...arrival,
        headersText: intern(headersText),
        path: intern(path)
      })
      open.add(entry)
      log.push(entry)
      grew(Packed.sizeOf(entry))
      // Half of the log goes at once, so that forgetting costs next to nothing per request.
      if (log.length > 2 * remember) drop(log.length - remember)
      watchers.changed(entry)
      return handle(entry)
    },
    entries: (from = 0) => {
      const first = Math.max(arrived - remember, from) - (log[0]?.id ?? 0)
      return log.slice(Math.max(0, first)).map(shown)
    },
    arrived: () => arrived,
    closed: () => closed,
    counters: () => {
      const all = tally.copy()
      for (const entry of open) all.add(entry)
      return all.counters(dropped)
    },
    clear,
    at: (id) => {
      const kept = log[id - (log[0]?.id ?? 0)]
      return kept === undefined ? undefined : shown(kept)
    },
    find: (predicate, from = 0) => {
      for (let i = Math.max(0, from - (log[0]?.id ?? 0)); i < log.length; i++) {
        const kept = log[i]
        const entry = kept === undefined ? undefined : shown(kept)
        if (entry !== undefined && predicate(entry)) return entry
      }
      return undefined
    },
    watch: (f) => watchers.watch(f),
    end: () => {
      clear()
      allowance.leave(holder)
    }
  }
}
