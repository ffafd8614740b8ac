/** Plays a program of a Live session against the emulator in memory, and writes down what everybody was told. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as LiveLog from "effect-gemini-emulator/LiveLog"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { Status } from "effect-gemini/live/LiveSession"
import * as LiveTools from "effect-gemini/live/LiveTools"
import type { LiveError } from "effect-gemini/LiveError"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Program, Server, Step } from "./liveProgram.ts"
import { wordsOf } from "./liveProgram.ts"

/** Models that take functions of both behaviors: one answers in text, the other speaks. */
const modelOf = ({ speaks }: Server) => speaks ? "gemini-3.8-live" : "gemini-robotics-er-2-streaming-preview"

/** What became of one ask. */
export interface Asked {
  readonly step: Extract<Step, { readonly n: number }>
  readonly from: number
  /** Absent: it hangs. */
  readonly until?: number
  readonly text?: string
  readonly finishReason?: string | undefined
  /** What else the answer may be to, as the client says itself. */
  readonly overlap?: unknown
  readonly error?: LiveError
  readonly isGivenUp?: boolean
}

export interface Played {
  readonly program: Program
  readonly asks: ReadonlyArray<Asked>
  /** When each step was taken, and whether `sendText` went out. */
  readonly steps: ReadonlyArray<{ readonly step: Step; readonly at: number }>
  readonly texts: ReadonlyArray<{ readonly n: number; readonly wasSent: boolean }>
  readonly events: ReadonlyArray<{ readonly event: LiveEvent; readonly at: number }>
  /** How often each call was run, by its id. */
  readonly runs: ReadonlyMap<string, number>
  readonly connections: ReadonlyArray<LiveLog.Entry>
  readonly status: Status
  /** What the server remembers of the user in the end; undefined if it cannot be asked. */
  readonly memory: ReadonlyArray<string> | undefined
  /** How many connections are open after the session's scope has closed. */
  readonly leftOpen: number
}

const rate = Audio.inputRate

/** Speech that is as long as its number says, and the silence that ends it. */
const speech = (n: number): Uint8Array => {
  const samples = new Int16Array((rate * (millisOf(n) + 120)) / 1000)
  for (let i = 0; i < (rate * millisOf(n)) / 1000; i++) samples[i] = i % 40 < 20 ? 9000 : -9000
  return Audio.pcm(samples)
}
const millisOf = (n: number): number => 100 + 20 * n
const numberOf = (millis: number): number => Math.round((millis - 100) / 20)

const liveOf = ({ chunkDelay, handleDelay, mergeWithin, playback }: Server) => ({
  chunkDelay,
  handleDelay,
  mergeWithin,
  playback,
  millisPerWord: 1
})

const layer = (server: Server) =>
  Layer.provideMerge(
    GeminiLive.layer({
      apiKey: Redacted.make("key"),
      tier: "tier3",
      limits: { [modelOf(server)]: { rpm: 1e6, tpm: 1e9 } }
    }),
    [
      Emulator.layerWebSocketConstructor({
        live: { ...liveOf(server), transcribe: ({ millis }) => `emulator:say ${wordsOf(numberOf(millis))}` }
      }),
      RateLimiter.layer
    ]
  )

