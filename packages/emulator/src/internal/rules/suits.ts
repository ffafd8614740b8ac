/** Which scripted answers are possible for which method. */
import type * as Answer from "../../Answer.ts"
import * as Scripted from "../answers/scripted.ts"

const generating = new Set(["generateContent", "streamGenerateContent", "bidiGenerateContent", "interactions.create"])

/** Whether a method says something, and does not only count, embed or list. */
export const generates = (method: string): boolean => generating.has(method)

/** Whether an answer says something or waits for a person who does, and so is not possible for a method that counts, embeds or lists. */
export const isSaid = (answer: Answer.Answer): boolean =>
  typeof answer === "string" || Scripted.speaks(answer) ||
  answer.hold === true

/** Whether an answer is possible for a method. */
export const suits = (answer: Answer.Answer, method: string): boolean => generates(method) || !isSaid(answer)
