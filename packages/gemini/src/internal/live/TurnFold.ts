/**
 * Server messages in the shape of HTTP's responses. Pure.
 *
 * If a model only speaks, its words are the output transcription. They become the text, beside the audio, which stays
 * as media. `turnComplete` becomes the finish reason: the reason that the server gives, `INTERRUPTED` (a word of ours)
 * where the user spoke up, and `STOP` otherwise.
 */
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { Candidate } from "../../wire/Candidate.ts"
import type { Content } from "../../wire/Content.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { Part } from "../../wire/Part.ts"
import type { UsageMetadata } from "../../wire/Usage.ts"

// These reasons of a turn have another name in generateContent.
const renamed: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  RESPONSE_REJECTED: "SAFETY",
  PROHIBITED_INPUT_CONTENT: "PROHIBITED_CONTENT",
  GENERATED_CONTENT_PROHIBITED: "PROHIBITED_CONTENT",
  GENERATED_CONTENT_SAFETY: "SAFETY",
  GENERATED_AUDIO_SAFETY: "SAFETY",
  GENERATED_VIDEO_SAFETY: "SAFETY",
  GENERATED_IMAGE_SAFETY: "IMAGE_SAFETY",
  GENERATED_CONTENT_BLOCKLIST: "BLOCKLIST",
  GENERATED_IMAGE_PROHIBITED: "IMAGE_PROHIBITED_CONTENT"
}))

/** The reason that the server gives for the end of a turn, if it gives one. */
export const statedReason = ({ turnCompleteReason: reason }: LiveProtocol.ServerContent): string | undefined =>
  reason === undefined || reason === null || reason === "TURN_COMPLETE_REASON_UNSPECIFIED"
    ? undefined
    : renamed.get(String(reason)) ?? String(reason)

/** The finish reason of a turn that the server ends. */
export const finishReason = (content: LiveProtocol.ServerContent, isInterrupted: boolean): string =>
  statedReason(content) ?? (isInterrupted ? "INTERRUPTED" : "STOP")

/** The response of a message; undefined if the message holds nothing of the turn. */
export const response = (
  message: LiveProtocol.ServerMessage,
  model: string,
  finishReason: string | undefined
): GenerateContentResponse | undefined => {
  const { serverContent, toolCall, usageMetadata } = message
  const content = contentOf(message)
  if (
    finishReason === undefined && !usageMetadata && !serverContent?.groundingMetadata &&
    !serverContent?.urlContextMetadata
  ) {
    // Nearly every message is of this kind.
    return content === undefined && !toolCall
      ? undefined
      : { candidates: [content === undefined ? {} : { content }], modelVersion: model }
  }
  const candidate: Candidate = {
    ...(content === undefined ? {} : { content }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(serverContent ? sources(serverContent) : {})
  }
  const usage = usageOf(message)
  return { candidates: [candidate], modelVersion: model, ...(usage === undefined ? {} : { usageMetadata: usage }) }
}

/** The end of an answer of which the server did not say that it ends. */
export const ended = (model: string, finishReason: string): GenerateContentResponse => ({
  candidates: [{ finishReason }],
  modelVersion: model
})

/** What the answer rests on. */
export const sources = ({ groundingMetadata, urlContextMetadata }: LiveProtocol.ServerContent): Candidate => ({
  ...(groundingMetadata ? { groundingMetadata } : {}),
  ...(urlContextMetadata ? { urlContextMetadata } : {})
})

export const usageOf = ({ usageMetadata }: LiveProtocol.ServerMessage): UsageMetadata | undefined =>
  usageMetadata ? LiveProtocol.usageMetadata(usageMetadata) : undefined

/** Adds what the model said and asked for. */
export const parts = ({ serverContent, toolCall }: LiveProtocol.ServerMessage, out: Array<Part>): void => {
  const spoken = serverContent?.modelTurn?.parts
  if (spoken) { for (const part of spoken) out.push(part) }
  const text = serverContent?.outputTranscription?.text
  if (text) out.push({ text })
  const calls = toolCall?.functionCalls
  if (calls) { for (const functionCall of calls) out.push({ functionCall }) }
}

/** What the model said and asked for. If one object of the message holds all of it, it is that object. */
const contentOf = (message: LiveProtocol.ServerMessage): Content | undefined => {
  const { serverContent, toolCall } = message
  const turn = serverContent?.modelTurn
  if (turn?.role === "model" && !toolCall && !serverContent?.outputTranscription?.text) {
    return turn.parts?.length ? turn : undefined
  }
  const all: Array<Part> = []
  parts(message, all)
  return all.length === 0 ? undefined : { role: "model", parts: all }
}

/** Whether a response is only sound, which is thrown away when the user speaks up. */
export const isPlayback = (response: GenerateContentResponse): boolean => {
  const candidate = response.candidates?.[0]
  const parts = candidate?.content?.parts ?? []
  return parts.length > 0 && candidate?.finishReason === undefined && response.usageMetadata === undefined &&
    parts.every((part) => part.inlineData?.mimeType?.startsWith("audio/") === true)
}

/** Whether the server answers. */
export const isAnswer = (content: LiveProtocol.ServerContent | null | undefined): boolean =>
  !!content &&
  ((content.modelTurn?.parts?.length ?? 0) > 0 || !!content.outputTranscription || content.generationComplete === true)

/** Whether the server tells that it heard the user. */
export const isSpeech = (message: LiveProtocol.ServerMessage): boolean => {
  const { serverContent, voiceActivity, voiceActivityDetectionSignal: signal } = message
  return !!serverContent?.inputTranscription?.text || !!serverContent?.interimInputTranscription?.text ||
    voiceActivity?.voiceActivityType === "ACTIVITY_START" || signal?.vadSignalType === "VAD_SIGNAL_TYPE_SOS"
}
