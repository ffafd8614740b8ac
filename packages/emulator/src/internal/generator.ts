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

/** The chunks that say a text: cumulative usage in each, the finish reason in the last. */
export const say = (model: string, body: unknown, text: string): ReadonlyArray<GenerateContentResponse> => {
  const pieces = text.match(/\S+(?:\s+\S+){0,5}\s*/g) ?? [text]
  const request = isRequest(body) ? body : { contents: [] }
  const promptTokenCount = tokens(JSON.stringify(request.contents))
  const responseId = hash(`${model}\n${promptOf(request)}`)
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

/** What the generator says to a request. */
export const chunks = (model: string, request: GenerateContentRequest): ReadonlyArray<GenerateContentResponse> =>
  say(model, request, sentence(model, promptOf(request)))

/** One scripted piece of a stream. */
export const piece = (model: string, text: string): GenerateContentResponse => ({
  candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }],
  modelVersion: model
})

/** The unary form of the same answer. */
export const whole = (list: ReadonlyArray<GenerateContentResponse>): GenerateContentResponse => {
  const last = list.at(-1)
  const text = list.map((chunk) => chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? "").join("")
  return {
    ...last,
    candidates: [{ content: { parts: [{ text }], role: "model" }, finishReason: "STOP", index: 0 }]
  }
}

/** Any chunks as one response: the parts in a row, all else from the last that has it. */
export const fold = (list: ReadonlyArray<Readonly<Record<string, unknown>>>): Readonly<Record<string, unknown>> => {
  const parts: Array<unknown> = []
  let candidate: Readonly<Record<string, unknown>> = {}
  for (const chunk of list) {
    const [first] = Array.isArray(chunk["candidates"]) ? chunk["candidates"] : []
    if (first === undefined) continue
    candidate = { ...candidate, ...first }
    if (Array.isArray(first.content?.parts)) parts.push(...first.content.parts)
  }
  return Object.assign({}, ...list, { candidates: [{ ...candidate, content: { parts, role: "model" } }] })
}
