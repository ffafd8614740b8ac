/**
 * The two records that a long run has most of, known by a look at their fields: the schema takes fifty times as long, and a
 * run of a thousand acts is read whole before it goes on. What does not pass here is decoded by the schema.
 */
import type { ActAnswered, ActAsked, Spent } from "../RunRecord.ts"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === "string"

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value)

/** Whether a value has these keys and no other one: what the schema would leave out is left to it. */
const hasOnly = (value: Readonly<Record<string, unknown>>, keys: ReadonlySet<string>): boolean => {
  for (const key in value) if (!keys.has(key)) return false
  return true
}

const spentKeys = new Set(["tokens", "dollars"])
const isSpent = (value: unknown): value is Spent =>
  isObject(value) && isCount(value["tokens"]) && isOptional(value["dollars"], isText) && hasOnly(value, spentKeys)

const askedKeys = new Set(["_tag", "act", "key", "attempt", "mayHaveRun", "model", "estimate"])

export const isAsked = (value: unknown): value is typeof ActAsked.Type =>
  isObject(value) && value["_tag"] === "ActAsked" && isText(value["act"]) && isText(value["key"]) &&
  isCount(value["attempt"]) && isOptional(value["mayHaveRun"], (it) => it === true) &&
  isOptional(value["model"], isText) && isSpent(value["estimate"]) && hasOnly(value, askedKeys)

const inline = new Set(["text"])
const aside = new Set(["sha256", "bytes"])
const isContent = (value: unknown): boolean =>
  isObject(value) &&
  (isText(value["text"])
    ? hasOnly(value, inline)
    : isText(value["sha256"]) && isCount(value["bytes"]) && hasOnly(value, aside))

const usageKeys = [
  "promptTokens",
  "cachedTokens",
  "toolUsePromptTokens",
  "thoughtsTokens",
  "candidatesTokens",
  "totalTokens"
]
const onlyUsage = new Set(usageKeys)
const isUsage = (value: unknown): boolean =>
  isObject(value) && usageKeys.every((key) => isCount(value[key])) && hasOnly(value, onlyUsage)

/** Attempts with a delay or a transport are rare, and left to the schema. */
const attemptKeys = new Set(["model", "member", "status", "reason"])
const isAttempt = (value: unknown): boolean =>
  isObject(value) && isText(value["model"]) && isOptional(value["member"], isText) &&
  isOptional(value["status"], isCount) && isOptional(value["reason"], isText) && hasOnly(value, attemptKeys)

const answeredKeys = new Set([
  "_tag",
  "act",
  "key",
  "output",
  "sha256",
  "model",
  "finishReason",
  "usage",
  "cost",
  "charged",
  "attempts",
  "startedAt",
  "duration"
])

export const isAnswered = (value: unknown): value is typeof ActAnswered.Type =>
  isObject(value) && value["_tag"] === "ActAnswered" && isText(value["act"]) && isText(value["key"]) &&
  isContent(value["output"]) && isText(value["sha256"]) && isText(value["model"]) &&
  isOptional(value["finishReason"], isText) && isOptional(value["usage"], isUsage) &&
  isOptional(value["cost"], isText) && isSpent(value["charged"]) &&
  isOptional(value["attempts"], (it) => Array.isArray(it) && it.every(isAttempt)) && isCount(value["startedAt"]) &&
  isCount(value["duration"]) && hasOnly(value, answeredKeys)
