/** Tokens and dollars: as an answer counts them, added up, and estimated. Pure. */
import * as Cost from "effect-gemini/Cost"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { Usage } from "../AgentRecord.ts"

const sum = (a: string | undefined, b: string | undefined): string | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  const whole = BigDecimal.sum(
    Option.getOrElse(BigDecimal.fromString(a), () => BigDecimal.make(0n, 0)),
    Option.getOrElse(BigDecimal.fromString(b), () => BigDecimal.make(0n, 0))
  )
  return BigDecimal.format(whole)
}

export const add = (a: Usage, b: Usage): Usage => {
  const dollars = sum(a.dollars, b.dollars)
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    ...(dollars === undefined ? {} : { dollars })
  }
}

/** The counts of any provider, which do not know of modalities. */
const chargedBy = ({ inputTokens, outputTokens }: Response.Usage): Cost.Charged => {
  const reasoning = outputTokens.reasoning ?? 0
  return {
    usageMetadata: {
      promptTokenCount: inputTokens.total ?? 0,
      cachedContentTokenCount: inputTokens.cacheRead ?? 0,
      candidatesTokenCount: (outputTokens.total ?? 0) - reasoning,
      thoughtsTokenCount: reasoning
    }
  }
}

/** Dollars of an answer by the prices of that day; missing where the model has no price there. */
const dollarsOf = (model: string | undefined, charged: Cost.Charged, at: number): string | undefined => {
  if (model === undefined) return undefined
  const { total } = Cost.of(model, charged, { at, unnamed: "dearest" })
  return total === undefined ? undefined : BigDecimal.format(total)
}

export const usageOf = (
  model: string | undefined,
  usage: Response.Usage,
  at: number,
  charged: Cost.Charged = chargedBy(usage)
): Usage => {
  const dollars = dollarsOf(model, charged, at)
  return {
    inputTokens: usage.inputTokens.total ?? 0,
    outputTokens: usage.outputTokens.total ?? 0,
    cachedTokens: usage.inputTokens.cacheRead ?? 0,
    ...(dollars === undefined ? {} : { dollars })
  }
}

/** A file counts as so many letters: what an image costs a Gemini model, at four letters a token. */
const fileLetters = 4 * 258

/** Letters of a message without asking what is known of it, for who measures each message once. */
export const count = (message: Prompt.Message): number => {
  if (typeof message.content === "string") return message.content.length
  let size = 0
  for (const part of message.content) {
    switch (part.type) {
      case "text":
      case "reasoning":
        size += part.text.length
        break
      case "file":
        size += fileLetters
        break
      case "tool-call":
        size += part.name.length + (JSON.stringify(part.params)?.length ?? 0)
        break
      case "tool-result":
        size += part.name.length + (JSON.stringify(part.result)?.length ?? 0)
        break
    }
  }
  return size
}

// A message does not change, and compaction measures a long history before each step.
const measured = new WeakMap<Prompt.Message, number>()

/** Letters of a message, the measure by which an estimate is shared out. */
export const letters = (message: Prompt.Message): number => {
  const known = measured.get(message)
  if (known !== undefined) return known
  const size = count(message)
  measured.set(message, size)
  return size
}

/** Tokens of so many letters, at four letters a token. */
export const estimate = (letters: number): number => Math.ceil(letters / 4)
