/** Who decides while the run is played in the same process: the decision counts once it is recorded, by whomever. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import { Busy } from "effect-gemini-journal/JournalErrorReason"
import type { Decision } from "effect-gemini-narrative/Decision"
import * as Narrative from "effect-gemini-narrative/Narrative"
import { RunError } from "effect-gemini-narrative/RunError"
import type { RunEvent } from "effect-gemini-narrative/RunEvent"
import { records } from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import { decide } from "../src/internal/decide.ts"
import type { DecisionSign } from "../src/internal/decisionFile.ts"
import type { Handed } from "../src/internal/journalEngine.ts"
import type { Order } from "../src/internal/play.ts"
import type { Live } from "../src/internal/playRun.ts"
import { readRun } from "../src/internal/ReadRun.ts"
import { filesIn, folder, gemini } from "./runs.ts"

const text = `[[acts]]\nname = "sent"\napprove = "Send?"\nprompt = "Send"\n`
const approved = { verdict: "approve", by: "ada" } as const
const ended = Effect.fail(new RunError({ method: "play", id: "r", reason: new Busy({}) }))

/** A run that waits for a decision, its journal, and a play of it that a test brings to its end. */
const waiting = Effect.gen(function*() {
  const directory = yield* folder
  yield* Runs.Runs.use((runs) =>
    Effect.gen(function*() {
      const { end } = yield* runs.start(yield* Narrative.parse(text), { id: "r" })
      assert.strictEqual((yield* end).standing, "paused")
    })
  ).pipe(Effect.scoped, Effect.provide(filesIn(directory)), TestClock.withLive)
  const files = yield* Layer.build(Layer.provide(FileJournal.layer({ directory }), NodeFileSystem.layer))
  const journal = Context.get(files, Journal.Journal)
  const decided = Effect.map(readRun(journal, "r"), ({ read }) => read.fold.state.acts[0]?.decision)
  const key = (yield* readRun(journal, "r")).read.fold.undecided("sent") ?? ""
  const handed: Handed = { given: yield* Deferred.make<Decision>(), recorded: yield* Deferred.make<boolean>() }
  const over = yield* Deferred.make<void>()
  const live: Live = {
    orders: yield* Queue.unbounded<Order>(),
    told: yield* PubSub.unbounded<RunEvent>(),
    end: Effect.andThen(Deferred.await(over), ended),
    decisions: new Map([[key, handed]])
  }
  return { journal, decided, key, handed, over, live }
})

const place = (
  { journal, live }: { readonly journal: Journal.Journal["Service"]; readonly live: Live | undefined }
) => ({
  journal,
  live: new Map(live === undefined ? [] : [["r", live]]),
  sign: undefined,
  decisionSign: undefined
})

/** Lets the files do their work. */
const settle = TestClock.withLive(Effect.sleep("20 millis"))

describe("a decision in the process that plays the run", () => {
  it.effect("counts once the run has recorded it, and is written by nobody else", () =>
    Effect.gen(function*() {
      const { decided, handed, journal, live } = yield* waiting
      const deciding = yield* Effect.forkChild(decide(place({ journal, live }), "r", "sent", approved))
      assert.deepStrictEqual(yield* Deferred.await(handed.given), approved)
      yield* settle
      assert.isUndefined(deciding.pollUnsafe(), "the run was told, and has not recorded it")
      yield* Deferred.succeed(handed.recorded, true)
      yield* Fiber.join(deciding)
      assert.isUndefined(yield* decided, "the run of this test records nothing")
    }).pipe(Effect.scoped, Effect.provide(gemini())))

  it.effect("is written by who decides, once the run has ended without recording it", () =>
    Effect.gen(function*() {
      for (const says of [true, false]) {
        const { decided, handed, journal, live, over } = yield* waiting
        const deciding = yield* Effect.forkChild(decide(place({ journal, live }), "r", "sent", approved))
        yield* Deferred.await(handed.given)
        if (says) yield* Deferred.succeed(handed.recorded, false)
        yield* settle
        assert.isUndefined(deciding.pollUnsafe(), "it may still be closing its journal")
        yield* Deferred.succeed(over, undefined)
        yield* Fiber.join(deciding)
        assert.deepStrictEqual(yield* decided, approved)
      }
    }).pipe(Effect.scoped, Effect.provide(gemini())))
})

describe("a decision about a run that another process plays", () => {
  it.effect("is left where that process looks; after 10 seconds that is enough only where another one goes on", () =>
    Effect.gen(function*() {
      for (const movesOn of [true, false]) {
        const { decided, journal, key } = yield* waiting
        const given: Array<unknown> = []
        const decisionSign: DecisionSign = {
          give: (id, key, decision) => Effect.sync(() => given.push([id, key, decision])),
          take: () => Effect.void,
          look: () => Effect.undefined,
          seen: () => Effect.never
        }
        const exit = yield* Effect.scoped(Effect.gen(function*() {
          yield* journal.resume(records, "r")
          const deciding = yield* Effect.forkChild(
            Effect.exit(
              decide({ ...place({ journal, live: undefined }), decisionSign, movesOn }, "r", "sent", approved)
            )
          )
          while (given.length === 0) yield* settle
          yield* settle
          yield* TestClock.adjust("9999 millis")
          yield* settle
          assert.isUndefined(deciding.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          return yield* Fiber.join(deciding)
        }))
        assert.deepStrictEqual(given, [["r", key, approved]])
        assert.strictEqual(exit._tag, movesOn ? "Success" : "Failure")
        assert.isUndefined(yield* decided)
      }
    }).pipe(Effect.scoped, Effect.provide(gemini())))
})
