import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import type { Answer } from "effect-gemini-agents/Answer"
import { Critique } from "effect-gemini-agents/Critique"
import * as Team from "effect-gemini-agents/Team"
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, test } from "tstyche"

class Desk extends Context.Service<Desk, { readonly phone: string }>()("test/Desk") {}
class Closed extends Schema.TaggedError<Closed>("test/Closed")("Closed", {}) {}

const writer = Agent.make({ name: "writer", instructions: "" })
const scorer = Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
const caller = Agent.fromEffect(
  { name: "caller", input: Schema.Finite },
  (score) => Effect.flatMap(Desk, ({ phone }) => score > 1 ? Effect.succeed(phone) : Effect.fail(new Closed()))
)

describe("an agent of an effect", () => {
  test("fails with its own errors, and with those of its children as stops", () => {
    expect(Agent.run(caller, 1)).type.toBe<
      Effect.Effect<Answer<string>, AgentError<never> | Closed, Desk | LanguageModel.LanguageModel>
    >()
    const both = Agent.fromEffect(
      { name: "both" },
      (text, run) => Effect.map(run.child(caller, text.length), ({ value }) => value)
    )
    expect(Agent.run(both, "x")).type.toBe<
      Effect.Effect<Answer<string>, AgentError<Closed>, Desk | LanguageModel.LanguageModel>
    >()
  })
})

describe("a sequence", () => {
  test("has the types of its stages", () => {
    const team = Team.sequence(writer, (text) => text.toUpperCase(), scorer, caller)
    expect(Agent.run(team, "x")).type.toBe<
      Effect.Effect<Answer<string>, AgentError<AiError.AiError | Closed>, Desk | LanguageModel.LanguageModel>
    >()
    expect(Agent.run).type.not.toBeCallableWith(team, 1)
  })

  test("whose types do not chain is an error at the place", () => {
    expect(Team.sequence).type.toBeCallableWith(writer, scorer)
    expect(Team.sequence).type.not.toBeCallableWith(writer, caller)
    expect(Team.sequence).type.not.toBeCallableWith(scorer, writer)
    expect(Team.sequence).type.not.toBeCallableWith(writer, (value: number) => value, caller)
    // @ts-expect-error is not assignable to parameter of type
    Team.sequence(writer, scorer, writer)
  })
})

describe("all", () => {
  test("gives values by name, or Exits if some may fail", () => {
    const values = Team.all({ text: writer, score: scorer })
    expect(Agent.run(values, "x")).type.toBe<
      Effect.Effect<
        Answer<{ readonly text: string; readonly score: number }>,
        AgentError<AiError.AiError>,
        LanguageModel.LanguageModel
      >
    >()
    Team.all({ text: writer, score: scorer }, { combine: ({ score }) => score.toFixed(1) })
    // @ts-expect-error Property 'toFixed' does not exist on type
    Team.all({ text: writer, score: scorer }, { combine: ({ text }) => text.toFixed(1) })
    // @ts-expect-error Property 'toFixed' does not exist on type
    Team.all({ text: writer, score: scorer }, { atLeast: 1, combine: ({ score }) => score.toFixed(1) })
  })

  test("gives each agent the part that it takes", () => {
    const input = Schema.Struct({ score: Schema.Finite, text: Schema.String })
    const team = Team.all({ writer, caller }, { input, split: ({ score, text }) => ({ writer: text, caller: score }) })
    expect(Agent.run).type.toBeCallableWith(team, { score: 1, text: "x" })
    expect(Agent.run).type.not.toBeCallableWith(team, "x")
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    Team.all({ writer, caller }, { input, split: ({ text }) => ({ writer: text, caller: text }) })
    // @ts-expect-error Property 'caller' is missing
    Team.all({ writer, caller }, { input, split: ({ text }) => ({ writer: text }) })
  })

  test("takes what all of its agents take", () => {
    const neither = Team.all({ text: writer, call: caller })
    expect(Agent.run).type.not.toBeCallableWith(neither, "x")
  })
})

