/**
 * The points of `effect/ai` 4.1's contract for a provider: what must come of each, filled in before anything ran, and a
 * program that shows what does. Details, siblings and bounds are in the suites beside this one.
 */
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import {
  at,
  failed,
  json,
  mixed,
  mixedHandlers,
  type Point,
  ran,
  scripted,
  short,
  toolkit,
  types
} from "./contractSetup.ts"
import { bodies, call, contents, type Json, partsOf, record, signature } from "./scripted.ts"

/** The result that the second turn's request tells, after a first turn with these calls. */
const told = (calls: ReadonlyArray<Json>, more: Json = {}) =>
  Effect.gen(function*() {
    const chat = yield* Chat.empty
    yield* chat.generateText({ prompt: "go", toolkit })
    yield* chat.generateText({ prompt: "so?", toolkit })
    const responses = (yield* contents).flatMap(partsOf).flatMap(({ functionResponse }) =>
      functionResponse === undefined ? [] : [record(functionResponse)["response"]]
    )
    return short(responses[0])
  }).pipe(Effect.provide(scripted({ parts: calls, more })))

const stream = Stream.runCollect(LanguageModel.streamText({ prompt: "x", toolkit }))
// A choice that is written in place loses the tool's name in the inference.
const aFunction: LanguageModel.ToolChoice<"when"> = { tool: "when" }
const aProvidersTool: LanguageModel.ToolChoice<"GoogleSearch"> = { tool: "GoogleSearch" }

export const calls: ReadonlyArray<Point> = [
  [
    "encoded parts decode, in order",
    "response-metadata reasoning text finish",
    () =>
      LanguageModel.generateText({ prompt: "x" }).pipe(
        Effect.map(({ content }) => types(content)),
        Effect.provide(scripted([{ text: "hm", thought: true }, { text: "yes" }]))
      )
  ],
  [
    "texts are streamed from start to end",
    "response-metadata text-start text-delta text-end finish",
    () => stream.pipe(Effect.map(types), Effect.provide(scripted([{ text: "yes" }])))
  ],
  [
    "a call's parameters are streamed, then the call",
    "tool-params-start tool-params-delta tool-params-end tool-call",
    () =>
      stream.pipe(
        Effect.map((parts) =>
          types(parts.filter(({ type }) => type.startsWith("tool-") && type !== "tool-approval-request"))
        ),
        Effect.provide(scripted([call("ask", {}, "1", signature)]))
      )
  ],
  [
    "parameters go through the tool's codec",
    "Date",
    () => Effect.map(told([call("when", { at }, "1", signature)]), () => ran.given.splice(0).join(" "))
  ],
  [
    "results go through the tool's codec",
    "{\"output\":[[\"a\",1]]}",
    () => told([call("when", { at }, "1", signature)])
  ],
  [
    "a failure that a tool returns is told",
    "{\"error\":{\"why\":\"closed\"}}",
    () => told([call("fail", {}, "1", signature)])
  ],
  [
    "a call of no tool, strict",
    "ToolNotFoundError retryable, 1 requests",
    () =>
      failed(LanguageModel.generateText({ prompt: "x", toolkit })).pipe(
        Effect.provide(scripted([call("nope", {}, "1", signature)]))
      )
  ],
  [
    "a call of no tool, deferred",
    "nope {\"a\":1}",
    () =>
      LanguageModel.generateText({
        prompt: "x",
        toolkit,
        disableToolCallResolution: true,
        toolCallValidation: "deferred"
      }).pipe(
        Effect.map(({ toolCalls }) => toolCalls.map(({ name, params }) => `${name} ${json(params)}`).join()),
        Effect.provide(scripted([call("nope", { a: 1 }, "1", signature)]))
      )
  ],
  [
    "bad parameters, run",
    "ToolParameterValidationError retryable, 1 requests",
    () =>
      failed(LanguageModel.generateText({ prompt: "x", toolkit })).pipe(
        Effect.provide(scripted([call("when", {}, "1", signature)]))
      )
  ],
  [
    "bad parameters, not run",
    "ToolParameterValidationError retryable, 1 requests",
    () =>
      failed(LanguageModel.generateText({ prompt: "x", toolkit, disableToolCallResolution: true })).pipe(
        Effect.provide(scripted([call("when", {}, "1", signature)]))
      )
  ],
  [
    "toolChoice of a function",
    "{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"when\"]}",
    () =>
      LanguageModel.generateText({ prompt: "x", toolkit, toolChoice: aFunction }).pipe(
        Effect.andThen(bodies),
        Effect.map(([body]) => json(record(body?.["toolConfig"])["functionCallingConfig"])),
        Effect.provide(scripted())
      )
  ],
  [
    "toolChoice of a provider's tool",
    "InvalidRequestError final, 0 requests",
    () =>
      failed(
        LanguageModel.generateText({ prompt: "x", toolkit: mixed, toolChoice: aProvidersTool }).pipe(
          Effect.provide(mixedHandlers)
        )
      )
        .pipe(Effect.provide(scripted()))
  ],
  ["concurrency 1 and unbounded", "1 3", () =>
    Effect.forEach([1, "unbounded"] as const, (concurrency) => {
      ran.peak = 0
      return LanguageModel.generateText({ prompt: "x", toolkit, concurrency }).pipe(
        Effect.map(() => ran.peak),
        Effect.provide(
          scripted([call("when", { at }, "1", signature), call("when", { at }, "2"), call("when", { at }, "3")])
        )
      )
    }).pipe(Effect.map((peaks) => peaks.join(" ")))],
  ["an approval, stored and answered", "did it", () =>
    Effect.gen(function*() {
      const first = yield* Chat.empty
      const { content } = yield* first.generateText({ prompt: "go", toolkit })
      const chat = yield* Chat.fromJson(yield* first.exportJson)
      const parts = content.flatMap((part) =>
        part.type === "tool-approval-request"
          ? [Prompt.makePart("tool-approval-response", { approvalId: part.approvalId, approved: true })]
          : []
      )
      const done = yield* chat.generateText({
        toolkit,
        prompt: Prompt.fromMessages([Prompt.makeMessage("tool", { content: parts })])
      })
      return done.content.flatMap((part) => part.type === "tool-result" ? [String(part.result)] : []).join()
    }).pipe(Effect.provide(scripted([call("ask", {}, "1", signature)])))],
  [
    "an incomplete finish interrupts calls",
    "{\"error\":{\"type\":\"execution-interrupted\"}}",
    () => told([call("when", { at }, "1", signature)], { finishReason: "MAX_TOKENS" })
  ],
  ["a call that was stopped", "{\"error\":{\"type\":\"execution-interrupted\"}}", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.fromPrompt([
        { role: "user", content: "go" },
        {
          role: "assistant",
          content: [{
            type: "tool-call",
            id: "1",
            name: "see",
            params: {},
            options: { google: { thoughtSignature: signature } }
          }]
        }
      ])
      yield* chat.generateText({ prompt: "so?", toolkit })
      return short(record(partsOf((yield* contents)[2])[0]?.["functionResponse"])["response"])
    }).pipe(Effect.provide(scripted()))],
  [
    "an approval that nobody answers",
    "{\"error\":{\"type\":\"approval-pending\"}}",
    () => told([call("ask", {}, "1", signature)])
  ]
]
