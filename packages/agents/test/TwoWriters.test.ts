/**
 * Two writers of one run, each step of theirs in an order of a seed's: whatever the order, the journal holds a list
 * that one writer could have written, which a replay decides, and the run has its answer. The sample of the tests, and
 * hundreds of orders by `pnpm prove 23.6`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { records as format } from "effect-gemini-agents/AgentRecord"
import type { Decision } from "effect-gemini-agents/Approval"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalStore } from "effect-gemini-journal/JournalStore"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../../emulator/src/internal/Dice.ts"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import { storeOf } from "../../journal/test/place.ts"
import { folder } from "./clerkProcess.ts"
import * as RandomRun from "./randomRun.ts"
import { playedAgain } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const seed = seedOf("23.6", 26)

/** Where a writer waits for its turn. One that is over waits no more. */
class Turnstile {
  #waiting = Deferred.makeUnsafe<Deferred.Deferred<void>>()

  /** Passed by the writer before each thing that it does. */
  readonly pass: Effect.Effect<void> = Effect.suspend(() => {
    const turn = Deferred.makeUnsafe<void>()
    return Effect.andThen(Deferred.succeed(this.#waiting, turn), Deferred.await(turn))
  })

  /** The writer's next turn, as soon as it waits for one. */
  get next(): Effect.Effect<Deferred.Deferred<void>> {
    return Effect.tap(Effect.suspend(() => Deferred.await(this.#waiting)), () =>
      Effect.sync(() => {
        this.#waiting = Deferred.makeUnsafe()
      }))
  }
}

const turned = (store: JournalStore, { pass }: Turnstile): JournalStore => ({
  ...store,
  open: (id, mode, opening) =>
    Effect.map(Effect.andThen(pass, store.open(id, mode, opening)), (writer) => ({
      end: writer.end,
      append: (line, text) => Effect.andThen(pass, writer.append(line, text))
    }))
})

/** Resumes a run, or begins it, until it ends or is somebody else's. */
const written = (run: RandomRun.RandomRun, id: string, store: JournalStore): Effect.Effect<string> => {
  let decisions: ReadonlyArray<Decision> = []
  const once = Effect.suspend(() => Agent.resume(run.agent, id, decisions)).pipe(
    Effect.catchReason(
      "AgentError",
      "JournalFailed",
      (reason, error) =>
        reason.cause.reason._tag === "NotFound" ? Agent.run(run.agent, "go", { id }) : Effect.fail(error)
    )
  )
  return Effect.gen(function*() {
    for (let turns = 0; turns < 60; turns++) {
      const went = yield* Effect.result(once)
      if (went._tag === "Success") return went.success.text
      const { reason } = went.failure
      if (reason._tag === "TakenOver") return "TakenOver"
      // The other one may have begun it between the look and the beginning.
      if (reason._tag === "JournalFailed" && reason.cause.reason._tag !== "Exists") return reason.cause.reason._tag
      decisions = reason._tag === "Suspended" ? reason.pending.map(RandomRun.decide(run.world, id)) : []
    }
    return "no end"
  }).pipe(
    Effect.provide([
      run.handlers,
      Scripted.over(run.model),
      Layer.effect(Journal.Journal, Journal.make(store))
    ])
  )
}

const grounds = [
  {
    name: "files without a lock",
    skip: false,
    store: Effect.flatMap(folder, (path) => storeOf({ kind: "files", directory: `${path}/runs`, lock: false })),
    sizes: { test: 6, prove: 400 }
  },
  {
    name: "Redis",
    skip: !RedisServer.isInstalled,
    store: Effect.flatMap(RedisServer.start(), ({ url }) => storeOf({ kind: "redis", url })),
    sizes: { test: 2, prove: 200 }
  }
] as const

for (const { name, sizes, skip, store } of grounds) {
  describe.skipIf(skip)(`two writers on ${name}`, () => {
    it.live(
      "leave a list that one writer could have written, and one of them is told so",
      () =>
        Effect.gen(function*() {
          const plain = yield* store
          const journal = yield* Journal.make(plain)
          const ends = new Map<string, number>()
          for (let i = 0; i < sizeOf("23.6", sizes); i++) {
            const dice = Dice.make(`writers\n${seed}\n${name}\n${i}`)
            const run = RandomRun.make(dice, 1)
            const id = `run-${i}`
            const at = `seed ${seed}, ${name}, order ${i}`
            const turnstiles = [new Turnstile(), new Turnstile()] as const
            const fibers = yield* Effect.forEach(turnstiles, (turnstile) =>
              Effect.forkChild(written(run, id, turned(plain, turnstile))))
            const going = turnstiles.map((turnstile, i) => ({ turnstile, fiber: fibers[i] }))
            while (going.length > 0) {
              const place = dice.int(0, going.length - 1)
              const one = going[place]
              if (one?.fiber === undefined) {
                break
              }
              // One writer goes while the other stands still.
              const turn = yield* Effect.raceFirst(one.turnstile.next, Effect.as(Fiber.await(one.fiber), undefined))
              if (turn === undefined) {
                going.splice(place, 1)
              } else yield* Deferred.succeed(turn, undefined)
            }
            for (const fiber of fibers) {
              const end = yield* Fiber.join(fiber)
              ends.set(end, (ends.get(end) ?? 0) + 1)
              assert.include(["done", "TakenOver"], end, at)
            }
            const entries = yield* Stream.runCollect(journal.read(format, id))
            const records = entries.flatMap((entry) =>
              entry._tag === "Recorded" ? [entry.record] : []
            )
            const last = records.at(-1)
            assert.deepInclude(last, { _tag: "Finished", text: "done" }, at)
            assert.lengthOf(records.filter(({ _tag }) => _tag === "Begun"), 1, at)
            assert.lengthOf(records.filter(({ _tag }) => _tag === "Finished"), 1, at)
            const calls = records.flatMap((it) => it._tag === "CallEnded" ? [it.call] : [])
            assert.strictEqual(new Set(calls).size, calls.length, `${at}: a call ended twice`)
            yield* playedAgain(run.agent, records)
          }
          process.stdout.write(`\n23.6 ${name}: ${JSON.stringify(Object.fromEntries(ends))}\n`)
        }),
      3_600_000
    )
  })
}
