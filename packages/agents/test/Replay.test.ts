import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as Replay from "effect-gemini-agents/Replay"
import type { Replayed } from "effect-gemini-agents/Replayed"
import * as Trace from "effect-gemini-agents/Trace"
import * as Effect from "effect/Effect"
import { counted } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })

const script = [
  Scripted.answer([Scripted.call("add", { a: 2, b: 3 }), Scripted.call("add", { a: 1, b: 1 })]),
  Scripted.answer([Scripted.call("nothing", {})]),
  Scripted.answer([]),
  Scripted.answer([{ text: "5" }])
]

interface Changed {
  readonly path: string
  readonly value: AgentRecord
}

/** The record with one byte of each of its leaves changed: a letter, a digit, true for false. */
const oneByteOff = (record: AgentRecord): ReadonlyArray<Changed> => {
  const out: Array<Changed> = []
  const visit = (value: unknown, path: string, put: (value: unknown) => unknown): void => {
    if (Array.isArray(value)) {
      value.forEach((item, i) => visit(item, `${path}[${i}]`, (next) => put(value.with(i, next))))
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        visit(item, path === "" ? key : `${path}.${key}`, (next) => put({ ...value, [key]: next }))
      }
    } else {
      const changed = typeof value === "string"
        ? `${value.slice(0, -1)}${value.endsWith("x") ? "y" : "x"}`
        : typeof value === "number"
        ? value + 1
        : typeof value === "boolean"
        ? !value
        : undefined
      if (changed !== undefined) out.push({ path, value: put(changed) as AgentRecord })
    }
  }
  visit(record, "", (value) => value)
  return out
}

/** The records with one leaf changed. */
const changes = (records: ReadonlyArray<AgentRecord>) =>
  records.map((record, at) => ({ at, records: records.map((it, i) => i === at ? { ...record, planted: true } : it) }))

describe("a replay", () => {
  it.effect("writes the same records, without handlers, key or network", () =>
    Effect.gen(function*() {
      const before = counted.runs
      const { records } = yield* Effect.provide(Agent.run(clerk, "2 and 3?"), Scripted.over(script))
      assert.strictEqual(counted.runs, before + 1, "every run of these tests is played again")
      const replayed: Replayed<string> = yield* Replay.run(clerk, records)
      assert.deepStrictEqual(replayed.values, ["5"])
      assert.deepStrictEqual(replayed.records, records)
    }))

  it.effect("goes through a wait for people, and through a process that died at any record", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(clerk, "pay", { id: "r" }))
      const answer = yield* Agent.resume(clerk, "r", [
        { call: "1.0", verdict: { _tag: "approve", params: { cents: 4 } }, by: "ada" }
      ], { records: error.records })
      assert.deepStrictEqual((yield* Replay.run(clerk, answer.records)).values, ["done"])
      for (let length = 2; length <= answer.records.length; length++) {
        yield* Replay.run(clerk, answer.records.slice(0, length))
      }
    }).pipe(Effect.provide(
      Scripted.over([Scripted.answer([Scripted.call("pay", { cents: 3 })]), Scripted.answer([{ text: "done" }])])
    )))

  it.effect("names the record that the agent would not have written", () =>
    Effect.gen(function*() {
      const { records } = yield* Effect.provide(Agent.run(clerk, "2 and 3?"), Scripted.over(script))
      for (const { at, records: planted } of changes(records)) {
        // What begins a run is given to it, and so is what comes from the model and the tools.
        if (["Begun", "Answered", "CallEnded"].includes(records[at]?._tag ?? "")) continue
        const error = yield* Effect.flip(Replay.run(clerk, planted))
        assert.deepInclude(error, { at, path: "planted", expected: true })
      }
    }))

  it.effect("finds any changed byte: those of the agent's own by itself, those that it was given beside the first run", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(clerk, "add and pay", { id: "r" }))
      const { records } = yield* Agent.resume(
        clerk,
        "r",
        [{ call: "4.0", verdict: { _tag: "approve", params: { cents: 4 } }, by: "ada" }],
        { records: error.records }
      )
      const kinds = new Set(records.map(({ _tag }) => _tag))
      for (const kind of ["Hinted", "Requested", "Stopped", "Continued", "Finished"]) {
        assert.isTrue(kinds.has(kind as never))
      }
      const own = new Set<AgentRecord["_tag"]>(["Asked", "Hinted", "CallStarted", "Requested", "Finished", "Stopped"])
      let planted = 0
      for (const [at, record] of records.entries()) {
        for (const { path, value } of oneByteOff(record)) {
          // What a record is cannot change by a byte: then it is none.
          if (path === "_tag") continue
          const changed = records.map((it, i): AgentRecord => i === at ? value : it)
          const found = yield* Effect.result(Replay.run(clerk, changed))
          if (own.has(record._tag)) {
            const failure = found._tag === "Failure" ? found.failure : undefined
            assert.deepInclude(failure, { _tag: "Diverged", at, path }, `${at} ${record._tag} ${path}`)
          }
          assert.deepInclude(Trace.diff(records, changed), { at, path })
          planted++
        }
      }
      assert.isAbove(planted, 100)
    }).pipe(Effect.provide(Scripted.over([
      ...script.slice(0, 3),
      Scripted.answer([Scripted.call("pay", { cents: 3 })]),
      Scripted.answer([{ text: "done" }])
    ]))))

  it.effect("knows another agent by its instructions' effect: tools, bounds and hints", () =>
    Effect.gen(function*() {
      const { records } = yield* Effect.provide(Agent.run(clerk, "2 and 3?"), Scripted.over(script))
      const other = Agent.make({ name: "clerk", instructions: "You add." })
      const error = yield* Effect.flip(Replay.run(other, records))
      assert.strictEqual(error.path, "tools.add")
      assert.strictEqual((yield* Effect.flip(Replay.run(clerk, []))).path, "agent")
    }))
})
