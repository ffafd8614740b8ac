/** An entry of the log without its headers and bodies: what a list of calls says of it. */
import type { EntryData, UsageData } from "../../admin/LogData.ts"
import type { Entry } from "../../RequestLog.ts"
import * as Json from "../json.ts"
import * as Pricing from "./pricing.ts"
import * as Shown from "./shown.ts"

/** The longest text that a list shows of a prompt. */
const longest = 200

/** The last text in a value of the wire: of a list the last one that has any. */
const lastText = (value: unknown): string | undefined => {
  if (typeof value === "string") return value
  if (Array.isArray(value)) {
    for (let i = value.length - 1; i >= 0; i--) {
      const found = lastText(value[i])
      if (found !== undefined) return found
    }
    return undefined
  }
  return Json.text(Json.at(value, "text")) ?? lastText(Json.at(value, "parts") ?? Json.at(value, "content") ?? [])
}

const promptOf = (body: unknown): string | undefined => {
  const text = lastText(Json.at(body, "contents") ?? Json.at(body, "content") ?? Json.at(body, "input") ?? [])
  return text === undefined ? undefined : text.length > longest ? `${text.slice(0, longest)}…` : text
}

const sum = (value: unknown, ...names: ReadonlyArray<string>): number =>
  names.reduce((total, name) => total + Math.max(0, Math.round(Json.number(Json.at(value, name)) ?? 0)), 0)

/** A stream says at each event what it has used so far, so its last word counts. */
const usageOf = (response: unknown): typeof UsageData.Type | undefined => {
  const events = Array.isArray(response) ? response : [response]
  for (let i = events.length - 1; i >= 0; i--) {
    const event: unknown = events[i]
    const generated = Json.at(event, "usageMetadata")
    if (generated !== undefined) {
      return {
        input: sum(generated, "promptTokenCount", "toolUsePromptTokenCount"),
        output: sum(generated, "candidatesTokenCount", "thoughtsTokenCount")
      }
    }
    const interacted = Json.at(event, "usage") ?? Json.at(event, "interaction", "usage")
    if (interacted !== undefined) {
      return {
        input: sum(interacted, "total_input_tokens", "total_tool_use_tokens"),
        output: sum(interacted, "total_output_tokens", "total_thought_tokens")
      }
    }
  }
  return undefined
}

export const entry = (entry: Entry): typeof EntryData.Type => {
  const { body, response, ...line } = Shown.entry(entry, false)
  const cost = entry.outcome === undefined ? undefined : Pricing.costOf({ ...entry, response })
  return {
    ...line,
    headers: {},
    ...Shown.given({
      prompt: promptOf(body),
      usage: usageOf(response),
      cost: cost === undefined ? undefined : Pricing.shown(cost)
    })
  }
}
