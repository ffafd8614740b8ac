/** An answer as text: with the code that ran on Google's side, and with its sources. Pure. */
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type { Part } from "effect-gemini/wire/Part"
import { cleanLine } from "../Shown.ts"

const block = (language: string, code: string): string => {
  // The fence is longer than every one within it.
  const longest = Math.max(2, ...Array.from(code.matchAll(/`+/g), ([run]) => run.length))
  const fence = "`".repeat(longest + 1)
  return `${fence}${language}\n${code.replace(/\n$/, "")}\n${fence}\n`
}

const pieceOf = (part: Part): string | undefined => {
  if (part.thought === true) return undefined
  if (typeof part.text === "string") return part.text
  if (part.executableCode) {
    const language = part.executableCode.language
    return block(typeof language === "string" ? language.toLowerCase() : "", part.executableCode.code ?? "")
  }
  if (part.codeExecutionResult) return block("", part.codeExecutionResult.output ?? "")
  return undefined
}

/** Makes text of chunks one after the other: a block of code begins a line of its own. */
export class AnswerText {
  /** All of it so far. */
  text = ""

  push(response: GenerateContent.GenerateContentResponse): string {
    const before = this.text.length
    for (const part of GenerateContent.parts(response)) {
      const piece = pieceOf(part)
      if (piece === undefined || piece === "") continue
      const isBlock = typeof part.text !== "string"
      if (isBlock && this.text !== "" && !this.text.endsWith("\n")) this.text += "\n"
      this.text += piece
    }
    return this.text.slice(before)
  }
}

/** The first block of code of a Markdown text, without its fences. */
export const firstBlock = (text: string): string | undefined => {
  const found = /^[ \t]*(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^[ \t]*\1[`~]*[ \t]*$/m.exec(text)
  return found?.[2]
}

export interface AnswerSource {
  readonly title: string | undefined
  readonly uri: string
}

/** Where the answer comes from, each source once, in the order of its first mention. */
export const sources = (response: GenerateContent.GenerateContentResponse): ReadonlyArray<AnswerSource> => {
  const found = new Map<string, AnswerSource>()
  for (const { maps, retrievedContext, web } of response.candidates?.[0]?.groundingMetadata?.groundingChunks ?? []) {
    const from = web ?? maps ?? retrievedContext
    const uri = from?.uri ?? undefined
    if (uri !== undefined && !found.has(uri)) found.set(uri, { title: from?.title ?? undefined, uri })
  }
  return [...found.values()]
}

const most = 10

export const sourceLines = (list: ReadonlyArray<AnswerSource>): ReadonlyArray<string> => [
  ...list.slice(0, most).map(({ title, uri }, i) =>
    cleanLine(`[${i + 1}] ${title === undefined || title === uri ? "" : `${title}: `}${uri}`)
  ),
  ...(list.length > most ? [`and ${list.length - most} more, which --json lists`] : [])
]

/** The pages that the model was to read and did not get. */
export const unread = (response: GenerateContent.GenerateContentResponse): ReadonlyArray<string> =>
  (response.candidates?.[0]?.urlContextMetadata?.urlMetadata ?? []).flatMap((
    { retrievedUrl, urlRetrievalStatus: status }
  ) =>
    typeof status !== "string" || status.endsWith("_SUCCESS") || !retrievedUrl
      ? []
      : [cleanLine(`${retrievedUrl} was not read (${status.replace("URL_RETRIEVAL_STATUS_", "").toLowerCase()})`)]
  )
