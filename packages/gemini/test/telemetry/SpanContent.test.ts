/** What is written of a conversation on a span: a fixture for every field of a part, and every role and ending. */
import { assert, describe, it } from "@effect/vitest"
import type { FinishReason } from "effect-gemini/wire/Candidate"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as Part from "effect-gemini/wire/Part"
import * as SpanContent from "../../src/internal/telemetry/spanContent.ts"
import { bareSpan } from "./spanRecorder.ts"

type Json = Readonly<Record<string, unknown>>

const user = (...parts: ReadonlyArray<unknown>) => ({ contents: [{ role: "user", parts }] })
const shown = (...parts: ReadonlyArray<unknown>) => SpanContent.inputMessages(user(...parts), false)[0]?.["parts"]

describe("a part", () => {
  const data = "AQID"
  const cases: ReadonlyArray<readonly [given: Part.Part, expected: Json, withMedia?: Json]> = [
    [{ text: "a" }, { type: "text", content: "a" }],
    [{ text: "" }, { type: "text", content: "" }],
    [{ text: "a", thought: true }, { type: "reasoning", content: "a" }],
    [{ text: "a", thought: false, thoughtSignature: "s" }, { type: "text", content: "a" }],
    [{ functionCall: { id: "1", name: "f", args: { a: 1 } } }, {
      type: "tool_call",
      id: "1",
      name: "f",
      arguments: { a: 1 }
    }],
    [{ functionCall: { name: "f" } }, { type: "tool_call", name: "f", arguments: {} }],
    [{ functionCall: { id: "", name: "f", args: null } }, { type: "tool_call", name: "f", arguments: {} }],
    [{ functionResponse: { id: "1", name: "f", response: { b: 2 } } }, {
      type: "tool_call_response",
      id: "1",
      name: "f",
      response: { b: 2 }
    }],
    [{ functionResponse: { id: "", name: "f" } }, { type: "tool_call_response", name: "f", response: null }],
    ...(["image/png", "video/mp4", "audio/wav"] as const).map((mimeType) =>
      [
        { inlineData: { mimeType, data } },
        { type: "blob", modality: mimeType.split("/")[0], mime_type: mimeType, content: "" },
        { type: "blob", modality: mimeType.split("/")[0], mime_type: mimeType, content: data }
      ] as const
    ),
    [
      { inlineData: { mimeType: "application/pdf", data } },
      { type: "blob", modality: "document", mime_type: "application/pdf", content: "" },
      { type: "blob", modality: "document", mime_type: "application/pdf", content: data }
    ],
    [
      { inlineData: { data } },
      { type: "blob", modality: "document", mime_type: undefined, content: "" },
      { type: "blob", modality: "document", mime_type: undefined, content: data }
    ],
    [{ fileData: { fileUri: "files/a", mimeType: "video/mp4" } }, {
      type: "uri",
      modality: "video",
      mime_type: "video/mp4",
      uri: "files/a"
    }],
    [{ fileData: { fileUri: "files/a" } }, { type: "uri", modality: "document", uri: "files/a" }],
    [{ fileData: { fileUri: "files/a", mimeType: "" } }, { type: "uri", modality: "document", uri: "files/a" }],
    [{ executableCode: { code: "1" } }, { type: "executable_code", content: { code: "1" } }],
    [{ codeExecutionResult: { output: "1" } }, { type: "code_execution_result", content: { output: "1" } }],
    [{ toolCall: { id: "1" } }, { type: "toolCall" }],
    [{ toolResponse: { id: "1" }, thoughtSignature: "s" }, { type: "toolResponse" }],
    [{ thoughtSignature: "s", audioTranscription: { text: "a" } }, { type: "audioTranscription" }],
    [{ thought: true, speechMetadata: { speaker: "a" } }, { type: "speechMetadata" }],
    [{ partMetadata: { a: 1 } }, { type: "partMetadata" }],
    [{ mediaResolution: {} }, { type: "mediaResolution" }],
    [{ mediaProcessing: "STATIC" }, { type: "mediaProcessing" }],
    [{ videoMetadata: { fps: 1 } }, { type: "videoMetadata" }],
    [{ thought: true, thoughtSignature: "s" }, { type: "empty" }],
    [{}, { type: "empty" }]
  ]
  for (const [given, expected, withMedia = expected] of cases) {
    it(`${JSON.stringify(given)}: ${String(expected["type"])}`, () => {
      assert.deepStrictEqual(shown(given), [expected])
      assert.deepStrictEqual(SpanContent.inputMessages(user(given), true)[0]?.["parts"], [withMedia])
    })
  }

  it("has every field of its schema among them", () => {
    const seen = new Set(cases.flatMap(([given]) => Object.keys(given)))
    assert.sameMembers([...seen], Object.keys(Part.Part.fields))
  })

  it("that is no object, or whose data is none, is passed over or named", () => {
    assert.deepStrictEqual(shown(null, "a", 1, [], { text: 1 }, { functionCall: null }, { inlineData: [] }), [
      { type: "text" },
      { type: "functionCall" },
      { type: "inlineData" }
    ])
  })
})

