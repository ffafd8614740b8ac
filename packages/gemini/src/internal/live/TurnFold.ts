/**
 * Server messages as responses in HTTP's shape, one a message. Pure.
 *
 * On a model that only speaks, what it says is the output transcription: it becomes the
 * text, beside the audio, which stays as media. `turnComplete` becomes the finish reason:
 * the reason that the server gives, `INTERRUPTED` (a word of ours) where the user spoke
 * up, `STOP` otherwise.
 */
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { Candidate } from "../../wire/Candidate.ts"
import type { Content } from "../../wire/Content.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { Part } from "../../wire/Part.ts"

// Reasons of a turn whose name generateContent has for the same thing.
const renamed: Readonly<Record<string, string>> = {
  RESPONSE_REJECTED: "SAFETY",
  PROHIBITED_INPUT_CONTENT: "PROHIBITED_CONTENT",
  GENERATED_CONTENT_PROHIBITED: "PROHIBITED_CONTENT",
  GENERATED_CONTENT_SAFETY: "SAFETY",
  GENERATED_AUDIO_SAFETY: "SAFETY",
  GENERATED_VIDEO_SAFETY: "SAFETY",
  GENERATED_IMAGE_SAFETY: "IMAGE_SAFETY",
  GENERATED_CONTENT_BLOCKLIST: "BLOCKLIST",
  GENERATED_IMAGE_PROHIBITED: "IMAGE_PROHIBITED_CONTENT"
}

export class TurnFold {
  readonly #model: string
  #isInterrupted = false

  constructor(model: string) {
    this.#model = model
  }

  /** The response of a message; none where it holds nothing of the turn. */
  chunk(message: LiveProtocol.ServerMessage): GenerateContentResponse | undefined {
    const { serverContent, toolCall, usageMetadata } = message
    if (serverContent?.interrupted) this.#isInterrupted = true
    const content = contentOf(message)
    const finishReason = serverContent?.turnComplete ? this.#finish(serverContent) : undefined
    const grounding = serverContent?.groundingMetadata
    const urls = serverContent?.urlContextMetadata
    if (finishReason === undefined && !usageMetadata && !grounding && !urls) {
      // Nearly every message.
      return content === undefined && !toolCall
        ? undefined
        : { candidates: [content === undefined ? {} : { content }], modelVersion: this.#model }
    }
    const candidate: Candidate = {
      ...(content === undefined ? {} : { content }),
      ...(finishReason === undefined ? {} : { finishReason }),
      ...(grounding ? { groundingMetadata: grounding } : {}),
      ...(urls ? { urlContextMetadata: urls } : {})
    }
    return {
      candidates: [candidate],
      modelVersion: this.#model,
      ...(usageMetadata ? { usageMetadata: LiveProtocol.usageMetadata(usageMetadata) } : {})
    }
  }

  /** The end of an answer that stops for the caller to run functions. */
  handedOver(): GenerateContentResponse {
    return { candidates: [{ finishReason: "STOP" }], modelVersion: this.#model }
  }

  #finish(content: LiveProtocol.ServerContent): string {
    const reason = content.turnCompleteReason
    if (reason !== undefined && reason !== null && reason !== "TURN_COMPLETE_REASON_UNSPECIFIED") {
      return renamed[reason] ?? String(reason)
    }
    return this.#isInterrupted ? "INTERRUPTED" : "STOP"
  }
}

/** What the model said and asked for; its own object where it is whole. */
const contentOf = ({ serverContent, toolCall }: LiveProtocol.ServerMessage): Content | undefined => {
  const turn = serverContent?.modelTurn
  const said = serverContent?.outputTranscription?.text
  if (!said && !toolCall && turn?.role === "model") return turn.parts?.length ? turn : undefined
  const parts: Array<Part> = [...turn?.parts ?? []]
  if (said) parts.push({ text: said })
  for (const functionCall of toolCall?.functionCalls ?? []) parts.push({ functionCall })
  return parts.length === 0 ? undefined : { role: "model", parts }
}

/** Whether a response is nothing but sound: what a barge-in throws away. */
export const isPlayback = (response: GenerateContentResponse): boolean => {
  const candidate = response.candidates?.[0]
  const parts = candidate?.content?.parts ?? []
  return parts.length > 0 && candidate?.finishReason === undefined && response.usageMetadata === undefined &&
    parts.every((part) => part.inlineData?.mimeType?.startsWith("audio/") === true)
}
