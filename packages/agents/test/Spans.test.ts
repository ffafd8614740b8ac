/** What tracers and metrics see of a run, and what they do not. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as AgentTelemetry from "effect-gemini-agents/AgentTelemetry"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as Scripted from "./scripted.ts"

const canaries = {
  question: "CANARY-QUESTION",
  instructions: "CANARY-INSTRUCTIONS",
  argument: "CANARY-ARGUMENT",
  result: "CANARY-RESULT",
  failure: "CANARY-FAILURE",
  answer: "CANARY-ANSWER"
}

class Broken extends Schema.TaggedError<Broken>("test/Broken")("Broken", { text: Schema.String }) {}

const toolkit = Toolkit.make(
  Tool.make("look", {
    description: "Looks",
    parameters: Schema.Struct({ at: Schema.String }),
    success: Schema.String
  }).annotate(Tool.Readonly, true),
  Tool.make("break", { description: "Breaks", success: Schema.String, failure: Broken, failureMode: "return" })
    .annotate(Tool.Readonly, true),
  Tool.make("sleep", { description: "Sleeps", success: Schema.String })
    .annotate(Tool.Readonly, true).annotate(ToolPolicy.Timeout, "3 seconds")
)
const handlers = toolkit.toLayer({
  look: () => Effect.succeed(canaries.result),
  break: () => Effect.fail(new Broken({ text: canaries.failure })),
  sleep: () => Effect.never
})
const clerk = Agent.make({ name: "clerk", version: "2", instructions: canaries.instructions, toolkit })

const script = [
  Scripted.answer([
    Scripted.call("look", { at: canaries.argument }),
    Scripted.call("break", {}),
    Scripted.call("sleep", {}),
    Scripted.call("nothing", {})
  ]),
  Scripted.answer([{ text: canaries.answer }])
]

/** The run, with its spans as they ended. */
const traced = <E>(
  telemetry: Layer.Layer<never>,
  run: Effect.Effect<unknown, E, Layer.Success<ReturnType<typeof Scripted.over>> | Layer.Success<typeof handlers>>,
  answers: Parameters<typeof Scripted.over>[0] = script
) =>
  Effect.gen(function*() {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const fiber = yield* Effect.forkChild(
      Effect.exit(run).pipe(
        Effect.provideService(Tracer.Tracer, tracer),
        Effect.provide(Layer.mergeAll(Scripted.over(answers), handlers, telemetry))
      )
    )
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("1 second")
      yield* Effect.yieldNow
    }
    return { exit: yield* Fiber.join(fiber), spans }
  })

const written = (spans: ReadonlyArray<Tracer.NativeSpan>): string =>
  JSON.stringify(spans.map((span) => [
    span.name,
    [...span.attributes],
    span.events,
    // Exporters write what a span failed with, and not what it gave.
    span.status._tag === "Ended" && span.status.exit._tag === "Failure" ? String(span.status.exit) : ""
  ]))

const parentOf = ({ parent }: Tracer.NativeSpan): string =>
  parent._tag === "Some" && parent.value instanceof Tracer.NativeSpan ? parent.value.name : ""

