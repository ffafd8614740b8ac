/**
 * The messages of an answer as JSON, without the schema of `effect/ai`. Nearly all of them are texts, thoughts and calls,
 * and going through the unions of that schema was a third of what a step costs on a journal (11 of 35 µs, 2026-11-30).
 *
 * What is written here is what the schema writes, byte for byte. Of whatever else there may be nothing is written, and the
 * caller asks the schema, which also names the place of what does not fit.
 */
import type * as Prompt from "effect/ai/Prompt"
import * as Schema from "effect/Schema"

const isJson = /* @__PURE__ */ Schema.is(Schema.Json)

const isOptions = (options: unknown): options is Record<string, Schema.Json> =>
  typeof options === "object" && options !== null && !Array.isArray(options) && isJson(options)

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

const partOf = (part: Prompt.AssistantMessagePart): unknown => {
  if (!isObject(part)) return undefined
  const { options } = part
  if (!isOptions(options)) return undefined
  switch (part.type) {
    case "text":
    case "reasoning": {
      const { text, type } = part
      return typeof text === "string" ? { options, type, text } : undefined
    }
    case "tool-call": {
      const { id, name, params, providerExecuted, type } = part
      const isWhole = typeof id === "string" && typeof name === "string" && typeof providerExecuted === "boolean"
      return isWhole && isJson(params) ? { options, type, id, name, params, providerExecuted } : undefined
    }
    default:
      return undefined
  }
}

const messageOf = (message: Prompt.Message): unknown => {
  if (!isObject(message)) return undefined
  const { options, role } = message
  if (role !== "assistant" || !isOptions(options) || !Array.isArray(message.content)) return undefined
  // The schema writes an answer that is one text, as the last one mostly is, as that text alone.
  if (message.content.length === 1 && message.content[0]?.type === "text") return undefined
  const content = message.content.map(partOf)
  return content.includes(undefined) ? undefined : { options, role, content }
}

/** The messages as JSON; `undefined` if the schema is to be asked. */
export const toJson = (messages: ReadonlyArray<Prompt.Message>): ReadonlyArray<unknown> | undefined => {
  const all = messages.map(messageOf)
  return all.includes(undefined) ? undefined : all
}
