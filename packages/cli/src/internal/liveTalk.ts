/** What `gemini-fx live` does: talks with a model, in text at the terminal or in WAV files. */
import type { StreamChunk } from "effect-gemini/call/Answer"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { TierName } from "effect-gemini/limits/Tier"
import * as Audio from "effect-gemini/live/Audio"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import type { LiveError } from "effect-gemini/LiveError"
import * as ModelId from "effect-gemini/models/ModelId"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./CommandFailed.ts"
import * as Explain from "./explain.ts"
import * as Prompt from "./Prompt.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

type Speech = Array<{ readonly mimeType?: string | null | undefined; readonly data?: string | null | undefined }>

const readQuestion = (path: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const file = yield* Effect.mapError(
      files.readFile(path),
      ({ reason }) => usage(`--in ${path}: ${reason._tag === "NotFound" ? "there is no such file" : reason.message}`)
    )
    const sound = Audio.fromWav(file)
    if (Result.isFailure(sound)) return yield* usage(`--in ${path}: ${sound.failure}`)
    if (sound.success.samples.length === 0) return yield* usage(`--in ${path}: holds no sound`)
    return Audio.resample(sound.success, Audio.inputRate)
  })

const writeSpeech = (path: string, sound: Audio.Sound) =>
  FileSystem.FileSystem.use((files) => files.writeFile(path, Audio.toWav(sound))).pipe(
    Effect.mapError(({ reason }) =>
      usage(`--out ${path}: cannot be written: ${reason._tag === "NotFound" ? "there is no such folder" : reason._tag}`)
    )
  )

const silence: Audio.Sound = { samples: new Int16Array(0), sampleRate: Audio.outputRate }

/** A turn's answer as it comes, ended with a line. */
const written = (
  screen: Screen.Screen,
  chunks: Stream.Stream<StreamChunk, LiveError>,
  speech: Speech | undefined
) =>
  Effect.suspend(() => {
    let last = "\n"
    let finishReason: string | undefined
    const write = (chunk: StreamChunk) => {
      speech?.push(...GenerateContent.media(chunk.response))
      last = chunk.text === "" ? last : chunk.text
      finishReason = chunk.finishReason ?? finishReason
      return screen.write(chunk.text)
    }
    return Stream.runForEach(chunks, write).pipe(
      // This holds for an answer that breaks off, too.
      Effect.ensuring(Effect.suspend(() => Effect.ignore(screen.write(last.endsWith("\n") ? "" : "\n")))),
      Effect.andThen(Effect.suspend(() =>
        finishReason === undefined || finishReason === "STOP"
          ? Effect.void
          : screen.note(`the answer ended with ${finishReason}`)
      ))
    )
  })

/** What a person is told of the session besides its answers. */
const notice = (event: LiveEvent): string | undefined => {
  switch (event._tag) {
    case "Reconnecting":
      return event.reason === undefined
        ? undefined
        : `the connection is lost (${event.reason.message}); attempt ${event.attempt} to dial again`
    case "Reconnected":
      return event.isStateRestored ? undefined : "connected again, to a session that remembers nothing of this"
    default:
      return undefined
  }
}

const notices = (session: LiveSession, show: (line: string) => Effect.Effect<void, PlatformError>) =>
  Stream.runForEach(session.events, (event) => {
    const line = notice(event)
    return line === undefined ? Effect.void : show(line)
  })

/** Lines of a person at a terminal, until Ctrl-D. */
const chat = (session: LiveSession, screen: Screen.Screen, speech: Speech | undefined) =>
  Effect.gen(function*() {
    const prompt = yield* Prompt.make
    yield* screen.note(`talking with ${session.model}: Ctrl-C interrupts an answer, Ctrl-D ends`)
    // A turn that broke off does not end a session that goes on.
    const broken = (error: LiveError): Effect.Effect<void, LiveError | PlatformError> =>
      Effect.flatMap(
        session.status,
        ({ _tag }): Effect.Effect<void, LiveError | PlatformError> =>
          _tag === "Closed" ? Effect.fail(error) : screen.note(Explain.liveError(error))
      )
    const answered = (text: string) =>
      Effect.catchTag(written(screen, session.sendTextStream(text), speech), "LiveError", broken)
    const talk = Effect.gen(function*() {
      while (true) {
        const heard = yield* prompt.next()
        if (heard._tag !== "Line") return heard
        if (heard.text.trim() === "") continue
        const isWhole = yield* prompt.untilInterrupted(answered(heard.text))
        if (!isWhole) yield* session.cancel
      }
    })
    const heard = yield* Effect.raceFirst(
      talk,
      Effect.andThen(notices(session, (line) => prompt.aside(screen.note(line))), Effect.never)
    )
    return heard._tag === "Interrupted" ? 130 : 0
  })

