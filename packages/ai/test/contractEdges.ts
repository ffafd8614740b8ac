/**
 * The further points of `effect/ai` 4.1's contract for a provider, so that the table has all of them: names, what tools
 * tell in place of their results, what the provider ran itself, objects of any shape, errors, spans.
 */
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { failed, json, mixed, mixedHandlers, type Point, scripted, tag, toolkit } from "./contractSetup.ts"
import { bodies, call, contents, list, partsOf, record, services, signature } from "./scripted.ts"

class Closed extends Schema.TaggedError<Closed>()("Closed", { why: Schema.String }) {}

const odd = Toolkit.make(
  Tool.make("an odd/name!", { success: Schema.String }),
  Tool.make("throws", { failure: Closed }),
  Tool.make("draws", {
    success: Schema.Struct({ secret: Schema.String }),
    toModelOutput: () => [Prompt.makePart("text", { text: "a drawing" })]
  })
)
const oddHandlers = odd.toLayer({
  "an odd/name!": () => Effect.succeed("done"),
  throws: () => Effect.fail(new Closed({ why: "on Sundays" })),
  draws: () => Effect.succeed({ secret: "not for the model" })
})

/** The names under which the tools are offered. */
const offered = Effect.map(
  bodies,
  ([body]) =>
    list(body?.["tools"]).flatMap((tool) => list(tool["functionDeclarations"])).map(({ name }) => String(name))
)

const statuses = [400, 401, 403, 404, 500, 503, 429]

const ask = LanguageModel.generateText({ prompt: "x" })

const ran = { executableCode: { language: "PYTHON", code: "print(1)", id: "1" } }
const printed = { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1", id: "1" } }

export const edges: ReadonlyArray<Point> = [
  ["a tool of any name is offered, called and run", "an odd/name! done", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "go", toolkit: odd })
      const [name = ""] = yield* offered
      const model = call(name, {}, "1", signature)
      const { toolResults } = yield* LanguageModel.generateText({ prompt: "go", toolkit: odd }).pipe(
        Effect.provide(scripted([model]))
      )
      return toolResults.map(({ name, result }) => `${name} ${String(result)}`).join()
    }).pipe(Effect.provide([scripted(), oddHandlers]))],
  [
    "a failure that a tool throws is the program's",
    "Closed",
    () =>
      Effect.match(LanguageModel.generateText({ prompt: "go", toolkit: odd }), {
        onFailure: ({ _tag }) => _tag,
        onSuccess: () => "success"
      }).pipe(Effect.provide([scripted([call("throws", {}, "1", signature)]), oddHandlers]))
  ],
  ["what a tool tells the model in place of its result", "a drawing, false", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "go", toolkit: odd })
      yield* chat.generateText({ prompt: "so?", toolkit: odd })
      const told = json(yield* contents)
      return `${/a drawing/.exec(told)?.[0]}, ${told.includes("not for the model")}`
    }).pipe(Effect.provide([scripted([call("draws", {}, "1", signature)]), oddHandlers]))],
  ["an approval that is denied", "{\"error\":{\"why\":\"too dear\"}}", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const { content } = yield* chat.generateText({ prompt: "go", toolkit })
      const parts = content.flatMap((part) =>
        part.type === "tool-approval-request"
          ? [Prompt.makePart("tool-approval-response", {
            approvalId: part.approvalId,
            approved: false,
            reason: "too dear"
          })]
          : []
      )
      yield* chat.generateText({
        toolkit,
        prompt: Prompt.fromMessages([Prompt.makeMessage("tool", { content: parts })])
      })
      const response = (yield* contents).flatMap(partsOf).flatMap(({ functionResponse }) =>
        functionResponse === undefined ? [] : [record(functionResponse)["response"]]
      )
      return json({ error: { why: /too dear/.exec(json(response))?.[0] } })
    }).pipe(Effect.provide(scripted([call("ask", {}, "1", signature)])))],
  [
    "the provider's tools stand beside functions",
    "googleSearch functionDeclarations",
    () =>
      LanguageModel.generateText({ prompt: "x", toolkit: mixed }).pipe(
        Effect.provide(mixedHandlers),
        Effect.andThen(bodies),
        Effect.map(([body]) => list(body?.["tools"]).flatMap(Object.keys).toSorted().toReversed().join(" ")),
        Effect.provide(scripted())
      )
  ],
  ["what the provider ran itself goes back as it came", json([ran, printed]), () => {
    const code = Toolkit.make(GeminiTool.CodeExecution({}))
    return Effect.gen(function*() {
      const first = yield* Chat.empty
      yield* first.generateText({ prompt: "go", toolkit: code })
      const chat = yield* Chat.fromJson(yield* first.exportJson)
      yield* chat.generateText({ prompt: "so?", toolkit: code })
      return json(partsOf((yield* contents)[1]).slice(0, 2))
    }).pipe(Effect.provide(scripted([ran, printed, { text: "1" }])))
  }],
  [
    "objects that are lists",
    "a b",
    () =>
      LanguageModel.generateObject({ prompt: "x", schema: Schema.Array(Schema.String) }).pipe(
        Effect.map(({ value }) => value.join(" ")),
        Effect.provide(scripted([{ text: "[\"a\",\"b\"]" }]))
      )
  ],
  [
    "what a server's refusal is, and whether it may be tried again",
    "InvalidRequestError final, AuthenticationError final, AuthenticationError final, InvalidRequestError final, " +
    "InternalProviderError retryable, InternalProviderError retryable, RateLimitError retryable",
    () =>
      Effect.forEach(
        statuses,
        (status) => Effect.map(Effect.flip(ask), tag).pipe(Effect.provide(services({ faults: [{ status }] })))
      ).pipe(
        Effect.map((all) => all.join(", "))
      )
  ],
  [
    "a network that fails",
    "NetworkError retryable, 1 requests",
    () => failed(ask).pipe(Effect.provide(services({ faults: [{ reset: true }] })))
  ],
  [
    "tokens stand on one span, and a stream's calls inside it",
    "LanguageModel.generateText; LanguageModel.streamText > generateContentStream gemini-3.8-flash",
    () =>
      Effect.gen(function*() {
        const spans: Array<Tracer.NativeSpan> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        yield* Effect.withTracer(ask, tracer)
        const counted = spans.filter(({ attributes }) => attributes.has("gen_ai.usage.input_tokens"))
        const before = spans.length
        yield* Effect.withTracer(Stream.runDrain(LanguageModel.streamText({ prompt: "x" })), tracer)
        const inside = spans.slice(before).flatMap((span) =>
          span.parent._tag === "Some" && span.parent.value._tag === "Span"
            ? [`${span.parent.value.name} > ${span.name}`]
            : []
        )
        return `${counted.map(({ name }) => name).join()}; ${inside[0]}`
      }).pipe(Effect.provide(scripted([{ text: "x" }], [{ text: "x" }])))
  ]
]
