/** Arguments that the tool's schema transforms: run, approved and stored, streamed or not. */
import { assert, describe, it } from "@effect/vitest"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { answer, call, contents, partsOf, record, services, signature } from "./scripted.ts"

class Place extends Schema.Class<Place>("Place")({ since: Schema.Date }) {}

type Row = readonly [name: string, schema: Schema.Codec<unknown, unknown>, wire: Schema.Json, decoded: unknown]

const row = <A, I>(name: string, schema: Schema.Codec<A, I>, wire: Schema.Json, decoded: NoInfer<A>): Row => [
  name,
  schema as unknown as Schema.Codec<unknown, unknown>,
  wire,
  decoded
]

const iso = "2020-01-01T00:00:00.000Z"

const rows: ReadonlyArray<Row> = [
  row("String", Schema.String, "x", "x"),
  row("Date", Schema.Date, iso, new Date(iso)),
  row("BigInt", Schema.BigInt, "12", 12n),
  row("Option", Schema.Option(Schema.String), { _tag: "Some", value: "x" }, Option.some("x")),
  row("Duration", Schema.Duration, { _tag: "Millis", value: 5 }, Duration.millis(5)),
  row("URL", Schema.URL, "http://a.b/", new URL("http://a.b/")),
  row("Uint8Array", Schema.Uint8Array, "AAEC", new Uint8Array([0, 1, 2])),
  row("Map", Schema.ReadonlyMap(Schema.String, Schema.BigInt), [["a", "1"]], new Map([["a", 1n]])),
  row("Class", Place, { since: iso }, new Place({ since: new Date(iso) })),
  row("FiniteFromString", Schema.FiniteFromString, "3", 3)
]

const approve = (approvalId: string) =>
  Prompt.fromMessages([
    Prompt.makeMessage("tool", { content: [Prompt.makePart("tool-approval-response", { approvalId, approved: true })] })
  ])

const approvalId = (content: ReadonlyArray<Response.AnyPart>): string =>
  content.flatMap((part) => part.type === "tool-approval-request" ? [part.approvalId] : [])[0] ?? assert.fail("none")

const functions = Effect.map(
  contents,
  (all) =>
    all.flatMap(partsOf).flatMap(({ functionCall, functionResponse }) =>
      functionCall === undefined ? functionResponse === undefined ? [] : [functionResponse] : [functionCall]
    )
)

const setUp = (schema: Schema.Codec<unknown, unknown>, wire: Schema.Json, needsApproval = false) => {
  const toolkit = Toolkit.make(
    Tool.make("tool", { parameters: Schema.Struct({ p: schema }), success: Schema.String, needsApproval })
  )
  const seen: Array<unknown> = []
  let n = 0
  const layers = Layer.mergeAll(
    services({
      answers: () => answer(n++ === 0 ? [call("tool", { p: wire }, "1", signature)] : [{ text: "fine" }])
    }),
    toolkit.toLayer({
      tool: ({ p }) =>
        Effect.sync(() => {
          seen.push(p)
          return "did it"
        })
    })
  )
  return { toolkit, seen, layers }
}

