/**
 * The events of a Live session, in the order in which they happen.
 *
 * A server message may hold several things at once, of which each is an event of its own. A message that this version
 * does not know becomes `Other`, with the message whole.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { LiveErrorReason } from "../errors/LiveErrorReason.ts"
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
  /** A piece of the text that the model writes; with `isThought` a piece of its thoughts. */
  | { readonly _tag: "Text"; readonly text: string; readonly isThought: boolean }
  /** A piece of the model's speech: base64 of PCM16 (`Audio.bytes` decodes it). */
  | { readonly _tag: "Audio"; readonly data: string; readonly mimeType: string; readonly sampleRate: number }
  /** Any other part of the model's turn, as received. */
  | { readonly _tag: "Part"; readonly part: Part.Part }
  /** A transcription of what the user said. It may come before, between or after the model's words. */
  | {
    readonly _tag: "InputTranscription"
    readonly text: string
    readonly isFinished: boolean
    readonly isInterim: boolean
    readonly languageCode: string | undefined
  }
  /** A transcription of what the model said. */
  | {
    readonly _tag: "OutputTranscription"
    readonly text: string
    readonly isFinished: boolean
    readonly languageCode: string | undefined
  }
  /** The model wrote everything; its words may still be playing. */
  | { readonly _tag: "GenerationComplete" }
  /** The user has interrupted the model: play nothing more of this turn, not even what is queued. */
  | { readonly _tag: "Interrupted" }
  /** The model's turn is over. */
  | { readonly _tag: "TurnComplete"; readonly reason: string | undefined }
  /** Functions that the model asks for. Those with a handler are being run. */
  | { readonly _tag: "ToolCall"; readonly calls: ReadonlyArray<Part.FunctionCall> }
  /** Calls that are no longer wanted. Their handlers were interrupted. */
  | { readonly _tag: "ToolCallCancellation"; readonly ids: ReadonlyArray<string> }
  | { readonly _tag: "Usage"; readonly usage: Usage.Usage }
  /** Somebody began or ceased to speak, as the server heard it. */
  | { readonly _tag: "VoiceActivity"; readonly isActive: boolean; readonly offset: Duration.Duration | undefined }
  /** The session's state, to be resumed with `handle`; `undefined` while it cannot be. */
  | { readonly _tag: "Resumption"; readonly handle: string | undefined }
  /** The server will end this connection. */
  | { readonly _tag: "GoAway"; readonly timeLeft: Duration.Duration | undefined }
  /**
   * The connection is gone and will be dialled again; `reason` is `undefined` if we ended it ourselves after a GoAway.
   */
  | { readonly _tag: "Reconnecting"; readonly attempt: number; readonly reason: LiveErrorReason | undefined }
  /**
   * There is a connection again. `isStateRestored`: the server remembers the session, save
   * the last `unacknowledged` turns, which it answered without saying that it kept them.
   */
  | { readonly _tag: "Reconnected"; readonly isStateRestored: boolean; readonly unacknowledged: number }
  /** A turn that the lost connection cut. It was not sent again: the model may have acted on it. */
  | { readonly _tag: "TurnInterrupted"; readonly mayHaveRun: true; readonly message: LiveProtocol.ClientMessage }
  /** A message that cannot be read, where the options ask for it as an event. */
  | { readonly _tag: "Unreadable"; readonly path: string; readonly expected: string }
  | { readonly _tag: "Other"; readonly message: LiveProtocol.ServerMessage }

const rateOf = (mimeType: string): number => {
  const rate = /;\s*rate=(\d+)/.exec(mimeType)?.[1]
  // Vertex calls its sound of 24 kHz "audio/pcm", without a rate.
  return rate === undefined ? 24_000 : Number(rate)
}

const partEvent = (part: Part.Part): LiveEvent => {
  const mimeType = part.inlineData?.mimeType ?? ""
  if (part.inlineData?.data && mimeType.startsWith("audio/pcm")) {
    return { _tag: "Audio", data: part.inlineData.data, mimeType, sampleRate: rateOf(mimeType) }
  }
  return typeof part.text === "string"
    ? { _tag: "Text", text: part.text, isThought: part.thought === true }
    : { _tag: "Part", part }
}

type Transcription = NonNullable<LiveProtocol.ServerContent["inputTranscription"]>

const spoken = (transcription: Transcription) => ({
  text: transcription.text ?? "",
  isFinished: transcription.finished === true,
  languageCode: transcription.languageCode ?? undefined
})

const duration = (text: string | null | undefined): Duration.Duration | undefined => {
  const millis = LiveProtocol.millis(text)
  return millis === undefined ? undefined : Duration.millis(millis)
}

const contentEvents = (content: LiveProtocol.ServerContent, out: Array<LiveEvent>): void => {
  if (content.interrupted) out.push({ _tag: "Interrupted" })
  const interim = content.interimInputTranscription
  if (interim) out.push({ _tag: "InputTranscription", ...spoken(interim), isInterim: true })
  const input = content.inputTranscription
  if (input) out.push({ _tag: "InputTranscription", ...spoken(input), isInterim: false })
  for (const part of content.modelTurn?.parts ?? []) out.push(partEvent(part))
  const output = content.outputTranscription
  if (output && (output.text || output.finished)) out.push({ _tag: "OutputTranscription", ...spoken(output) })
  if (content.generationComplete) out.push({ _tag: "GenerationComplete" })
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
    out.push({ _tag: "Usage", usage: Usage.fromMetadata(LiveProtocol.usageMetadata(message.usageMetadata)) })
  }
  if (voiceActivity) {
    const isActive = voiceActivity.voiceActivityType === "ACTIVITY_START"
    out.push({ _tag: "VoiceActivity", isActive, offset: duration(voiceActivity.audioOffset) })
  }
  const signal = message.voiceActivityDetectionSignal?.vadSignalType
  if (signal) out.push({ _tag: "VoiceActivity", isActive: signal === "VAD_SIGNAL_TYPE_SOS", offset: undefined })
  if (message.sessionResumptionUpdate) {
    const { newHandle, resumable } = message.sessionResumptionUpdate
    out.push({ _tag: "Resumption", handle: resumable === true && newHandle ? newHandle : undefined })
  }
  if (serverContent?.turnComplete) {
    const reason = serverContent.turnCompleteReason
    out.push({ _tag: "TurnComplete", reason: reason === undefined || reason === null ? undefined : String(reason) })
  }
  if (message.goAway) out.push({ _tag: "GoAway", timeLeft: duration(message.goAway.timeLeft) })
  if (out.length === 0 && !isKnownSilence(message)) out.push({ _tag: "Other", message })
  return out
}

/** Whether a message has only known keys and says nothing, such as the recorded `serverContent: {}`. */
const isKnownSilence = (message: LiveProtocol.ServerMessage): boolean => {
  const { serverContent } = message
  if (Object.keys(message).some((key) => !(key in LiveProtocol.ServerMessage.fields))) return false
  if (!serverContent) return true
  return !serverContent.groundingMetadata && !serverContent.urlContextMetadata && !serverContent.waitingForInput &&
    !serverContent.interactionStatus
}
