/**
 * Which scripted answers can be one to which method.
 */
import type * as Answer from "../../Answer.ts"
import * as Scripted from "../answers/scripted.ts"

const generating = new Set(["generateContent", "streamGenerateContent", "bidiGenerateContent"])

/** Whether a method says something, and does not only count, embed or list. */
export const generates = (method: string): boolean => generating.has(method)

/** Whether an answer is said, and so none to a method that counts, embeds or lists. */
export const isSaid = (answer: Answer.Answer): boolean => typeof answer === "string" || Scripted.speaks(answer)

/** Whether an answer can be one to a method. */
export const suits = (answer: Answer.Answer, method: string): boolean => generates(method) || !isSaid(answer)
