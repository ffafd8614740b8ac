/** What a prompt says nothing with, or cannot know, is not sent. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const model = "gemini-3.8-flash"

const services = (config: GeminiLanguageModel.Config.Settings = {}, emulator: Emulator.Options = {}) =>
  GeminiLanguageModel.layer({ model, config }).pipe(
    Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3" })),
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

const sent = Effect.flatMap(
  Emulator.Emulator,
  ({ requests }) => Effect.map(requests, (entries) => Object(entries.at(-1)?.body))
)

const count = Effect.flatMap(Emulator.Emulator, ({ requests }) => Effect.map(requests, ({ length }) => length))

const text = (text: string, options: object = {}): Prompt.TextPartEncoded => ({ type: "text", text, ...options })

describe("an empty text", () => {
  const hi = { parts: [{ text: "hi" }], role: "user" }
  // The prompt, and the contents and the instruction that it becomes.
  const prompts: ReadonlyArray<
    readonly [
      name: string,
      prompt: ReadonlyArray<Prompt.MessageEncoded>,
      contents: ReadonlyArray<unknown>,
      instruction?: unknown
    ]
  > = [
    ["beside another", [{ role: "user", content: [text(""), text("hi"), text("")] }], [hi]],
    [
      "that is a whole message",
      [{ role: "user", content: [text("")] }, { role: "user", content: [text("hi")] }],
      [hi]
    ],
    [
      "of the model",
      [
        { role: "user", content: [text("hi")] },
        { role: "assistant", content: "" },
        { role: "user", content: [text("hi")] }
      ],
      [hi, hi]
    ],
    [
      "that the model said itself",
      [
        { role: "user", content: [text("hi")] },
        { role: "assistant", content: [text("", { options: { google: { part: { text: "" } } } })] },
        { role: "user", content: [text("hi")] }
      ],
      [hi, hi]
    ],
    [
      "that the model thought",
      [
        { role: "user", content: [text("hi")] },
        { role: "assistant", content: [{ type: "reasoning", text: "" }, text("ho")] },
        { role: "user", content: [text("hi")] }
      ],
      [hi, { role: "model", parts: [{ text: "ho" }] }, hi]
    ],
    ["of the system", [{ role: "system", content: "" }, { role: "user", content: [text("hi")] }], [hi]],
    [
      "of the system, beside another",
      [{ role: "system", content: "" }, { role: "system", content: "be brief" }, {
        role: "user",
        content: [text("hi")]
      }],
      [hi],
      { parts: [{ text: "be brief" }] }
    ]
  ]
  for (const [name, prompt, contents, instruction] of prompts) {
    it.effect(`${name} is left out`, () =>
      Effect.gen(function*() {
        yield* LanguageModel.generateText({ prompt })
        const body = yield* sent
        assert.deepStrictEqual(body.contents, contents)
        assert.deepStrictEqual(body.systemInstruction, instruction)
      }).pipe(Effect.provide(services())))
  }

  it.effect("that carries a signature goes back as it came", () =>
    Effect.gen(function*() {
      const part = { text: "", thoughtSignature: "c2ln" }
      yield* LanguageModel.generateText({
        prompt: [
          { role: "user", content: [text("hi")] },
          { role: "assistant", content: [text("ho"), text("", { options: { google: { part } } })] },
          { role: "user", content: [text("hi")] }
        ]
      })
      assert.deepStrictEqual((yield* sent).contents[1].parts, [{ text: "ho" }, part])
    }).pipe(Effect.provide(services())))

  it.effect("that is all there is fails before it is sent", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "" }))
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      for (
        const contents of [
          "",
          [{ parts: [{ text: "" }] }],
          [{ role: "user", parts: [{ text: "hi" }, { text: "" }] }],
          [{ role: "user", parts: [{ text: "", thoughtSignature: "" }] }]
        ]
      ) {
        for (const ask of ["generate", "stream"] as const) {
          const refused = yield* Effect.flip(GeminiClient.GeminiClient.use((gemini) =>
            ask === "generate"
              ? Effect.asVoid(gemini.generate({ contents }))
              : Stream.runDrain(gemini.generateStream({ contents }))
          ))
          assert.strictEqual(refused.reason._tag, "InvalidRequest")
          assert.match(refused.message, /contents\[0\]\.parts\[\d\]\.text: is empty/)
        }
      }
      assert.strictEqual(yield* count, 0)
    }).pipe(Effect.provide(services())))
})

describe("the type of a file at an address", () => {
  const types: ReadonlyArray<readonly [mediaType: string, mimeType: string | undefined]> = [
    ["application/pdf", "application/pdf"],
    ["video/mp4", "video/mp4"],
    ["image/*", "image/jpeg"],
    ["application/octet-stream", undefined],
    ["video/*", "video/mp4"],
    ["*/*", undefined],
    ["", undefined]
  ]
  const addresses = [
    "https://www.youtube.com/watch?v=a",
    "https://youtu.be/a",
    "https://bucket.example/a.pdf",
    "gs://bucket/a.pdf"
  ]
  for (const [mediaType, mimeType] of types) {
    it.effect(`${JSON.stringify(mediaType)} is sent as ${mimeType ?? "none: the server looks for itself"}`, () =>
      Effect.gen(function*() {
        for (const fileUri of addresses) {
          for (const data of fileUri.startsWith("gs:") ? [fileUri] : [fileUri, new URL(fileUri)]) {
            yield* LanguageModel.generateText({
              prompt: [{ role: "user", content: [{ type: "file", mediaType, data }, text("what is it?")] }]
            })
            assert.deepStrictEqual((yield* sent).contents[0].parts[0].fileData, {
              ...(mimeType === undefined ? {} : { mimeType }),
              fileUri
            })
          }
        }
      }).pipe(Effect.provide(services())))
  }

  it.effect("is not left out of bytes: no server can look there", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({
        prompt: [{
          role: "user",
          content: [{ type: "file", mediaType: "application/octet-stream", data: new Uint8Array([1]) }, text("?")]
        }]
      })
      assert.strictEqual((yield* sent).contents[0].parts[0].inlineData.mimeType, "application/octet-stream")
    }).pipe(Effect.provide(services())))
})

