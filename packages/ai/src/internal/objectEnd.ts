/**
 * Why an answer that should have been an object is not one, where it ended before the object did. Pure.
 *
 * `effect/ai` would call it an object that does not fit its schema, which is worth another try; a block, or an answer
 * that was cut at its limit, comes out the same at the next one.
 */
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import type { ErrorDetails } from "../GeminiMetadata.ts"

/** What is known of the end of an answer. */
export type Finish = Pick<Response.FinishPart | Response.FinishPartEncoded, "reason" | "usage" | "metadata">

/** Whether the text cannot go on: a number could, and an open bracket must. */
const isWhole = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) !== "number"
  } catch {
    return false
  }
}

const details = (text: string, finish: Finish): ErrorDetails => {
  const { finishMessage, finishReason, usageMetadata } = finish.metadata?.google ?? {}
  const usage = usageMetadata === undefined ? undefined : GenerateContent.usage({ usageMetadata })
  return {
    reason: "Incomplete",
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(text === "" ? {} : { responseText: text }),
    ...(finishMessage === undefined ? {} : { description: finishMessage }),
    ...(usage === undefined ? {} : { usage })
  }
}

/** The error of an answer with this text and this end; undefined if the schema may judge it. */
export const failure = (text: string, finish: Finish): AiError.AiErrorReason | undefined => {
  const word = finish.metadata?.google?.finishReason ?? finish.reason
  const metadata = { google: details(text, finish) }
  switch (finish.reason) {
    case "stop":
    case "tool-calls":
      return undefined
    case "content-filter":
      // What was blocked is not handed on, as in an answer that comes whole.
      return new AiError.ContentPolicyError({
        description: `the object was blocked (${word})`,
        metadata: { google: details("", finish) }
      })
    case "length": {
      if (isWhole(text)) return undefined
      const tokens = finish.usage.outputTokens.total
      return new AiError.InvalidRequestError({
        parameter: "maxOutputTokens",
        constraint: `ended the answer before the object was whole (${word}${
          tokens === undefined ? "" : ` at ${tokens} tokens`
        })`,
        description: "Raise it, let the model think less, or ask for a smaller object.",
        metadata
      })
    }
    default:
      return isWhole(text)
        ? undefined
        : new AiError.UnknownError({ description: `the answer ended (${word}) before the object was whole`, metadata })
  }
}

/** The same of a whole answer's parts. */
export const failureOf = (parts: ReadonlyArray<Response.PartEncoded>): AiError.AiErrorReason | undefined => {
  const finish = parts.find((part) => part.type === "finish")
  const text = parts.map((part) => part.type === "text" ? part.text : "").join("")
  return finish === undefined ? undefined : failure(text, finish)
}
