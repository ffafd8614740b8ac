/**
 * What `run` writes of a narrative: text for people and pipes, the text of one act, or JSON for programs.
 */
import type { ActResult, Totals } from "effect-gemini-narrative/ActResult"
import type { NarrativeEvent } from "effect-gemini-narrative/NarrativeEvent"
import type { RunState } from "effect-gemini-narrative/RunState"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type { AnswerSink } from "./ask/AnswerSink.ts"
import type { CommandFailed } from "./CommandFailed.ts"
import * as Lines from "./lines.ts"
import type { Screen } from "./Screen.ts"
import { json as toJson, Shown, shown } from "./Shown.ts"

type Written = Effect.Effect<void, PlatformError | CommandFailed>

/** How a run came to its end, or to its pause. */
export interface Ended {
  readonly run: RunState
  readonly state: string
  /** In the order of the file. */
  readonly results: ReadonlyArray<ActResult>
  readonly totals: Totals
}

export interface Output {
  /** The first lines: which server answers, and which run it is. */
  readonly begins: (server: string, run: string) => Written
  /** Acts whose results are there already. */
  readonly kept: (results: ReadonlyArray<ActResult>) => Written
  readonly on: (event: Exclude<NarrativeEvent, { readonly _tag: "NarrativeFinished" }>) => Written
  /** A line about the run, beside its text. */
  readonly remark: (line: string) => Written
  readonly ended: (ended: Ended) => Written
}

const notice = (screen: Pick<Screen, "isLive" | "note">, event: NarrativeEvent): Written => {
  if (event._tag === "Retrying") return screen.note(Lines.retrying(event))
  // On a terminal the status line counts the wait down. One without a time is over before anybody could read it.
  if (event._tag !== "Waiting" || event.until === undefined || screen.isLive) return Effect.void
  return Effect.flatMap(Clock.currentTimeMillis, (now) => screen.note(Lines.waiting(event, now)))
}

/**
 * With `asItComes` an answer is written piece by piece, otherwise act by act. `isRehearsal` says that nobody is paid.
 */
export const text = (
  screen: Screen,
  style: Lines.Style,
  asItComes: boolean,
  defaultModel: string,
  isRehearsal: boolean,
  answers: () => AnswerSink
): Output => {
  // The heading names the model that was asked, also for an alias; the footer the one that answered.
  const asked = new Map<string, string>()
  const heading = (act: string, model: string) => shown`\n${Lines.heading(act, asked.get(act) ?? model, style)}\n`
  const footer = (result: ActResult) => screen.write(shown`${Lines.footer(result, style)}\n`)
  let answer = answers()
  return {
    begins: (server, run) => screen.write(`${server}\nrun: ${run}\n`),
    kept: (results) => screen.write(Shown.join(results.map((result) => shown`\n${Lines.kept(result, style)}\n`))),
    on: (event) => {
      switch (event._tag) {
        case "ActStarted": {
          const model = event.model ?? defaultModel
          asked.set(event.act, model)
          return asItComes ? screen.write(heading(event.act, model)) : Effect.void
        }
        case "Chunk":
          return asItComes ? answer.write(event.text) : Effect.void
        case "ActFinished": {
          const { act, result } = event
          // What it came to stands above, act by act.
          if (result.isGroup === true) return screen.note(`${act} is done`)
          const whole = asItComes
            ? Effect.void
            : Effect.andThen(screen.write(heading(act, result.model)), answer.write(result.text))
          const ended = Effect.andThen(whole, Effect.andThen(answer.end, footer(result)))
          answer = answers()
          return ended
        }
        default:
          return notice(screen, event)
      }
    },
    remark: screen.note,
    ended: ({ run, state, totals }) =>
      state !== "finished" || run.acts.length < 2
        ? Effect.void
        : screen.write(`\n${Lines.summary(totals, run.totals, isRehearsal)}\n`)
  }
}

/** The texts of acts, in the order of the file; what a group of them came to stands there already. */
const story = (results: ReadonlyArray<ActResult>): string =>
  results.filter((result) => !("isGroup" in result && result.isGroup === true)).map(({ text }) =>
    text.replace(/\n?$/, "\n")
  ).join("\n")

/** Only the texts of the acts; nothing is said of the run but what went wrong. */
export const quiet = (screen: Screen): Output => ({
  begins: () => Effect.void,
  kept: () => Effect.void,
  on: () => Effect.void,
  remark: screen.note,
  ended: ({ results, state }) => state === "finished" ? screen.write(story(results)) : Effect.void
})

/** The same into a file, and the run's progress to stderr. */
export const file = (
  screen: Screen,
  act: string | undefined,
  write: (text: string) => Written
): Output => ({
  begins: (server, run) => screen.note(`${server}\nrun: ${run}`),
  kept: () => Effect.void,
  on: (event) => event._tag === "ActFinished" ? screen.note(`${event.act} is done`) : notice(screen, event),
  remark: screen.note,
  ended: ({ results, state }) =>
    state === "finished"
      ? write(story(act === undefined ? results : results.filter((result) => result.act === act)))
      : Effect.void
})

/** Only what one act wrote goes to stdout; everything about the run is on stderr. */
export const only = (screen: Screen, act: string): Output => ({
  begins: (server, run) => screen.note(`${server}\nrun: ${run}`),
  kept: (results) => screen.write(results.find((result) => result.act === act)?.text ?? ""),
  on: (event) =>
    event._tag === "ActFinished"
      ? event.act === act ? screen.write(event.result.text.replace(/\n?$/, "\n")) : Effect.void
      : notice(screen, event),
  remark: screen.note,
  ended: () => Effect.void
})

const failure = (error: GeminiError) => ({ reason: error.reason._tag, message: error.message })

/** The act that ended a run or stands in its way. */
const errorOf = ({ acts, causes }: RunState): object | undefined => {
  const [first] = causes
  const failed = first ??
    acts.flatMap(({ act, cause, status }) => status === "failed" && cause !== undefined ? [{ act, cause }] : [])[0]
  return failed === undefined ? undefined : { act: failed.act, ...failed.cause }
}

/**
 * With `lines` each event is one line of JSON. Otherwise there is one document at the end, with the results so far if
 * the run does not finish.
 */
export const json = (
  screen: Pick<Screen, "isLive" | "note"> & { readonly write: (text: string) => Written },
  lines: boolean
): Output => {
  const line = (value: object) => screen.write(`${toJson(value)}\n`)
  return {
    begins: (server, run) => screen.note(`${server}\nrun: ${run}`),
    kept: () => Effect.void,
    on: (event) =>
      lines
        ? line(event._tag === "Retrying" ? { ...event, error: failure(event.error) } : event)
        : notice(screen, event),
    remark: screen.note,
    ended: ({ results, run, state, totals }) => {
      const { id, title, until } = run
      const error = errorOf(run)
      const common = { id, title, state }
      const rest = {
        totals: { ...totals, dollars: run.totals.dollars },
        ...(error === undefined || state === "finished" ? {} : { error }),
        ...(until === undefined ? {} : { until })
      }
      if (!lines) return screen.write(`${toJson({ ...common, acts: results, ...rest }, 2)}\n`)
      return line({ _tag: state === "finished" ? "NarrativeFinished" : "RunEnded", ...common, results, ...rest })
    }
  }
}
