/** Tools: offered, called, run or not, and what is told of them in the next turn. */
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { end, type Point } from "./Point.ts"
import { toolkit, tools } from "./PointTools.ts"
import { Runs } from "./Runs.ts"
import * as ScriptedServer from "./ScriptedServer.ts"
import type { Answer, Said } from "./Turn.ts"

const weather = (id: string, city: string): Said => ({ call: "weather", id, params: { city } })
const call = (name: string, params: Readonly<Record<string, unknown>> = {}): Answer => ({
  says: [{ call: name, id: "call_1", params }]
})

const ask = LanguageModel.generateText({ prompt: "go", toolkit })
const stream = Stream.runCollect(LanguageModel.streamText({ prompt: "go", toolkit }))

const toolParts = (parts: ReadonlyArray<Response.AnyPart>): string =>
  parts.map(({ type }) => type).filter((type, index, all) => type.startsWith("tool-") && type !== all[index - 1])
    .join(" ")

const choices = ["auto", "none", "required", "weather"] as const
const aTool: LanguageModel.ToolChoice<"weather"> = { tool: "weather" }

/** The points of tools. */
export const toolPoints: ReadonlyArray<Point> = [
  {
    name: "tools are offered by their names",
    expected: "diary prices refund thrown told weather",
    script: [],
    run: () =>
      ask.pipe(
        Effect.andThen(ScriptedServer.last),
        Effect.map(({ tools }) => tools.toSorted().join(" ")),
        Effect.provide(tools)
      )
  },
  {
    name: "which tools may be called is told",
    expected: choices.join(" "),
    script: [],
    run: () =>
      Effect.forEach(choices, (choice) =>
        LanguageModel.generateText({
          prompt: "go",
          toolkit,
          toolChoice: choice === "weather" ? aTool : choice
        }).pipe(Effect.andThen(ScriptedServer.last))).pipe(
          Effect.map((all) => all.map(({ choice }) => choice).join(" ")),
          Effect.provide(tools)
        )
  },
  {
    name: "a tool is run, and its result is there",
    expected: "Paris; 5; tool-calls",
    script: [{ says: [weather("call_1", "Paris")] }],
    run: () =>
      Effect.gen(function*() {
        const { finishReason, toolResults } = yield* ask
        const { calls } = yield* Runs
        const results = toolResults.map(({ result }) => Object(result).celsius)
        return `${calls.join()}; ${results.join()}; ${finishReason}`
      }).pipe(Effect.provide(tools))
  },
  {
    name: "a tool is run with what its schema decodes, streamed or not",
    expected: "Date,Date",
    script: [1, 2].map(() => call("diary", { day: "2026-01-02T00:00:00.000Z" })),
    run: () =>
      Effect.andThen(ask, stream).pipe(
        Effect.andThen(Runs),
        Effect.map(({ calls }) => calls.join()),
        Effect.provide(tools)
      )
  },
  {
    name: "a streamed call comes in pieces, then whole, then its result",
    expected: "tool-params-start tool-params-delta tool-params-end tool-call tool-result",
    script: [{ says: [weather("call_1", "Paris")] }],
    run: () => stream.pipe(Effect.map(toolParts), Effect.provide(tools))
  },
  {
    name: "the pieces of a call are its arguments",
    expected: JSON.stringify({ city: "Paris" }),
    script: [{ says: [weather("call_1", "Paris")] }],
    run: () =>
      stream.pipe(
        Effect.map((parts) => {
          const json = parts.map((part) => part.type === "tool-params-delta" ? part.delta : "").join("")
          return JSON.stringify(JSON.parse(json))
        }),
        Effect.provide(tools)
      )
  },
  {
    name: "calls of one answer run at once where that is asked for",
    expected: "1 3",
    script: [1, 2].map(() => ({ says: ["a", "bb", "ccc"].map((city) => weather(city, city)) })),
    run: () =>
      Effect.forEach(
        [1, "unbounded"] as const,
        (concurrency) =>
          LanguageModel.generateText({ prompt: "go", toolkit, concurrency }).pipe(
            Effect.andThen(Runs),
            Effect.map(({ peak }) => peak),
            Effect.provide(tools)
          )
      ).pipe(Effect.map((peaks) => peaks.join(" ")))
  },
  {
    name: "a call is not run where the program runs it",
    expected: "1 call, 0 results, 0 runs",
    script: [{ says: [weather("call_1", "Paris")] }],
    run: () =>
      Effect.gen(function*() {
        const { toolCalls, toolResults } = yield* LanguageModel.generateText({
          prompt: "go",
          toolkit,
          disableToolCallResolution: true
        })
        return `${toolCalls.length} call, ${toolResults.length} results, ${(yield* Runs).calls.length} runs`
      }).pipe(Effect.provide(tools))
  },
  {
    name: "a call of no tool is named",
    expected: "ToolNotFoundError retryable nope",
    script: [call("nope")],
    run: () =>
      Effect.match(ask, {
        onFailure: (error) =>
          error._tag === "AiError" && error.reason._tag === "ToolNotFoundError"
            ? `ToolNotFoundError ${error.isRetryable ? "retryable" : "final"} ${error.reason.toolName}`
            : error._tag === "AiError"
            ? error.reason._tag
            : error._tag,
        onSuccess: () => "success"
      }).pipe(Effect.provide(tools))
  },
  {
    name: "a streamed call of no tool is named",
    expected: "ToolNotFoundError retryable",
    script: [call("nope")],
    run: () => end(stream).pipe(Effect.provide(tools))
  },
  {
    name: "a call of no tool is handed on where that is asked for",
    expected: "nope {\"a\":1}",
    script: [call("nope", { a: 1 })],
    run: () =>
      LanguageModel.generateText({
        prompt: "go",
        toolkit,
        disableToolCallResolution: true,
        toolCallValidation: "deferred"
      }).pipe(
        Effect.map(({ toolCalls }) => toolCalls.map(({ name, params }) => `${name} ${JSON.stringify(params)}`).join()),
        Effect.provide(tools)
      )
  },
  {
    name: "arguments that do not fit are the model's mistake",
    expected: "ToolParameterValidationError retryable",
    script: [call("weather", { town: "Paris" })],
    run: () => end(ask).pipe(Effect.provide(tools))
  },
  {
    name: "arguments that do not fit are so, too, where nobody runs them",
    expected: "ToolParameterValidationError retryable",
    script: [call("weather", { town: "Paris" })],
    run: () =>
      end(LanguageModel.generateText({ prompt: "go", toolkit, disableToolCallResolution: true })).pipe(
        Effect.provide(tools)
      )
  },
  {
    name: "a failure that a tool returns is a result",
    expected: "true Closed",
    script: [call("told")],
    run: () =>
      Effect.map(
        ask,
        ({ toolResults }) => toolResults.map(({ isFailure, result }) => `${isFailure} ${Object(result)._tag}`).join()
      ).pipe(
        Effect.provide(tools)
      )
  },
  {
    name: "a failure that a tool throws is the program's",
    expected: "Closed",
    script: [call("thrown")],
    run: () => end(ask).pipe(Effect.provide(tools))
  }
]
