/** Every field of a part on its way in and back, the server's own calls, and what a tool's result tells the model. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as Part from "effect-gemini/wire/Part"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import * as AiTool from "effect/ai/Tool"
import * as Schema from "effect/Schema"
import { PartReader } from "../src/internal/PartReader.ts"
import { promptToContents } from "../src/internal/promptToContents.ts"
import * as ToolIndex from "../src/internal/toolIndex.ts"

const own = [
  GeminiTool.CodeExecution({}),
  GeminiTool.GoogleSearch({}),
  GeminiTool.UrlContext({}),
  GeminiTool.GoogleMaps({}),
  GeminiTool.FileSearch({ fileSearchStoreNames: ["fileSearchStores/a"] })
]
const tools = ToolIndex.make([AiTool.dynamic("weather", { parameters: { type: "object" } }), ...own])
const none = ToolIndex.make([])
const named = (id: ToolIndex.ProviderId) => tools.provider(id)

const reader = (index = tools, taken: ReadonlyArray<string> = []) => {
  let n = 0
  return new PartReader(index, () => `new${n++}`, new Set(taken))
}
const read = (index: ToolIndex.ToolIndex, ...parts: ReadonlyArray<Part.Part>) => {
  const one = reader(index)
  return parts.map((part) => one.read(part))
}

const decode = Schema.decodeUnknownSync(Schema.Array(Response.AllParts()))
const sentBack = (parts: ReadonlyArray<unknown>) =>
  promptToContents(Prompt.fromResponseParts(decode(parts)), tools).placed
    .flatMap(({ content }) => content.role === "model" ? content.parts ?? [] : [])

describe("a part", () => {
  const inlineData = { mimeType: "image/png", data: "AQID" }
  const cases: ReadonlyArray<Part.Part> = [
    { text: "a" },
    { text: "a", thought: true },
    { text: "a", thoughtSignature: "c2ln" },
    { text: "a", partMetadata: { a: 1 } },
    { text: "a", mediaResolution: { level: "MEDIA_RESOLUTION_LOW" } },
    { text: "a", speechMetadata: { speaker: "b" }, audioTranscription: { text: "a" } },
    { inlineData },
    { inlineData: { ...inlineData, displayName: "d" }, videoMetadata: { fps: 1 }, thoughtSignature: "c2ln" },
    { inlineData, thought: true },
    { fileData: { fileUri: "files/a" }, mediaProcessing: "STATIC" },
    { functionCall: { id: "1", name: "weather", args: { city: "a" } }, thoughtSignature: "c2ln" },
    { functionResponse: { name: "f", response: {} } },
    { executableCode: { id: "2", language: "PYTHON", code: "1" } },
    { codeExecutionResult: { id: "2", outcome: "OUTCOME_OK", output: "1" } },
    { toolCall: { id: "3", toolType: "GOOGLE_SEARCH_WEB", args: { queries: ["q"] } } },
    { toolResponse: { id: "3", toolType: "GOOGLE_SEARCH_WEB", response: { search_suggestions: "s" } } }
  ]

  it("has every field of its schema among the fixtures", () => {
    assert.sameMembers([...new Set(cases.flatMap((part) => Object.keys(part)))], Object.keys(Part.Part.fields))
  })

  for (const part of cases) {
    it(`${JSON.stringify(part)} goes back as it came`, () => {
      assert.deepStrictEqual(sentBack(read(tools, part)), [part])
      assert.deepStrictEqual(sentBack(read(none, part)), [part])
    })
  }
})

describe("the server's own calls", () => {
  const whole = (part: object) => ({ metadata: { google: { part } } })
  const searches = [
    ["GOOGLE_SEARCH_WEB", "google.google_search"],
    ["GOOGLE_SEARCH_IMAGE", "google.google_search"],
    ["URL_CONTEXT", "google.url_context"],
    ["GOOGLE_MAPS", "google.google_maps"],
    ["FILE_SEARCH", "google.file_search"]
  ] as const

  for (const [toolType, id] of searches) {
    it(`${toolType} and what it found are a call and a result that nobody here executes`, () => {
      const call = { toolCall: { id: "1", toolType, args: { q: 1 } } }
      const response = { toolResponse: { id: "1", toolType, response: { r: 1 } } }
      const one = reader()
      assert.deepStrictEqual<unknown>([one.read(call), one.read(response)], [
        { type: "tool-call", id: "1", name: named(id), params: { q: 1 }, providerExecuted: true, ...whole(call) },
        {
          type: "tool-result",
          id: "1",
          name: named(id),
          result: { r: 1 },
          isFailure: false,
          providerExecuted: true,
          ...whole(response)
        }
      ])
      assert.isFalse(one.asksForTools)
    })
  }

  it("code and what it gave; code that failed is a failure", () => {
    for (
      const [outcome, isFailure] of [
        ["OUTCOME_OK", false],
        [undefined, false],
        ["OUTCOME_FAILED", true],
        ["OUTCOME_DEADLINE_EXCEEDED", true]
      ] as const
    ) {
      const [call, result] = read(tools, { executableCode: { code: "1" } }, {
        codeExecutionResult: { ...(outcome === undefined ? {} : { outcome }), output: "2" }
      })
      assert.deepInclude(call, { type: "tool-call", providerExecuted: true, params: { language: "PYTHON", code: "1" } })
      assert.deepInclude(result, {
        type: "tool-result",
        isFailure,
        result: { outcome: outcome ?? "OUTCOME_OK", output: "2" }
      })
    }
    const [bare] = read(tools, { executableCode: {} })
    assert.deepInclude(bare, { params: { language: "PYTHON", code: "" } })
  })

  it("results find their calls by id, and without ids in their order", () => {
    const search = (id?: string): Part.Part => ({
      toolCall: { toolType: "URL_CONTEXT", ...(id === undefined ? {} : { id }) }
    })
    const found = (id?: string): Part.Part => ({
      toolResponse: { toolType: "URL_CONTEXT", ...(id === undefined ? {} : { id }) }
    })
    const ids = (...parts: ReadonlyArray<Part.Part>) =>
      read(tools, ...parts).map((part) => "id" in part ? part.id : part.type)
    assert.deepStrictEqual(ids(search("a"), search("b"), found("b"), found("a")), ["a", "b", "b", "a"])
    assert.deepStrictEqual(ids(search(), search(), found(), found()), ["new0", "new1", "new0", "new1"])
    // A result without a call is carried, and so is one too many.
    assert.deepStrictEqual(ids(found("a")), ["text"])
    assert.deepStrictEqual(ids(search("a"), found("a"), found("a")), ["a", "a", "text"])
  })

  it("have the names that the toolkit gives, and functions have none of those", () => {
    // It is made here, because what a module makes as it loads is seen by no planted bug.
    const made = ToolIndex.make([AiTool.dynamic("weather", { parameters: { type: "object" } }), ...own])
    for (const { id, name } of own) {
      assert.strictEqual(made.provider(id), name)
      assert.isUndefined(made.tool(name))
      assert.isTrue(made.has(name))
    }
    assert.deepStrictEqual([made.functions, made.names], [["weather"], ["weather", ...own.map(({ name }) => name)]])
    assert.isUndefined(ToolIndex.make([]).provider("google.google_search"))
  })

  it("of a tool that the request does not have are carried", () => {
    const parts: ReadonlyArray<Part.Part> = [
      { toolCall: { toolType: "GOOGLE_MAPS" } },
      { executableCode: { code: "1" } },
      { toolCall: { toolType: "MEDIA_PROCESSING" } }
    ]
    for (const [i, part] of read(none, ...parts).entries()) {
      assert.deepStrictEqual<unknown>(part, { type: "text", text: "", ...whole(parts[i] ?? {}) })
    }
    assert.strictEqual(read(tools, { toolCall: { toolType: "MEDIA_PROCESSING" } })[0]?.type, "text")
  })
})

describe("the caller's calls", () => {
  const call = (id?: string | null): Part.Part => ({
    functionCall: { name: "weather", ...(id === undefined ? {} : { id }) }
  })

  it("ask for tools, and have the wire's id unless it is taken or none", () => {
    const one = reader(tools, ["taken"])
    assert.isFalse(one.asksForTools)
    const ids = [call("a"), call("taken"), call(""), call(null), call()].map((part) => {
      const made = one.read(part)
      return made.type === "tool-call" ? made.id : undefined
    })
    assert.deepStrictEqual(ids, ["a", "new0", "new1", "new2", "new3"])
    assert.isTrue(one.asksForTools)
  })

  it("without arguments have none, and are nobody's but the caller's", () => {
    const [made] = read(tools, call("a"))
    assert.deepStrictEqual<unknown>(made, {
      type: "tool-call",
      id: "a",
      name: "weather",
      params: {},
      metadata: { google: { part: call("a") } }
    })
  })
})

describe("a tool's result tells the model", () => {
  const file = Prompt.filePart({ mediaType: "image/png", data: new Uint8Array([1, 2, 3]) })
  const said = (text: string) => Prompt.textPart({ text })
  const told = (result: unknown, isFailure: boolean, modelOutput?: Prompt.ToolResultPart["modelOutput"]) => {
    const prompt = Prompt.fromMessages([
      Prompt.userMessage({ content: [said("go")] }),
      Prompt.assistantMessage({
        content: [Prompt.toolCallPart({ id: "1", name: "weather", params: {}, providerExecuted: false })]
      }),
      Prompt.toolMessage({
        content: [
          Prompt.toolResultPart({
            id: "1",
            name: "weather",
            isFailure,
            result,
            providerExecuted: false,
            ...(modelOutput === undefined ? {} : { modelOutput })
          })
        ]
      })
    ])
    const part = promptToContents(prompt, tools).placed.at(-1)?.content.parts?.[0]
    return [part?.functionResponse?.response, part?.functionResponse?.parts]
  }
  const inline = [{ inlineData: { mimeType: "image/png", data: "AQID" } }]

  it("an object as it is, anything else as its output, and a failure as its error", () => {
    assert.deepStrictEqual(told({ a: 1 }, false), [{ a: 1 }, undefined])
    assert.deepStrictEqual(told([1], false), [{ output: [1] }, undefined])
    assert.deepStrictEqual(told("a", false), [{ output: "a" }, undefined])
    assert.deepStrictEqual(told({ a: 1 }, true), [{ error: { a: 1 } }, undefined])
    assert.deepStrictEqual(told("a", true), [{ error: "a" }, undefined])
  })

  it("its texts in place of what it gave, a line each; a failure stays its error, whatever texts are beside it", () => {
    assert.deepStrictEqual(told({ a: 1 }, false, [said("b"), said("c")]), [{ output: "b\nc" }, undefined])
    assert.deepStrictEqual(told({ a: 1 }, true, [said("b")]), [{ error: { a: 1 } }, undefined])
    assert.deepStrictEqual(told({ a: 1 }, false, []), [{ a: 1 }, undefined])
  })

  it("its files beside it, of a failure too", () => {
    assert.deepStrictEqual(told({ a: 1 }, false, [file]), [{ a: 1 }, inline])
    assert.deepStrictEqual(told({ a: 1 }, false, [file, said("b")]), [{ output: "b" }, inline])
    assert.deepStrictEqual(told("a", true, [said("b"), file]), [{ error: "a" }, inline])
  })
})
