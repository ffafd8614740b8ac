/** A chat as Markdown, for `history show` and `/save`. Pure. */
import * as Option from "effect/Option"
import type { Turn } from "./ChatRecord.ts"
import * as ChatState from "./ChatState.ts"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const longest = 2_000

const short = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? ""
  return text.length > longest ? `${text.slice(0, longest)} … (${text.length - longest} more characters)` : text
}

/** What a part holds besides text, as one line. */
const lineOf = (part: unknown): string | undefined => {
  if (!isObject(part)) return undefined
  const { codeExecutionResult, executableCode, fileData, functionCall, functionResponse, inlineData } = part
  if (isObject(inlineData)) return `_attached: ${String(inlineData["mimeType"] ?? "a file")}_`
  if (isObject(fileData)) return `_attached: ${String(fileData["fileUri"] ?? "a file")}_`
  if (isObject(functionCall)) return `_called ${String(functionCall["name"])}_ \`${short(functionCall["args"] ?? {})}\``
  if (isObject(functionResponse)) {
    return `_${String(functionResponse["name"])} gave_ \`${short(functionResponse["response"] ?? {})}\``
  }
  if (isObject(executableCode)) return `\`\`\`\n${String(executableCode["code"] ?? "")}\n\`\`\``
  if (isObject(codeExecutionResult)) return `\`\`\`\n${String(codeExecutionResult["output"] ?? "")}\n\`\`\``
  return undefined
}

const turnOf = (turn: Turn): string =>
  [ChatState.text(turn), ...turn.parts.flatMap((part) => lineOf(part) ?? [])].filter((text) => text !== "").join("\n\n")

/** Each question under a heading, and what the model said to it. */
export const markdown = (state: ChatState.ChatState): string => {
  const { exchanges, open, system } = state
  const said = exchanges.map(({ isBroken, model, turns }) => {
    const [question, ...rest] = turns
    const answer = rest.map(turnOf).filter((text) => text !== "").join("\n\n")
    return `## You\n\n${question === undefined ? "" : turnOf(question)}\n\n## ${model ?? "The model"}\n\n${answer}` +
      (isBroken ? "\n\n_(broken off)_" : "")
  })
  const asked = Option.fromUndefinedOr(open?.turns[0])
  return [
    ...(system === "" ? [] : [`_System instruction:_ ${system}`]),
    ...said,
    ...Option.match(asked, {
      onNone: () => [],
      onSome: (question) => [`## You\n\n${turnOf(question)}\n\n_(not answered)_`]
    })
  ].join("\n\n")
}
