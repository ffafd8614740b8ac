/**
 * Which scripted answers can be one to which method.
 */
import type * as Answer from "../../Answer.ts"
import * as Scripted from "../answers/scripted.ts"

const generating = new Set(["generateContent", "streamGenerateContent", "bidiGenerateContent"])

/** An answer that is said is for a request to say something: counting and embedding have answers of other kinds. */
export const suits = (answer: Answer.Answer, method: string): boolean =>
  generating.has(method) || !(typeof answer === "string" || Scripted.speaks(answer))
