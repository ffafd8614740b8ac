/** What a research promises as an agent: its progress in the records, a report with sources, and no research asked twice. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as Approval from "effect-gemini-agents/Approval"
import * as ResearchAgent from "effect-gemini-agents/ResearchAgent"
import * as Team from "effect-gemini-agents/Team"
import * as Trace from "effect-gemini-agents/Trace"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { folder } from "./clerkProcess.ts"
import { killed } from "./dying.ts"

const query = "How are tides predicted?"
const research = ResearchAgent.make({ name: "research", pricedAs: "gemini-3.1-pro-preview" })

/** Researches of 3 seconds in 40 milliseconds, and a model that edits. */
const options: Emulator.Options = {
  interactions: { research: 40 },
  rules: [
    {
      name: "boss",
      when: { tools: "research" },
      plan: [
        { call: { name: "research", args: { task: query } } },
        { say: "It says: {{ result.research.text }}" }
      ]
    },
    { name: "editor", when: { system: { contains: "You edit" } }, reply: "Edited: {{ text }}" }
  ],
  otherwise: "generate"
}

const client = { apiKey: Redacted.make("k"), tier: "tier3", retry: { attempts: 1 } } as const

const world = (more: Emulator.Options = {}) =>
  Layer.mergeAll(Interactions.Interactions.layerWith(client), GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }))
    .pipe(
      Layer.provideMerge(GeminiClient.layer(client)),
      Layer.provideMerge(Emulator.layerHttpClient({ ...options, ...more })),
      Layer.provideMerge(Journal.layerMemory()),
      Layer.orDie
    )

const made = Effect.map(
  Emulator.Emulator.use(({ requests }) => requests),
  (requests) => requests.filter(({ method, path }) => method === "POST" && path.endsWith("/interactions")).length
)

const told = (records: ReadonlyArray<AgentRecord>) =>
  records.flatMap((record) => record._tag === "Progressed" ? [Reflect.get(Object(record.value), "_tag")] : [])

