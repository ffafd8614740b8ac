/** The runs of teams played again from their records and those of their children, without model and handlers. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as Approval from "effect-gemini-agents/Approval"
import { Critique } from "effect-gemini-agents/Critique"
import * as Replay from "effect-gemini-agents/Replay"
import type { Recorded } from "effect-gemini-agents/Replayed"
import * as Team from "effect-gemini-agents/Team"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { killed } from "./dying.ts"
import { teamPlayedAgain } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

const named = (name: string) => Agent.make({ name, instructions: `You are ${name}.` })
const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })
const count = Agent.fromEffect({ name: "count" }, (text) => Effect.succeed(`${text.length}`))
const critic = Agent.make({ name: "critic", instructions: "You are critic.", output: Critique })

const transfer = (to: string) => ({ name: `transfer_to_${to}`, args: { message: "look" } })

const handoff = (carry: "transcript" | "verbatim") =>
  Team.handoff({
    name: "desk",
    start: "triage",
    agents: { triage: named("triage"), clerk, lost: named("lost") },
    edges: { triage: ["clerk"], clerk: ["lost"] },
    carry
  })

const rules = [
  persona("writer", [{ say: "draft" }]),
  persona("lost", [{ misbehave: "empty" }]),
  persona("critic", [{ say: "{\"isGood\":true,\"advice\":\"\"}" }]),
  persona("boss", [
    { call: ["clerk", "count", "lost"].map((name) => ({ name, args: { task: "frogs" } })) },
    { say: "{{ result.clerk }}; {{ result.count }}" }
  ]),
  persona("triage", [{ say: "Wait. ", call: [transfer("clerk")] }]),
  persona("clerk", [{ call: { name: "pay", args: { cents: 5 } } }, { say: "done: {{ result.pay }}" }])
]

const world = Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

type Kind = Agent.Agent<string, string, unknown, unknown, Layer.Success<typeof world>>

const teams = {
  sequence: Team.sequence(named("writer"), (text) => `<${text}>`, count, clerk).named("sequence"),
  all: Team.all({ web: named("writer"), clerk, count }, { combine: (it) => JSON.stringify(it), name: "all" }),
  some: Team.all({ web: named("writer"), bad: named("lost"), clerk }, {
    atLeast: 2,
    name: "some",
    combine: ({ bad, clerk }) => `${bad._tag} ${clerk._tag}`
  }),
  race: Team.race(named("lost"), named("writer")),
  repeat: Team.repeat(named("writer"), { until: critic, times: 2, name: "repeat" }),
  nested: Team.sequence(Team.all({ a: named("writer"), b: clerk }, { combine: ({ b }) => b, name: "both" }), count)
    .named(
      "nested"
    ),
  manager: Team.manager(named("boss"), { clerk, count, lost: named("lost") }),
  handoff: handoff("transcript"),
  verbatim: handoff("verbatim")
} satisfies Readonly<Record<string, Kind>>

/** Goes on with the run until it has its answer, and plays what there is again after each process. */
const toEnd = (team: Kind, id: string) =>
  Effect.gen(function*() {
    let decisions: ReadonlyArray<Approval.Decision<string>> = []
    for (let i = 0; i < 5; i++) {
      const went = yield* Effect.result(Agent.resume(team, id, decisions))
      yield* teamPlayedAgain(team, id)
      if (went._tag === "Success") return went.success.value
      const { failure } = went
      if (!("reason" in Object(failure))) return failure
      const reason: unknown = Reflect.get(Object(failure), "reason")
      const pending: unknown = Reflect.get(Object(reason), "pending")
      if (!Array.isArray(pending)) return Reflect.get(Object(reason), "_tag")
      decisions = pending.map((request: unknown) =>
        Approval.approve(String(Reflect.get(Object(request), "call")), { by: "ada" })
      )
    }
    return "no end"
  })

