/** From what a person types to a run: its id, a beginning that no other run shares, or `last`. */
import type { AgentError } from "effect-gemini-agents/AgentError"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import { fromJournal, type RunError } from "effect-gemini-narrative/RunError"
import type * as Runs from "effect-gemini-narrative/Runs"
import * as Argument from "effect/cli/Argument"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as Place from "./Place.ts"

export const run = Argument.String("run").pipe(
  Argument.withDescription("the run: its id, the beginning of it that no other run has, or last")
)

/** Reasons that are a mistake in the command line; all others are a failure of the work. */
const mistakes = new Set([
  "NotFound",
  "Invalid",
  "InvalidId",
  "Exists",
  "ForeignRecord",
  "NewerVersion",
  "Refused",
  "UnknownAct",
  "Unsafe"
])

type Failure = JournalError | RunError | AgentError<never>

/** The failure of a call about runs, as the command ends with it: in the words of runs, not in those of journals. */
export const failed = (error: Failure): CommandFailed => {
  const { message, reason } = error._tag === "JournalError" ? fromJournal("read", error) : error
  const isWriting = reason._tag === "Unavailable" && /^E(?:ACCES|PERM|ROFS|NOTDIR|NOENT)$/.test(reason.code)
  return new CommandFailed({ exitCode: isWriting || mistakes.has(reason._tag) ? 2 : 1, text: message })
}

/** A command over the runs of a place. */
export const over = <A, R>(
  place: Place.Place,
  effect: Effect.Effect<A, Failure | CommandFailed | ConfigError | PlatformError, R | Journal.Journal | Runs.Runs>
) =>
  effect.pipe(
    Effect.mapError((error) => {
      switch (error._tag) {
        case "JournalError":
        case "RunError":
        case "AgentError":
          return failed(error)
        default:
          return error
      }
    }),
    Effect.provide(Place.layer(place), { local: true }),
    Effect.catchTag("RunError", (error) => Effect.fail(failed(error)))
  )

const all: Effect.Effect<ReadonlyArray<Journal.Listed>, JournalError, Journal.Journal> = Effect.flatMap(
  Journal.Journal,
  (journal) => Stream.runCollect(journal.list())
)

const updated = ({ head }: Journal.Listed): number => Result.isSuccess(head) ? head.success.updatedAt : -Infinity

/** All runs of the folder, the one written last first. */
export const newestFirst = Effect.map(
  all,
  (runs) => runs.toSorted((a, b) => updated(b) - updated(a) || (a.id < b.id ? 1 : -1))
)

const some = (ids: ReadonlyArray<string>): string =>
  `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? `, and ${ids.length - 5} more` : ""}`

/** Whether there is a run of this id. */
export const exists = (id: string): Effect.Effect<boolean, JournalError, Journal.Journal> =>
  Effect.flatMap(Journal.Journal, (journal) =>
    Effect.as(journal.head(id), true).pipe(
      Effect.catch((error) => error.reason._tag === "NotFound" ? Effect.succeed(false) : Effect.fail(error))
    ))

/** Refuses an id that is taken. */
export const checkFree = (id: string): Effect.Effect<void, JournalError | CommandFailed, Journal.Journal> =>
  Effect.flatMap(exists(id), (taken) =>
    taken
      ? Effect.fail(
        new CommandFailed({
          exitCode: 2,
          text: `there is a run ${id} already: choose another --id, or go on with it: gemini-fx runs resume ${id}`
        })
      )
      : Effect.void)

/** The id of the run that is meant. */
export const find = (
  place: Place.Place,
  given: string
): Effect.Effect<string, JournalError | CommandFailed, Journal.Journal> =>
  Effect.flatMap(newestFirst, (runs) => {
    const ids = runs.map(({ id }) => id)
    const refuse = (text: string) => Effect.fail(new CommandFailed({ exitCode: 2, text }))
    if (ids.includes(given)) return Effect.succeed(given)
    const [newest] = ids
    if (newest === undefined) {
      return refuse(
        `there are no runs in ${Place.said(place)}: gemini-fx run FILE makes one, and -d names another folder`
      )
    }
    if (given === "last") return Effect.succeed(newest)
    const meant = given === "" ? [] : ids.filter((id) => id.startsWith(given))
    const [only] = meant
    if (only === undefined) {
      return refuse(`there is no run ${JSON.stringify(given)} in ${Place.said(place)}; there are ${some(ids)}`)
    }
    if (meant.length > 1) {
      return refuse(`${JSON.stringify(given)} is the beginning of ${meant.length} runs: ${some(meant)}`)
    }
    return Effect.succeed(only)
  })