describe("a research agent", () => {
  it.live("records what it does, and answers with a report, its sources and what it cost", () =>
    Effect.gen(function*() {
      const answer = yield* Agent.run(research, query, { id: "r" })
      const tags = new Set(told(answer.records))
      for (const tag of ["Started", "Thought", "Searched", "Read"]) assert.isTrue(tags.has(tag), tag)
      const { value } = answer
      assert.isAbove(value.citations.length, 3)
      assert.strictEqual(answer.text, ResearchReport.toMarkdown(value))
      assert.include(answer.text, "## Sources")
      assert.strictEqual(answer.sources.length, value.sources.length)
      assert.isAbove(answer.usage.outputTokens, 0)
      assert.isAbove(Number(answer.cost), 0)
      assert.include(
        Trace.print(answer.records.map((record) => ({ record, at: undefined }))),
        "research.1 searches google"
      )
      const again = yield* Agent.resume(research, "r")
      assert.deepStrictEqual(again.value, value)
      assert.strictEqual(yield* made, 1)
    }).pipe(Effect.provide(world())))

  it.live("goes on from each death with the interaction that is under way, and records nothing twice", () =>
    Effect.gen(function*() {
      let deaths = 0
      let twice = 0
      for (const isWritten of [false, true]) {
        for (const at of [1, 2, 3, 4, 5, 8, 12]) {
          const id = `r-${isWritten}-${at}`
          const before = yield* made
          if (yield* killed(Agent.run(research, query, { id }), at, isWritten)) deaths++
          const answer = yield* Agent.resume(research, id).pipe(
            Effect.catchReason("AgentError", "JournalFailed", () => Agent.run(research, query, { id }))
          )
          const begun = answer.records.filter((record) =>
            record._tag === "Progressed" && record.text.includes("begins")
          )
          const again = begun.filter((record) => JSON.stringify(record).includes("\"isAgain\":true")).length
          // Who died before it heard the id asks once more, and says so; the first question may not have left.
          assert.isAtMost((yield* made) - before, 1 + again)
          assert.isAtLeast((yield* made) - before, 1)
          twice += again
          assert.strictEqual(begun.length, 1)
          assert.strictEqual(answer.records.filter(({ _tag }) => _tag === "ChildEnded").length, 1)
          assert.isAbove(answer.value.citations.length, 3)
        }
      }
      assert.strictEqual(deaths, 14)
      assert.isAtMost(twice, 4)
    }).pipe(Effect.provide(world())))

  it.live("is asked about its plan as about a call, under its path in a team", () =>
    Effect.gen(function*() {
      const planned = ResearchAgent.make({ name: "research", plan: "ask" })
      const editor = Agent.make({ name: "editor", instructions: "You edit." })
      const team = Team.sequence(planned, ResearchReport.toMarkdown, editor).named("page")
      const suspended = <E, A, R>(run: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.flip(run), (error) => {
          const reason: unknown = Reflect.get(Object(error), "reason")
          assert.strictEqual(Reflect.get(Object(reason), "_tag"), "Suspended")
          const [request] = Reflect.get(Object(reason), "pending") as ReadonlyArray<Approval.Request>
          return request ?? assert.fail("nobody is asked")
        })
      const first = yield* suspended(Agent.run(team, query, { id: "p" }))
      assert.strictEqual(first.call, "research.1/research.1/plan.1")
      assert.strictEqual(first.tool, "plan")
      const wrong = yield* Effect.flip(
        Agent.resume(team, "p", [{ ...Approval.approve(first.call, { by: "ada" }), digest: "x" }])
      )
      assert.include(wrong.message, "another plan")
      const change = Approval.deny(first.call, "Look at the Baltic, too", { by: "ada", tool: "plan" })
      const second = yield* suspended(Agent.resume(team, "p", [change]))
      assert.strictEqual(second.call, "research.1/research.1/plan.2")
      assert.include(JSON.stringify(second.params), "Baltic")
      const approval = { ...Approval.approve(second.call, { by: "ada", tool: "plan" }), digest: second.digest }
      const answer = yield* Agent.resume(team, "p", [approval])
      assert.include(answer.value, "Edited: ")
      assert.strictEqual((yield* Agent.resume(team, "p", [approval])).value, answer.value)
      assert.strictEqual(yield* made, 3)
    }).pipe(Effect.provide(world())))

  it.live("takes a plan approved as it is or denied with a reason, refuses any other decision, and tells each in its trace", () =>
    Effect.gen(function*() {
      const planned = ResearchAgent.make({ name: "research", plan: "ask" })
      const resumed = (decision: Approval.Decision<"plan">) => Effect.flip(Agent.resume(planned, "d", [decision]))
      const { reason } = yield* Effect.flip(Agent.run(planned, query, { id: "d" }))
      assert(reason._tag === "Suspended")
      const { call } = reason.pending[0] ?? assert.fail("nobody is asked")
      assert.strictEqual(call, "research.1/plan.1")
      const by = { by: "ada" }
      for (
        const [decision, why] of [
          [{ ...Approval.approve<"plan">(call, by), tool: "pay" as "plan" }, "and not about a call of pay"],
          [Approval.approveWith<"plan">(call, { plan: "mine" }, by), "a plan is approved as it is"],
          [Approval.result(call, "mine", by), "a plan is approved as it is"],
          [Approval.skip(call, by), "a plan is approved as it is"]
        ] as const
      ) {
        const refused = yield* resumed(decision)
        assert.deepInclude({ ...refused.reason }, { _tag: "Refused", path: "decisions" })
        assert.include(refused.message, why)
      }
      yield* resumed(Approval.deny(call, "Look at the Baltic, too", by))
      const { records } = yield* Agent.resume(planned, "d", [Approval.approve("research.1/plan.2", by)])
      const lines = records.flatMap((record) => record._tag === "Progressed" ? [record.text] : [])
      for (
        const line of [
          /^plan begins: /,
          /^plan 1: /,
          /^the plan is to change: Look at the Baltic, too$/,
          /^plan 2: /,
          /^the plan is approved$/,
          /^thinks: /,
          /^searches google: .+/,
          /^reads https?:/
        ]
      ) assert.isTrue(lines.some((text) => line.test(text)), `${line} in ${lines.join(" | ").slice(0, 800)}`)
      assert.strictEqual(lines.filter((text) => text === "the plan is approved").length, 1)
    }).pipe(Effect.provide(world())))

  it.live("is a worker like any other", () =>
    Effect.gen(function*() {
      const boss = Agent.make({ name: "boss", instructions: "You have a researcher." })
      const answer = yield* Agent.run(Team.manager(boss, { research }), query, { id: "m" })
      assert.include(answer.text, "It says: ")
      assert.include(JSON.stringify(answer.records), "citations")
    }).pipe(Effect.provide(world())))

  it.live("puts the report into a form, and reads it again from its records", () =>
    Effect.gen(function*() {
      const Findings = Schema.Struct({ findings: Schema.Array(Schema.String) })
      const formed = ResearchAgent.make({ name: "research", outputSchema: Findings })
      const { value } = yield* Agent.run(formed, query, { id: "f" })
      assert.isArray(value.output.findings)
      assert.deepStrictEqual((yield* Agent.resume(formed, "f")).value, value)
    }).pipe(Effect.provide(world())))

  it.live("stops with ModelFailed where the server fails, and refuses bounds that it cannot keep", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Agent.run(research, query, { bounds: { money: "1" } }))
      assert(refused.reason._tag === "Refused")
      assert.strictEqual(refused.reason.path, "bounds.money")
      assert.strictEqual(yield* made, 0)
      const failed = yield* Effect.flip(Agent.run(research, query, { id: "x" }))
      assert.strictEqual(failed.reason._tag, "ModelFailed")
      assert.deepStrictEqual(told(failed.records).slice(0, 1), ["Started"])
      assert.strictEqual(failed.records.at(-1)?._tag, "Stopped")
    }).pipe(Effect.provide(world({
      faults: [{ when: { method: "interactions.create" }, interaction: { state: "failed" } }]
    }))))

  it.live("goes on in another process after kill -9", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const emulator = yield* Emulator.Emulator
      const program = join(import.meta.dirname, "researchJob.ts")
      const child = spawn(process.execPath, [program, JSON.stringify({ url: emulator.url, directory: path, query })], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      // It kills itself when it is told of the first search.
      const signal = yield* Effect.promise(() =>
        new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)))
      )
      assert.strictEqual(signal, "SIGKILL")
      const own = { ...client, baseUrl: emulator.url }
      const answer = yield* Effect.provide(
        Agent.resume(research, "r"),
        Layer.mergeAll(
          Interactions.Interactions.layerWith(own),
          GeminiLanguageModel.layer({ model: "gemini-3.8-flash" })
        ).pipe(
          Layer.provide(GeminiClient.layer(own)),
          Layer.provide(FetchHttpClient.layer),
          Layer.merge(Layer.provide(FileJournal.layer({ directory: path }), NodeFileSystem.layer))
        )
      )
      assert.isAbove(answer.value.citations.length, 3)
      assert.strictEqual(answer.records.filter(({ _tag }) => _tag === "Continued").length, 1)
      assert.strictEqual(told(answer.records).filter((tag) => tag === "Started").length, 1)
      const requests = yield* emulator.requests
      assert.lengthOf(requests.filter(({ method, path }) => method === "POST" && path.endsWith("/interactions")), 1)
    }).pipe(Effect.provide(Layer.orDie(Emulator.layerServer({ interactions: { research: 1_000 } })))))

  it.live("streams its text and its records, and begins with what is new when it goes on", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Agent.stream(research, query, { id: "s" }))
      const text = events.map((event) => event._tag === "TextDelta" ? event.text : "").join("")
      const last = events.at(-1)
      assert(last?._tag === "Done")
      assert.strictEqual(text, last.answer.value.text)
    }).pipe(Effect.provide(world())))
})
