/**
 * The runs of `clusterFormat1.sql`, a dump of a fleet's database as it was first written on 2026-11-29. Run as a program,
 * this makes a dump in the same way; the file itself is never written again.
 *
 * - `paused` stands at an outage, with one act answered.
 * - `undecided` waits for approval, without a worker.
 * - `cutOff` was played by a worker that was killed, with one act answered and one in flight.
 * - `finished` is over.
 */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { globSync, writeFileSync } from "node:fs"
import { bundled, worker } from "./fleet.ts"
import { gemini } from "./runs.ts"

export const stories: Readonly<Record<string, string>> = {
  finished: `[[acts]]\nname = "a"\nprompt = "[finished_a]"\n`,
  paused: `[[acts]]\nname = "a"\nprompt = "[paused_a]"\n\n[[acts]]\nname = "b"\nprompt = "[paused_b] {{a}}"\n`,
  undecided: `[[acts]]\nname = "a"\nprompt = "[undecided_a]"\n\n
[[acts]]\nname = "b"\napprove = "Send {{a}}?"\nprompt = "[undecided_b] {{a}}"\n`,
  cutOff: `[[acts]]\nname = "a"\nprompt = "[cutOff_a]"\n\n[[acts]]\nname = "b"\nprompt = "[cutOff_b] {{a}}"\n`
}

const untilRecorded = (runs: Runs.Service, id: string, kind: string) =>
  runs.events(id).pipe(
    Stream.takeUntil((event) => event._tag === "Recorded" && event.record._tag === kind),
    Stream.runDrain
  )

/** Brings a database to the state of the dump. */
export const fill = (database: string) =>
  Effect.gen(function*() {
    const emulator = Context.get(
      yield* Layer.build(
        Emulator.layerServer({ answers: ({ body }) => ({ text: `answer ${JSON.stringify(body).length}` }) })
      ),
      Emulator.Emulator
    )
    const { process, ready } = yield* worker(yield* bundled("fleetWorker"), database, emulator.url)
    yield* Effect.promise(() => ready)
    const client = yield* Layer.build(ClusterRuns.layerNodeClient({ url: Redacted.make(database) }))
    const runs = Context.get(client, Runs.Runs)
    const start = (id: string) =>
      Effect.flatMap(
        Narrative.parse(stories[id] ?? ""),
        (story) => runs.start(story, { id, model: "gemini-2.5-flash" })
      )
    yield* Effect.flatMap(start("finished"), ({ end }) => end)
    yield* emulator.clear
    yield* emulator.addFault({ when: { nth: 2 }, status: 503 })
    yield* Effect.flatMap(start("paused"), ({ end }) => end)
    yield* emulator.clear
    yield* start("undecided")
    yield* untilRecorded(runs, "undecided", "ApprovalAsked")
    yield* emulator.clear
    yield* emulator.addFault({ when: { nth: 2 }, delay: 60_000 })
    yield* start("cutOff")
    yield* emulator.awaitLog((entries) => entries.length === 2)
    yield* Effect.sleep("1 second")
    process.kill("SIGKILL")
  }).pipe(Effect.scoped, Effect.provide(gemini()))

const [database, file] = process.argv.slice(2)
if (database !== undefined && file !== undefined && database.startsWith("postgres:")) {
  const dump = globSync("/usr/lib/postgresql/*/bin/pg_dump").sort().at(-1) ?? "pg_dump"
  await Effect.runPromise(fill(database))
  const { stderr, stdout } = spawnSync(dump, ["--no-owner", "--no-privileges", "--inserts", database], {
    encoding: "utf8",
    maxBuffer: 64_000_000
  })
  if (stderr !== "") throw new Error(stderr)
  writeFileSync(file, stdout)
  process.exit(0)
}
