/**
 * Every way in which a team stops without an answer that an agent alone has not, by `run` and by `stream`, in memory, on
 * files and on Redis, and what models that misbehave in a team come to: the expected end is filled in first, the records
 * play again to the same bytes, and the run goes on from where it was.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { AgentError } from "effect-gemini-agents/AgentError"
import type { AgentErrorReason } from "effect-gemini-agents/AgentErrorReason"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Approval from "effect-gemini-agents/Approval"
import { Critique } from "effect-gemini-agents/Critique"
import * as Team from "effect-gemini-agents/Team"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Plan from "effect-gemini-emulator/Plan"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { teamPlayedAgain } from "./replayed.ts"
import * as Scripted from "./scripted.ts"
import { stores } from "./stores.ts"

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>, rest: Partial<Rule.Rule> = {}): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan,
  ...rest
})

const clerk = (name: string) =>
  Agent.make({ name, instructions: `You are ${name}.`, toolkit: Scripted.toolkit, bounds: { time: "10 seconds" } })
const boss = Agent.make({ name: "boss", instructions: "You are boss." })
const critic = Agent.make({ name: "critic", instructions: "You are critic.", output: Critique })

type Any = Agent.Agent<string, string, unknown, unknown, Layer.Success<ReturnType<typeof Scripted.by>>>

/** A model that is broken for its first answers: all that one run of it takes. */
const brokenOnce = (name: string): ReadonlyArray<Rule.Rule> => [
  { ...persona(name, [{ misbehave: "empty" }], { times: 3 }), name: `${name}, broken` },
  persona(name, [{ say: name }])
]

const transfer = (to: string) => ({ name: `transfer_to_${to}`, args: {} })
const pay = { call: { name: "pay", args: { cents: 5 } } }

const desk = (limit: number) =>
  Team.handoff({
    name: "desk",
    start: "a",
    agents: { a: clerk("a"), b: clerk("b") },
    edges: { a: ["b"], b: ["a"] },
    limit
  })

interface Row {
  readonly name: string
  readonly expected: AgentErrorReason["_tag"]
  readonly fields?: Readonly<Record<string, unknown>>
  readonly team: Any
  /** The team that the run goes on with, if it is another one. */
  readonly again?: Any
  readonly rules: ReadonlyArray<Rule.Rule>
  readonly decisions?: ReadonlyArray<Approval.Decision<string>>
  readonly value: string
}

