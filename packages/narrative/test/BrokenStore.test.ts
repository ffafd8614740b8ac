/**
 * Stores that break while a run is written: a record torn at any byte, a disk that is full at any write. The run is
 * resumed, and no recorded act is asked again. The tests look at a sample, `pnpm prove 21.2` at every byte.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import { StorageFull } from "effect-gemini-journal/JournalErrorReason"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { sizeOf } from "../../../scripts/proof.ts"
import { chain, filesIn, folder, gemini } from "./runs.ts"
import { actOf } from "./storyProcess.ts"

const story = chain(3, (n) => `[act${n}] Say ${n}`)

const ended = <E, R>(playing: Effect.Effect<Runs.Playing, E, R>) =>
  Effect.scoped(Effect.flatMap(playing, ({ end }) => end))

const started = (id: string) =>
  Effect.flatMap(
    Effect.all([Runs.Runs, Effect.orDie(Narrative.parse(story))]),
    ([runs, narrative]) => ended(runs.start(narrative, { id }))
  )

const resumed = (id: string) => Runs.Runs.use((runs) => ended(runs.resume(id)))

const asked = Effect.map(
  Emulator.Emulator.use((emulator) => emulator.requests),
  (requests) => requests.map(({ body }) => actOf(body))
)

describe("a torn write", () => {
  it.live(
    "at any byte of the last record: the run is resumed, and asks only what is not recorded",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        const emulator = yield* Emulator.Emulator
        const whole = join(path, "whole")
        const texts = yield* Effect.provide(
          Effect.andThen(started("a"), Runs.Runs.use((runs) => runs.results("a"))),
          filesIn(whole),
          { local: true }
        )
        const journal = readFileSync(join(whole, "a", "journal.jsonl"))
        const lines = journal.toString().trimEnd().split("\n")
        let tears = 0
        // The last record of a run that dies may be any of its records.
        for (let last = 2; last < lines.length; last++) {
          const kept = Buffer.byteLength(lines.slice(0, last).join("\n")) + 1
          const size = Buffer.byteLength(lines[last] ?? "")
          const step = sizeOf("21.2", { test: 61, prove: 1 })
          const expected = lines.slice(0, last).filter((line) => line.includes("\"ActAnswered\"")).length
          for (let byte = last % step; byte <= size; byte += step) {
            const directory = join(path, `torn-${last}-${byte}`)
            mkdirSync(join(directory, "a"), { recursive: true, mode: 0o700 })
            copyFileSync(join(whole, "a", "journal.jsonl"), join(directory, "a", "journal.jsonl"))
            truncateSync(join(directory, "a", "journal.jsonl"), kept + byte)
            yield* emulator.clear
            const again = yield* Effect.provide(
              Effect.andThen(resumed("a"), Runs.Runs.use((runs) => runs.results("a"))),
              filesIn(directory),
              { local: true }
            )
            const at = `record ${last}, byte ${byte}`
            assert.deepStrictEqual(again.map(({ text }) => text), texts.map(({ text }) => text), at)
            const acts = yield* asked
            // Without its line break a record was never acknowledged.
            assert.deepStrictEqual(acts, ["act0", "act1", "act2"].slice(expected), at)
            tears++
          }
        }
        process.stdout.write(`\n21.2 torn at ${tears} places of ${lines.length - 2} records: all resumed\n`)
      }).pipe(Effect.scoped, Effect.provide(gemini())),
    600_000
  )
})

/** Files in which there is room for so many appends, and which refuse the append of that number. */
const small = (directory: string) => {
  const room = { appends: Infinity, refuses: Infinity }
  const takes = Effect.suspend(() =>
    room.appends-- > 0 && --room.refuses !== 0 ? Effect.void : Effect.fail(new StorageFull({ code: "ENOSPC" }))
  )
  const journal = Layer.effect(
    Journal.Journal,
    Effect.flatMap(FileJournal.makeStore({ directory }), (store) =>
      Journal.make({
        ...store,
        open: (id, mode, opening) =>
          Effect.map(Effect.andThen(takes, store.open(id, mode, opening)), (writer) => ({
            end: writer.end,
            append: (line, text) => Effect.andThen(takes, writer.append(line, text))
          }))
      }))
  )
  return { room, layer: Runs.layer.pipe(Layer.provide(journal), Layer.provide(NodeFileSystem.layer)) }
}

