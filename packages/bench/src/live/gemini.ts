/** This project's Live sessions, with a quota that is never reached: its bookkeeping is paid. */
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { model, soundsPerSecond, soundUp, type Subject, type Tally } from "./subject.ts"

const limits = { rpm: 1e9, tpm: 1e12, rpd: 1e12, concurrency: 100_000, sessions: 100_000 }

export const make = async (baseUrl: string): Promise<Subject> => {
  const runtime = ManagedRuntime.make(
    NodeGemini.layerLive({
      apiKey: Redacted.make("k"),
      baseUrl,
      tier: { name: "bench", limits, models: {} }
    })
  )
  const context = await runtime.context()
  const run = Effect.runPromiseWith(context)
  const live = await run(GeminiLive.GeminiLive)

  const turn = (session: LiveSession, text: string, tally: Tally) =>
    Stream.runForEachArray(session.sendTextStream(text), (chunks) =>
      Effect.sync(() => {
        for (const { finished, text, usage } of chunks) {
          if (text !== "") tally.chunks++
          tally.bytes += text.length
          if (finished) tally.tokens += usage?.totalTokens ?? 0
        }
      }))

  const tallied = (work: (tally: Tally) => Effect.Effect<unknown, unknown>): Promise<Tally> =>
    run(Effect.suspend(() => {
      const tally: Tally = { chunks: 0, bytes: 0, tokens: 0 }
      return Effect.as(work(tally), tally)
    }))

  const scope = Scope.makeUnsafe()
  const connect = Scope.provide(live.connect({ model }), scope)
  let first: LiveSession | undefined
  const session = Effect.suspend(() =>
    first === undefined ? Effect.map(connect, (session) => first = session) : Effect.succeed(first)
  )

  // The events of the session of the sound, which are read once, from its beginning to its end.
  let heard: Tally = { chunks: 0, bytes: 0, tokens: 0 }
  let wanted = 0
  let spoken = Deferred.makeUnsafe<void>()
  let listening: LiveSession | undefined
  const listen = (session: LiveSession) =>
    Effect.forkIn(
      Stream.runForEachArray(session.events, (events) =>
        Effect.sync(() => {
          for (const event of events) {
            if (event._tag === "Audio") {
              heard.chunks++
              heard.bytes += event.data.length
            } else if (event._tag === "Usage") heard.tokens += event.usage.totalTokens
            else if (event._tag === "TurnComplete" && heard.chunks === wanted) Deferred.doneUnsafe(spoken, Effect.void)
          }
        })),
      scope
    )

  // The events of a session that is asked turn by turn: the end of one sends the next.
  let told: Tally = { chunks: 0, bytes: 0, tokens: 0 }
  let left = 0
  let answered = Deferred.makeUnsafe<void>()
  let reading: LiveSession | undefined
  const readTurns = (session: LiveSession) =>
    Effect.forkIn(
      Stream.runForEachArray(session.events, (events) =>
        Effect.suspend(() => {
          let isOver = false
          for (const event of events) {
            if (event._tag === "Text") {
              told.chunks++
              told.bytes += event.text.length
            } else if (event._tag === "Usage") told.tokens += event.usage.totalTokens
            else if (event._tag === "TurnComplete") isOver = true
          }
          if (isOver && --left > 0) return session.sendText("hello")
          if (isOver) Deferred.doneUnsafe(answered, Effect.void)
          return Effect.void
        })),
      scope
    )

  return {
    chunks: (count) =>
      tallied((tally) => Effect.flatMap(session, (session) => turn(session, `chunks ${count}`, tally))),
    turns: (count) =>
      tallied((tally) =>
        Effect.flatMap(session, (session) =>
          Effect.suspend(() => {
            let left = count
            return Effect.whileLoop({
              while: () => left-- > 0,
              body: () => turn(session, "hello", tally),
              step: () => undefined
            })
          }))
      ),
    asks: (count) =>
      tallied((tally) =>
        Effect.flatMap(session, (session) =>
          Effect.suspend(() => {
            let left = count
            return Effect.whileLoop({
              while: () => left-- > 0,
              body: () => session.ask("hello"),
              step: ({ text, usage }) => {
                tally.chunks++
                tally.bytes += text.length
                tally.tokens += usage?.totalTokens ?? 0
              }
            })
          }))
      ),
    events: (count) =>
      run(Effect.gen(function*() {
        const speaking = yield* session
        told = { chunks: 0, bytes: 0, tokens: 0 }
        left = count
        answered = Deferred.makeUnsafe()
        if (reading === undefined) yield* readTurns(reading = speaking)
        yield* speaking.sendText("hello")
        yield* Deferred.await(answered)
        return told
      })),
    sessions: (count) =>
      tallied((tally) =>
        Effect.forEach(
          Array.from({ length: count }),
          () => Effect.scoped(Effect.flatMap(live.connect({ model }), (session) => turn(session, "hello", tally))),
          { concurrency: "unbounded", discard: true }
        )
      ),
    idle: (count) =>
      tallied((tally) =>
        Effect.forEach(
          Array.from({ length: count }),
          () => Effect.flatMap(connect, (session) => turn(session, "hello", tally)),
          { concurrency: "unbounded", discard: true }
        )
      ),
    audio: (seconds) =>
      run(Effect.gen(function*() {
        const speaking = yield* session
        heard = { chunks: 0, bytes: 0, tokens: 0 }
        wanted = seconds * soundsPerSecond
        spoken = Deferred.makeUnsafe()
        if (listening === undefined) yield* listen(listening = speaking)
        yield* speaking.sendAudio(Stream.fromIterable(Array.from({ length: wanted }, () => soundUp)))
        yield* Deferred.await(spoken)
        return heard
      }))
  }
}