describe("a race", () => {
  test("gives what one of its agents gives", () => {
    expect(Agent.run(Team.race(writer, scorer), "x")).type.toBe<
      Effect.Effect<Answer<string | number>, AgentError<AiError.AiError>, LanguageModel.LanguageModel>
    >()
  })
})

describe("repeat", () => {
  const critic = Agent.make({ name: "critic", instructions: "", output: Critique })
  test("wants a critic of the draft, and a schema of an input that is not text", () => {
    expect(Agent.run(Team.repeat(writer, { until: critic }), "x")).type.toBe<
      Effect.Effect<Answer<string>, AgentError<AiError.AiError>, LanguageModel.LanguageModel>
    >()
    expect(Team.repeat).type.not.toBeCallableWith(writer, { until: scorer })
    expect(Team.repeat).type.not.toBeCallableWith(scorer, { until: critic })
    expect(Team.repeat).type.not.toBeCallableWith(caller, { until: critic })
    expect(Team.repeat).type.toBeCallableWith(caller, { until: critic, input: Schema.Finite, again: () => 1 })
  })
})

describe("a handoff", () => {
  const agents = { writer, scorer }
  test("gives what one of its agents gives", () => {
    const team = Team.handoff({ agents, start: "writer", edges: { writer: ["scorer"], scorer: ["writer"] } })
    expect(Agent.run(team, "x")).type.toBe<
      Effect.Effect<Answer<string | number>, AgentError<AiError.AiError>, LanguageModel.LanguageModel>
    >()
  })

  test("with an edge to or from an agent that is not there is an error at the place", () => {
    // @ts-expect-error Type '"critic"' is not assignable to type '"scorer"'
    Team.handoff({ agents, start: "writer", edges: { writer: ["critic"] } })
    // @ts-expect-error 'critic' does not exist in type
    Team.handoff({ agents, start: "writer", edges: { critic: ["writer"] } })
    // @ts-expect-error Type '"writer"' is not assignable to type '"scorer"'
    Team.handoff({ agents, start: "writer", edges: { writer: ["writer"] } })
    // @ts-expect-error Type '"critic"' is not assignable to type
    Team.handoff({ agents, start: "critic", edges: {} })
    // @ts-expect-error is not assignable to type 'Agent<string,
    Team.handoff({ agents: { writer, caller }, start: "writer", edges: {} })
  })
})

describe("a manager", () => {
  const phone = Agent.fromEffect({ name: "phone" }, () => Effect.map(Desk, ({ phone }) => phone))
  test("needs what its workers need, and workers that take a text", () => {
    expect(Agent.run(Team.manager(writer, { phone }), "x")).type.toBe<
      Effect.Effect<
        Answer<string>,
        AgentError<AiError.AiError | AgentError<never>>,
        Desk | LanguageModel.LanguageModel
      >
    >()
    expect(Team.manager).type.not.toBeCallableWith(writer, { caller })
  })
})

describe("an agent as a tool", () => {
  const phone = Agent.fromEffect({ name: "phone" }, () => Effect.map(Desk, ({ phone }) => phone))
  test("needs what its agent needs, and takes what that takes", () => {
    const ring = Agent.asTool(phone, { name: "ring" })
    const toolkit = Toolkit.make(ring)
    toolkit.toLayer({ ring: ring.handle })
    const boss = Agent.make({ name: "boss", instructions: "", toolkit })
    expect(Agent.run(boss, "x")).type.toBe<
      Effect.Effect<
        Answer<string>,
        AgentError<AiError.AiError>,
        Tool.Handler<"ring"> | Desk | LanguageModel.LanguageModel
      >
    >()
    expect(Agent.asTool).type.not.toBeCallableWith(caller, { name: "call" })
    expect(Agent.asTool).type.toBeCallableWith(caller, { name: "call", input: Schema.Finite })
    expect(Agent.asTool).type.not.toBeCallableWith(phone, { name: "ring", input: Schema.Finite })
  })
})
