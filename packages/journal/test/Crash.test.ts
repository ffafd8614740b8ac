/**
 * Deaths in the middle of an append, and writers that sleep and wake. `pnpm prove 13.3` kills 200 processes, and prints
 * the seed that says when.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import * as Journal from "../src/Journal.ts"
import { acknowledged, start } from "./children.ts"
import { note, notes, texts } from "./notes.ts"
import { type Place, storeOf } from "./place.ts"
import * as Postgres from "./Postgres.ts"
import { quickest } from "./suite.ts"

/** On files, where a death can tear a line; a quarter of them on each other place. */
const kills = sizeOf("13.3", { test: 8, prove: 200 })
const seed = seedOf("13.3", 20261128)

/** mulberry32: the same kills for the same seed. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Ground {
  readonly name: string
  readonly lock: boolean
  /** A writer that sleeps in the middle of an append keeps all others out. */
  readonly sleeps?: boolean
  readonly skip?: string | undefined
  readonly times: number
  readonly place: Effect.Effect<Place, unknown, Scope.Scope>
}

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const grounds: ReadonlyArray<Ground> = [
  {
    name: "files",
    lock: true,
    times: kills,
    place: Effect.map(folder, (path) => ({ kind: "files", directory: `${path}/runs`, lock: true }))
  },
  {
    name: "files where there is no node:sqlite",
    lock: false,
    times: Math.ceil(kills / 4),
    place: Effect.map(folder, (path) => ({ kind: "files", directory: `${path}/runs`, lock: false }))
  },
  {
    name: "Redis",
    lock: false,
    skip: RedisServer.skip,
    times: Math.ceil(kills / 4),
    place: Effect.map(RedisServer.start(), ({ url }) => ({ kind: "redis", url }))
  },
  {
    name: "SQL on PostgreSQL",
    lock: false,
    skip: Postgres.skip,
    times: Math.ceil(kills / 4),
    place: Effect.map(Postgres.database, (url) => ({ kind: "postgres", url }))
  },
  {
    name: "SQL on node:sqlite",
    lock: false,
    sleeps: true,
    times: Math.ceil(kills / 4),
    place: Effect.map(folder, (path) => ({ kind: "sqlite", file: `${path}/journal.sqlite` }))
  }
]

/** Sizes from nothing to nearly a megabyte, so that deaths fall into a write and not only between two. */
const sizes = [0, 900_000, 100, 300_000, 900_000]

/** Whether a death left a line without its end. */
const isTorn = (place: Place, id: string): boolean =>
  place.kind === "files" && readFileSync(`${place.directory}/${id}/journal.jsonl`).at(-1) !== 10

/** Only the pairs of records that appends wrote, without the padding. */
const pairs = (all: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = all.filter((text) => text !== "Started" && text !== "Resumed").map((text) => text.replace(/x+$/, ""))
  return names.filter((_, index) => index % 2 === 0).map((first, index) => {
    const name = first.slice(0, -1)
    assert.strictEqual(first, `${name}a`)
    assert.strictEqual(names[2 * index + 1], `${name}b`, "half of an append is there")
    return name
  })
}

