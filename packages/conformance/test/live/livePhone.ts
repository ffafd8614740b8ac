/** Talks with the emulator in memory for as long as a conversation takes, and writes down what was said. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as LiveTools from "effect-gemini/live/LiveTools"
import type { LiveError } from "effect-gemini/LiveError"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Talk from "./liveConversation.ts"

const model = "gemini-3.8-live"

/** How long a connection lives at the server, which says so a minute before. */
export const lifetime = 9 * 60_000

/** From the beginning of one exchange to that of the next, in milliseconds. */
export const pace = 15_000

const frame = 100

/** The lengths of what is said, by which the server knows it: in the hundred utterances around one it is unique. */
const lengthOf = (turn: number): number => 300 + 20 * (turn % 100)

const tone = (millis: number): Uint8Array =>
  Audio.pcm(Int16Array.from({ length: (Audio.inputRate * millis) / 1000 }, (_, i) => i % 40 < 20 ? 9000 : -9000))

const silence = new Uint8Array((Audio.inputRate * 2 * 400) / 1000)

export interface Phone {
  readonly lines: ReadonlyArray<Talk.Line>
  readonly counts: ReadonlyMap<string, number>
  readonly reconnected: ReadonlyArray<Extract<LiveEvent, { readonly _tag: "Reconnected" }>>
  /** How many bytes of sound have come. */
  readonly heard: () => number
  /** Plays a conversation to its end. */
  readonly play: (conversation: ReadonlyArray<Talk.Exchange>) => Effect.Effect<void, LiveError>
  /** What resumes the session once it is closed. */
  readonly handle: Effect.Effect<string | undefined>
}

/** What the user says with their voice, by its length. */
const said = new Map<number, string>()

export const layer = Layer.provideMerge(
  GeminiLive.layer({
    apiKey: Redacted.make("key"),
    tier: "tier3",
    limits: { [model]: { rpm: 1e6, tpm: 1e9 } }
  }),
  [
    Emulator.layerWebSocketConstructor({
      // The log of the server would be the memory of the test.
      logBytes: 1 << 20,
      live: {
        lifetime,
        chunkDelay: 150,
        playback: 200,
        handleDelay: 50,
        transcribe: ({ millis }) => said.get(Math.round((millis - 300) / 20)) ?? "nobody said that"
      }
    }),
    RateLimiter.layer
  ]
)

/** Waits for something, by the clock. It is a defect if it does not come within the pace. */
const until = (what: string, condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    let left = pace / 50
    const look: Effect.Effect<void> = Effect.suspend(() =>
      condition()
        ? Effect.void
        : left-- > 0
        ? Effect.andThen(Effect.sleep(50), look)
        : Effect.die(new Error(`it never came: ${what}`))
    )
    return look
  })

export const make: Effect.Effect<
  Phone,
  LiveError,
  GeminiLive.GeminiLive | Emulator.Emulator | Scope.Scope
