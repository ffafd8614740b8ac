import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileLaneStore from "effect-gemini/FileLaneStore"
import * as LaneStore from "effect-gemini/LaneStore"
import * as ModelId from "effect-gemini/ModelId"
import type * as Tier from "effect-gemini/Tier"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { laneStoreSuite } from "./LaneStoreSuite.ts"

const window: LaneStore.Window = { window: 60_000, guard: 60 }
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const key: LaneStore.LaneKey = {
  project: "p/q",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}

const temporary = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

/** A run of a program: its store ends with the scope. */
const run = (directory: string, options: Partial<FileLaneStore.Options> = {}) =>
  Effect.map(FileLaneStore.make({ directory, ...options }), (store) => {
    const lane = store.open(key, window)
    return {
      lane,
      ask: (limits: Partial<Tier.Limits>, tokens = 1) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (now) => lane.reserve({ limits: { ...unlimited, ...limits }, tokens }, now)
        )
    }
  })

laneStoreSuite("a file", {
  layer: Layer.unwrap(Effect.map(temporary, (directory) => FileLaneStore.layer({ directory }))).pipe(
    Layer.provide(NodeFileSystem.layer)
  ),
  window,
  now: Clock.currentTimeMillis,
  pass: TestClock.adjust
})

describe("a lane in a file", () => {
  it.effect("remembers the quota between runs, the day's too", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 5, 1, 20))
      const directory = yield* temporary
      yield* Effect.scoped(
        Effect.flatMap(run(directory), ({ ask, lane }) =>
          Effect.flatMap(ask({ rpm: 1, rpd: 2 }), (one) => {
            assert.strictEqual(one._tag, "Reserved")
            return one._tag === "Reserved" ? lane.release(one, 0) : Effect.void
          }))
      )
      yield* TestClock.adjust("1 second")
      const { ask } = yield* run(directory)
      const refused = yield* ask({ rpm: 1, rpd: 2 })
      assert.strictEqual(refused._tag === "Refused" && refused.retryIn, 59_060)
      yield* TestClock.adjust(59_060)
      assert.strictEqual((yield* ask({ rpm: 1, rpd: 2 }))._tag, "Reserved")
      const spent = yield* ask({ rpm: 10, rpd: 2 })
      assert.strictEqual(spent._tag === "Refused" && spent.resetAt, Date.UTC(2026, 5, 2, 7))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is listed by its directory, under its key", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* temporary
      assert.deepStrictEqual(yield* FileLaneStore.lanes(`${directory}/none`), [])
      const tuned = {
        ...key,
        quotaModel: Result.getOrThrow(ModelId.parse("tunedModels/mine")),
        family: "embed"
      } as const
      const store = yield* FileLaneStore.make({ directory })
      for (const one of [tuned, key]) {
        yield* store.open(one, window).reserve({ limits: unlimited, tokens: 1 }, 0)
      }
      for (const name of ["notes.txt", "a+b.json", "a+b+%+generate.json", "a+b+gemini-x+dance.json"]) {
        yield* files.writeFileString(`${directory}/${name}`, "{}")
      }
      assert.deepStrictEqual(yield* FileLaneStore.lanes(directory), [key, tuned])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("gives a dead process's concurrency free after `lease`, and keeps that of one that lives", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const dying = yield* Scope.make()
      const first = yield* Scope.provide(run(directory, { lease: "9 seconds" }), dying)
      const second = yield* run(directory, { lease: "9 seconds" })
      yield* first.ask({ concurrency: 1 })
      yield* Scope.close(dying, Exit.void)
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual((yield* second.ask({ concurrency: 1 }))._tag, "Refused")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* second.ask({ concurrency: 1 }))._tag, "Reserved")
      assert.strictEqual((yield* second.lane.read(unlimited, 0)).requests, 2)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  /** Real time: those who wait at the lock sleep. */
  it.live("is exact between stores that ask at once", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const runs = yield* Effect.forEach([1, 2, 3, 4], () => run(directory))
      const answers = yield* Effect.forEach(runs, ({ ask }) =>
        Effect.forEach(Array.from({ length: 10 }), () => ask({ rpm: 17 }), { concurrency: "unbounded" }), {
        concurrency: "unbounded"
      })
      assert.strictEqual(
        answers.flat().filter(({ _tag }) =>
          _tag === "Reserved"
        ).length,
        17
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.live("leaves no lock behind when it closes while somebody asks", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* temporary
      for (let round = 0; round < 10; round++) {
        const scope = yield* Scope.make()
        const { ask } = yield* Scope.provide(run(directory), scope)
        // As the limiter asks for who waits: in a fiber that nobody waits for.
        for (let i = 0; i < 3; i++) yield* Effect.forkDetach(ask({}), { startImmediately: true })
        yield* Effect.sleep(round / 4)
        yield* Scope.close(scope, Exit.void)
        const names = yield* files.readDirectory(directory)
        assert.deepStrictEqual(names.filter((name) => name.endsWith(".lock")), [])
        yield* Effect.sleep(5)
        assert.deepStrictEqual(yield* files.readDirectory(directory), names, "nothing comes after it")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("takes away the lock of a process that died holding it", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      const { ask } = yield* run(directory)
      yield* ask({})
      const [name] = yield* files.readDirectory(directory)
      yield* files.writeFileString(`${directory}/${name}.lock`, `other ${(yield* Clock.currentTimeMillis) - 6_000}`)
      assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Reserved")
      assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Refused")
      assert.deepStrictEqual(yield* files.readDirectory(directory), name === undefined ? [] : [name])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("starts anew from a file that it cannot read, and counts by itself where it cannot write", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      const { ask } = yield* run(directory)
      yield* ask({ rpm: 1 })
      const [name = ""] = yield* files.readDirectory(directory)
      yield* files.writeFileString(`${directory}/${name}`, `{"version":1,"window":`)
      assert.strictEqual((yield* ask({ rpm: 1 }))._tag, "Reserved")

      yield* files.writeFileString(`${directory}/plain`, "")
      const alone = yield* run(`${directory}/plain`)
      assert.strictEqual((yield* alone.ask({ rpm: 1 }))._tag, "Reserved")
      assert.strictEqual((yield* alone.ask({ rpm: 1 }))._tag, "Refused")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
