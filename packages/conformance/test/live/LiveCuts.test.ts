/**
 * A short session whose first connection is cut after each number of bytes, in both directions, by FIN and by RST. In
 * tests every seventh byte is tried, under `pnpm prove 15.2` each.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { isProving, sizeOf } from "../../../../scripts/proof.ts"
import * as CutProxy from "./cutProxy.ts"
import * as LiveServer from "./liveServer.ts"

const step = sizeOf("15.2", { test: 7, prove: 1 })

const questions = ["one", "two", "three"]

/** A server that keeps what it was told under the handles that it gives, as Google does. */
const conversation = () => {
  const states = new Map<string, ReadonlyArray<string>>()
  const histories = new Map<LiveServer.Peer, ReadonlyArray<string>>()
  const script: LiveServer.Script = {
    setup: (peer, setup) => {
      const resumption: unknown = setup["sessionResumption"]
      const handle: unknown = typeof resumption === "object" && resumption !== null
        ? Reflect.get(resumption, "handle")
        : ""
      histories.set(peer, states.get(String(handle)) ?? [])
      peer.send({ setupComplete: {} })
    },
    message: (peer, message) => {
      const text = LiveServer.textOf(message)
      if (text === undefined) return
      const history = [...histories.get(peer) ?? [], text]
      histories.set(peer, history)
      for (const piece of ["re: ", text]) {
        peer.send({ serverContent: { modelTurn: { role: "model", parts: [{ text: piece }] } } })
      }
      peer.send({ serverContent: { generationComplete: true } })
      peer.send({ serverContent: { turnComplete: true }, usageMetadata: { totalTokenCount: 3 } })
      const handle = `h${states.size}`
      states.set(handle, history)
      peer.send({ sessionResumptionUpdate: { newHandle: handle, resumable: true } })
    }
  }
  return {
    script,
    reset: () => states.clear(),
    history: (peer: LiveServer.Peer | undefined) => peer === undefined ? [] : histories.get(peer) ?? []
  }
}

/** Longer than any of it takes on the busiest machine. Nothing else here rests on time. */
const patience = "25 seconds"

const until = (condition: () => boolean) =>
  Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet")).pipe(
    Effect.retry(Schedule.spaced("1 millis")),
    Effect.timeout(patience),
    Effect.isSuccess
  )

interface Run {
  readonly answers: ReadonlyArray<Result.Result<string, string>>
  readonly events: ReadonlyArray<LiveEvent>
  readonly isOpen: boolean
}

/** A session that asks three times, with everything that it was told. The error is that of the connect. */
const talk = (isReconnecting: boolean): Effect.Effect<Run, unknown, GeminiLive.GeminiLive> =>
  Effect.scoped(Effect.gen(function*() {
    const live = yield* GeminiLive.GeminiLive
    const session = yield* live.connect({
      ping: false,
      model: "gemini-2.0-flash-live",
      ...(isReconnecting ? { reconnect: { schedule: Schedule.spaced(0), firstConnect: true } } : {})
    })
    const events: Array<LiveEvent> = []
    const watching = Effect.exit(Stream.runForEach(session.events, (event) => Effect.sync(() => events.push(event))))
    yield* Effect.forkScoped(watching, { startImmediately: true })
    const answers = yield* Effect.forEach(questions, (question) =>
      Effect.result(Effect.mapBoth(session.ask(question), {
        onFailure: ({ reason }) => reason._tag as string,
        onSuccess: ({ text }) => text
      })))
    // What the last answer brings with it, or what becomes of the cut, comes a moment later.
    const count = (tag: LiveEvent["_tag"]) => events.filter(({ _tag }) => _tag === tag).length
    let isOpen = true
    yield* Effect.forkScoped(
      Stream.runForEach(session.statusChanges, ({ _tag }) => Effect.sync(() => (isOpen = _tag !== "Closed")))
    )
    yield* until(() => count("Reconnected") > 0 || !isOpen || count("Resumption") === questions.length)
    return { answers, events, isOpen }
  }))