> = Effect.gen(function*() {
  const { live } = yield* Emulator.Emulator
  const clock = yield* Clock.Clock
  const lines: Array<Talk.Line> = []
  const counts = new Map<string, number>()
  const reconnected: Array<Extract<LiveEvent, { readonly _tag: "Reconnected" }>> = []
  let working = 0
  let heard = 0
  let turn = 0
  let speaking = ""
  let isCut = false

  const work = (behavior: "BLOCKING" | "NON_BLOCKING", takes: number): LiveTools.LiveFunction => ({
    behavior,
    parametersJsonSchema: { type: "object", properties: { n: { type: "integer" } } },
    handle: ({ n }) =>
      Effect.suspend(() => {
        lines.push({ who: "function", text: String(n) })
        working++
        return Effect.as(Effect.sleep(takes), Talk.wordsOf(Number(n)))
      }).pipe(Effect.ensuring(Effect.sync(() => working--)))
  })

  const session = yield* GeminiLive.GeminiLive.use((live) =>
    live.connect({
      model,
      inputAudioTranscription: {},
      outputAudioTranscription: {},
      contextWindowCompression: { slidingWindow: {} },
      realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs: 300 } },
      functions: LiveTools.make({ work: work("BLOCKING", 1500), look: work("NON_BLOCKING", 3000) }),
      reconnect: { schedule: Schedule.spaced("1 second") }
    })
  )

  /** Writes down what the model has said, once that is over. */
  const flush = (): void => {
    if (speaking !== "") lines.push({ who: "model", text: speaking, ...(isCut ? { isCut } : {}) })
    speaking = ""
    isCut = false
  }
  const take = (event: LiveEvent): void => {
    counts.set(event._tag, (counts.get(event._tag) ?? 0) + 1)
    switch (event._tag) {
      case "Audio":
        heard += event.data.length
        return
      case "InputTranscription":
        lines.push({ who: "user", text: event.text })
        return
      case "OutputTranscription":
        speaking += event.text
        return
      case "Interrupted":
        isCut = true
        return
      case "TurnComplete":
        return flush()
      case "Reconnecting":
        isCut = true
        return flush()
      case "Reconnected":
        isCut = false
        reconnected.push(event)
    }
  }
  yield* Effect.forkScoped(
    Effect.exit(Stream.runForEachArray(session.events, (events) => Effect.sync(() => events.forEach(take)))),
    { startImmediately: true }
  )

  /** Speaks as a microphone does, a piece at a time. */
  const speak = (text: string): Effect.Effect<void, LiveError> =>
    Effect.suspend(() => {
      const millis = lengthOf(++turn)
      said.set(turn % 100, text)
      const sound = Buffer.concat([tone(millis), silence])
      const size = (Audio.inputRate * 2 * frame) / 1000
      const pieces = Array.from({ length: Math.ceil(sound.length / size) }, (_, i) =>
        sound.subarray(i * size, (i + 1) * size))
      return Effect.forEach(pieces, (piece) =>
        Effect.andThen(session.sendAudio(piece), Effect.sleep(frame)), { discard: true })
    })

  /** Types something, and writes that down. */
  const typed = <A, E>(text: string, sending: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      lines.push({ who: "user", text })
      return sending
    })

  /** Whether the model has said the last word on something, which ends so. */
  const isAnswered = (end: string) => () =>
    lines.at(-1)?.who === "model" && lines.at(-1)?.isCut !== true && lines.at(-1)?.text.includes(end) === true
  const begun = (n: number | string) => () => speaking.startsWith(`w${n}-0 `)
  const restored = (before: number) => () => reconnected.length > before

  const broken = (condition: () => boolean) =>
    Effect.gen(function*() {
      const before = reconnected.length
      yield* until("what the crash waits for", condition)
      yield* live.drop
      yield* until("a connection after the crash", restored(before))
    })

  const exchange = Effect.fnUntraced(function*({ crash, do: what, n }: Talk.Exchange) {
    const text = Talk.prompt(n)
    switch (what) {
      case "speak":
        yield* speak(text)
        if (crash !== undefined) {
          yield* broken(begun(n))
          yield* speak(text)
        }
        return yield* until(`the answer to speech ${n}`, isAnswered(`w${n}-7`))
      case "bargeIn": {
        yield* speak(text)
        yield* until(`the beginning of an answer to ${n}`, begun(n))
        yield* speak(Talk.prompt(`${n}b`))
        return yield* until(`the answer to the barge-in ${n}`, isAnswered(`w${n}b-7`))
      }
      case "text":
        yield* typed(text, session.sendText(text))
        return yield* until(`the answer to text ${n}`, isAnswered(`w${n}-7`))
      default: {
        const asked = what === "ask" ? text : Talk.callPrompt({ do: what, n })
        const fiber = yield* Effect.forkScoped(Effect.exit(typed(asked, session.ask(asked))), {
          startImmediately: true
        })
        if (crash === "waiting") yield* broken(() => true)
        if (crash === "working") {
          yield* broken(() => working > 0)
          // Its turn was cut, and may have run: the user decides to ask again.
          const failed = yield* Fiber.join(fiber)
          if (failed._tag === "Success") return yield* Effect.die(new Error("a call whose connection is gone answered"))
          yield* typed(asked, session.ask(asked))
        }
        const answered = crash === "working" ? undefined : yield* Fiber.join(fiber)
        if (answered?._tag === "Failure") return yield* Effect.failCause(answered.cause)
        yield* until(`the answer to ${what} ${n}`, isAnswered(`w${n}-7`))
      }
    }
  }, Effect.scoped)

  const play: Phone["play"] = (conversation) =>
    Effect.suspend(() => {
      const from = clock.currentTimeMillisUnsafe()
      return Effect.forEach(conversation, (each, i) =>
        Effect.andThen(
          Effect.suspend(() => Effect.sleep(Math.max(0, from + i * pace - clock.currentTimeMillisUnsafe()))),
          exchange(each)
        ), { discard: true })
    })
  return { lines, counts, reconnected, heard: () => heard, play, handle: session.handle }
})

/** What the server remembers of the user of a session that is over. */
export const memory = (
  handle: string | undefined
): Effect.Effect<ReadonlyArray<string>, LiveError, GeminiLive.GeminiLive> =>
  Effect.scoped(Effect.gen(function*() {
    const live = yield* GeminiLive.GeminiLive
    const session = yield* live.connect({ model, outputAudioTranscription: {}, resumeFrom: handle })
    const { text } = yield* session.ask("emulator:recall")
    return text.split(" | ").slice(0, -1)
  }))
