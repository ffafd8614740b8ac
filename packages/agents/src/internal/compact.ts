/** Which messages a summary takes the place of, and the summary. */
import * as Prompt from "effect/ai/Prompt"
import type { AgentState } from "../AgentState.ts"
import type { Compaction } from "../Compaction.ts"
import * as Tokens from "./tokens.ts"

const header = "Earlier steps of this task, in short:"

/** A summary is at most so long; a model may write any length. */
const longest = 8_000

/** The part of `above` at which a history is compacted. */
const fires = 0.8
const keeps = 0.4

/** The place before which messages go, if it is time: an exchange begins there. */
export const upTo = (state: AgentState, { above, keep = above * keeps }: Compaction<unknown, unknown>): number => {
  const { lastInput, messages } = state
  const letters = messages.map(Tokens.letters)
  const all = letters.reduce((sum, size) => sum + size, 0)
  // What came since the last answer was counted is estimated, by what its letters weighed until now.
  const expected = Math.max(lastInput, Tokens.estimate(all))
  if (expected < above * fires) return 0
  const perLetter = all === 0 ? 0 : expected / all
  let left = expected
  let place = 0
  // The first message and the last exchange stay.
  for (let i = 1; i < messages.length - 1 && left > keep; i++) {
    left -= (letters[i] ?? 0) * perLetter
    if (isBegin(messages, i + 1)) place = i + 1
  }
  return place > 2 ? place : 0
}

/** Whether an exchange begins there: no response of a call that went may be left alone. */
const isBegin = (messages: ReadonlyArray<Prompt.Message>, place: number): boolean =>
  messages[place] !== undefined && messages[place].role !== "tool"

export const summaryOf = (text: string): string =>
  `${header}\n${text.length > longest ? `${text.slice(0, longest)} …` : text}`

/** A text or a value of a history as another model is told of it. */
export const shortened = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? ""
  return text.length > 2_000 ? `${text.slice(0, 2_000)} …` : text
}

/** The messages as text, for a model to sum up. */
export const transcript = (messages: ReadonlyArray<Prompt.Message>): string =>
  messages.flatMap((message): ReadonlyArray<string> => {
    if (typeof message.content === "string") return [`${message.role}: ${message.content}`]
    const lines: Array<string> = []
    for (const part of message.content) {
      if (part.type === "text") lines.push(`${message.role}: ${shortened(part.text)}`)
      else if (part.type === "tool-call") lines.push(`call ${part.name}(${shortened(part.params)})`)
      else if (part.type === "tool-result") lines.push(`${part.name} gave ${shortened(part.result)}`)
      else if (part.type === "file") lines.push(`${message.role}: a file (${part.mediaType})`)
    }
    return lines
  }).join("\n")

export const question = (messages: ReadonlyArray<Prompt.Message>): Prompt.Message =>
  Prompt.makeMessage("user", {
    content: [Prompt.makePart("text", {
      text:
        "Sum up this part of a task for whoever goes on with it: what was found, decided and done, with the names " +
        `and figures that will be needed. At most 400 words.\n\n${transcript(messages)}`
    })]
  })
