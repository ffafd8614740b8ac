/**
 * Conversations forked at random, from each other and at any place: each has what it began with and what it added, and
 * nothing of what others added later. The sample of the tests, and hundreds of trees by `pnpm prove 23.6`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { type AgentRecord, records as format } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Conversation from "effect-gemini-agents/Conversation"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../../emulator/src/internal/Dice.ts"
import * as Scripted from "./scripted.ts"

const seed = seedOf("23.6", 26)
const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })

/** A model that adds once a turn, and then repeats what the user said. */
const plan = [{ call: "add", args: { a: 1, b: 2 } }, { say: "{{ text }}" }] as const

describe("forks", () => {
  it.effect("have what they began with and what they added, whatever is added elsewhere", () =>
    Effect.gen(function*() {
      for (let i = 0; i < sizeOf("23.6", { test: 4, prove: 300 }); i++) {
        const dice = Dice.make(`forks\n${seed}\n${i}`)
        yield* Effect.gen(function*() {
          const journal = yield* Journal.Journal
          const first = Conversation.open(clerk, "talk-0")
          /** What each conversation holds, as records of its own and of those that it came from. */
          const expected = new Map<string, ReadonlyArray<AgentRecord>>()
          /** What each began with. */
          const inherited = new Map<string, ReadonlyArray<AgentRecord>>()
          const talks = [first]
          yield* first.send("turn 0")
          expected.set(first.id, yield* first.records)
          inherited.set(first.id, [])
          for (let step = 1; step < 10; step++) {
            const talk = dice.pick(talks) ?? first
            const before = expected.get(talk.id) ?? []
            if (dice.int(0, 2) === 0) {
              const { next } = yield* journal.head(talk.id)
              const at = dice.int(1, next)
              const entries = yield* Stream.runCollect(journal.read(format, talk.id))
              const own = entries.filter((entry) => entry._tag === "Recorded" && entry.seq < at).length
              const from = inherited.get(talk.id) ?? []
              // A fork of a fork holds what that one began with only if it holds the record that says so.
              const begins = own === 0 ? [] : before.slice(0, from.length + own)
              const forked = yield* talk.fork(`talk-${talks.length}`, at)
              const holds: ReadonlyArray<AgentRecord> = [...begins, { _tag: "Forked", from: talk.id, seq: at }]
              talks.push(forked)
              inherited.set(forked.id, begins)
              expected.set(forked.id, holds)
            } else {
              // A fork may end in the middle of a turn: it is gone on with first.
              const { calls, end } = AgentState.fold(before)
              const isOpen = calls.length > 0
              const answer = yield* isOpen ? Agent.resume(clerk, talk.id) : talk.send(`turn ${step}`)
              assert.deepStrictEqual(answer.records.slice(0, before.length), before)
              if (!isOpen) assert.strictEqual(answer.text, `turn ${step}`, String(end?._tag))
              expected.set(talk.id, answer.records)
            }
            for (const { id, records } of talks) {
              assert.deepStrictEqual(yield* records, expected.get(id), `seed ${seed}, tree ${i}, step ${step}: ${id}`)
            }
          }
        }).pipe(Effect.provide([Scripted.by([{ plan }]), Layer.fresh(Journal.layerMemory())]))
      }
    }), 3_600_000)
})
