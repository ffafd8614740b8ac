/** Gemini's generateContent as the wire of the suite. */
import { joined, list, record, type Sent, type SentMessage, text } from "./Sent.ts"
import type { Wire } from "./Subject.ts"
import { type Answer, answerId, answerModel, finishOf, type Said, usage } from "./Turn.ts"

const finishes = { stop: "STOP", length: "MAX_TOKENS", "content-filter": "SAFETY", "tool-calls": "STOP" } as const

/** Gemini 3 refuses a call that comes back without its signature. */
const thoughtSignature = "c2lnbmVk"

const part = (said: Said) =>
  "text" in said
    ? { text: said.text }
    : "reasoning" in said
    ? { text: said.reasoning, thought: true }
    : { functionCall: { id: said.id, name: said.call, args: said.params } }

const response = (answer: Answer, says: ReadonlyArray<Said>, isLast: boolean, isFirst: boolean) => {
  const firstCall = isFirst ? says.findIndex((said) => "call" in said) : -1
  return {
    candidates: [{
      content: {
        role: "model",
        parts: says.map((said, index) => index === firstCall ? { ...part(said), thoughtSignature } : part(said))
      },
      index: 0,
      ...(isLast ? { finishReason: finishes[finishOf(answer)] } : {})
    }],
    usageMetadata: {
      promptTokenCount: usage.input,
      candidatesTokenCount: usage.output,
      totalTokenCount: usage.input + usage.output
    },
    responseId: answerId,
    modelVersion: answerModel
  }
}

const whole = (answer: Answer) => response(answer, answer.says, true, true)

const names: ReadonlyMap<number, string> = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [429, "RESOURCE_EXHAUSTED"],
  [500, "INTERNAL"],
  [503, "UNAVAILABLE"]
])

const message = (content: Readonly<Record<string, unknown>>): SentMessage => {
  const parts = list(content["parts"])
  return {
    role: content["role"] === "model" ? "assistant" : "user",
    texts: parts.flatMap((part) => typeof part["text"] === "string" ? [part["text"]] : []),
    calls: parts.flatMap(({ functionCall }) => {
      const { args, id, name } = record(functionCall)
      return functionCall === undefined ? [] : [{ id: text(id), name: text(name), params: args }]
    }),
    results: parts.flatMap(({ functionResponse }) => {
      const { id, response } = record(functionResponse)
      return functionResponse === undefined ? [] : [{ id: text(id), value: response }]
    }),
    files: parts.filter((part) => part["inlineData"] !== undefined || part["fileData"] !== undefined).length
  }
}

const choiceOf = (config: unknown): string => {
  const { functionCallingConfig } = record(config)
  const { allowedFunctionNames, mode } = record(functionCallingConfig)
  switch (mode) {
    case "NONE":
      return "none"
    case "ANY":
      return Array.isArray(allowedFunctionNames) ? allowedFunctionNames.join() : "required"
    default:
      return "auto"
  }
}

const read = (body: unknown): Sent => {
  const { contents, generationConfig, systemInstruction, toolConfig, tools } = record(body)
  return {
    instructions: list(record(systemInstruction)["parts"]).map((part) => text(part["text"])).join("\n"),
    messages: joined(list(contents).map(message)),
    tools: list(tools).flatMap(({ functionDeclarations }) => list(functionDeclarations).map(({ name }) => text(name))),
    choice: choiceOf(toolConfig),
    hasSchema: record(generationConfig)["responseJsonSchema"] !== undefined
  }
}

/** The wire of Gemini. */
export const geminiWire: Wire = {
  whole,
  events: (answer) => {
    const chunks = answer.says.length < 2
      ? [whole(answer)]
      : answer.says.map((said, index, all) => response(answer, [said], index === all.length - 1, index === 0))
    return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")
  },
  refusal: ({ status, words }) => ({ error: { code: status, message: words, status: names.get(status) } }),
  isStream: (url) => url.pathname.includes(":stream"),
  read
}
