/**
 * The events of a Live session, in the order in which they happen.
 *
 * A server message may hold several things at once, of which each is an event of its own. What this version does not
 * know of a message becomes `Other`, beside the events of what it knows: together they say all that the message says.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { LiveErrorReason } from "../errors/LiveErrorReason.ts"
import { sampleRate } from "../internal/live/Playback.ts"
import type { GroundingMetadata, UrlContextMetadata } from "../wire/Grounding.ts"
import type * as Part from "../wire/Part.ts"
import * as Usage from "../wire/Usage.ts"
import * as LiveProtocol from "./LiveProtocol.ts"

/**
 * One event. `switch` on `_tag`.
 *
 * @category models
 * @since 0.1.0
 */
export type LiveEvent =
  /**
   * A piece of the text that the model writes; with `isThought` a piece of its thoughts. `part` is there where the part
   * says more than its text, such as a `thoughtSignature`.
   */
  | { readonly _tag: "Text"; readonly text: string; readonly isThought: boolean; readonly part?: Part.Part }
  /**
   * A piece of the model's speech: base64 of PCM16 (`Audio.bytes` decodes it). `part` is there where the part says more
   * than its sound.
   */
  | {
    readonly _tag: "Audio"
    readonly data: string
    readonly mimeType: string
    readonly sampleRate: number
    readonly part?: Part.Part
  }
  /** Any other part of the model's turn, as received. */
  | { readonly _tag: "Part"; readonly part: Part.Part }
  /**
   * A transcription of what the user said. It may come before, between or after the model's words. `transcription` is
   * the wire's own, with its words, their times and the speaker where the setup asks for them.
   */
  | {
    readonly _tag: "InputTranscription"
    readonly text: string
    readonly isFinished: boolean
    readonly isInterim: boolean
    readonly languageCode: string | undefined
    readonly transcription: Part.AudioTranscription
  }
  /** A transcription of what the model said. */
  | {
    readonly _tag: "OutputTranscription"
    readonly text: string
    readonly isFinished: boolean
    readonly languageCode: string | undefined
    readonly transcription: Part.AudioTranscription
  }
  /** The model wrote everything; its words may still be playing. */
  | { readonly _tag: "GenerationComplete" }
  /** The user has interrupted the model: play nothing more of this turn, not even what is queued. */
  | { readonly _tag: "Interrupted" }
  /** The model's turn is over. */
  | { readonly _tag: "TurnComplete"; readonly reason: string | undefined }
  /** Functions that the model asks for. Those with a handler are being run. */
  | { readonly _tag: "ToolCall"; readonly calls: ReadonlyArray<Part.FunctionCall> }
  /**
   * Calls that are no longer wanted: the model took them back, or their connection is gone and the next one did not ask
   * for them. Their handlers were interrupted.
   */
  | { readonly _tag: "ToolCallCancellation"; readonly ids: ReadonlyArray<string> }
  /** The sources that the model's turn rests on: its searches, and the pages that it read. */
  | {
    readonly _tag: "Grounding"
    readonly grounding: GroundingMetadata | undefined
    readonly urlContext: UrlContextMetadata | undefined
  }
  /** The model waits for the user to say more before it answers. */
  | { readonly _tag: "WaitingForInput" }
  /** The state of the interaction, as the server calls it: `IN_PROGRESS`, `REQUIRES_ACTION` or `IDLE` (2026-11). */
  | { readonly _tag: "InteractionStatus"; readonly status: string }
  /**
   * The tokens so far. `metadata` has them by modality, under the names of generateContent: spoken tokens have a price of
   * their own, and `Cost.of(model, { usageMetadata: metadata })` knows it.
   */
  | { readonly _tag: "Usage"; readonly usage: Usage.Usage; readonly metadata: Usage.UsageMetadata }
  /** Somebody began or ceased to speak, as the server heard it. */
  | { readonly _tag: "VoiceActivity"; readonly isActive: boolean; readonly offset: Duration.Duration | undefined }
  /**
   * The session's state, to be resumed with `handle`; `undefined` while it cannot be. `lastConsumed` is the number of the
   * last message of ours that the state holds, where the setup asks for it (`transparent`); the setup is message 0.
   */
  | { readonly _tag: "Resumption"; readonly handle: string | undefined; readonly lastConsumed?: number }
  /** The server will end this connection. */
  | { readonly _tag: "GoAway"; readonly timeLeft: Duration.Duration | undefined }
  /**
   * The connection is gone and will be dialled again; `reason` is `undefined` if we ended it ourselves after a GoAway.
   */
  | { readonly _tag: "Reconnecting"; readonly attempt: number; readonly reason: LiveErrorReason | undefined }
  /**
   * There is a connection again. `isStateRestored`: the server remembers the session, save for what it did not say that
   * it kept. `unacknowledged` is how much that is: turns that it answered, speech that it heard, turns of `sendTurns`
   * that asked for no answer and may be kept, answers of functions, and messages of `send`.
   */
  | { readonly _tag: "Reconnected"; readonly isStateRestored: boolean; readonly unacknowledged: number }
  /** A message that was sent again on this connection, because the state that was restored does not know it. */
  | { readonly _tag: "Resent"; readonly message: LiveProtocol.ClientMessage }
  /**
   * A turn that the lost connection cut. It was not sent again: the model may have acted on it, or its caller no longer
   * waits for it.
   */
  | { readonly _tag: "TurnInterrupted"; readonly mayHaveRun: true; readonly message: LiveProtocol.ClientMessage }
  /** A message that cannot be read, where the options ask for it as an event. */
  | { readonly _tag: "Unreadable"; readonly path: string; readonly expected: string }
  /** What the other events of the message do not say. It is the message whole if there are none. */
  | { readonly _tag: "Other"; readonly message: LiveProtocol.ServerMessage }

