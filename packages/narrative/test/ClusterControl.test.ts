/** What people do to runs of a cluster: stop, cancel, decide, wait, remove. One process over SQLite does what a fleet does. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { sqlite } from "./cluster.ts"
import { chain, folder, gemini, inTime, prompts } from "./runs.ts"
import { clusterAt, sqliteAt } from "./sqliteCluster.ts"

const ended = <E, R>(playing: Effect.Effect<Runs.Playing, E, R>) =>
  Effect.scoped(Effect.flatMap(playing, ({ end }) => end))

const kinds = (id: string) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const { next } = yield* runs.get(id)
    const events = yield* Stream.runCollect(Stream.take(runs.events(id), next))
    return events.flatMap((event) => event._tag === "Recorded" ? [event.record._tag] : [])
  })

const place = Layer.provideMerge(sqlite, gemini())

const built = <A, E, R>(layer: Layer.Layer<A | Runs.Runs, E, R>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, Runs.Runs))

/** A client of the same file beside its worker, as another process is: it has no shards, so it plays nothing. */
const clientAt = (file: string) =>
  built(Layer.provide(ClusterRuns.layer({ poll: "10 millis" }), clusterAt(file, { runnerAddress: Option.none() })))

describe("a run on a cluster", () => {
  it.live("stops after the acts in flight, or aborts them; resume asks what is left", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      const story = yield* Narrative.parse(chain(3))
      for (const inFlight of ["finish", "abort"] as const) {
        yield* emulator.clear
        yield* emulator.addFault({ delay: 300 })
        const playing = yield* runs.start(story, { id: inFlight })
        yield* emulator.awaitLog((entries) => entries.length >= 1)
        yield* playing.stop(inFlight)
        const stopped = yield* playing.end
        assert.deepStrictEqual(
          [stopped.standing, stopped.isStopped, stopped.answered],
          ["paused", true, inFlight === "finish" ? 1 : 0]
        )
        // What was aborted may have been answered unheard.
        assert.strictEqual(stopped.totals.isEstimated, inFlight === "abort")
        assert.strictEqual((yield* ended(runs.resume(inFlight))).standing, "finished")
        assert.strictEqual((yield* prompts).length, inFlight === "finish" ? 3 : 4)
      }
    }).pipe(Effect.scoped, Effect.provide(place)), 30_000)

  it.live(
    "goes on when the scope of its start is closed, and is watched by whoever resumes it",
    () =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault({ delay: 200 })
        const story = yield* Narrative.parse(chain(3))
        yield* Effect.scoped(runs.start(story, { id: "a" }))
        assert.strictEqual((yield* runs.get("a")).standing, "running")
        const refused = yield* Effect.flip(Effect.scoped(runs.resume("a", { concurrency: 3 })))
        assert.strictEqual(refused.reason._tag, "Busy")
        assert.strictEqual((yield* ended(runs.resume("a"))).standing, "finished")
        assert.strictEqual((yield* prompts).length, 3)
      }).pipe(Effect.provide(place)),
    30_000
  )

  it.live(
    "is ordered about by another process: cancelled at once, and not removed while it is played",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const file = join(yield* folder, "runs.sqlite")
        const here = yield* built(sqliteAt(file))
        const there = yield* clientAt(file)
        yield* emulator.addFault({ delay: 60_000 })
        const story = yield* Narrative.parse(chain(2))
        const playing = yield* here.start(story, { id: "a" })
        yield* emulator.awaitLog((entries) => entries.length >= 1)
        assert.strictEqual((yield* Effect.flip(there.remove("a"))).reason._tag, "Busy")
        assert.strictEqual((yield* there.cancel("a")).standing, "cancelled")
        assert.strictEqual((yield* playing.end).standing, "cancelled")
        assert.include((yield* Effect.flip(Effect.scoped(here.resume("a")))).message, "was cancelled")
        assert.strictEqual((yield* here.cancel("a")).standing, "cancelled")
      }).pipe(Effect.scoped, Effect.provide(gemini())),
    30_000
  )

  it.live("of an id that was removed is a new one", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const story = yield* Narrative.parse(chain(2))
      yield* ended(runs.start(story, { id: "a" }))
      assert.strictEqual((yield* Effect.flip(Effect.scoped(runs.start(story, { id: "a" })))).reason._tag, "Exists")
      yield* runs.remove("a")
      assert.strictEqual((yield* ended(runs.start(story, { id: "a" }))).standing, "finished")
      assert.strictEqual((yield* prompts).length, 4)
    }).pipe(Effect.provide(place)), 30_000)

  it.live("that is finished goes on with a newer text, and keeps the answers that hold", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* ended(runs.start(yield* Narrative.parse(chain(3)), { id: "a" }))
      yield* emulator.clear
      const adopt = yield* Narrative.parse(chain(4))
      assert.strictEqual((yield* ended(runs.resume("a", { adopt }))).answered, 4)
      assert.strictEqual((yield* prompts).length, 1)
    }).pipe(Effect.provide(place)), 30_000)

  it.effect(
    "at an outage is paused with its cause, and resume asks that act and what comes after it",
    () =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const emulator = yield* Emulator.Emulator
        const story = yield* Narrative.parse(chain(3))
        const fault: Fault.Fault = { when: { nth: 2 }, error: { code: 503 } }
        yield* emulator.addFault(fault)
        const first = yield* ended(runs.start(story, { id: "a" }))
        assert.strictEqual(first.standing, "paused")
        assert.strictEqual(first.causes[0]?.cause.reason, "Overloaded")
        yield* emulator.removeFault(fault)
        yield* emulator.clear
        assert.strictEqual((yield* ended(runs.resume("a"))).standing, "finished")
        assert.strictEqual((yield* prompts).length, 2)
      }).pipe(Effect.provide(place), inTime),
    60_000
  )

  it.effect("waits by a durable clock where the wait is known and longer than a minute", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { nth: 2, times: 1 }, status: 429, headers: { "retry-after": "70" } })
      const summary = yield* ended(runs.start(yield* Narrative.parse(chain(3)), { id: "a" }))
      assert.strictEqual(summary.standing, "finished")
      assert.include(yield* kinds("a"), "Waiting")
      // It was opened again after the wait: no worker held it meanwhile.
      const events = yield* Stream.runCollect(runs.events("a"))
      assert.isAtLeast(events.filter(({ _tag }) => _tag === "Opened").length, 3)
      assert.strictEqual((yield* prompts).length, 4)
    }).pipe(Effect.provide(place), inTime), 60_000)
})