for (const ground of grounds) {
  describe.skipIf(ground.skip !== undefined)(
    `${ground.name}${ground.skip === undefined ? "" : ` (skipped: ${ground.skip})`}`,
    () => {
      it.live(
        `${ground.times} kills -9 in the middle of appends lose nothing that was acknowledged`,
        () =>
          Effect.gen(function*() {
            const place = yield* ground.place
            const random = randomOf(seed)
            const journal = yield* Journal.make(yield* storeOf(place))
            let killed = 0
            let unasked = 0
            let torn = 0
            let appends = 0
            // A run is killed four times, so that what a death left is what the next writer finds; then comes another.
            yield* Effect.forEach(["a", "b"], (lane) =>
              Effect.gen(function*() {
                const told: Array<string> = []
                for (let n = 0; killed < ground.times; n++) {
                  const id = `${lane}-${Math.floor(n / 4)}`
                  if (n % 4 === 0) told.length = 0
                  killed++
                  const delay = random() * 120
                  yield* Effect.scoped(Effect.gen(function*() {
                    const child = yield* start({ place, id, name: `${lane}.${n}`, sizes })
                    yield* child.says(/^ack/)
                    yield* Effect.sleep(delay)
                    yield* child.signal("SIGKILL")
                    yield* child.ended
                    told.push(...acknowledged(child))
                    appends += acknowledged(child).length
                  }))
                  const found = pairs(texts(yield* Stream.runCollect(journal.read(notes, id))))
                  const extra = found.filter((pair) => !told.includes(pair))
                  assert.deepStrictEqual(
                    found.filter((pair) => told.includes(pair)),
                    told,
                    "an acknowledged record is lost"
                  )
                  // What was on its way: at most one append of each process that died.
                  assert.isTrue(extra.length <= 1, extra.join())
                  unasked += extra.length
                  told.splice(0, told.length, ...found)
                  if (isTorn(place, id)) torn++
                  if (n % 4 === 3) yield* journal.remove(id)
                }
              }), { concurrency: 2, discard: true })
            yield* Effect.sync(() =>
              process.stdout.write(
                `${ground.name}: ${killed} kills (seed ${seed}), ${appends} appends acknowledged, 0 lost, ` +
                  `${unasked} whole but not yet acknowledged, ${torn} torn\n`
              )
            )
            assert.isTrue(killed >= ground.times)
          }),
        1_800_000
      )

      it.live("a writer that was stopped and wakes does no harm", () =>
        Effect.gen(function*() {
          const place = yield* ground.place
          const journal = yield* Journal.make(yield* storeOf(place))
          const zombie = yield* start({ place, id: "z", name: "zombie", sizes: [10, 30_000] })
          yield* zombie.says(/^ack zombie-5$/)
          yield* zombie.signal("SIGSTOP")
          yield* Effect.sleep(50)
          if (ground.lock) {
            const [busy, took] = yield* quickest(Effect.scoped(journal.resume(notes, "z")))
            if (busy._tag !== "Busy") return assert.fail(busy._tag)
            assert.strictEqual(busy.pid, zombie.pid)
            assert.isTrue(Date.now() - (busy.since ?? 0) < 120_000)
            assert.isTrue(took < 50, `${took} ms`)
            const said = zombie.said.length
            yield* zombie.signal("SIGCONT")
            yield* zombie.says(/^ack/, said)
            yield* zombie.signal("SIGKILL")
            yield* zombie.ended
            // Free the moment that it died.
            yield* Effect.scoped(
              Effect.flatMap(journal.resume(notes, "z"), (run) => run.append([note("mine-a"), note("mine-b")]))
            )
          } else {
            // SQLite's lock is of the process: whoever sleeps in a transaction keeps the others out until it wakes.
            const awoken = Effect.gen(function*() {
              const said = zombie.said.length
              yield* zombie.signal("SIGCONT")
              yield* zombie.says(/^ack/, said)
              yield* zombie.signal("SIGSTOP")
            })
            const run = yield* Effect.retry(
              Effect.tapError(journal.resume(notes, "z"), () => ground.sleeps === true ? awoken : Effect.void),
              { while: ({ reason }) => ground.sleeps === true && reason._tag === "Unavailable", times: 20 }
            )
            yield* run.append([note("mine-a"), note("mine-b")])
            yield* zombie.signal("SIGCONT")
            yield* zombie.says(/^TakenOver$/)
            yield* run.append([note("after-a"), note("after-b")])
          }
          const all = texts(yield* Stream.runCollect(journal.read(notes, "z")))
          const told = acknowledged(zombie)
          const found = pairs(all)
          assert.deepStrictEqual(found.filter((pair) => told.includes(pair)), told)
          assert.isTrue(all.slice(all.indexOf("Resumed")).every((text) => !text.startsWith("zombie")))
        }))
    }
  )
}