/** The fields that events say, of a message and of the objects in it. What is not here becomes `Other`. */
const told = {
  part: new Set(["text", "thought"]),
  soundPart: new Set(["inlineData"]),
  sound: new Set(["data", "mimeType"]),
  modelTurn: new Set(["parts", "role"])
}

const toldOfMessage: Readonly<Record<string, ReadonlySet<string> | "whole">> = {
  setupComplete: "whole",
  serverContent: new Set([
    "modelTurn",
    "generationComplete",
    "turnComplete",
    "turnCompleteReason",
    "interrupted",
    "inputTranscription",
    "interimInputTranscription",
    "outputTranscription",
    "groundingMetadata",
    "urlContextMetadata",
    "waitingForInput",
    "interactionStatus"
  ]),
  toolCall: new Set(["functionCalls"]),
  toolCallCancellation: new Set(["ids"]),
  usageMetadata: "whole",
  goAway: new Set(["timeLeft"]),
  sessionResumptionUpdate: new Set(["newHandle", "resumable", "lastConsumedClientMessageIndex"]),
  voiceActivity: new Set(["voiceActivityType", "audioOffset"]),
  voiceActivityDetectionSignal: new Set(["vadSignalType"])
}

const hasMore = (object: object, known: ReadonlySet<string>): boolean => {
  for (const key in object) if (!known.has(key)) return true
  return false
}

const without = (object: object, known: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !known.has(key)))

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** What a message says beside what events tell of it, if it says more. */
const untold = (message: LiveProtocol.ServerMessage): LiveProtocol.ServerMessage | undefined => {
  let out: Record<string, unknown> | undefined
  for (const key in message) {
    const value: unknown = Reflect.get(message, key)
    const known = Object.hasOwn(toldOfMessage, key) ? toldOfMessage[key] : undefined
    if (known === "whole" || (known !== undefined && (!isObject(value) || !hasMore(value, known)))) continue
    out = { ...out, [key]: known === undefined || !isObject(value) ? value : without(value, known) }
  }
  const turn = message.serverContent?.modelTurn
  if (isObject(turn) && hasMore(turn, told.modelTurn)) {
    const content = { ...(isObject(out?.["serverContent"]) ? out["serverContent"] : {}) }
    out = { ...out, serverContent: { ...content, modelTurn: without(turn, told.modelTurn) } }
  }
  return out
}

const partEvent = (part: Part.Part): LiveEvent => {
  const { inlineData } = part
  const mimeType = inlineData?.mimeType ?? ""
  if (inlineData?.data && mimeType.startsWith("audio/pcm")) {
    const isMore = hasMore(part, told.soundPart) || hasMore(inlineData, told.sound)
    return {
      _tag: "Audio",
      data: inlineData.data,
      mimeType,
      sampleRate: sampleRate(mimeType),
      ...(isMore ? { part } : {})
    }
  }
  return typeof part.text === "string"
    ? {
      _tag: "Text",
      text: part.text,
      isThought: part.thought === true,
      ...(hasMore(part, told.part) ? { part } : {})
    }
    : { _tag: "Part", part }
}