/** Plays the lines of a pipe, each as one turn. */
const recite = (session: LiveSession, screen: Screen.Screen, speech: Speech | undefined) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const turns = stdio.stdin.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => line.trim() !== ""),
      Stream.runForEach((line) => written(screen, session.sendTextStream(line), speech))
    )
    yield* Effect.raceFirst(turns, Effect.andThen(notices(session, screen.note), Effect.never))
    return 0
  })

/** Asks one spoken question, and writes the answer as it is said. */
const listen = (session: LiveSession, screen: Screen.Screen, question: Audio.Sound, speech: Speech | undefined) =>
  Effect.gen(function*() {
    yield* session.activityStart
    yield* session.sendAudio(Stream.fromIterable(Audio.chunks(question)))
    yield* session.activityEnd
    let heard = ""
    let said = ""
    const sayHeard = Effect.suspend(() => {
      const line = heard.trim()
      heard = ""
      return line === "" ? Effect.void : screen.note(`heard: ${line}`)
    })
    const say = (text: string) => {
      said += text
      return Effect.andThen(sayHeard, screen.write(text))
    }
    yield* session.events.pipe(
      Stream.takeUntil(({ _tag }) => _tag === "TurnComplete"),
      Stream.runForEach((event) => {
        switch (event._tag) {
          case "InputTranscription":
            if (!event.isInterim) heard += event.text
            return Effect.void
          case "Audio":
            speech?.push(event)
            return Effect.void
          case "OutputTranscription":
            return say(event.text)
          case "Text":
            return event.isThought ? Effect.void : say(event.text)
          default:
            return Effect.void
        }
      })
    )
    yield* screen.write(said === "" || said.endsWith("\n") ? "" : "\n")
    yield* sayHeard
    return 0
  })

/** The values of the command's flags. */
export interface Input {
  readonly model: string
  readonly question: Option.Option<string>
  readonly out: Option.Option<string>
  readonly emulator: boolean
  readonly tier: Option.Option<TierName>
}

export const converse = Effect.fnUntraced(function*(input: Input) {
  const model = ModelId.parse(input.model)
  if (Result.isFailure(model)) return yield* usage(`--model: ${model.failure}`)
  const question = Option.isNone(input.question) ? undefined : yield* readQuestion(input.question.value)
  const out = Option.getOrUndefined(input.out)
  // A file that cannot be written must fail before anything is said.
  if (out !== undefined) yield* writeSpeech(out, silence)
  const speech: Speech | undefined = out === undefined ? undefined : []

  const screen = yield* Screen.make
  const stdio = yield* Stdio.Stdio
  const isChat = (yield* stdio.stdinIsTerminal) && (yield* stdio.stdoutIsTerminal)
  const options = Option.isNone(input.tier) ? {} : { tier: input.tier.value }
  const server = yield* Server.choose(options, input.emulator)
  yield* screen.write(`${server.says}\n`)

  const asked: GeminiLive.ConnectOptions = question === undefined
    // A conversation may outlive the ten minutes of a connection; sound is never sent again.
    ? { reconnect: true, contextWindowCompression: { slidingWindow: {} } }
    : { realtimeInputConfig: { automaticActivityDetection: { disabled: true } }, inputAudioTranscription: {} }
  const talk = (
    session: LiveSession
  ): Effect.Effect<number, LiveError | PlatformError, Stdio.Stdio | Scope.Scope> => {
    if (question !== undefined) return listen(session, screen, question, speech)
    return isChat ? chat(session, screen, speech) : recite(session, screen, speech)
  }
  const exitCode = yield* GeminiLive.GeminiLive.use((live) => live.connect({ model: model.success, ...asked })).pipe(
    Effect.flatMap(talk),
    Effect.scoped,
    Effect.provide(server.live),
    Effect.catchTag(
      "LiveError",
      (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: Explain.liveError(error) }))
    )
  )
  if (out !== undefined && speech !== undefined) {
    const sound = Audio.ofMedia(speech)
    if (sound === undefined) yield* screen.note(`${out} is silent: no sound came`)
    else yield* writeSpeech(out, sound)
  }
  if (exitCode !== 0) return yield* new CommandFailed({ exitCode, text: "" })
})
