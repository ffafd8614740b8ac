/** The exchanges of a cassette that wait to be asked for. Each is given once, also to calls that come at the same time. */
import type * as Recording from "../../cassettes/Recording.ts"
import * as Matching from "./matching.ts"
import * as Misses from "./misses.ts"
import * as Tape from "./Tape.ts"

export interface Recordings {
  readonly take: (asked: Matching.Sought) => Recording.Http | undefined
  /** The next session of a path that is the one that is meant. */
  readonly takeLive: (path: string, isIt: (session: Recording.Live) => boolean) => Recording.Live | undefined
  /** The next session of a path, if the first act in it is the server's: a message, the end, or silence to a ping. */
  readonly takeSpeaking: (path: string) => Recording.Live | undefined
  /** Marks the next session of a path as played if nothing happened in it but that its client left. */
  readonly takeEmpty: (path: string) => void
  readonly nextLive: (path: string) => Recording.Live | undefined
  readonly liveRefusal: (path: string) => Recording.Live | undefined
  /** Why nothing is found: what is nearest, and how it differs. */
  readonly miss: (asked: Matching.Sought) => string
  /** Why no session of a path begins with this message. */
  readonly missLive: (path: string, asked: Uint8Array) => string
  readonly unused: () => ReadonlyArray<string>
  readonly size: number
  readonly played: () => number
}

export const isLive = (exchange: Recording.Recording): exchange is Recording.Live => "live" in exchange

/** The method of a request that was told apart from its like by nothing else. */
const nameOf = (exchange: Recording.Recording): string =>
  isLive(exchange) ? `Live ${exchange.live.path}` : `${exchange.request.method} ${exchange.request.path}`

export const make = (
  file: string,
  placed: ReadonlyArray<Misses.Placed<Recording.Recording>>,
  mode: Matching.Strictness,
  ignored: ReadonlyArray<string>
): Recordings => {
  const ignore = new Set(ignored)
  const askedOf = ({ request }: Recording.Http): Matching.Sought => ({
    method: request.method,
    path: request.path,
    contentType: request.headers["content-type"] ?? "",
    body: request.body === undefined ? new Uint8Array() : Tape.bytesOf(file, request.body)
  })
  const waiting = new Map<string, Array<Recording.Http>>()
  const sessions: Array<Recording.Live> = []
  const used = new Set<Recording.Recording>()
  const exchanges = placed.map(({ exchange }) => exchange)
  const all = exchanges.toSorted((a, b) => a.n - b.n)
  for (const exchange of all) {
    if (isLive(exchange)) {
      sessions.push(exchange)
      continue
    }
    for (const key of Matching.keysOf(askedOf(exchange), mode, ignore)) {
      const list = waiting.get(key)
      if (list === undefined) waiting.set(key, [exchange])
      else list.push(exchange)
    }
  }
  const first = (path: string, isIt: (session: Recording.Live) => boolean) =>
    sessions.find((session) => !used.has(session) && session.live.path === path && isIt(session))

  return {
    size: exchanges.length,
    played: () => used.size,
    take: (asked) => {
      for (const key of Matching.keysOf(asked, mode, ignore)) {
        const list = waiting.get(key) ?? []
        // One that was found by another of its keys is still in this list.
        while (list[0] !== undefined && used.has(list[0])) list.shift()
        const found = list.shift()
        if (found !== undefined) {
          used.add(found)
          return found
        }
      }
      return undefined
    },
    nextLive: (path) => first(path, () => true),
    liveRefusal: (path) => {
      const next = first(path, () => true)
      if (next?.refused === undefined) return undefined
      used.add(next)
      return next
    },
    takeLive: (path, isIt) => {
      const found = first(path, isIt)
      if (found !== undefined) used.add(found)
      return found
    },
    takeSpeaking: (path) => {
      const next = first(path, () => true)
      if (next === undefined) return undefined
      const [frame] = next.frames
      const isServers = frame === undefined ? next.close?.by === "s" || next.deaf !== undefined : frame[1] === "s"
      if (!isServers) return undefined
      used.add(next)
      return next
    },
    takeEmpty: (path) => {
      const next = first(path, () => true)
      if (next?.frames.length === 0) used.add(next)
    },
    unused: () => all.filter((exchange) => !used.has(exchange)).map(nameOf),
    miss: (asked) =>
      Misses.ofRequest(placed.flatMap(({ exchange, line }) => (isLive(exchange) ? [] : [{ exchange, line }])), asked, {
        askedOf,
        keyOf: (sought) => Matching.keysOf(sought, mode, ignore)[0]
      }),
    missLive: (path, asked) =>
      Misses.ofSession(
        placed.flatMap(({ exchange, line }) => {
          if (!isLive(exchange) || exchange.live.path !== path || used.has(exchange)) return []
          const first = exchange.frames.find(([, from]) => from === "c")
          return first === undefined ? [] : [{ line, first: Tape.bytesOf(file, first[3]) }]
        }),
        asked
      )
  }
}