describe("an act that has to be approved", () => {
  const text = `[[acts]]\nname = "draft"\nprompt = "Say 0"\n
[[acts]]\nname = "sent"\napprove = "Send {{draft}}?"\nprompt = "Send {{draft}}"\n`

  it.live("waits without a worker, across a restart, until somebody decides", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "runs.sqlite")
      const story = yield* Narrative.parse(text)
      yield* Effect.scoped(Effect.gen(function*() {
        const runs = yield* built(sqliteAt(file))
        yield* runs.start(story, { id: "a" })
        yield* runs.events("a").pipe(
          Stream.takeUntil((event) => event._tag === "Recorded" && event.record._tag === "ApprovalAsked"),
          Stream.runDrain
        )
      }))
      assert.strictEqual((yield* prompts).length, 1)
      yield* Effect.scoped(Effect.gen(function*() {
        const runs = yield* built(sqliteAt(file))
        const playing = yield* runs.resume("a")
        const end = yield* Effect.forkChild(playing.end, { startImmediately: true })
        yield* runs.decide("a", "sent", { verdict: "approve", by: "ada" })
        const summary = yield* Fiber.join(end)
        assert.deepStrictEqual([summary.standing, summary.answered], ["finished", 2])
        assert.include((yield* Effect.flip(runs.decide("a", "sent", { verdict: "deny" }))).message, "is over")
      }))
      assert.strictEqual((yield* prompts).length, 2)
    }).pipe(Effect.scoped, Effect.provide(gemini())), 60_000)

  it.live("hears a decision that comes while the run is being suspended", () =>
    Effect.gen(function*() {
      const suspending = yield* Deferred.make<void>()
      const free = yield* Deferred.make<void>()
      // The run has looked for a decision, found none, and is about to say that it waits, for as long as there is none.
      const held: Statement.Transformer = (statement) => {
        const [text, values] = statement.compile()
        return text.includes("INSERT INTO gemini_run_claim") && values.includes(1e15)
          ? Effect.as(Effect.andThen(Deferred.succeed(suspending, undefined), Deferred.await(free)), statement)
          : Effect.succeed(statement)
      }
      const file = join(yield* folder, "runs.sqlite")
      const runs = yield* built(Layer.provide(sqliteAt(file), Layer.succeed(Statement.CurrentTransformer, held)))
      const playing = yield* runs.start(yield* Narrative.parse(text), { id: "a" })
      yield* Deferred.await(suspending)
      yield* runs.decide("a", "sent", { verdict: "approve" })
      yield* Deferred.succeed(free, undefined)
      const end = yield* Effect.timeoutOption(playing.end, "10 seconds")
      assert.strictEqual(end._tag === "Some" ? end.value.standing : "still waits", "finished")
      assert.strictEqual((yield* prompts).length, 2)
    }).pipe(Effect.scoped, Effect.provide(gemini())), 60_000)
})
