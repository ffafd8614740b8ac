/** Failures as a person reads them, with what to do next. They show no stack and no cause. */
import type { ActFailed } from "effect-gemini-narrative/NarrativeError"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { LiveError } from "effect-gemini/LiveError"
import * as Duration from "effect/Duration"
import { time } from "./lines.ts"

/** What to do about a reason, where something can be done. */
const advice: { readonly [Tag in GeminiError["reason"]["_tag"]]?: string } = {
  MissingApiKey: "set GEMINI_API_KEY",
  Unauthenticated: "check GEMINI_API_KEY",
  NotFound: "`gemini-fx models` lists the models that this server has",
  RateLimited: "wait, or choose the tier of your project with --tier",
  QuotaExhausted: "wait for the reset, or play it on another model with --model",
  Overloaded: "try again, or play it on another model with --model",
  Network: "check the connection, and GEMINI_BASE_URL if it is set",
  RequestTooLarge: "shorten the prompt, or choose the tier of your project with --tier",
  PromptBlocked: "reword the act's prompt",
  ResponseBlocked: "reword the act's prompt"
}

/** What the server (or the client) said, then in brackets what is technical about it. */
const sayGemini = (error: GeminiError): string => {
  const { attempts, model, reason, retryAfter, status } = error
  const facts = [
    reason._tag,
    ...(model === undefined ? [] : [model]),
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(attempts.length > 1 ? [`${attempts.length} attempts`] : []),
    ...(retryAfter === undefined ? [] : [`may be tried again in ${time(Duration.toMillis(retryAfter))}`])
  ]
  const hint = advice[reason._tag]
  return `${reason.message} (${facts.join(", ")})${hint === undefined ? "" : `\n  ${hint}`}`
}

const sayReason = (reason: ActFailed["reason"]): string =>
  reason._tag === "GeminiError" ? sayGemini(reason) : reason.message

export const actFailed = (error: ActFailed, acts: number, isKept: boolean): string => {
  const done = error.results.length
  const kept = done === 0
    ? ""
    : `\n  ${done} of ${acts} acts had finished; ${
      isKept ? "the same command goes on from there" : "with --state FILE their results would be kept"
    }`
  return `act "${error.act}" failed: ${sayReason(error.reason)}${kept}`
}

export const geminiError = sayGemini

/** The same of a file, for which other advice helps. */
export const fileError = (error: GeminiError): string =>
  error.reason._tag === "NotFound"
    ? `${error.reason.message}\n  \`gemini-fx files list\` shows the files that this key has`
    : sayGemini(error)

/** The Live API refuses keys, models and quotas alike by closing the connection: only its words tell them apart. */
const liveAdvice = ({ reason }: LiveError): string | undefined => {
  switch (reason._tag) {
    case "Handshake":
      if (/API key|credentials/i.test(reason.text)) return "check GEMINI_API_KEY"
      if (/is not found for API version/.test(reason.text)) {
        return "`gemini-fx models --method bidiGenerateContent` lists the models that talk Live"
      }
      return /quota/.test(reason.text) ? "wait, or end other sessions of the project" : undefined
    case "Connection":
    case "Network":
    case "TimedOut":
      return "check the connection, and GEMINI_BASE_URL if it is set"
    case "Limited":
      return "wait, or choose the tier of your project with --tier"
    default:
      return undefined
  }
}

export const liveError = (error: LiveError): string => {
  const { model, reason } = error
  const hint = liveAdvice(error)
  return `${reason.message} (${reason._tag}${model === undefined ? "" : `, ${model}`})${
    hint === undefined ? "" : `\n  ${hint}`
  }`
}
