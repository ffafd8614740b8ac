/**
 * The deterministic answers: the same request always gets the same chunks.
 */
import type { GenerateContentRequest, GenerateContentResponse } from "effect-gemini/GenerateContent"

export const isRequest = (body: unknown): body is GenerateContentRequest =>
  typeof body === "object" && body !== null && "contents" in body && Array.isArray(body.contents) &&
  body.contents.length > 0

const promptOf = (request: GenerateContentRequest): string =>
  (request.contents.at(-1)?.parts ?? []).map((part) => part.text ?? "").join(" ").trim()

/** About four characters make a token, as Google's documentation says. */
const tokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

const hash = (text: string): string => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(36).padStart(7, "0")
}

const sentence = (model: string, prompt: string): string => {
  const words = prompt.split(/\s+/).filter((word) => word !== "")
  const topic = words.slice(0, 8).join(" ") + (words.length > 8 ? " …" : "")
  return `This is ${model}, answering from the emulator. ` +
    `You asked about "${topic}", in ${words.length} words. ` +
    "A real model would now tell you more; this one always says the same, which is what tests need."
}

/** The chunks of an answer, cumulative usage in each, the finish reason in the last. */
export const chunks = (model: string, request: GenerateContentRequest): ReadonlyArray<GenerateContentResponse> => {
  const prompt = promptOf(request)
  const text = sentence(model, prompt)
  const pieces = text.match(/\S+(?:\s+\S+){0,5}\s*/g) ?? [text]
  const promptTokenCount = tokens(JSON.stringify(request.contents))
  const responseId = hash(`${model}\n${prompt}`)
  let said = ""
  return pieces.map((piece, i) => {
    said += piece
    const candidatesTokenCount = tokens(said)
    return {
      candidates: [{
        content: { parts: [{ text: piece }], role: "model" },
        ...(i === pieces.length - 1 ? { finishReason: "STOP" } : {}),
        index: 0
      }],
      usageMetadata: {
        promptTokenCount,
        candidatesTokenCount,
        totalTokenCount: promptTokenCount + candidatesTokenCount
      },
      modelVersion: model,
      responseId
    }
  })
}

/** The unary form of the same answer. */
export const whole = (list: ReadonlyArray<GenerateContentResponse>): GenerateContentResponse => {
  const last = list.at(-1)
  const text = list.map((chunk) => chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? "").join("")
  return {
    ...last,
    candidates: [{ content: { parts: [{ text }], role: "model" }, finishReason: "STOP", index: 0 }]
  }
}
