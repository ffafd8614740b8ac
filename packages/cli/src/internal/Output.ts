/**
 * What `run` writes of a narrative: text for people and pipes, or JSON for programs.
 */
import type { ActResult } from "effect-gemini-narrative/ActResult"
import type { ActFailed } from "effect-gemini-narrative/NarrativeError"
import type { NarrativeEvent } from "effect-gemini-narrative/NarrativeEvent"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Lines from "./lines.ts"
import type { Screen } from "./Screen.ts"
import { json as toJson, Shown, shown } from "./Shown.ts"

export interface Output {
  /** The first line: which server answers. */
  readonly server: (says: string) => Effect.Effect<void, PlatformError>
  /** Acts whose results are there already. */
  readonly kept: (results: ReadonlyArray<ActResult>) => Effect.Effect<void, PlatformError>
  readonly on: (event: NarrativeEvent) => Effect.Effect<void, PlatformError>
  readonly failed: (error: ActFailed) => Effect.Effect<void, PlatformError>
}

const notice = (screen: Screen, event: NarrativeEvent): Effect.Effect<void, PlatformError> => {
  if (event._tag === "Retrying") return screen.note(Lines.retrying(event))
  // On a terminal the status line counts the wait down.
  if (event._tag !== "Waiting" || screen.isLive) return Effect.void
  return Effect.flatMap(Clock.currentTimeMillis, (now) => screen.note(Lines.waiting(event, now)))
}

/** With `asItComes` an answer is written piece by piece, otherwise act by act. */
export const text = (screen: Screen, style: Lines.Style, asItComes: boolean, defaultModel: string): Output => {
  // The heading names the model that was asked, also for an alias; the footer the one that answered.
  const asked = new Map<string, string>()
  const heading = (act: string, model: string) => shown`\n${Lines.heading(act, asked.get(act) ?? model, style)}\n`
  const footer = (result: ActResult) => shown`${result.text.endsWith("\n") ? "" : "\n"}${Lines.footer(result, style)}\n`
  return {
    server: (says) => screen.write(`${says}\n`),
    kept: (results) => screen.write(Shown.join(results.map((result) => shown`\n${Lines.kept(result, style)}\n`))),
    on: (event) => {
      switch (event._tag) {
        case "ActStarted": {
          const model = event.model ?? defaultModel
          asked.set(event.act, model)
          return asItComes ? screen.write(heading(event.act, model)) : Effect.void
        }
        case "Chunk":
          return asItComes ? screen.write(event.text) : Effect.void
        case "ActFinished": {
          const { act, result } = event
          return screen.write(
            asItComes ? footer(result) : shown`${heading(act, result.model)}${result.text}${footer(result)}`
          )
        }
        case "NarrativeFinished":
          return event.results.length < 2 ? Effect.void : screen.write(`\n${Lines.summary(event.totals)}\n`)
        default:
          return notice(screen, event)
      }
    },
    failed: () => Effect.void
  }
}

const failure = (reason: ActFailed["reason"] | GeminiError) => ({
  reason: reason._tag === "GeminiError" ? reason.reason._tag : reason._tag,
  message: reason.message
})

/**
 * With `lines` each event is one line of JSON. Otherwise there is one document at the end, or the results so far if an
 * act fails.
 */
export const json = (screen: Screen, title: string, lines: boolean): Output => {
  const line = (value: object) => screen.write(`${toJson(value)}\n`)
  const document = (value: object) => screen.write(`${toJson(value, 2)}\n`)
  return {
    server: screen.note,
    kept: () => Effect.void,
    on: (event) => {
      if (lines) return line(event._tag === "Retrying" ? { ...event, error: failure(event.error) } : event)
      if (event._tag !== "NarrativeFinished") return notice(screen, event)
      return document({ title, acts: event.results, totals: event.totals })
    },
    failed: ({ act, reason, results }) => {
      const error = { act, ...failure(reason) }
      return lines ? line({ _tag: "ActFailed", ...error }) : document({ title, acts: results, error })
    }
  }
}
