/** Which tools may be called, which are, and what is said of a call that is none of them. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import type * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { answer, bodies, call, contents, type Json, partsOf, services, signature } from "./scripted.ts"

const A = Tool.make("find_city", { parameters: Schema.Struct({ name: Schema.String }), success: Schema.String })
const B = Tool.make("find_country", { parameters: Schema.Struct({ at: Schema.Date }), success: Schema.String })
const mixed = Toolkit.make(GeminiTool.GoogleSearch({}), A, B)
const functions = Toolkit.make(A, B)
const own = Toolkit.make(GeminiTool.GoogleSearch({}), GeminiTool.UrlContext({}))
const handlers = functions.toLayer({ find_city: () => Effect.succeed("x"), find_country: () => Effect.succeed("y") })

const text = () => answer([{ text: "fine" }])

describe("a choice of tools", () => {
  type Choice = LanguageModel.ToolChoice<"find_city" | "find_country" | "GoogleSearch">
  const any = (...names: ReadonlyArray<string>) => ({ mode: "ANY", allowedFunctionNames: names })

  const rows: ReadonlyArray<readonly [name: string, choice: Choice, expected: Json | undefined | "refused"]> = [
    ["auto", "auto", undefined],
    ["required", "required", { mode: "ANY" }],
    ["none", "none", { mode: "NONE" }],
    ["a function", { tool: "find_city" }, any("find_city")],
    [
      "functions, required",
      { mode: "required", oneOf: ["find_city", "find_country"] },
      any("find_city", "find_country")
    ],
    ["functions, auto", { oneOf: ["find_city"] }, undefined],
    ["one of Gemini's own", { tool: "GoogleSearch" }, "refused"],
    ["one of Gemini's own, required of one", { mode: "required", oneOf: ["GoogleSearch"] }, "refused"],
    ["one of Gemini's own, auto", { oneOf: ["GoogleSearch"] }, undefined],
    ["both, required", { mode: "required", oneOf: ["find_city", "GoogleSearch"] }, any("find_city")],
    ["both, auto", { oneOf: ["find_city", "GoogleSearch"] }, undefined]
  ]

  it.effect.each(rows)("%s", ([, toolChoice, expected]) =>
    Effect.gen(function*() {
      const asked = yield* Effect.result(LanguageModel.generateText({ prompt: "x", toolkit: mixed, toolChoice }))
      if (expected === "refused") {
        assert.strictEqual(asked._tag === "Failure" && asked.failure.reason._tag, "InvalidRequestError")
        assert.include(asked._tag === "Failure" ? asked.failure.message : "", "parameter 'toolChoice'")
        assert.lengthOf(yield* bodies, 0)
        return
      }
      assert.strictEqual(asked._tag, "Success")
      const [body] = yield* bodies
      const config = body?.["toolConfig"] as Json | undefined
      assert.deepStrictEqual(config?.["functionCallingConfig"], expected)
      const sent = JSON.stringify(body?.["tools"])
      assert.strictEqual(sent.includes("googleSearch"), toolChoice !== "none" && mayUse(toolChoice, "GoogleSearch"))
      assert.strictEqual(sent.includes("find_city"), mayUse(toolChoice, "find_city"))
    }).pipe(Effect.provide([services({ answers: text }), handlers])))

  const mayUse = (choice: Choice, name: "find_city" | "GoogleSearch"): boolean =>
    typeof choice === "string" || "tool" in choice || choice.oneOf.includes(name)

  it.effect("of Gemini's own tools alone: required cannot be kept, and none leaves them out", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        LanguageModel.generateText({ prompt: "x", toolkit: own, toolChoice: "required" })
      )
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      yield* LanguageModel.generateText({ prompt: "x", toolkit: own, toolChoice: "none" })
      assert.isUndefined((yield* bodies)[0]?.["tools"])
    }).pipe(Effect.provide(services({ answers: text }))))
})

const misses: ReadonlyArray<readonly [meant: string, available: ReadonlyArray<string>]> = [
  ["nope", ["GoogleSearch", "find_city", "find_country"]],
  ["find_citty", ["find_city", "GoogleSearch", "find_country"]],
  ["Find_Country", ["find_country", "find_city", "GoogleSearch"]],
  ["googlesearch", ["GoogleSearch", "find_city", "find_country"]],
  ["", ["GoogleSearch", "find_city", "find_country"]],
  ["x".repeat(10_000), ["GoogleSearch", "find_city", "find_country"]]
]

const is = (error: AiError.AiError, toolName: string, availableTools: ReadonlyArray<string>) =>
  assert.deepInclude(error.reason, { _tag: "ToolNotFoundError", toolName, availableTools })

describe("a call of a tool that there is not", () => {
  const script = (name: string) =>
    services({ answers: () => answer([{ text: "so: " }, call(name, { a: 1 }, "1", signature)]), judge: false })

  it.effect.each(misses)(
    "%s is not found, and what is like it comes first",
    ([name, available]) =>
      Effect.gen(function*() {
        for (const disableToolCallResolution of [false, true]) {
          const options = { prompt: "x", toolkit: mixed, disableToolCallResolution }
          is(yield* Effect.flip(LanguageModel.generateText(options)), name, available)
          const parts: Array<Response.AnyPart> = []
          const streamed = Stream.runForEach(
            LanguageModel.streamText(options),
            (part) => Effect.sync(() => parts.push(part))
          )
          is(yield* Effect.flip(streamed), name, available)
          // What came before the call is not lost.
          assert.include(parts.map((part) => part.type === "text-delta" ? part.delta : "").join(""), "so: ")
        }
      }).pipe(Effect.provide([script(name), handlers]))
  )

  it.effect("is not found without a toolkit either, nor with an object", () =>
    Effect.gen(function*() {
      is(yield* Effect.flip(LanguageModel.generateText({ prompt: "x" })), "nope", [])
      is(yield* Effect.flip(Stream.runDrain(LanguageModel.streamText({ prompt: "x" }))), "nope", [])
      const object = LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) })
      is(yield* Effect.flip(object), "nope", [])
    }).pipe(Effect.provide(script("nope"))))

  it.effect("is not found where the choice leaves it out", () =>
    Effect.gen(function*() {
      const toolChoice = { oneOf: ["find_city" as const] }
      is(
        yield* Effect.flip(LanguageModel.generateText({ prompt: "x", toolkit: functions, toolChoice })),
        "find_country",
        ["find_city"]
      )
    }).pipe(Effect.provide([script("find_country"), handlers])))

  it.effect("is given as it came where the caller judges calls", () =>
    Effect.gen(function*() {
      const options = {
        prompt: "x",
        toolkit: functions,
        disableToolCallResolution: true,
        toolCallValidation: "deferred"
      } as const
      const { toolCalls } = yield* LanguageModel.generateText(options)
      assert.deepInclude(toolCalls[0], { name: "nope", params: { a: 1 } })
      const parts = yield* Stream.runCollect(LanguageModel.streamText(options))
      assert.deepInclude(parts.find(({ type }) => type === "tool-call"), { name: "nope", params: { a: 1 } })
    }).pipe(Effect.provide([script("nope"), handlers])))
})

describe("arguments that do not fit", () => {
  const bad: ReadonlyArray<readonly [name: string, args: Json, path: string]> = [
    ["find_city", { name: 1 }, `["name"]`],
    ["find_country", { at: "no date" }, `["at"]`],
    ["find_country", {}, `["at"]`]
  ]

  for (const disableToolCallResolution of [false, true]) {
    it.effect.each(bad)(
      `of %s name the tool and the place${disableToolCallResolution ? ", where nobody runs it" : ""}`,
      ([name, args, path]) =>
        Effect.gen(function*() {
          const options = { prompt: "x", toolkit: functions, disableToolCallResolution }
          for (const ask of [LanguageModel.generateText(options), Stream.runDrain(LanguageModel.streamText(options))]) {
            const { reason } = yield* Effect.flip(
              ask as Effect.Effect<unknown, AiError.AiError, LanguageModel.LanguageModel>
            )
            assert.deepInclude(reason, { _tag: "ToolParameterValidationError", toolName: name })
            assert.include(reason.message, path)
          }
        }).pipe(Effect.provide([services({ answers: () => answer([call(name, args, "1", signature)]) }), handlers]))
    )
  }

  it.effect("are told to the model where the tool returns its failures", () => {
    const toolkit = Toolkit.make(
      Tool.make("find_city", {
        parameters: Schema.Struct({ at: Schema.Date }),
        success: Schema.String,
        failureMode: "return"
      })
    )
    let n = 0
    return Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "x", toolkit })
      yield* chat.generateText({ prompt: [], toolkit })
      const told = JSON.stringify((yield* contents).flatMap(partsOf).map(({ functionResponse }) => functionResponse))
      assert.include(told, "\"_tag\":\"ToolParameterValidationError\",\"toolName\":\"find_city\"")
    }).pipe(Effect.provide([
      services({ answers: () => n++ === 0 ? answer([call("find_city", { at: "no" }, "1", signature)]) : text() }),
      toolkit.toLayer({ find_city: () => Effect.succeed("x") })
    ]))
  })
})

describe("a picture that the model drafted", () => {
  const draft = { inlineData: { mimeType: "image/png", data: "AAEC" }, thought: true }
  const picture = { inlineData: { mimeType: "image/png", data: "AAED" }, thoughtSignature: signature }

  it.effect("is none of the answer's files, and goes back as it came", () => {
    let n = 0
    return Effect.gen(function*() {
      for (const streamed of [false, true]) {
        n = 0
        const chat = yield* Chat.empty
        const content: ReadonlyArray<Response.AnyPart> = streamed
          ? yield* Stream.runCollect(chat.streamText({ prompt: "paint" }))
          : (yield* chat.generateText({ prompt: "paint" })).content
        assert.lengthOf(content.filter(({ type }) => type === "file"), 1)
        yield* (yield* Chat.fromJson(yield* chat.exportJson)).generateText({ prompt: "bluer" })
        assert.deepStrictEqual(partsOf((yield* contents)[1]), [draft, picture])
      }
    }).pipe(Effect.provide(services({ answers: () => n++ === 0 ? answer([draft, picture]) : text(), judge: false })))
  })
})