const rows: ReadonlyArray<Row> = [
  {
    name: "one of all gives no answer",
    expected: "ChildFailed",
    fields: { child: "bad.1" },
    team: Team.all({ good: clerk("good"), bad: clerk("bad") }, {
      name: "all",
      concurrency: 1,
      combine: ({ bad, good }) => `${good} ${bad}`
    }),
    rules: [persona("good", [{ say: "good" }]), ...brokenOnce("bad")],
    value: "good bad"
  },
  {
    name: "fewer of all give an answer than must",
    expected: "ChildFailed",
    fields: { child: "bad.1", others: { good: "good" } },
    team: Team.all({ good: clerk("good"), bad: clerk("bad") }, {
      name: "all",
      atLeast: 2,
      combine: ({ bad, good }) => `${good._tag} ${bad._tag}`
    }),
    rules: [persona("good", [{ say: "good" }]), ...brokenOnce("bad")],
    value: "Success Success"
  },
  {
    name: "none of a race gives an answer",
    expected: "ChildFailed",
    team: Team.race(clerk("bad"), clerk("worse")),
    rules: [...brokenOnce("bad"), persona("worse", [{ misbehave: "empty" }])],
    value: "bad"
  },
  {
    name: "a stage of a sequence gives no answer",
    expected: "ChildFailed",
    fields: { child: "bad.1" },
    team: Team.sequence(clerk("good"), clerk("bad")),
    rules: [persona("good", [{ say: "good" }]), ...brokenOnce("bad")],
    value: "bad"
  },
  {
    name: "the agent that was handed to gives no answer",
    expected: "ChildFailed",
    fields: { child: "b.1" },
    team: desk(6),
    rules: [persona("a", [{ call: [transfer("b")] }]), ...brokenOnce("b")],
    value: "b"
  },
  {
    name: "no draft is good enough",
    expected: "CheckFailed",
    fields: { check: "critic", why: "longer" },
    team: Team.repeat(clerk("good"), { until: critic, times: 1, name: "repeat" }),
    again: Team.repeat(clerk("good"), { until: critic, times: 2, name: "repeat" }),
    rules: [
      persona("good", [{ say: "good" }]),
      { ...persona("critic", [{ say: "{\"isGood\":false,\"advice\":\"longer\"}" }], { times: 1 }), name: "severe" },
      persona("critic", [{ say: "{\"isGood\":true,\"advice\":\"\"}" }])
    ],
    value: "good"
  },
  {
    name: "the run is handed over too often",
    expected: "HandoffLimit",
    fields: { why: "TooMany", limit: 1, path: ["a", "b", "a"] },
    team: desk(1),
    again: desk(2),
    rules: [
      { ...persona("a", [{ call: [transfer("b")] }], { times: 1 }), name: "a, first" },
      persona("a", [{ say: "a" }]),
      persona("b", [{ call: [transfer("a")] }])
    ],
    value: "a"
  },
  {
    name: "the run is handed back and forth",
    expected: "HandoffLimit",
    fields: { why: "BackAndForth", limit: 6, path: ["a", "b", "a", "b"] },
    team: desk(6),
    rules: [
      persona("a", [{ call: [transfer("b")] }]),
      { ...persona("b", [{ call: [transfer("a")] }], { times: 1 }), name: "b, first" },
      persona("b", [{ say: "b" }])
    ],
    value: "b"
  },
  {
    name: "people are asked by a child",
    expected: "Suspended",
    team: Team.sequence(clerk("good"), clerk("paying")),
    rules: [persona("good", [{ say: "good" }]), persona("paying", [pay, { say: "{{ result.pay }}" }])],
    decisions: [Approval.approve("paying.1/1.0", { by: "ada" })],
    value: "paid 5"
  },
  {
    name: "people are asked by a worker",
    expected: "Suspended",
    team: Team.manager(boss, { one: clerk("paying"), two: clerk("good"), three: clerk("good") }),
    rules: [
      persona("boss", [
        { call: ["one", "two", "three"].map((name) => ({ name, args: { task: "go" } })) },
        { say: "{{ result.one }} {{ result.two }} {{ result.three }}" }
      ]),
      persona("good", [{ say: "good" }]),
      persona("paying", [pay, { say: "{{ result.pay }}" }])
    ],
    decisions: [Approval.approve("one.1.0/1.0", { by: "ada" })],
    value: "paid 5 good good"
  },
  {
    name: "people are asked by an agent that was handed to",
    expected: "Suspended",
    team: desk(6),
    rules: [persona("a", [{ call: [transfer("b")] }]), persona("b", [pay, { say: "{{ result.pay }}" }])],
    decisions: [Approval.approve("b.1/1.0", { by: "ada" })],
    value: "paid 5"
  }
]

const ways = {
  run: (team: Any, id: string) => Effect.asVoid(Agent.run(team, "go", { id })),
  stream: (team: Any, id: string) => Stream.runDrain(Agent.stream(team, "go", { id }))
}

for (const store of stores) {
  describe(`a team on ${store.name}`, () => {
    it.layer(store.layer, { excludeTestServices: store.isRemote })((it) => {
      for (const [way, play] of Object.entries(ways)) {
        for (const row of rows) {
          it.effect(`${way}: ${row.name} is ${row.expected}, and goes on`, () =>
            Effect.gen(function*() {
              const id = `${way}-${row.name.replaceAll(/[^a-z]/g, "-")}`
              if (!store.isRemote) yield* TestClock.setTime(Scripted.today)
              const error = yield* Effect.flip(play(row.team, id))
              assert(error instanceof AgentError)
              assert.deepInclude({ ...error.reason }, { ...row.fields, _tag: row.expected }, error.message)
              assert.strictEqual(error.id, id)
              assert.deepInclude(AgentState.fold(error.records).end, { _tag: "Stopped", reason: row.expected })
              yield* teamPlayedAgain(row.team, id)
              const resumed = yield* Agent.resume(row.again ?? row.team, id, row.decisions)
              assert.strictEqual(resumed.value, row.value)
              assert.deepStrictEqual(resumed.records.slice(0, error.records.length), error.records)
              if (row.again === undefined) yield* teamPlayedAgain(row.team, id)
            }).pipe(Effect.provide(Scripted.by(row.rules))))
        }
      }
    })
  })
}