/** A file system of 256 KiB; undefined where none can be mounted. */
const smallDisk = Effect.flatMap(folder, (path) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", path]).status === 0
      return mounted ? path : undefined
    }),
    (mounted) => Effect.sync(() => void (mounted !== undefined && spawnSync("umount", ["-l", mounted])))
  ))

describe("a full disk", () => {
  it.live("at any write: the run fails typed, keeps what it had, and is resumed once there is room", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const path = yield* folder
      const standings: Array<string> = []
      // The opening, the start, two records an act, and the end.
      for (let writes = 2; writes < 8; writes++) {
        const { layer, room } = small(join(path, `runs-${writes}`))
        yield* emulator.clear
        yield* Effect.gen(function*() {
          const runs = yield* Runs.Runs
          room.appends = writes
          const error = yield* Effect.flip(started("a"))
          assert.strictEqual(error.reason._tag, "StorageFull")
          assert.include(error.message, "the disk is full (ENOSPC)")
          const before = yield* asked
          room.appends = Infinity
          const state = yield* runs.get("a")
          standings.push(state.standing)
          const kept = state.acts.filter(({ status }) => status === "answered").map(({ act }) => act)
          const summary = yield* resumed("a")
          assert.strictEqual(summary.standing, "finished")
          const after = (yield* asked).slice(before.length)
          assert.deepStrictEqual(
            after,
            ["act0", "act1", "act2"].filter((act) => !kept.includes(act)),
            `${writes} writes`
          )
        }).pipe(Effect.provide(layer, { local: true }))
      }
      assert.isTrue(standings.every((standing) => standing === "running" || standing === "paused"))
    }).pipe(Effect.scoped, Effect.provide(gemini())))

  it.live("that is one: a small file system that is full", (context) =>
    Effect.gen(function*() {
      const path = yield* smallDisk
      if (path === undefined) return context.skip("a small file system cannot be mounted here")
      writeFileSync(join(path, "ballast"), Buffer.alloc(200_000))
      const runs = yield* Effect.provide(Runs.Runs, filesIn(join(path, "runs")), { local: true })
      const long = yield* Narrative.parse(chain(40, (n) => `[act${n}] Say ${"much ".repeat(60)}`))
      const error = yield* Effect.flip(ended(runs.start(long, { id: "a" })))
      assert.strictEqual(error.reason._tag, "StorageFull")
      const kept = (yield* runs.get("a")).acts.filter(({ status }) => status === "answered").map(({ act }) => act)
      rmSync(join(path, "ballast"))
      yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.clear)
      assert.strictEqual((yield* ended(runs.resume("a"))).standing, "finished")
      const again = new Set(yield* asked)
      assert.deepStrictEqual(kept.filter((act) => again.has(act)), [])
    }).pipe(Effect.scoped, Effect.provide(gemini())))

  it.live("that has no room for the start leaves no run behind", () =>
    Effect.gen(function*() {
      const { layer, room } = small(join(yield* folder, "runs"))
      yield* Effect.gen(function*() {
        const runs = yield* Runs.Runs
        room.appends = 1
        assert.strictEqual((yield* Effect.flip(started("a"))).reason._tag, "StorageFull")
        assert.strictEqual((yield* Effect.flip(runs.get("a"))).reason._tag, "NotFound")
        room.appends = Infinity
        assert.strictEqual((yield* started("a")).standing, "finished")
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped, Effect.provide(gemini())))

  it.live("with room for a last record is paused with the act and the cause", () =>
    Effect.gen(function*() {
      const { layer, room } = small(join(yield* folder, "runs"))
      yield* Effect.gen(function*() {
        const runs = yield* Runs.Runs
        // The answer of the first act finds no room, the record after it does.
        room.refuses = 4
        assert.strictEqual((yield* Effect.flip(started("a"))).reason._tag, "StorageFull")
        const { causes, standing } = yield* runs.get("a")
        assert.deepStrictEqual([standing, ...causes.map(({ act, cause }) => [act, cause.reason])], [
          "paused",
          ["act0", "StorageFull"]
        ])
        assert.strictEqual((yield* resumed("a")).standing, "finished")
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped, Effect.provide(gemini())))
})
