// Values built for the wire, and views derived from what it brought.
import { assert, describe, it } from "@effect/vitest"
import * as Content from "effect-gemini/wire/Content"
import * as CountTokens from "effect-gemini/wire/CountTokens"
import * as Embedding from "effect-gemini/wire/Embedding"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Part from "effect-gemini/wire/Part"
import * as Tool from "effect-gemini/wire/Tool"
import * as Usage from "effect-gemini/wire/Usage"
import * as Result from "effect/Result"
import { existsSync, readFileSync } from "node:fs"
import * as Guard from "../../src/internal/wire/guard.ts"

describe("constructors write what the wire wants", () => {
  const png = new Uint8Array([137, 80, 78, 71])

  it.each<readonly [string, Part.Part, object]>([
    ["text", Part.text("a"), { text: "a" }],
    ["image", Part.image(png), { inlineData: { mimeType: "image/png", data: "iVBORw==" } }],
    ["bytes", Part.bytes(png, "audio/wav"), { inlineData: { mimeType: "audio/wav", data: "iVBORw==" } }],
    ["file", Part.file("files/a"), { fileData: { fileUri: "files/a" } }],
    [
      "imageUrl",
      Part.imageUrl(new URL("https://example.org/a.png"), "image/png"),
      { fileData: { fileUri: "https://example.org/a.png", mimeType: "image/png" } }
    ],
    [
      "functionCall",
      Part.functionCall("f", { a: 1 }, { id: "1", thoughtSignature: "c2ln" }),
      { functionCall: { id: "1", name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" }
    ],
    ["functionResponse", Part.functionResponse("f", { a: 1 }), { functionResponse: { name: "f", response: { a: 1 } } }],
    [
      "functionResponse to a call, of a value that is not an object",
      Part.functionResponse({ id: "1", name: "f" }, [1, 2]),
      { functionResponse: { id: "1", name: "f", response: { output: [1, 2] } } }
    ],
    [
      "functionResponse of nothing",
      Part.functionResponse("f", undefined),
      { functionResponse: { name: "f", response: { output: null } } }
    ],
    ["functionError", Part.functionError("f", "no"), { functionResponse: { name: "f", response: { error: "no" } } }]
  ])("Part.%s", (_, part, expected) => assert.deepStrictEqual<object>(part, expected))

  it("contents may be one turn or several: strings and parts are the user's, those next to each other one turn", () => {
    const turns = [Content.user("a"), Content.model([Part.text("b")])]
    assert.deepStrictEqual(Content.fromInput("a"), [{ role: "user", parts: [{ text: "a" }] }])
    assert.deepStrictEqual(Content.fromInput([Part.text("a")]), [{ role: "user", parts: [{ text: "a" }] }])
    assert.deepStrictEqual(Content.fromInput(turns), turns)
    assert.strictEqual(Content.fromInput(turns)[1], turns[1])
    const [question, answer] = turns
    if (question === undefined || answer === undefined) return assert.fail("there are two")
    assert.deepStrictEqual(Content.fromInput(answer), [answer])
    assert.deepStrictEqual(Content.fromInput(Part.text("a")), [question])
    assert.deepStrictEqual(Content.fromInput(["a", Part.text("b"), answer, "c"]), [
      Content.user([Part.text("a"), Part.text("b")]),
      answer,
      Content.user("c")
    ])
    assert.deepStrictEqual(Content.fromInput([]), [])
  })

  it("tools", () => {
    assert.deepStrictEqual<object>(
      [Tool.functions([{ name: "f" }]), Tool.googleSearch, Tool.codeExecution, Tool.urlContext],
      [{ functionDeclarations: [{ name: "f" }] }, { googleSearch: {} }, { codeExecution: {} }, { urlContext: {} }]
    )
  })
})

const parts: ReadonlyArray<Part.Part> = [
  { text: "Let me see. ", thought: true },
  { inlineData: { mimeType: "image/png", data: "draft" }, thought: true },
  { text: "Oli" },
  { text: "ves", thoughtSignature: "c2ln" },
  { functionCall: { name: "f", args: { a: 1 } } },
  { functionCall: { partialArgs: [{ jsonPath: "$.a", stringValue: "x" }] } },
  { functionCall: {} },
  { inlineData: { mimeType: "image/png", data: "final" } }
]

describe("views of a response", () => {
  const response: GenerateContent.GenerateContentResponse = {
    candidates: [{ content: { role: "model", parts }, finishReason: "STOP" }, { finishReason: "SAFETY" }]
  }

  it("text without thoughts, thoughts, calls without end markers, media without drafts", () => {
    assert.strictEqual(GenerateContent.text(response), "Olives")
    assert.strictEqual(GenerateContent.thoughts(response), "Let me see. ")
    assert.deepStrictEqual(GenerateContent.functionCalls(response), [
      { name: "f", args: { a: 1 } },
      { partialArgs: [{ jsonPath: "$.a", stringValue: "x" }] }
    ])
    assert.deepStrictEqual(GenerateContent.media(response), [{ mimeType: "image/png", data: "final" }])
    assert.strictEqual(GenerateContent.finishReason(response), "STOP")
  })

  it.each<readonly [string, GenerateContent.GenerateContentResponse]>([
    ["nothing", {}],
    ["null", { candidates: null, promptFeedback: null, usageMetadata: null }],
    ["no candidate", { candidates: [] }],
    ["an empty candidate", { candidates: [{}] }],
    ["an empty content", { candidates: [{ content: {} }] }],
    ["null parts", { candidates: [{ content: { parts: null }, finishReason: null }] }],
    ["an empty part", {
      candidates: [{ content: { parts: [{}, { text: null, inlineData: null, functionCall: null }] } }]
    }]
  ])("of %s are empty", (_, empty) => {
    assert.strictEqual(GenerateContent.text(empty), "")
    assert.strictEqual(GenerateContent.thoughts(empty), "")
    assert.deepStrictEqual(GenerateContent.functionCalls(empty), [])
    assert.deepStrictEqual(GenerateContent.media(empty), [])
    assert.isUndefined(GenerateContent.finishReason(empty))
    assert.isUndefined(GenerateContent.blockReason(empty))
    assert.isUndefined(GenerateContent.usage(empty))
  })

  it("of counts and vectors", () => {
    assert.strictEqual(CountTokens.totalTokens({ totalTokens: "31" }), 31)
    assert.strictEqual(CountTokens.totalTokens({}), 0)
    assert.deepStrictEqual(Embedding.vector({ embedding: { values: [0.5, "1e-3"] } }), [0.5, 0.001])
    assert.deepStrictEqual(Embedding.vectors({ embeddings: [{ values: [1] }, {}] }), [[1], []])
    assert.deepStrictEqual(Embedding.vectors({}), [])
  })
})

describe("usage", () => {
  // prompt 12 + tools 65 + thoughts 82 + candidates 60 = 219, as a real answer counted (2026).
  const counts = { promptTokens: 12, toolUsePromptTokens: 65, thoughtsTokens: 82, candidatesTokens: 60 }
  const metadata = {
    promptTokenCount: 12,
    toolUsePromptTokenCount: 65,
    thoughtsTokenCount: 82,
    candidatesTokenCount: 60,
    cachedContentTokenCount: 4
  }

  it("keeps the identity: total = prompt + tools + thoughts + candidates, cached inside prompt", () => {
    const expected = { ...counts, cachedTokens: 4, totalTokens: 219 }
    assert.deepStrictEqual(Usage.fromMetadata({ ...metadata, totalTokenCount: 219 }), expected)
    assert.deepStrictEqual(Usage.fromMetadata(metadata), expected)
  })

  it("reads counts in strings, and says what the server said where that breaks the identity", () => {
    assert.strictEqual(Usage.fromMetadata({ promptTokenCount: "7", totalTokenCount: "9" }).totalTokens, 9)
    assert.deepStrictEqual(Usage.fromMetadata({ promptTokenCount: "NaN", totalTokenCount: null }).totalTokens, 0)
  })

  const folder = new URL("../../../../../shared/corpus/", import.meta.url)
  it.skipIf(!existsSync(folder))("holds in recorded answers (skipped where ../shared/corpus is not there)", () => {
    const index: ReadonlyArray<{ readonly file: string; readonly op: string; readonly provenance: string }> = JSON
      .parse(
        readFileSync(new URL("index.json", folder), "utf8")
      )
    let held = 0
    for (const { file, op, provenance } of index) {
      if (op !== "generateContent" || provenance !== "recorded") continue
      const { id, response } = JSON.parse(readFileSync(new URL(file, folder), "utf8"))
      const usage = GenerateContent.usage(response.body ?? {})
      if (usage === undefined) continue
      const { candidatesTokens, promptTokens, thoughtsTokens, toolUsePromptTokens, totalTokens } = usage
      assert.strictEqual(totalTokens, promptTokens + candidatesTokens + thoughtsTokens + toolUsePromptTokens, id)
      held++
    }
    assert.isAbove(held, 100)
  })
})

describe("the guard", () => {
  const guard = Guard.make(GenerateContent.GenerateContentResponse)

  it("returns the value itself, with all that no schema knows", () => {
    const value = { candidates: [{ content: { parts: [{ hologram: 1 }] }, aura: {} }], turnToken: "v1" }
    assert.strictEqual<unknown>(Result.getOrThrow(guard(value)), value)
  })

  it.each([
    ["candidates[0].content.parts[0].text", "string", { candidates: [{ content: { parts: [{ text: 5 }] } }] }],
    ["candidates", "array", { candidates: {} }],
    ["candidates[1]", "object", { candidates: [{}, null] }],
    ["usageMetadata.promptTokenCount", "number", { usageMetadata: { promptTokenCount: {} } }],
    ["usageMetadata.totalTokenCount", "a number", { usageMetadata: { totalTokenCount: "many" } }],
    ["candidates[0].content.parts[0].functionCall.args", "object", {
      candidates: [{ content: { parts: [{ functionCall: { args: "{}" } }] } }]
    }],
    ["", "object", "text"],
    ["", "object", null],
    ["", "object", []]
  ])("says where and what: %j, %s", (path, expected, value) => {
    const mismatch = Result.match(guard(value), { onFailure: (mismatch) => mismatch, onSuccess: () => undefined })
    assert.strictEqual(mismatch?.path, path)
    assert.include(mismatch?.expected ?? "", expected)
  })
})
