/**
 * A process that starts a narrative's run in files, or goes on with it. It says on stdout what came of it, as one line of
 * JSON. With `forgets` its journal takes no record of that kind: the fault that the kill test has to find.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as Narrative from "effect-gemini-narrative/Narrative"
import type { RunBudget } from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export interface Job {
  readonly url: string
  readonly directory: string
  readonly id: string
  readonly text: string
  readonly concurrency: number
  readonly goesOn: boolean
  readonly budget?: RunBudget
  readonly forgets?: string
}

/** What a process says at its end. */
export interface Said {
  readonly reason?: string
  readonly standing?: Runs.RunSummary["standing"]
  readonly totals?: Runs.RunSummary["totals"]
  readonly texts?: ReadonlyArray<string>
}

/** A journal that loses records of a kind before they are written. */
const forgetting = (kind: string) =>
  Layer.effect(
    Journal.Journal,
    Effect.map(Journal.Journal, (journal) => {
      const opened = <A, E, R>(open: Effect.Effect<Journal.Run<A>, E, R>) =>
        Effect.map(open, (run): Journal.Run<A> => ({
          id: run.id,
          writer: run.writer,
          get next() {
            return run.next
          },
          get state() {
            return run.state
          },
          putBlob: (bytes) => run.putBlob(bytes),
          append: (records, options) => {
            const kept = records.filter((record) => Reflect.get(Object(record), "_tag") !== kind)
            return kept.length === 0 ? Effect.sync(() => run.next) : run.append(kept, options)
          }
        }))
      return Journal.Journal.of({
        ...journal,
        create: (records, id) => opened(journal.create(records, id)),
        resume: (records, id) => opened(journal.resume(records, id))
      })
    })
  )

const played = (job: Job) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const { concurrency, goesOn, id } = job
    const budget = job.budget === undefined ? {} : { budget: job.budget }
    const playing = goesOn
      ? yield* runs.resume(id, budget)
      : yield* runs.start(yield* Narrative.parse(job.text), { id, concurrency, ...budget })
    const { standing, totals } = yield* playing.end
    const said: Said = { standing, totals, texts: (yield* runs.results(id)).map(({ text }) => text) }
    return said
  }).pipe(Effect.scoped)

const play = (job: Job): Effect.Effect<Said> => {
  const files = FileJournal.layer({ directory: job.directory }).pipe(Layer.provide(NodeFileSystem.layer))
  const journal = job.forgets === undefined ? files : Layer.provide(forgetting(job.forgets), files)
  const runs = Layer.provide(Runs.layer, journal)
  const gemini = GeminiClient.layer({ baseUrl: job.url, apiKey: Redacted.make("test-key"), tier: "tier3" }).pipe(
    Layer.provide(FetchHttpClient.layer)
  )
  return played(job).pipe(
    Effect.catch((error) =>
      Effect.succeed<Said>({ reason: error._tag === "RunError" ? error.reason._tag : error.message })
    ),
    Effect.provide([runs, gemini])
  )
}

const given = process.argv[2]
if (given !== undefined && given.startsWith("{")) {
  const job: Job = JSON.parse(given)
  Effect.runPromise(Effect.map(play(job), (said) => process.stdout.write(`${JSON.stringify(said)}\n`)))
}
