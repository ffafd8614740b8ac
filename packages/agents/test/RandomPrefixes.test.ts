/**
 * Runs at random, resumed from each prefix of their records and interrupted at random: they end in the same answer. The
 * sample of the tests, and hundreds of runs by `pnpm prove 23.6`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import type { Decision } from "effect-gemini-agents/Approval"
import * as Conversation from "effect-gemini-agents/Conversation"
import * as Journal from "effect-gemini-journal/Journal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../../emulator/src/internal/Dice.ts"
import * as RandomRun from "./randomRun.ts"
import * as Scripted from "./scripted.ts"

const seed = seedOf("23.6", 26)

const around = ({ handlers, model }: RandomRun.RandomRun) => Layer.merge(handlers, Scripted.over(model))

/** Goes on until there is an answer, with what a person decides on the way. */
const toEnd = (
  { agent, world }: RandomRun.RandomRun,
  id: string,
  records: ReadonlyArray<AgentRecord> | undefined
) =>
  Effect.gen(function*() {
    let known = records
    let decisions: ReadonlyArray<Decision> = []
    for (let turns = 0; turns < 60; turns++) {
      const went = yield* Effect.result(
        Agent.resume(agent, id, decisions, known === undefined ? {} : { records: known })
      )
      if (went._tag === "Success") return went.success
      const { reason, records } = went.failure
      if (known !== undefined) known = records
      decisions = reason._tag === "Suspended" ? reason.pending.map(RandomRun.decide(world, id)) : []
    }
    return yield* Effect.die(new Error("it does not come to an end"))
  })

/** Each effect of a call that nobody may repeat, once for each time that it was allowed. */
const isOnce = ({ world }: RandomRun.RandomRun, at: string) => {
  for (const tool of ["once", "told", "look", "paid"]) {
    const calls = world.effects.filter((it) => it.tool === tool).map(({ call }) => call)
    assert.strictEqual(new Set(calls).size, calls.length, `${at}: ${tool} twice`)
  }
  assert.notInclude(world.effects.map(({ tool }) => tool), "outside")
}

describe("a run at random", () => {
  it.effect("folds from any prefix of its records, and goes on to the same answer", () =>
    Effect.gen(function*() {
      let prefixes = 0
      for (let i = 0; i < sizeOf("23.6", { test: 2, prove: 150 }); i++) {
        const dice = Dice.make(`prefixes\n${seed}\n${i}`)
        const run = RandomRun.make(dice)
        const at = `seed ${seed}, run ${i}`
        const begun: ReadonlyArray<AgentRecord> = yield* Effect.provide(
          Effect.match(Agent.run(run.agent, "go", { id: "r" }), {
            onFailure: ({ records }) => records,
            onSuccess: ({ records }) => records
          }),
          around(run)
        )
        const whole = yield* Effect.provide(toEnd(run, "r", begun), around(run))
        assert.strictEqual(whole.text, "done", at)
        isOnce(run, at)
        const all = [...run.world.effects]
        for (let length = 1; length <= whole.records.length; length++) {
          prefixes++
          const prefix = whole.records.slice(0, length)
          const had = AgentState.fold(prefix)
          assert.strictEqual(AgentState.fold(prefix.slice(-1), AgentState.fold(prefix.slice(0, -1))).steps, had.steps)
          // What had been done when the process died: the effects of all calls that had ended.
          const ended = RandomRun.ended(prefix)
          run.world.effects.splice(0, Infinity, ...all.filter(({ call }) => ended.has(call)))
          const before = run.world.effects.length
          const answer = yield* Effect.provide(toEnd(run, "r", prefix), around(run))
          assert.strictEqual(answer.text, "done", `${at}, after ${length} records`)
          assert.deepStrictEqual(answer.records.slice(0, length), prefix)
          const again = run.world.effects.slice(before).filter(({ call }) => ended.has(call))
          assert.deepStrictEqual(again, [], `${at}, after ${length} records: what had ended was called again`)
          isOnce(run, `${at}, after ${length} records`)
        }
      }
      process.stdout.write(`\n23.6 ${prefixes} prefixes\n`)
    }), 3_600_000)

  it.effect("ends in the same answer however often it is interrupted", () =>
    Effect.gen(function*() {
      let interruptions = 0
      for (let i = 0; i < sizeOf("23.6", { test: 10, prove: 1_000 }); i++) {
        const dice = Dice.make(`interruptions\n${seed}\n${i}`)
        const run = RandomRun.make(dice)
        const at = `seed ${seed}, run ${i}`
        yield* Effect.gen(function*() {
          const talk = Conversation.open(run.agent, "r")
          let decisions: ReadonlyArray<Decision> = []
          for (let turns = 0; turns < 100; turns++) {
            const now = yield* Deferred.make<void>()
            let left = turns > 60 ? Infinity : dice.int(1, 5)
            run.world.tick = Effect.suspend(() =>
              --left === 0 ? Effect.andThen(Deferred.succeed(now, undefined), Effect.never) : Effect.yieldNow
            )
            const known = yield* Effect.orElseSucceed(talk.records, () => [])
            const playing = known.length === 0
              ? Agent.run(run.agent, "go", { id: "r" })
              : Agent.resume(run.agent, "r", decisions)
            const fiber = yield* Effect.forkChild(Effect.result(playing))
            yield* Effect.raceFirst(Fiber.await(fiber), Deferred.await(now))
            const isOver = fiber.pollUnsafe() !== undefined
            yield* Fiber.interrupt(fiber)
            const went = isOver ? yield* Fiber.join(fiber) : undefined
            if (went === undefined) {
              interruptions++
              decisions = []
              continue
            }
            if (went._tag === "Success") {
              assert.strictEqual(went.success.text, "done", at)
              isOnce(run, at)
              return
            }
            const { reason } = went.failure
            decisions = reason._tag === "Suspended" ? reason.pending.map(RandomRun.decide(run.world, "r")) : []
          }
          assert.fail(`${at}: it does not come to an end`)
        }).pipe(Effect.provide([around(run), Layer.fresh(Journal.layerMemory())]))
      }
      process.stdout.write(`\n23.6 ${interruptions} interruptions\n`)
    }), 3_600_000)
})