describe("a replay of a team", () => {
  for (const [name, team] of Object.entries<Kind>(teams)) {
    it.effect(`of the kind ${name} writes the same bytes, wherever its process died`, () =>
      Effect.gen(function*() {
        const values: Array<unknown> = []
        for (const isWritten of [false, true]) {
          for (let appends = 1; appends < 100; appends++) {
            const id = `${name}${appends}${isWritten ? "-" : ""}`
            const isDead = yield* killed(Effect.exit(Agent.run(team, "frogs", { id })), appends, isWritten)
            if (appends === 1 && !isWritten) continue
            yield* teamPlayedAgain(team, id)
            values.push(yield* toEnd(team, id))
            if (!isDead) break
          }
        }
        assert.isAbove(values.length, 8)
        for (const value of values) assert.deepStrictEqual(JSON.stringify(value), JSON.stringify(values[0]))
      }).pipe(Effect.provide(world)))
  }

  it.effect("plays the workers of a manager again, and names what one of them would do otherwise", () =>
    Effect.gen(function*() {
      const team = teams.manager
      yield* Effect.flip(Agent.run(team, "frogs", { id: "m" }))
      assert.strictEqual(yield* toEnd(team, "m"), "done: paid 5; 5")
      const { records, runs } = yield* Replay.read("m")
      assert.deepStrictEqual(Object.keys(runs), ["clerk.1.0", "count.1.1", "lost.1.2"])
      assert.deepStrictEqual((yield* Replay.run(team, records, { runs })).values, ["done: paid 5; 5"])
      // The manager's own records are enough for its own replay.
      assert.deepStrictEqual((yield* Replay.run(team, records)).values, ["done: paid 5; 5"])
      const other = Agent.make({ name: "clerk", instructions: "You are clerk." })
      const changed = Team.manager(named("boss"), { clerk: other, count, lost: named("lost") })
      const found = yield* Effect.flip(Replay.run(changed, records, { runs }))
      assert.match(found.path, /^clerk\.1\.0\/tools/)
      const given = (worker: string, change: (record: AgentRecord) => AgentRecord) => ({
        ...runs,
        [worker]: { records: (runs[worker]?.records ?? []).map(change), runs: {} }
      })
      const asked = given("clerk.1.0", (it) => it._tag === "Begun" ? { ...it, input: "toads" } : it)
      assert.deepInclude({ ...(yield* Effect.flip(Replay.run(team, records, { runs: asked }))) }, {
        path: "clerk.1.0/input",
        expected: "toads",
        found: "frogs"
      })
      const gave = given("count.1.1", (it) => it._tag === "Finished" ? { ...it, value: "6", text: "6" } : it)
      assert.deepInclude({ ...(yield* Effect.flip(Replay.run(team, records, { runs: gave }))) }, {
        at: records.findIndex((it) => it._tag === "CallEnded" && it.call === "1.1"),
        path: "count.1.1/result",
        expected: "5",
        found: "6"
      })
    }).pipe(Effect.provide(world)))

  it.effect("names what was changed in the team's records, and in those of a child", () =>
    Effect.gen(function*() {
      const team = teams.handoff
      yield* Effect.flip(Agent.run(team, "frogs", { id: "h" }))
      yield* toEnd(team, "h")
      const whole = yield* Replay.read("h")
      assert.deepStrictEqual(Object.keys(whole.runs), ["triage.1", "clerk.1"])
      const { values } = yield* Replay.run(team, whole.records, { runs: whole.runs })
      assert.deepStrictEqual(values, ["done: paid 5"])
      const changed = (records: ReadonlyArray<AgentRecord>, at: number) =>
        records.map((record, i) => i === at ? { ...record, planted: true } : record)
      const own = new Set(["ChildStarted", "ChildEnded", "Finished"])
      for (const [at, record] of whole.records.entries()) {
        if (!own.has(record._tag)) continue
        const found = yield* Effect.flip(Replay.run(team, changed(whole.records, at), { runs: whole.runs }))
        assert.deepInclude({ ...found }, { at, path: "planted" })
      }
      const given = (child: string, records: ReadonlyArray<AgentRecord>): Readonly<Record<string, Recorded>> => ({
        ...whole.runs,
        [child]: { records, runs: {} }
      })
      const clerks = whole.runs["clerk.1"]?.records ?? []
      const finished = clerks.findIndex(({ _tag }) => _tag === "Finished")
      const found = yield* Effect.flip(
        Replay.run(team, whole.records, { runs: given("clerk.1", changed(clerks, finished)) })
      )
      assert.deepInclude({ ...found }, { at: finished, path: "clerk.1/planted" })
      const asked = clerks.map((record) => record._tag === "Begun" ? { ...record, input: "toads" } : record)
      const other = yield* Effect.flip(Replay.run(team, whole.records, { runs: given("clerk.1", asked) }))
      assert.strictEqual(other.path, "clerk.1/input")
      const { "triage.1": first, ...rest } = whole.runs
      assert.isDefined(first)
      const missing = yield* Effect.flip(Replay.run(team, whole.records, { runs: rest }))
      assert.strictEqual(missing.path, "triage.1/runs")
    }).pipe(Effect.provide(world)))
})