describe("beside a cached conversation", () => {
  const Kit = Toolkit.make(
    Tool.make("now", { success: Schema.String }),
    Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.Finite })
  )
  const handlers = Kit.toLayer({ now: () => Effect.succeed("noon"), weather: () => Effect.succeed(21) })
  const cachedContent = "cachedContents/abc"
  const call = {
    response: {
      candidates: [{
        content: { role: "model", parts: [{ functionCall: { name: "now", args: {} }, thoughtSignature: "c2ln" }] },
        finishReason: "STOP"
      }]
    }
  }

  it.effect("a toolkit is not sent, and runs its handlers, streamed or not", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue(call, call)
      const answer = yield* LanguageModel.generateText({ prompt: "hi", toolkit: Kit })
      assert.deepStrictEqual(answer.toolResults.map(({ result }) => result), ["noon"])
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi", toolkit: Kit }))
      assert.deepStrictEqual(parts.flatMap((part) => part.type === "tool-result" ? [part.result] : []), ["noon"])
      const body = yield* sent
      assert.strictEqual(body.cachedContent, cachedContent)
      assert.notProperty(body, "tools")
      assert.notProperty(body, "toolConfig")
    }).pipe(Effect.provide([services({ cachedContent }, { strictSignatures: false }), handlers])))

  it.effect("a choice of tools cannot be said, and fails before it is sent", () =>
    Effect.gen(function*() {
      for (const toolChoice of ["none", "required", { tool: "now" }, { oneOf: ["now"] }] as const) {
        const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "hi", toolkit: Kit, toolChoice }))
        assert.strictEqual(error._tag, "AiError")
        assert.include(error.message, "toolChoice")
      }
      assert.strictEqual(yield* count, 0)
    }).pipe(Effect.provide([services({ cachedContent }), handlers])))

  it.effect("a system message fails before it is sent, an empty one does not", () =>
    Effect.gen(function*() {
      const prompt = (
        content: string
      ) => [{ role: "system" as const, content }, { role: "user" as const, content: "hi" }]
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: prompt("be brief") }))
      assert.include(error.message, "cachedContent")
      yield* LanguageModel.generateText({ prompt: prompt("") })
      assert.strictEqual(yield* count, 1)
    }).pipe(Effect.provide(services({ cachedContent }))))

  it.effect("without one, tools are sent as ever", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({ prompt: "hi", toolkit: Kit, disableToolCallResolution: true })
      assert.lengthOf((yield* sent).tools[0].functionDeclarations, 2)
    }).pipe(Effect.provide([services(), handlers])))
})
