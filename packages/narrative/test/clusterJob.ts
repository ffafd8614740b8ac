/**
 * A process that is the only worker of its store, starts a run or finds it there, and waits for its end. It says on stdout
 * what came of it, as one line of JSON. A database's address is in its environment.
 */
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { sqliteAt } from "./sqliteCluster.ts"

export interface ClusterJob {
  /** The model's address. */
  readonly url: string
  /** An SQLite file; without one the store is PostgreSQL. */
  readonly file?: string
  readonly id: string
  readonly text: string
  readonly concurrency: number
  /** Whether another process has started the run. */
  readonly goesOn: boolean
}

export interface ClusterSaid {
  readonly reason?: string
  readonly standing?: Runs.RunSummary["standing"]
  readonly texts?: ReadonlyArray<string>
  readonly megabytes?: number
}

const played = (job: ClusterJob) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const { concurrency, goesOn, id } = job
    const playing = goesOn
      ? yield* runs.resume(id)
      : yield* runs.start(yield* Narrative.parse(job.text), { id, concurrency })
    const { standing } = yield* playing.end
    const said: ClusterSaid = {
      standing,
      texts: (yield* runs.results(id)).map(({ text }) => text),
      megabytes: Math.round(process.resourceUsage().maxRSS / 1_024)
    }
    return said
  }).pipe(Effect.scoped)

const play = (job: ClusterJob): Effect.Effect<ClusterSaid, unknown> => {
  const worker = job.file === undefined
    ? ClusterRuns.layerNode({ url: Redacted.make(process.env["DATABASE"] ?? "") })
    : sqliteAt(job.file)
  const gemini = GeminiClient.layer({ baseUrl: job.url, apiKey: Redacted.make("test-key"), tier: "tier3" }).pipe(
    Layer.provide(FetchHttpClient.layer)
  )
  return played(job).pipe(
    Effect.catchTag("RunError", ({ reason }) => Effect.succeed<ClusterSaid>({ reason: reason._tag })),
    Effect.provide(Layer.provideMerge(worker, Layer.merge(gemini, Logger.layer([]))))
  )
}

const given = process.argv[2]
if (given !== undefined && given.startsWith("{")) {
  const job: ClusterJob = JSON.parse(given)
  const said = await Effect.runPromise(play(job))
  process.stdout.write(`${JSON.stringify(said)}\n`)
  process.exit(0)
}
