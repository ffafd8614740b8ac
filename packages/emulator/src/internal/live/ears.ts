/**
 * What a Live session hears: audio, pictures and typed words of the realtime input, and when the
 * user's turn is over.
 */
import * as Effect from "effect/Effect"
import type { HeardAudio } from "../../LiveOptions.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Json from "../json.ts"
import * as Judge from "./messageJudge.ts"
import * as Reply from "./spokenReply.ts"
import type { Transcripts } from "./transcripts.ts"
import * as Vad from "./vad.ts"

export interface Ears {
  readonly hear: (input: Json.Json) => Effect.Effect<void>
}

export interface Options {
  readonly setup: Json.Json
  readonly transcripts: Transcripts
  readonly turn: () => number
  /** The user begins to speak, or types. */
  readonly onActivity: Effect.Effect<void>
  readonly onTranscript: (
    name: "inputTranscription" | "interimInputTranscription",
    transcript: Json.Json
  ) => Effect.Effect<void>
  /** A turn of the user. `typed`: at least a part of it was written. */
  readonly onTurn: (content: Json.Json, tokens: Tokens.Counts, typed: boolean) => Effect.Effect<void>
  readonly refuse: (reason: string) => Effect.Effect<void>
}

const thresholds: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ START_SENSITIVITY_LOW: 1500 })
)
const silences: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ END_SENSITIVITY_LOW: 1500 })
)

const sizeOfSecond = (rate: number) => rate * 2

export const make = (options: Options): Ears => {
  const { transcripts } = options
  const detection = Json.at(options.setup, "realtimeInputConfig", "automaticActivityDetection")
  const manual = Json.at(detection, "disabled") === true
  const interrupts = Json.at(options.setup, "realtimeInputConfig", "activityHandling") !== "NO_INTERRUPTION"
  const sensitivity = (name: string) => String(Json.at(detection, name))
  const vadSettings: Vad.Settings = {
    threshold: thresholds.get(sensitivity("startOfSpeechSensitivity")) ?? 500,
    prefix: Json.number(Json.at(detection, "prefixPaddingMs")) ?? 20,
    silence: Json.number(Json.at(detection, "silenceDurationMs")) ??
      silences.get(sensitivity("endOfSpeechSensitivity")) ?? 800
  }
  let rate: number | undefined
  let vad: Vad.Vad | undefined
  /** True between activityStart and activityEnd. */
  let active = false
  let activeBytes = 0
  let frames = 0
  const words: Array<string> = []

  const heardOf = (millis: number): HeardAudio => ({ millis, rate: rate ?? 16_000, turn: options.turn() })

  const millisOf = (bytes: number) => Math.round((bytes * 1000) / sizeOfSecond(rate ?? 16_000))

  const onActivity = interrupts ? options.onActivity : Effect.void

  const done = (millis: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const typed = words.splice(0)
      const heard = heardOf(millis)
      const spoken = millis === 0 ? undefined : transcripts.text(heard)
      const content = {
        role: "user",
        parts: [...typed, ...(spoken === undefined ? [] : [spoken])].map((text) => ({ text }))
      }
      const video = frames * 258
      frames = 0
      const tokens = {
        ...(typed.length === 0 ? {} : { TEXT: Tokens.ofText(typed.join(" ")) }),
        ...(millis === 0 ? {} : { AUDIO: Reply.audioTokens(millis) }),
        ...(video === 0 ? {} : { VIDEO: video })
      }
      const turn = options.onTurn(content, tokens, typed.length > 0)
      if (spoken === undefined) return turn
      const told = Effect.forEach(
        transcripts.final(heard),
        (transcript) => options.onTranscript("inputTranscription", transcript),
        { discard: true }
      )
      return Effect.andThen(told, turn)
    })

  /** Tells what has been said so far by somebody who still speaks. */
  const soFar = (millis: number): Effect.Effect<void> => {
    const transcript = millis === 0 ? undefined : transcripts.interim(heardOf(millis))
    return transcript === undefined ? Effect.void : options.onTranscript("interimInputTranscription", transcript)
  }

  const act = (edges: ReadonlyArray<Vad.Edge>) =>
    Effect.forEach(edges, (edge) => edge._tag === "Start" ? onActivity : done(edge.millis), { discard: true })

  const audio = (blob: unknown): Effect.Effect<void> => {
    const said = Number(/rate=(\d+)/.exec(Json.text(Json.at(blob, "mimeType")) ?? "")?.[1] ?? 16_000)
    if (rate !== undefined && rate !== said) {
      return options.refuse(`Sample rate changed from previously ${rate} to ${said}, which is not supported.`)
    }
    rate = said
    const pcm = Buffer.from(Json.text(Json.at(blob, "data")) ?? "", "base64")
    if (manual) {
      if (!active) return Effect.void
      activeBytes += pcm.length
      return soFar(millisOf(activeBytes))
    }
    const listening = vad ??= Vad.make(vadSettings, rate)
    return Effect.andThen(act(listening.push(pcm)), Effect.suspend(() => soFar(listening.spoken())))
  }

  const text = (typed: string): Effect.Effect<void> => {
    words.push(typed)
    // Words that are typed amid speech belong to what is being said.
    if (active || vad?.isSpeaking() === true) return Effect.void
    return Effect.andThen(onActivity, done(0))
  }

  const hear: Ears["hear"] = Effect.fnUntraced(function*(input) {
    const wrong = Judge.realtimeInput(input, manual)
    if (wrong !== undefined) return yield* options.refuse(wrong)
    if (input["activityStart"] !== undefined) {
      active = true
      activeBytes = 0
      yield* onActivity
    }
    for (const blob of [input["audio"], input["video"], ...Json.list(input["mediaChunks"])]) {
      if (blob === undefined) continue
      if (Json.text(Json.at(blob, "mimeType"))?.toLowerCase().startsWith("audio/") === true) yield* audio(blob)
      else frames++
    }
    const typed = Json.text(input["text"])
    if (typed !== undefined) yield* text(typed)
    if (input["audioStreamEnd"] === true && vad !== undefined) yield* act(vad.flush())
    if (input["activityEnd"] !== undefined && active) {
      active = false
      yield* done(millisOf(activeBytes))
    }
  })
  return { hear }
}
