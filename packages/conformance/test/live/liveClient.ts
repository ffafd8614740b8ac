/** Sessions against a raw server, under the clock of the test. Sockets take real time, whatever that clock says. */
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as LiveServer from "./liveServer.ts"

export const key = "test-key-of-some-length"

/** Runs a program against a server of its own. */
export const session = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      NodeGemini.layerLive({ apiKey: Redacted.make(key), baseUrl: server.url, tier: "tier3" })
    ))

export const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, model: "gemini-2.0-flash-live", ...options }))

/** Waits for what sockets bring about, without moving the clock of the test. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  TestClock.withLive(
    Effect.suspend(() => condition() ? Effect.void : Effect.fail("it never came")).pipe(
      Effect.retry(Schedule.spaced("2 millis")),
      Effect.timeout("20 seconds"),
      Effect.orDie
    )
  )

/** Lets everything happen that would happen by itself. It is only for what must not happen. */
export const settle = TestClock.withLive(Effect.sleep("30 millis"))

export interface Watched {
  readonly seen: Array<LiveEvent>
  readonly tags: () => ReadonlyArray<string>
  readonly count: (tag: LiveEvent["_tag"]) => number
  /** How the events ended, once they have. */
  readonly end: () => unknown
}

/** Reads the events of a session to their end. */
export const watch = <E>(events: Stream.Stream<LiveEvent, E>): Effect.Effect<Watched, never, Scope.Scope> => {
  const seen: Array<LiveEvent> = []
  let end: unknown
  const read = Stream.runForEach(events, (event) => Effect.sync(() => seen.push(event))).pipe(
    Effect.matchEffect({
      onFailure: (error) => Effect.sync(() => (end = error)),
      onSuccess: () => Effect.sync(() => (end = "done"))
    })
  )
  const tags = () => seen.map(({ _tag }) => _tag)
  const count = (tag: LiveEvent["_tag"]) => tags().filter((other) => other === tag).length
  return Effect.as(Effect.forkScoped(read, { startImmediately: true }), { seen, tags, count, end: () => end })
}

export const handle = (newHandle: string) => ({ sessionResumptionUpdate: { newHandle, resumable: true } })

/** The handle with which a connection was set up. */
export const handleOf = (peer: LiveServer.Peer | undefined): unknown => {
  const setup = peer?.received[0]?.["setup"]
  const resumption: unknown = typeof setup === "object" && setup !== null ? Reflect.get(setup, "sessionResumption") : {}
  return typeof resumption === "object" && resumption !== null ? Reflect.get(resumption, "handle") : undefined
}
