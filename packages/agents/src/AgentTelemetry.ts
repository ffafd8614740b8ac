/**
 * What tracers and metrics see of agents, after OpenTelemetry's conventions for generative AI.
 *
 * Spans need nothing of this module: where a tracer is installed, a run is a span `invoke_agent NAME` and each execution
 * of a handler one `execute_tool NAME` below it, beside those of `effect/ai` and of effect-gemini for the questions. They
 * hold names, ids and the tags of reasons. What was asked, answered, called and given stands on them only where
 * `Telemetry.layerContent` of effect-gemini is provided.
 *
 * The metric `gen_ai.execute_tool.duration` is off until `layer` is provided to the runs.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Telemetry from "effect-gemini/Telemetry"
 * import * as AgentTelemetry from "effect-gemini-agents/AgentTelemetry"
 * import * as Layer from "effect/Layer"
 *
 * export const observed = Layer.mergeAll(FetchGemini.layerConfig(), Telemetry.layer, AgentTelemetry.layer)
 * console.log(Layer.isLayer(observed)) // true
 * ```
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Spans from "./internal/spans.ts"

/**
 * Seconds of each execution of a tool's handler, by `gen_ai.tool.name` and, if it failed, `error.type`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const toolDuration: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram("gen_ai.execute_tool.duration", {
  description: "Duration of a tool's execution, in seconds",
  boundaries: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
})

/**
 * Measures the tools of the runs that are played with it in their context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = /* @__PURE__ */ Layer.succeed(
  Spans.ToolRecorder,
  (seconds, attributes, context) =>
    Metric.withAttributes<number, unknown>(toolDuration, attributes).updateUnsafe(seconds, context)
)

/**
 * Puts a span `invoke_workflow NAME` around a program that plays several agents.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as AgentTelemetry from "effect-gemini-agents/AgentTelemetry"
 * import * as Effect from "effect/Effect"
 *
 * const research = Agent.make({ name: "research", instructions: "Find out." })
 * const write = Agent.make({ name: "write", instructions: "Write it down." })
 *
 * export const report = (question: string) =>
 *   Agent.run(research, question).pipe(
 *     Effect.flatMap(({ text }) => Agent.run(write, text)),
 *     AgentTelemetry.workflow("report")
 *   )
 * console.log(report.length) // 1
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const workflow = (name: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Spans.workflow(name, effect)
