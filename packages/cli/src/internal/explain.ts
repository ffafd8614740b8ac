/** Failures as a person reads them, with what to do next. They show no stack and no cause. */
import type { FailureCause } from "effect-gemini-narrative/RunRecord"
import type { RunState } from "effect-gemini-narrative/RunState"
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
  QuotaExhausted: "wait for the reset, or ask another model with --model",
  Overloaded: "try again, or ask another model with --model",
  Network: "check the connection, and GEMINI_BASE_URL if it is set",
  RequestTooLarge: "shorten the prompt, or choose the tier of your project with --tier",
  PromptBlocked: "reword the prompt",
  ResponseBlocked: "reword the prompt"
}

/** What only refusals of Vertex AI say, which has access tokens and permissions in place of keys. */
const ofGoogleCloud = /access token|OAuth 2|\baiplatform\./i

const adviceOf = (reason: string): string | undefined => new Map<string, string>(Object.entries(advice)).get(reason)

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
  const hint = reason._tag === "Unauthenticated" && ofGoogleCloud.test(reason.message)
    ? "look at the Google Cloud credentials, and at the roles of their account"
    : advice[reason._tag]
  return `${reason.message} (${facts.join(", ")})${hint === undefined ? "" : `\n  ${hint}`}`
}

/** A failure as the run's journal keeps it, and what can be done about it. */
const sayCause = ({ message, model, reason, status, until }: FailureCause, now: number): string => {
  const facts = [
    reason,
    ...(model === undefined ? [] : [model]),
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(until === undefined || until <= now ? [] : [`worth resuming in ${time(until - now)}`])
  ]
  const hint = adviceOf(reason)
  return `${message} (${facts.join(", ")})${hint === undefined ? "" : `\n  ${hint}`}`
}

/** Why a run did not finish, what is kept of it, and how to go on. */
export const runEnded = (run: RunState, again: string, now: number): string => {
  const failed = run.acts.flatMap(({ act, cause, status }) =>
    status === "failed" && cause !== undefined ? [{ act, cause }] : []
  )
  const causes = run.causes.length > 0 ? run.causes : failed
  const said = causes.map(({ act, cause }) =>
    cause.reason === "ApprovalNeeded"
      // What is asked stands above, or in `runs show`.
      ? `act "${act}" waits until somebody approves it`
      : `act "${act}" failed: ${sayCause(cause, now)}`
  )
  const undecided = causes.flatMap(({ act, cause }) => cause.reason === "ApprovalNeeded" ? [act] : [])
  const decide = undecided.map((act) =>
    `  to approve it: ${again.replace("resume", "decide").replace(run.id, `${run.id} ${act}`)} approve --by NAME`
  )
  const answered = run.acts.filter(({ status }) => status === "answered").length
  const kept = `  ${answered} of ${run.acts.length} acts are kept`
  switch (run.standing) {
    case "failed":
      return [
        ...said,
        kept,
        `  mend ${run.file}, then: ${again} --adopt ${run.file}`,
        ...causes.slice(0, 1).map(({ act }) =>
          `  or ask it again as it is: ${again.replace("resume", "fork").replace(run.id, `${run.id} ${act}`)}`
        )
      ].join("\n")
    case "cancelled":
      return [`the run was cancelled`, kept].join("\n")
    default:
      return [...said, kept, ...decide, `  to go on: ${again}`].join("\n")
  }
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
