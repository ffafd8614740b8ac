/** The log of requests of an emulator of another process, and waiting on it: by long polls, each for what has changed. */
import * as Effect from "effect/Effect"
import type { Service } from "../../Emulator.ts"
import type * as LiveLog from "../../LiveLog.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Received from "./received.ts"
import type { Client } from "./remoteService.ts"

type Sure = <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A>

/** How long one poll waits before the next. */
const patience = "20s"

/** What a client knows of the log. */
interface Known {
  readonly entries: Map<number, RequestLog.Entry>
  cursor: string | undefined
  arrived: number
  closed: number
}

/** If the predicate throws, the waiting effect dies with it. */
const holds = <A>(predicate: (value: A) => boolean, value: A): Effect.Effect<boolean> =>
  Effect.sync(() => predicate(value))

type Log = Pick<
  Service,
  "requests" | "awaitLog" | "awaitRequest" | "awaitRequests" | "awaitClosed" | "counters" | "largestInWindow"
>

export const make = (client: Client, space: string, sure: Sure): Log => {
  const params = { space }
  const polled = (query: { readonly after?: number; readonly changed?: string; readonly wait?: string }) =>
    sure(client.listRequests({ params, query: { ...query, chunks: "true", limit: 1000 } }))

  /** Reads what is there, or what has changed since, page by page. */
  const refresh = Effect.fnUntraced(function*(known: Known, waits: boolean) {
    const isFirst = known.cursor === undefined
    let page = yield* polled({
      ...(known.cursor === undefined ? {} : { changed: known.cursor }),
      ...(waits && !isFirst ? { wait: patience } : {})
    })
    if (page.restarted) known.entries.clear()
    const { cursor } = page
    for (;;) {
      for (const data of page.requests) known.entries.set(data.id, Received.entry(data))
      known.arrived = page.arrived
      known.closed = page.closed
      if (page.next === undefined) break
      const changed = isFirst || page.restarted ? {} : { changed: known.cursor ?? cursor }
      page = yield* polled({ after: page.next, ...changed })
    }
    known.cursor = cursor
  })
  const nothing = (): Known => ({ entries: new Map(), cursor: undefined, arrived: 0, closed: 0 })
  const inOrder = ({ entries }: Known) => [...entries.values()].sort((a, b) => a.id - b.id)

  /** Looks, and looks again after each change, until `done` says so. */
  const until = <A>(done: (known: Known) => Effect.Effect<A | undefined>): Effect.Effect<A> =>
    Effect.suspend(() => {
      const known = nothing()
      const step: Effect.Effect<A> = Effect.flatMap(
        Effect.andThen(refresh(known, true), Effect.suspend(() => done(known))),
        (found) => found === undefined ? step : Effect.succeed(found)
      )
      return step
    })

  const awaitLog: Log["awaitLog"] = (predicate) =>
    until((known) => {
      const entries = inOrder(known)
      return Effect.map(holds(predicate, entries), (is) => is ? entries : undefined)
    })
  const requests = until((known) => Effect.succeed(inOrder(known)))
  return {
    requests,
    awaitLog,
    awaitRequest: (predicate, from = 0) =>
      until((known) =>
        Effect.gen(function*() {
          for (const entry of inOrder(known)) {
            if (entry.id >= from && (yield* holds(predicate, entry))) return entry
          }
          // What has ended does not change any more, so it is not looked at again.
          for (const entry of known.entries.values()) {
            if (entry.outcome !== undefined) known.entries.delete(entry.id)
          }
          return undefined
        })
      ),
    awaitRequests: (n) => until((known) => Effect.sync(() => known.arrived >= n ? inOrder(known) : undefined)),
    awaitClosed: (n) => until((known) => Effect.sync(() => known.closed >= n ? inOrder(known) : undefined)),
    counters: Effect.map(sure(client.getCounters({ params })), ({ cost: _cost, ...counters }) => counters),
    largestInWindow: (millis) => Effect.map(requests, (entries) => RequestLog.largestInWindow(entries, millis))
  }
}

/** The Live side of an emulator of another process. */
export const live = (client: Client, space: string, sure: Sure): Service["live"] => {
  const params = { space }
  const polled = (changed: string | undefined) =>
    sure(client.listLive({ params, query: changed === undefined ? {} : { changed, wait: patience } }))
  const until = (
    done: (entries: ReadonlyArray<LiveLog.Entry>, closed: number) => boolean,
    changed?: string
  ): Effect.Effect<ReadonlyArray<LiveLog.Entry>> =>
    Effect.flatMap(polled(changed), ({ closed, connections, cursor }) =>
      Effect.suspend(() => {
        const entries = connections.map(Received.live)
        return done(entries, closed) ? Effect.succeed(entries) : until(done, cursor)
      }))
  return {
    connections: until(() => true),
    awaitLog: (predicate) => until(predicate),
    awaitClosed: (n) => until((_, closed) => closed >= n),
    counters: Effect.map(polled(undefined), ({ counters }) => counters),
    send: (message) => sure(client.sendLive({ params, payload: { message } })),
    close: (code, reason) =>
      sure(client.closeLive({ params, payload: { code, ...(reason === undefined ? {} : { reason }) } })),
    drop: sure(client.dropLive({ params }))
  }
}