describe("arguments", () => {
  it.effect.each(rows)(
    "%s: the tool gets them decoded, and a stored chat has them as JSON",
    ([, schema, wire, decoded]) => {
      const { layers, seen, toolkit } = setUp(schema, wire)
      return Effect.gen(function*() {
        const chat = yield* Chat.empty
        const asked = yield* chat.generateText({ prompt: "go", toolkit })
        assert.deepStrictEqual(seen, [decoded])
        assert.deepStrictEqual(asked.toolCalls[0]?.params, { p: wire })
        const later = yield* Chat.fromJson(yield* chat.exportJson)
        yield* later.generateText({ prompt: "so?", toolkit })
        assert.deepStrictEqual(yield* functions, [
          { name: "tool", args: { p: wire }, id: "1" },
          { name: "tool", response: { output: "did it" }, id: "1" }
        ])
      }).pipe(Effect.provide(layers))
    }
  )

  for (const way of ["unary", "streamed"] as const) {
    for (const isStored of [false, true]) {
      it.effect.each(rows)(`%s: approved, ${way}${isStored ? ", after a store" : ""}`, ([, schema, wire, decoded]) => {
        const { layers, seen, toolkit } = setUp(schema, wire, true)
        return Effect.gen(function*() {
          let chat: Chat.Chat = yield* Chat.empty
          const content = way === "unary"
            ? (yield* chat.generateText({ prompt: "go", toolkit })).content
            : yield* Stream.runCollect(chat.streamText({ prompt: "go", toolkit }))
          const prompt = approve(approvalId(content))
          assert.deepStrictEqual(seen, [])
          if (isStored) chat = yield* Chat.fromJson(yield* chat.exportJson)
          if (way === "unary") yield* chat.generateText({ prompt, toolkit })
          else yield* Stream.runDrain(chat.streamText({ prompt, toolkit }))
          assert.deepStrictEqual(seen, [decoded])
          assert.deepStrictEqual((yield* functions)[1], { name: "tool", response: { output: "did it" }, id: "1" })
          yield* chat.exportJson
        }).pipe(Effect.provide(layers))
      })
    }
  }

  it.effect("that nobody resolves are as the tool's schema encodes them, as their type says", () => {
    const { layers, toolkit } = setUp(Schema.Date, iso)
    return Effect.gen(function*() {
      const { toolCalls } = yield* LanguageModel.generateText({
        prompt: "go",
        toolkit,
        disableToolCallResolution: true
      })
      assert.deepStrictEqual(toolCalls[0]?.params, { p: new Date(iso) })
      const deferred = yield* LanguageModel.generateText({
        prompt: "go",
        toolkit,
        disableToolCallResolution: true,
        toolCallValidation: "deferred"
      })
      assert.deepStrictEqual(deferred.toolCalls, [])
    }).pipe(Effect.provide(layers))
  })

  it.effect("decide decoded whether a person is asked", () => {
    const asked: Array<unknown> = []
    const toolkit = Toolkit.make(Tool.make("tool", {
      parameters: Schema.Struct({ at: Schema.Date }),
      success: Schema.String,
      needsApproval: ({ at }) => {
        asked.push(at)
        return true
      }
    }))
    return Effect.gen(function*() {
      const { content } = yield* LanguageModel.generateText({ prompt: "go", toolkit })
      assert.deepStrictEqual(asked, [new Date(iso)])
      approvalId(content)
    }).pipe(Effect.provide([
      services({ answers: () => answer([call("tool", { at: iso }, "1", signature)]) }),
      toolkit.toLayer({ tool: () => Effect.succeed("") })
    ]))
  })

  it.effect("of a call that Gemini did not make go out as JSON", () => {
    const { layers, toolkit } = setUp(Schema.Date, iso)
    return Effect.gen(function*() {
      yield* LanguageModel.generateText({
        toolkit,
        prompt: [
          { role: "user", content: "go" },
          {
            role: "assistant",
            content: [{
              type: "tool-call",
              id: "7",
              name: "tool",
              params: { p: new Date(iso) },
              providerExecuted: false
            }]
          },
          { role: "tool", content: [{ type: "tool-result", id: "7", name: "tool", isFailure: false, result: "x" }] },
          { role: "user", content: "so?" }
        ]
      })
      assert.deepStrictEqual(record((yield* functions)[0])["args"], { p: iso })
    }).pipe(Effect.provide(layers))
  })
})

describe("failures that a tool returns", () => {
  class Late extends Schema.TaggedError<Late>()("Late", { since: Schema.Date, by: Schema.BigInt }) {}

  it.effect("reach the model as their schema's JSON, and are stored so", () => {
    const toolkit = Toolkit.make(
      Tool.make("tool", { success: Schema.String, failure: Late, failureMode: "return" })
    )
    let n = 0
    return Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "go", toolkit })
      const later = yield* Chat.fromJson(yield* chat.exportJson)
      yield* later.generateText({ prompt: "so?", toolkit })
      assert.deepStrictEqual(record((yield* functions)[1])["response"], {
        error: { _tag: "Late", since: iso, by: "3" }
      })
    }).pipe(Effect.provide([
      services({ answers: () => answer(n++ === 0 ? [call("tool", {}, "1", signature)] : [{ text: "fine" }]) }),
      toolkit.toLayer({ tool: () => Effect.fail(new Late({ since: new Date(iso), by: 3n })) })
    ]))
  })
})
