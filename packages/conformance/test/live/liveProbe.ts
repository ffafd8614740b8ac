/** What tests of Live sessions share: a session with a scripted server, waits for what sockets do, and what was told. */
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as LiveServer from "./liveServer.ts"

/** Its text travels as `clientContent`, and it writes. */
export const model = "gemini-2.0-flash-live"

/** Redials at once, without a wait that a test would have to move the clock for. */
export const reconnect = { schedule: Schedule.spaced("1 millis") }

export const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, model, ...options }))

export const serve = <A, E>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      NodeGemini.layerLive({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3" })
    ))

/** Waits for what happens on sockets, which takes real time, whatever the clock of the test says. */
export const until = (condition: () => boolean) =>
  TestClock.withLive(
    Effect.suspend(() => condition() ? Effect.void : Effect.fail("it never happened")).pipe(
      Effect.retry(Schedule.spaced("2 millis")),
      Effect.timeout("10 seconds"),
      Effect.orDie
    )
  )

/** Waits as {@link until} does, and moves the clock of the test on meanwhile. */
export const untilTicking = (condition: () => boolean) =>
  Effect.suspend(() =>
    condition() ? Effect.void : Effect.andThen(TestClock.adjust("20 millis"), Effect.fail("it never happened"))
  ).pipe(
    Effect.tapError(() => TestClock.withLive(Effect.sleep("1 millis"))),
    Effect.retry(Schedule.recurs(5_000)),
    Effect.orDie
  )

export interface Seen {
  readonly events: Array<LiveEvent>
  readonly tags: () => ReadonlyArray<LiveEvent["_tag"]>
  readonly has: (tag: LiveEvent["_tag"]) => boolean
  readonly texts: () => string
}

/** Reads the events of a session into a list. */
export const watch = (session: LiveSession): Effect.Effect<Seen, never, Scope.Scope> => {
  const events: Array<LiveEvent> = []
  const tags = () => events.map(({ _tag }) => _tag)
  return Effect.as(
    Effect.forkScoped(
      Effect.exit(Stream.runForEach(session.events, (event) => Effect.sync(() => events.push(event)))),
      { startImmediately: true }
    ),
    {
      events,
      tags,
      has: (tag) => tags().includes(tag),
      texts: () => events.flatMap((event) => event._tag === "Text" ? [event.text] : []).join("|")
    }
  )
}

export const said = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })
export const generated = { serverContent: { generationComplete: true } }
export const complete = { serverContent: { turnComplete: true } }
export const interrupted = { serverContent: { interrupted: true } }
export const handle = (newHandle: string) => ({ sessionResumptionUpdate: { newHandle, resumable: true } })

/** Sends the messages of one turn. */
export const answer = (peer: LiveServer.Peer, text: string): void => {
  for (const message of [said(text), generated, complete]) peer.send(message)
}

/** The handle with which a connection asked for its state. */
export const handleOf = (peer: LiveServer.Peer | undefined): string | undefined => {
  const setup = peer?.received[0]?.["setup"] as { sessionResumption?: { handle?: string } } | undefined
  return setup?.sessionResumption?.handle
}

/** The texts of a message of ours, or its kind. */
export const contentOf = (message: object): string => {
  const { clientContent } = message as {
    readonly clientContent?: { turns?: ReadonlyArray<{ parts: ReadonlyArray<{ text: string }> }> }
  }
  return clientContent?.turns?.flatMap(({ parts }) => parts.map(({ text }) => text)).join() ??
    Object.keys(message).join()
}

/** What a connection was sent behind its setup. */
export const heard = (peer: LiveServer.Peer | undefined): ReadonlyArray<string> =>
  (peer?.received ?? []).slice(1).map(contentOf)