describe("texts in a row", () => {
  it("are one, thoughts and texts each for themselves, and nothing else is joined", () => {
    const call = { functionCall: { name: "f" } }
    const tool = { type: "tool_call", name: "f", arguments: {} }
    assert.deepStrictEqual(
      shown({ text: "a", thought: true }, { text: "b", thought: true }, { text: "c" }, { text: "d" }, call, call, {
        text: "e"
      }),
      [
        { type: "reasoning", content: "ab" },
        { type: "text", content: "cd" },
        tool,
        tool,
        { type: "text", content: "e" }
      ]
    )
  })
})

describe("a role", () => {
  const role = (content: object) => SpanContent.inputMessages({ contents: [content] }, false)[0]?.["role"]
  const result = { functionResponse: { name: "f" } }

  it("is the assistant's for the model, the tool's for results alone, and else the user's", () => {
    assert.strictEqual(role({ role: "model", parts: [{ text: "a" }] }), "assistant")
    assert.strictEqual(role({ role: "model", parts: [result] }), "assistant")
    assert.strictEqual(role({ role: "user", parts: [result, result] }), "tool")
    assert.strictEqual(role({ parts: [result] }), "tool")
    assert.strictEqual(role({ role: "user", parts: [result, { text: "a" }] }), "user")
    assert.strictEqual(role({ role: "user", parts: [] }), "user")
    assert.strictEqual(role({}), "user")
  })

  it("a body that has none of it says nothing", () => {
    for (const body of [undefined, null, "a", [], {}, { contents: "a" }]) {
      assert.deepStrictEqual(SpanContent.inputMessages(body, false), [])
      assert.deepStrictEqual(SpanContent.systemInstructions(body, false), [])
    }
    const systemInstruction = { parts: [{ text: "a" }, { inlineData: { data: "AQID" } }] }
    assert.deepStrictEqual(SpanContent.systemInstructions({ systemInstruction }, true), [
      { type: "text", content: "a" },
      { type: "blob", modality: "document", mime_type: undefined, content: "AQID" }
    ])
  })
})

describe("an ending", () => {
  const ending = (finishReason: FinishReason | (string & {}) | undefined, ...parts: ReadonlyArray<Part.Part>) =>
    SpanContent.outputMessages(
      { candidates: [{ content: { parts }, ...(finishReason === undefined ? {} : { finishReason }) }] },
      false
    )[0]?.["finish_reason"]
  const call: Part.Part = { functionCall: { name: "f" } }
  const cases: ReadonlyArray<readonly [reason: string | undefined, plain: string, calling: string]> = [
    [undefined, "error", "error"],
    ["STOP", "stop", "tool_call"],
    ["MAX_TOKENS", "length", "length"],
    ["SAFETY", "content_filter", "content_filter"],
    ["MALFORMED_FUNCTION_CALL", "malformed_function_call", "malformed_function_call"],
    ["OF_NEXT_YEAR", "of_next_year", "of_next_year"]
  ]
  for (const [reason, plain, calling] of cases) {
    it(`${reason}: ${plain}, and ${calling} with a call`, () => {
      assert.strictEqual(ending(reason, { text: "a" }), plain)
      assert.strictEqual(ending(reason, { text: "a" }, call), calling)
    })
  }

  it("is each candidate's own, and none without candidates", () => {
    const response: GenerateContentResponse = {
      candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }, { finishReason: "SAFETY" }]
    }
    assert.deepStrictEqual(SpanContent.outputMessages(response, false), [
      { role: "assistant", parts: [{ type: "text", content: "a" }], finish_reason: "stop" },
      { role: "assistant", parts: [], finish_reason: "content_filter" }
    ])
    assert.deepStrictEqual(SpanContent.outputMessages({}, false), [])
    assert.deepStrictEqual(SpanContent.outputMessages({ candidates: null }, false), [])
  })
})

describe("the attributes", () => {
  const written = (method: string, body: unknown, chunks: ReadonlyArray<GenerateContentResponse>) => {
    const span = bareSpan()
    const said = SpanContent.make(false)(span, method, body)
    for (const chunk of chunks) said?.chunk(chunk)
    said?.end()
    return Object.fromEntries(span.attributes)
  }
  const text = (text: string) => JSON.stringify([{ type: "text", content: text }])
  const asked = { ...user({ text: "a" }), systemInstruction: { parts: [{ text: "b" }] } }

  it("are the system's, the user's and the answer's, the answer's chunks as one", () => {
    for (const method of ["generateContent", "generateContentStream"]) {
      assert.deepStrictEqual(
        written(method, asked, [
          { candidates: [{ content: { parts: [{ text: "c" }] } }] },
          { candidates: [{ content: { parts: [{ text: "d" }] }, finishReason: "STOP" }] }
        ]),
        {
          "gen_ai.system_instructions": text("b"),
          "gen_ai.input.messages": `[{"role":"user","parts":${text("a")}}]`,
          "gen_ai.output.messages": `[{"role":"assistant","parts":${text("cd")},"finish_reason":"stop"}]`
        }
      )
    }
  })

  it("are absent where there is nothing to say, and of every other method", () => {
    assert.deepStrictEqual(Object.keys(written("generateContent", user({ text: "a" }), [])), ["gen_ai.input.messages"])
    assert.deepStrictEqual(written("generateContent", {}, [{}]), {})
    assert.deepStrictEqual(written("countTokens", asked, [{ candidates: [{}] }]), {})
  })
})