describe("the spans of a run", () => {
  it.effect("are the agent's, with its tools' and the model's below, and quote nobody", () =>
    Effect.gen(function*() {
      const { exit, spans } = yield* traced(Layer.empty, Agent.run(clerk, canaries.question, { id: "r" }))
      assert.strictEqual(exit._tag, "Success", String(exit))
      const shown = spans.map((span) => [
        span.name,
        parentOf(span),
        span.attributes.get("error.type"),
        span.status._tag === "Ended" ? span.status.exit._tag : ""
      ])
      const asked = [
        ["LanguageModel.generateText", "invoke_agent clerk", undefined, "Success"],
        ["generateContent gemini-3.8-flash", "LanguageModel.generateText", undefined, "Success"],
        ["generate_content gemini-3.8-flash", "generateContent gemini-3.8-flash", undefined, "Success"]
      ]
      assert.deepStrictEqual(
        shown.filter(([name]) => /^(?:invoke|execute|LanguageModel|generate)/.test(String(name))),
        [
          ["invoke_agent clerk", "", undefined, "Success"],
          ...asked,
          ["execute_tool look", "invoke_agent clerk", undefined, "Success"],
          ["execute_tool break", "invoke_agent clerk", "Broken", "Failure"],
          ["execute_tool sleep", "invoke_agent clerk", "timeout", "Failure"],
          ...asked
        ]
      )
      assert.deepStrictEqual(Object.fromEntries(spans[0]?.attributes ?? []), {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "clerk",
        "gen_ai.agent.version": "2",
        "gen_ai.conversation.id": "r",
        "gen_ai.output.type": "text"
      })
      const tool = spans.find(({ name }) => name === "execute_tool look")
      assert.deepInclude(Object.fromEntries(tool?.attributes ?? []), {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "look",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Looks"
      })
      assert.isString(tool?.attributes.get("gen_ai.tool.call.id"))
      assert.notInclude(written(spans), "CANARY")
      // Tokens stand on one span of each answer, whoever adds them up.
      const counted = spans.filter(({ attributes }) => attributes.has("gen_ai.usage.input_tokens"))
      assert.lengthOf(counted, 2)
    }))

  it.effect("quote what was said where that was asked for", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Telemetry.layerContent(), Agent.run(clerk, canaries.question))
      const ours = written(spans.filter(({ name }) => /^(?:invoke|execute)_/.test(name)))
      for (const canary of Object.values(canaries)) assert.include(ours, canary)
      const [run] = spans
      assert.strictEqual(
        run?.attributes.get("gen_ai.output.messages"),
        JSON.stringify([{ role: "assistant", parts: [{ type: "text", content: canaries.answer }] }])
      )
    }))

  it.effect("tell why a run stopped by its reason's tag alone, and stand below a workflow's", () =>
    Effect.gen(function*() {
      const refusing = Agent.make({ name: "clerk", instructions: "", output: Schema.Literals(["yes"]) })
      const { spans } = yield* traced(
        Layer.empty,
        Agent.run(refusing, canaries.question).pipe(AgentTelemetry.workflow("report")),
        [canaries.answer, canaries.answer, canaries.answer].map((text) => Scripted.answer([{ text }]))
      )
      const [workflow, run] = spans
      assert.deepStrictEqual([workflow?.name, workflow?.attributes.get("gen_ai.workflow.name")], [
        "invoke_workflow report",
        "report"
      ])
      assert.strictEqual(run === undefined ? "" : parentOf(run), "invoke_workflow report")
      for (const span of [workflow, run]) assert.strictEqual(span?.attributes.get("error.type"), "Unusable")
      assert.strictEqual(run?.attributes.get("gen_ai.output.type"), "json")
      assert.notInclude(written(spans), "CANARY")
    }))

  it.effect("are not there without a tracer, and the tools are measured only where that was asked for", () =>
    Effect.gen(function*() {
      const measured = (telemetry: Layer.Layer<never>) =>
        Effect.andThen(
          traced(telemetry, Agent.run(clerk, "look")),
          Effect.map(Metric.snapshot, (all) =>
            all.flatMap(({ attributes = {}, id, state }) =>
              id === "gen_ai.execute_tool.duration"
                ? [[attributes["gen_ai.tool.name"], attributes["error.type"], Object(state).count, Object(state).sum]]
                : []
            ))
        ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
      assert.deepStrictEqual(yield* measured(Layer.empty), [])
      const rows = yield* measured(AgentTelemetry.layer)
      assert.deepStrictEqual(rows.map(([name, error, count]) => [name, error, count]).toSorted(), [
        ["break", "Broken", 1],
        ["look", undefined, 1],
        ["sleep", "timeout", 1]
      ])
      assert.strictEqual(rows.find(([name]) => name === "sleep")?.[3], 3)
    }))
})