/** What a run that was cut has done wrong. */
const wrongs = (run: Run, history: ReadonlyArray<string>, isReconnecting: boolean): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const unacknowledged = run.events.reduce((n, event) => event._tag === "Reconnected" ? n + event.unacknowledged : n, 0)
  const told = run.events.flatMap((event) =>
    event._tag === "TurnInterrupted" ? [String(event.message.clientContent?.turns?.[0]?.parts?.[0]?.text)] : []
  )
  let missing = 0
  questions.forEach((question, index) => {
    const answer = run.answers[index]
    const times = history.filter((text) => text === question).length
    if (times > 1) wrong.push(`${question} doubled`)
    if (answer === undefined) return
    if (Result.isSuccess(answer)) {
      if (answer.success !== `re: ${question}`) wrong.push(`${question} answered by ${answer.success}`)
      if (times === 0) missing++
    } else {
      if (isReconnecting && times > 0) wrong.push(`${question} told as cut, and sent again`)
      if (answer.failure !== "Interrupted" && answer.failure !== "Network") wrong.push(`${question}: ${answer.failure}`)
      if (isReconnecting && told.filter((text) => text === question).length !== 1) wrong.push(`${question} cut unsaid`)
    }
  })
  if (isReconnecting && missing > unacknowledged) wrong.push(`${missing} lost, ${unacknowledged} told`)
  if (isReconnecting !== run.isOpen) wrong.push(run.isOpen ? "open still" : "closed")
  return wrong
}

describe("a session whose connection is cut", () => {
  for (const direction of ["client", "server"] as const) {
    for (const by of ["FIN", "RST"] as const) {
      for (const isReconnecting of [true, false]) {
        it.live(
          `after any byte of the ${direction} by ${by}, ${
            isReconnecting ? "and dialled again" : "and not dialled again"
          }`,
          () =>
            Effect.gen(function*() {
              const { history, reset, script } = conversation()
              const server = yield* LiveServer.listen(script)
              const proxy = yield* CutProxy.listen(Number(new URL(server.url).port))
              const services = NodeGemini.layerLive({
                apiKey: Redacted.make("test-key"),
                baseUrl: proxy.url,
                tier: {
                  name: "any",
                  limits: { rpm: 1e6, tpm: 1e9, rpd: 1e6, concurrency: 1e3, sessions: 1e3 },
                  models: {}
                }
              })
              yield* Effect.gen(function*() {
                const whole = yield* talk(isReconnecting)
                assert.deepStrictEqual(whole.answers, questions.map((text) => Result.succeed(`re: ${text}`)))
                yield* until(() => proxy.open() === 0)
                const bytes = proxy.passed()[direction]
                assert.isAbove(bytes, 500)

                const violations: Array<string> = []
                const ends = new Map<string, number>()
                // The last bytes are those of the goodbye, which no session waits for.
                for (let after = 1; after < bytes && violations.length < 20; after += step) {
                  reset()
                  server.peers.length = 0
                  proxy.arm({ direction, after, by })
                  const exit = yield* Effect.exit(Effect.timeout(talk(isReconnecting), patience))
                  const wrong: Array<string> = []
                  if (Exit.isSuccess(exit)) {
                    const answered = exit.value.answers.filter(Result.isSuccess).length
                    const end = `${answered} answered, ${exit.value.isOpen ? "open" : "closed"}`
                    ends.set(end, (ends.get(end) ?? 0) + 1)
                    const isLost = exit.value.events.some(({ _tag }) => _tag === "Reconnected") || !exit.value.isOpen
                    // The goodbye may be cut, too, and that is nothing to the session.
                    if (isLost || answered < questions.length) {
                      wrong.push(...wrongs(exit.value, history(server.peers.at(-1)), isReconnecting))
                    }
                  } else {
                    ends.set("not connected", (ends.get("not connected") ?? 0) + 1)
                    if (isReconnecting) wrong.push(`connect: ${String(exit.cause)}`)
                    else if (!String(exit.cause).includes("LiveError")) wrong.push(`hung: ${String(exit.cause)}`)
                  }
                  if (!(yield* until(() => server.open() === 0 && proxy.open() === 0))) wrong.push("a socket left")
                  if (!proxy.isCut()) wrong.push("not cut at all")
                  violations.push(...wrong.map((text) => `byte ${after}: ${text}`))
                }
                if (isProving("15.2")) {
                  process.stdout.write(`${bytes} bytes: ${JSON.stringify(Object.fromEntries(ends))}\n`)
                }
                // It was cut in every place: before it was open, in each turn, and behind the last.
                assert.isAtLeast(ends.size, isReconnecting ? (direction === "server" ? 2 : 1) : 5)
                assert.deepStrictEqual(violations, [])
              }).pipe(Effect.provide(services))
            }).pipe(Effect.scoped),
          sizeOf("15.2", { test: 120_000, prove: 900_000 })
        )
      }
    }
  }
})