type Misbehaviour = NonNullable<Plan.PlanStep["misbehave"]>

/** Why an agent of this model stops, which is what its team is told. */
const whys: Record<Misbehaviour, string> = {
  "never-stop": "20 steps",
  repeat: "3 times in a row with the same arguments",
  "ping-pong": "20 steps",
  "unknown-tool": "nothing but calls that cannot be run",
  "wrong-arguments": "nothing but calls that cannot be run",
  empty: "answered nothing",
  "malformed-call": "a call that cannot be read",
  "cut-call": "did not end its answer",
  blocked: "blocked",
  slow: "was not done after 10s"
}

const bad = (misbehave: Misbehaviour): Rule.Rule =>
  persona("bad", [{
    misbehave,
    ...(misbehave === "ping-pong" ? { call: [1, 2].map((a) => ({ name: "add", args: { a, b: a } })) } : {})
  }])

interface Place {
  readonly team: Any
  readonly rules: ReadonlyArray<Rule.Rule>
  readonly child: string | undefined
}

/** Where the model sits, and how the team ends: with this answer, or with ChildFailed of this child. */
const places: Readonly<Record<string, Place>> = {
  worker: {
    team: Team.manager(boss, { one: clerk("bad"), two: clerk("good"), three: clerk("good") }),
    rules: [
      persona("boss", [
        { call: ["one", "two", "three"].map((name) => ({ name, args: { task: "go" } })) },
        { say: "{{ result.one }}; {{ result.two }}" }
      ])
    ],
    child: undefined
  },
  "first of a handoff": {
    team: Team.handoff({
      name: "desk",
      start: "bad",
      agents: { bad: clerk("bad"), good: clerk("good") },
      edges: { bad: ["good"] }
    }),
    rules: [],
    child: "bad.1"
  },
  "last of a handoff": {
    team: Team.handoff({
      name: "desk",
      start: "boss",
      agents: { boss, bad: clerk("bad") },
      edges: { boss: ["bad"], bad: ["boss"] }
    }),
    rules: [persona("boss", [{ handOff: "bad" }])],
    child: "bad.1"
  },
  "one of all": {
    team: Team.all({ good: clerk("good"), bad: clerk("bad") }, { name: "all", combine: ({ good }) => good }),
    rules: [],
    child: "bad.1"
  }
}

describe("a model that misbehaves in a team", () => {
  for (const [place, { child, rules, team }] of Object.entries(places)) {
    it.effect(`as the ${place} ends typed, whatever it does`, () =>
      Effect.gen(function*() {
        for (const [kind, why] of Object.entries(whys) as ReadonlyArray<[Misbehaviour, string]>) {
          const at = `${place}, ${kind}`
          yield* Effect.gen(function*() {
            yield* TestClock.setTime(Scripted.today)
            const fiber = yield* Effect.forkChild(Effect.result(Agent.run(team, "go", { id: "t" })))
            if (kind === "slow") {
              yield* Emulator.Emulator.use(({ awaitRequests }) => awaitRequests(place.endsWith("handoff") ? 1 : 2))
              for (let i = 0; i < 3; i++) yield* TestClock.adjust("10 seconds")
            }
            const went = yield* Fiber.join(fiber)
            const { requests } = yield* Emulator.Emulator
            assert.isAtMost((yield* requests).length, 25, at)
            // The emulator refuses a call without its response, and the run would end with that.
            yield* teamPlayedAgain(team, "t")
            if (child === undefined) {
              assert(went._tag === "Success", at)
              assert.include(went.success.value, why, at)
              assert.include(went.success.value, "; good", at)
              return
            }
            assert(went._tag === "Failure" && went.failure instanceof AgentError, at)
            const { reason } = went.failure
            assert(reason._tag === "ChildFailed", at)
            assert.strictEqual(reason.child, child, at)
            assert.include(reason.why, why, at)
          }).pipe(
            Effect.provide([
              Scripted.by([...rules, persona("good", [{ say: "good" }]), bad(kind)]),
              Layer.fresh(Journal.layerMemory())
            ])
          )
        }
      }))
  }
})
