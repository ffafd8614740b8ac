import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import type { Answer } from "effect-gemini-agents/Answer"
import { Critique } from "effect-gemini-agents/Critique"
import * as ResearchAgent from "effect-gemini-agents/ResearchAgent"
import * as Team from "effect-gemini-agents/Team"
import type { Interactions } from "effect-gemini/interactions/Interactions"
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, test } from "tstyche"

class Desk extends Context.Service<Desk, { readonly phone: string }>()("test/Desk") {}
class Closed extends Schema.TaggedError<Closed>("test/Closed")("Closed", {}) {}

type Run<A> = Effect.Effect<Answer<A>, AgentError<AiError.AiError>, LanguageModel.LanguageModel>

describe("agents that are written where the team is made", () => {
  test("handoff", () => {
    const team = Team.handoff({
      agents: {
        writer: Agent.make({ name: "writer", instructions: "" }),
        scorer: Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
      },
      start: "writer",
      edges: { writer: ["scorer"] }
    })
    expect(Agent.run(team, "x")).type.toBe<Run<string | number>>()
  })
  test("all", () => {
    const team = Team.all({
      writer: Agent.make({ name: "writer", instructions: "" }),
      scorer: Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
    })
    expect(Agent.run(team, "x")).type.toBe<Run<{ readonly writer: string; readonly scorer: number }>>()
  })
  test("race", () => {
    const team = Team.race(
      Agent.make({ name: "writer", instructions: "" }),
      Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
    )
    expect(Agent.run(team, "x")).type.toBe<Run<string | number>>()
  })
  test("programs, with their own failures and needs, and workers of a manager", () => {
    const call = () => Effect.flatMap(Desk, ({ phone }) => phone === "" ? Effect.fail(new Closed()) : Effect.succeed(1))
    const team = Team.handoff({
      agents: {
        boss: Agent.make({ name: "boss", instructions: () => Effect.as(Desk, "") }),
        caller: Agent.fromEffect({ name: "caller", output: Schema.Int }, call)
      },
      start: "boss",
      edges: { boss: ["caller"] }
    })
    expect(Agent.run(team, "x")).type.toBe<
      Effect.Effect<Answer<string | number>, AgentError<AiError.AiError | Closed>, Desk | LanguageModel.LanguageModel>
    >()
    const boss = Agent.make({ name: "boss", instructions: "" })
    const managed = Team.manager(boss, { caller: Agent.fromEffect({ name: "caller", output: Schema.Int }, call) })
    expect(Agent.run(managed, "x")).type.toBe<
      Effect.Effect<
        Answer<string>,
        AgentError<AiError.AiError | AgentError<Closed>>,
        Desk | LanguageModel.LanguageModel
      >
    >()
  })
  test("teams in teams", () => {
    const writer = Agent.make({ name: "writer", instructions: "" })
    const scorer = Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
    const team = Team.all({
      all: Team.all({ writer: Agent.make({ name: "writer", instructions: "" }), scorer }),
      combined: Team.all({ writer, scorer }, { combine: ({ scorer, writer }) => [writer, scorer] as const }),
      sequence: Team.sequence(writer, scorer),
      race: Team.race(writer, scorer),
      repeat: Team.repeat(writer, { until: Agent.make({ name: "critic", instructions: "", output: Critique }) }),
      handoff: Team.handoff({ agents: { writer, scorer }, start: "writer", edges: {} }),
      manager: Team.manager(writer, { scorer }),
      within: Agent.within(Agent.make({ name: "scorer", instructions: "", output: Schema.Finite }), {
        name: "b",
        money: "1"
      }),
      research: ResearchAgent.make({ name: "research" })
    })
    expect(Agent.run(team, "x")).type.toBe<
      Effect.Effect<
        Answer<{
          readonly all: { readonly writer: string; readonly scorer: number }
          readonly combined: readonly [string, number]
          readonly sequence: number
          readonly race: string | number
          readonly repeat: string
          readonly handoff: string | number
          readonly manager: string
          readonly within: number
          readonly research: ResearchAgent.Report
        }>,
        AgentError<AiError.AiError | AgentError<AiError.AiError>>,
        Interactions | LanguageModel.LanguageModel
      >
    >()
  })
  test("a race of teams", () => {
    const team = Team.race(
      Team.all({ writer: Agent.make({ name: "writer", instructions: "" }) }),
      Agent.fromEffect({ name: "phone" }, () => Effect.map(Desk, ({ phone }) => phone))
    )
    expect(Agent.run(team, "x")).type.toBe<
      Effect.Effect<
        Answer<string | { readonly writer: string }>,
        AgentError<AiError.AiError>,
        Desk | LanguageModel.LanguageModel
      >
    >()
  })
  test("stages, drafts, critics and tools", () => {
    const critic = { name: "critic", instructions: "", output: Critique } as const
    const team = Team.sequence(
      Agent.make({ name: "writer", instructions: "" }),
      Team.repeat(Agent.make({ name: "editor", instructions: "" }), { until: Agent.make(critic) }),
      Agent.make({ name: "scorer", instructions: "", output: Schema.Finite })
    )
    expect(Agent.run(team, "x")).type.toBe<Run<number>>()
    const tool = Agent.asTool(Agent.make({ name: "writer", instructions: "" }), { name: "write" })
    expect(tool.handle({ task: "x" })).type.toBe<Effect.Effect<Schema.Json, string, LanguageModel.LanguageModel>>()
  })
})