const run = Effect.fnUntraced(function*(program: Program) {
  const { live } = yield* Emulator.Emulator
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const asks: Array<Asked> = []
  const steps: Array<Played["steps"][number]> = []
  const texts: Array<Played["texts"][number]> = []
  const events: Array<Played["events"][number]> = []
  const runs = new Map<string, number>()
  const takes = new Map<number, number>()
  const work = (behavior: "BLOCKING" | "NON_BLOCKING"): LiveTools.LiveFunction => ({
    behavior,
    parametersJsonSchema: { type: "object", properties: { n: { type: "integer" } } },
    handle: ({ n }, { id = "" }) =>
      Effect.suspend(() => {
        runs.set(id, (runs.get(id) ?? 0) + 1)
        return Effect.as(Effect.sleep(takes.get(Number(n)) ?? 0), wordsOf(Number(n)))
      })
  })

  const session = yield* GeminiLive.GeminiLive.use((live) =>
    live.connect({
      model: modelOf(program.server),
      ping: false,
      ...(program.server.speaks ? {} : { generationConfig: { responseModalities: ["TEXT"] } }),
      inputAudioTranscription: {},
      realtimeInputConfig: {
        automaticActivityDetection: { silenceDurationMs: 100 },
        activityHandling: program.server.interrupts ? "START_OF_ACTIVITY_INTERRUPTS" : "NO_INTERRUPTION"
      },
      functions: LiveTools.make({ work: work("BLOCKING"), later: work("NON_BLOCKING") }),
      reconnect: { schedule: Schedule.spaced("500 millis"), budget: 1000 }
    })
  )
  yield* Effect.forkScoped(
    Effect.exit(Stream.runForEach(session.events, (event) => Effect.sync(() => events.push({ event, at: now() })))),
    { startImmediately: true }
  )

  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  const ask = Effect.fnUntraced(function*(step: Asked["step"], prompt: string, after?: number) {
    const from = now()
    const place = asks.push({ step, from }) - 1
    const asking = after === undefined
      ? session.ask(prompt)
      : Effect.timeoutOrElse(session.ask(prompt), { duration: after, orElse: () => Effect.succeed(undefined) })
    const fiber = yield* Effect.forkScoped(
      Effect.map(Effect.exit(asking), (exit) => {
        const until = now()
        if (Exit.isFailure(exit)) {
          const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
          asks[place] = { step, from, until, ...(failure === undefined ? {} : { error: failure.error }) }
          return
        }
        const answer = exit.value
        asks[place] = answer === undefined
          ? { step, from, until, isGivenUp: true }
          : {
            step,
            from,
            until,
            text: answer.text,
            finishReason: answer.finishReason,
            overlap: Reflect.get(answer, "overlap")
          }
      }),
      { startImmediately: true }
    )
    fibers.push(fiber)
  })

  const take = Effect.fnUntraced(function*(step: Step) {
    steps.push({ step, at: now() })
    switch (step.do) {
      case "ask":
        return yield* ask(step, `emulator:say ${wordsOf(step.n)}`)
      case "giveUp":
        return yield* ask(step, `emulator:say ${wordsOf(step.n)}`, step.after)
      case "call":
        takes.set(step.n, step.takes)
        return yield* ask(step, `emulator:call ${step.waits ? "work" : "later"} {"n":${step.n}}`)
      case "text": {
        const place = texts.push({ n: step.n, wasSent: false }) - 1
        const sent = Effect.map(Effect.exit(session.sendText(`emulator:say ${wordsOf(step.n)}`)), (exit) => {
          texts[place] = { n: step.n, wasSent: Exit.isSuccess(exit) }
        })
        yield* Effect.forkScoped(sent, { startImmediately: true })
        return
      }
      case "speak":
        yield* Effect.ignore(session.sendAudio(speech(step.n)))
        return
      case "cancel":
        return yield* session.cancel
      case "pause":
        yield* session.pause
        yield* Effect.forkScoped(Effect.andThen(Effect.sleep(step.for), session.resume))
        return
      case "cut":
        return yield* live.drop
      case "close":
        return yield* live.close(step.code, "")
      case "goAway": {
        const before = (yield* live.connections).length
        yield* live.send({ goAway: { timeLeft: `${step.in / 1000}s` } })
        const end = Effect.gen(function*() {
          yield* Effect.sleep(step.in)
          const all = yield* live.connections
          if (all.length === before && all.at(-1)?.closedAt === undefined) {
            yield* live.close(1008, "The operation was aborted.")
          }
        })
        yield* Effect.forkScoped(end)
        return
      }
      case "wait":
        yield* TestClock.adjust(step.for)
    }
  })

  // A moment for what is under way, without any time.
  const settle = TestClock.adjust(0)
  for (const step of program.steps) {
    yield* take(step)
    yield* settle
  }
  for (let i = 0; i < 240; i++) {
    yield* TestClock.adjust(500)
    if (i > 80 && fibers.every((fiber) => fiber.pollUnsafe() !== undefined)) break
  }
  const status = yield* session.status
  let memory: ReadonlyArray<string> | undefined
  if (status._tag === "Open") {
    const recalling = yield* Effect.forkScoped(Effect.exit(session.ask("emulator:recall")))
    for (let i = 0; i < 60 && recalling.pollUnsafe() === undefined; i++) yield* TestClock.adjust(500)
    const exit = recalling.pollUnsafe()
    if (exit !== undefined && Exit.isSuccess(exit) && Exit.isSuccess(exit.value)) {
      memory = exit.value.value.text.split(" | ")
    }
  }
  const connections = yield* live.connections
  return { program, asks, steps, texts, events, runs, connections, status, memory }
})

export const play = (program: Program): Effect.Effect<Played, LiveError> =>
  Effect.gen(function*() {
    const { live } = yield* Emulator.Emulator
    const played = yield* Effect.scoped(run(program))
    yield* TestClock.adjust(2000)
    const leftOpen = (yield* live.connections).filter(({ closedAt }) => closedAt === undefined).length
    return { ...played, leftOpen }
  }).pipe(Effect.provide(Layer.fresh(layer(program.server))))
