/**
 * The messages of which nearly all of a session consists, told by their keys: text, sound and transcriptions of the
 * model, the ends of turns, counted tokens. What this says yes to the guard of all messages says yes to as well; the walk
 * over their whole shape was half a microsecond of a turn's eight beside its socket (November 2026). Pure.
 */
import type { ServerMessage } from "../../live/LiveProtocol.ts"

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isPart = (part: unknown): boolean => {
  if (!isObject(part)) return false
  for (const key in part) {
    const value = part[key]
    if (key === "text") {
      if (typeof value !== "string") return false
    } else if (key !== "inlineData" || !isBlob(value)) return false
  }
  return true
}

const isBlob = (blob: unknown): boolean => {
  if (!isObject(blob)) return false
  for (const key in blob) if ((key !== "data" && key !== "mimeType") || typeof blob[key] !== "string") return false
  return true
}

const isTurn = (turn: unknown): boolean => {
  if (!isObject(turn)) return false
  for (const key in turn) {
    const value = turn[key]
    if (key === "parts") {
      if (!Array.isArray(value)) return false
      for (const part of value) if (!isPart(part)) return false
    } else if (key !== "role" || typeof value !== "string") return false
  }
  return true
}

const isTranscription = (transcription: unknown): boolean => {
  if (!isObject(transcription)) return false
  for (const key in transcription) if (key !== "text" || typeof transcription[key] !== "string") return false
  return true
}

const isContent = (content: unknown): boolean => {
  if (!isObject(content)) return false
  for (const key in content) {
    switch (key) {
      case "modelTurn":
        if (!isTurn(content[key])) return false
        break
      case "outputTranscription":
        if (!isTranscription(content[key])) return false
        break
      case "generationComplete":
      case "turnComplete":
        if (typeof content[key] !== "boolean") return false
        break
      default:
        return false
    }
  }
  return true
}

const isUsage = (usage: unknown): boolean => {
  if (!isObject(usage)) return false
  for (const key in usage) {
    switch (key) {
      case "promptTokenCount":
      case "responseTokenCount":
      case "thoughtsTokenCount":
      case "totalTokenCount":
        if (typeof usage[key] !== "number") return false
        break
      default:
        return false
    }
  }
  return true
}

/** Whether a parsed frame is certainly such a message. */
export const isPlain = (value: unknown): value is ServerMessage => {
  if (!isObject(value)) return false
  for (const key in value) {
    if (key === "serverContent" ? !isContent(value[key]) : key !== "usageMetadata" || !isUsage(value[key])) return false
  }
  return true
}