const spoken = (transcription: Part.AudioTranscription) => ({
  text: transcription.text ?? "",
  isFinished: transcription.finished === true,
  languageCode: transcription.languageCode ?? undefined,
  transcription
})

/** Whether a transcription of the model says anything: it is sent empty too. */
const isSaying = (transcription: Part.AudioTranscription): boolean =>
  Object.values(transcription).some((value) => value !== null && value !== "" && value !== false)

const duration = (text: string | null | undefined): Duration.Duration | undefined => {
  const millis = LiveProtocol.millis(text)
  return millis === undefined ? undefined : Duration.millis(millis)
}

const isFilled = <A extends object>(value: A | null | undefined): value is A => !!value && Object.keys(value).length > 0

const contentEvents = (content: LiveProtocol.ServerContent, out: Array<LiveEvent>): void => {
  if (content.interrupted) out.push({ _tag: "Interrupted" })
  const interim = content.interimInputTranscription
  if (interim) out.push({ _tag: "InputTranscription", ...spoken(interim), isInterim: true })
  const input = content.inputTranscription
  if (input) out.push({ _tag: "InputTranscription", ...spoken(input), isInterim: false })
  for (const part of content.modelTurn?.parts ?? []) out.push(partEvent(part))
  const output = content.outputTranscription
  if (output && isSaying(output)) out.push({ _tag: "OutputTranscription", ...spoken(output) })
  const { groundingMetadata, interactionStatus, urlContextMetadata } = content
  const grounding = isFilled(groundingMetadata) ? groundingMetadata : undefined
  const urlContext = isFilled(urlContextMetadata) ? urlContextMetadata : undefined
  if (grounding !== undefined || urlContext !== undefined) out.push({ _tag: "Grounding", grounding, urlContext })
  if (content.generationComplete) out.push({ _tag: "GenerationComplete" })
  if (content.waitingForInput) out.push({ _tag: "WaitingForInput" })
  if (interactionStatus !== undefined && interactionStatus !== null) {
    out.push({ _tag: "InteractionStatus", status: String(interactionStatus) })
  }
}

/**
 * The events of a server message, in the order in which they apply.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromMessage = (message: LiveProtocol.ServerMessage): ReadonlyArray<LiveEvent> => {
  const out: Array<LiveEvent> = []
  const { serverContent, voiceActivity } = message
  if (serverContent) contentEvents(serverContent, out)
  const calls = message.toolCall?.functionCalls
  if (calls) out.push({ _tag: "ToolCall", calls })
  const ids = message.toolCallCancellation?.ids
  if (ids) out.push({ _tag: "ToolCallCancellation", ids })
  if (message.usageMetadata) {
    const metadata = LiveProtocol.usageMetadata(message.usageMetadata)
    out.push({ _tag: "Usage", usage: Usage.fromMetadata(metadata), metadata })
  }
  if (voiceActivity) {
    const isActive = voiceActivity.voiceActivityType === "ACTIVITY_START"
    out.push({ _tag: "VoiceActivity", isActive, offset: duration(voiceActivity.audioOffset) })
  }
  const signal = message.voiceActivityDetectionSignal?.vadSignalType
  if (signal) out.push({ _tag: "VoiceActivity", isActive: signal === "VAD_SIGNAL_TYPE_SOS", offset: undefined })
  if (message.sessionResumptionUpdate) {
    const { lastConsumedClientMessageIndex: consumed, newHandle, resumable } = message.sessionResumptionUpdate
    const handle = resumable === true && newHandle ? newHandle : undefined
    const lastConsumed = consumed === undefined || consumed === null ? {} : { lastConsumed: Usage.count(consumed) }
    out.push({ _tag: "Resumption", handle, ...lastConsumed })
  }
  if (serverContent?.turnComplete) {
    const reason = serverContent.turnCompleteReason
    out.push({ _tag: "TurnComplete", reason: reason === undefined || reason === null ? undefined : String(reason) })
  }
  if (message.goAway) out.push({ _tag: "GoAway", timeLeft: duration(message.goAway.timeLeft) })
  const more = untold(message)
  if (more !== undefined) out.push({ _tag: "Other", message: more })
  return out
}
