/** How a prompt becomes contents: what the model said in a row, results at their calls, and what is said of the rest. */
import { assert, describe, it } from "@effect/vitest"
import type { Part as WirePart } from "effect-gemini/wire/Part"
import * as Prompt from "effect/ai/Prompt"
import * as AiTool from "effect/ai/Tool"
import * as Schema from "effect/Schema"
import { callIds, promptToContents } from "../src/internal/promptToContents.ts"
import * as ToolIndex from "../src/internal/toolIndex.ts"

const tools = ToolIndex.make([
  AiTool.make("weather", { parameters: Schema.Struct({ day: Schema.Date }), success: Schema.String }),
  AiTool.dynamic("any name!", { parameters: { type: "object" } })
])
const google = (part: WirePart) => ({ options: { google: { part } } })
const call = (id: string, name = "weather", more: object = {}) =>
  Prompt.makePart("tool-call", { id, name, params: { city: "a" }, providerExecuted: false, ...more })
const result = (id: string, value: unknown, more: object = {}) =>
  Prompt.makePart("tool-result", { id, name: "weather", isFailure: false, result: value, ...more } as never)
const said = (text: string, more: object = {}) => Prompt.makePart("text", { text, ...more })
const assistant = (...content: ReadonlyArray<Prompt.AssistantMessagePart>) =>
  Prompt.makeMessage("assistant", { content: [...content] })
const user = (text: string) => Prompt.makeMessage("user", { content: [said(text)] })
const tool = (...content: ReadonlyArray<Prompt.ToolMessagePart>) =>
  Prompt.makeMessage("tool", { content: [...content] })
const system = (content: string) => Prompt.makeMessage("system", { content })
const contents = (...messages: ReadonlyArray<Prompt.Message>) =>
  promptToContents(Prompt.fromMessages([...messages]), tools)
const sent = (...messages: ReadonlyArray<Prompt.Message>) => contents(...messages).placed.map(({ content }) => content)
const responseOf = (name: string, response: Readonly<Record<string, unknown>>) => ({
  functionResponse: { id: "1", name, response }
})

describe("what the model said", () => {
  it("in a row is one content, whose place is the first one's and which is its own if all of it is", () => {
    const own = assistant(said("a"))
    const foreign = assistant(said("b"), call("1"))
    const row = contents(user("x"), own, own, user("y"), own, foreign, tool(result("1", "r")), foreign)
    assert.deepStrictEqual(
      row.placed.map(({ content, message, own }) => [content.role, content.parts?.length, message, own]),
      [
        ["user", 1, 0, false],
        ["model", 2, 1, true],
        ["user", 1, 3, false],
        ["model", 3, 4, false],
        ["user", 1, 5, false],
        ["model", 2, 7, false],
        ["user", 1, 7, false]
      ]
    )
    assert.isTrue(
      contents(user("x"), assistant(call("1", "weather", google({ functionCall: { name: "weather" } })))).placed[1]?.own
    )
  })

  it("users say one after the other stays apart, and what says nothing is left out", () => {
    assert.deepStrictEqual(sent(user("x"), user(""), user("y")), [
      { role: "user", parts: [{ text: "x" }] },
      { role: "user", parts: [{ text: "y" }] }
    ])
    assert.deepStrictEqual(sent(user("x"), assistant(said(""))), [{ role: "user", parts: [{ text: "x" }] }])
    const signed = { text: "", thoughtSignature: "c2ln" }
    assert.deepStrictEqual(sent(user("x"), assistant(said("", google(signed))))[1]?.parts, [signed])
  })

  it("goes back as it came, and what another provider said as its text", () => {
    const thought = (more: object = {}) => Prompt.makePart("reasoning", { text: "t", ...more })
    const parts = [
      said("a", google({ text: "whole", thoughtSignature: "c2ln" })),
      thought(google({ text: "w", thought: true })),
      thought(),
      said("b", { options: { google: { thoughtSignature: "c2ln" } } })
    ]
    assert.deepStrictEqual(sent(user("x"), assistant(...parts))[1]?.parts, [
      { text: "whole", thoughtSignature: "c2ln" },
      { text: "w", thought: true },
      { text: "t", thought: true },
      { text: "b", thoughtSignature: "c2ln" }
    ])
  })
})

describe("a call", () => {
  it("of Gemini's own goes back whole, and its result by its id and name on the wire", () => {
    const functionCall = { id: "9", name: "wire_name", args: { a: 1 } }
    const [, model, answer] = sent(
      user("x"),
      assistant(call("1", "weather", google({ functionCall }))),
      tool(result("1", "r"))
    )
    assert.deepStrictEqual(model?.parts, [{ functionCall }])
    assert.deepStrictEqual(answer?.parts, [
      { functionResponse: { id: "9", name: "wire_name", response: { output: "r" } } }
    ])
  })
  it("without an id on the wire gets a result without one, and without a name the name that it has here", () => {
    const [, model, answer] = sent(
      user("x"),
      assistant(call("1", "any name!", google({ functionCall: { args: {} } }))),
      tool(result("1", "r"))
    )
    assert.deepStrictEqual(model?.parts, [{ functionCall: { args: {} } }])
    assert.deepStrictEqual(answer?.parts, [
      { functionResponse: { name: tools.toWire("any name!"), response: { output: "r" } } }
    ])
  })
  it("that names nothing is called unnamed, and so is its result", () => {
    const functionCall = { id: "1", name: "", args: {} }
    const whole = { functionCall, thoughtSignature: "c2ln" }
    const [, model, answer] = sent(user("x"), assistant(call("1", "", google(whole))), tool(result("1", "r")))
    assert.deepStrictEqual(model?.parts, [{ ...whole, functionCall: { ...functionCall, name: "unnamed" } }])
    assert.deepStrictEqual(answer?.parts, [responseOf("unnamed", { output: "r" })])
  })
  it("of another provider has its name on the wire and its arguments as JSON; what is no object is none", () => {
    const day = new Date(0)
    const [, model] = sent(
      user("x"),
      assistant(
        call("1", "weather", { params: { day } }),
        call("2", "any name!", { params: [1] }),
        call("3", "weather", { params: {}, options: { google: { thoughtSignature: "c2ln" } } })
      )
    )
    assert.deepStrictEqual(model?.parts, [
      { functionCall: { id: "1", name: "weather", args: { day: day.toJSON() } } },
      { functionCall: { id: "2", name: tools.toWire("any name!"), args: {} } },
      { functionCall: { id: "3", name: "weather", args: {} }, thoughtSignature: "c2ln" }
    ])
  })
  it("of another provider's own tool means nothing here, with its result", () => {
    const own = { providerExecuted: true }
    assert.deepStrictEqual(sent(user("x"), assistant(said("a"), call("1", "weather", own), result("1", "r", own))), [
      { role: "user", parts: [{ text: "x" }] },
      { role: "model", parts: [{ text: "a" }] }
    ])
  })
  it("that a server answered in the model's own turn is not answered again, whichever of them it is", () => {
    const functionResponse = { id: "2", name: "weather", response: { output: "s" } }
    const answered = result("2", "s", { providerExecuted: true, ...google({ functionResponse }) })
    const calls = ["1", "2", "3"].map((id) => call(id, "weather", google({ functionCall: { id, name: "weather" } })))
    const [, model, answer] = sent(user("x"), assistant(...calls, answered), tool(result("3", "c"), result("1", "a")))
    assert.deepStrictEqual(model?.parts?.at(-1), { functionResponse })
    assert.deepStrictEqual(
      answer?.parts?.map(({ functionResponse }) => [functionResponse?.id, functionResponse?.response]),
      [["1", { output: "a" }], ["3", { output: "c" }]]
    )
    // The first one, too.
    const first = result("1", "s", { providerExecuted: true, ...google({ functionResponse }) })
    assert.lengthOf(sent(user("x"), assistant(...calls.slice(0, 1), first)), 2)
    // What the server's own tool gave answers no function.
    const other = result("1", "s", {
      providerExecuted: true,
      ...google({ codeExecutionResult: { outcome: "OUTCOME_OK" } })
    })
    assert.lengthOf(sent(user("x"), assistant(...calls.slice(0, 1), other))[2]?.parts ?? [], 1)
  })
})

describe("a result", () => {
  const answered = (value: unknown, more: object = {}) =>
    sent(user("x"), assistant(call("1")), tool(result("1", value, more)))[2]?.parts?.[0]?.functionResponse
  it("is an object, and what is none is its output; a failure is its error", () => {
    assert.deepStrictEqual(answered({ a: 1 })?.response, { a: 1 })
    for (const value of ["r", 5, null, true, [1]]) assert.deepStrictEqual(answered(value)?.response, { output: value })
    assert.deepStrictEqual(answered({ a: 1 }, { isFailure: true })?.response, { error: { a: 1 } })
    assert.deepStrictEqual(answered("no", { isFailure: true })?.response, { error: "no" })
  })
  it("of texts and files for the model is these, unless it is a failure", () => {
    const file = Prompt.makePart("file", { mediaType: "image/png", data: "AQID" })
    const address = Prompt.makePart("file", { mediaType: "application/pdf", data: new URL("https://a.test/b") })
    const modelOutput = [said("one"), file, said("two"), address]
    const inlineData = { mimeType: "image/png", data: "AQID" }
    const fileData = { mimeType: "application/pdf", fileUri: "https://a.test/b" }
    assert.deepStrictEqual(answered({ a: 1 }, { modelOutput }), {
      id: "1",
      name: "weather",
      response: { output: "one\ntwo" },
      parts: [{ inlineData }, { fileData }]
    })
    assert.deepStrictEqual(answered({ a: 1 }, { modelOutput, isFailure: true })?.response, { error: { a: 1 } })
    assert.deepStrictEqual(answered({ a: 1 }, { modelOutput: [file] }), {
      id: "1",
      name: "weather",
      response: { a: 1 },
      parts: [{ inlineData }]
    })
    assert.deepStrictEqual(answered({ a: 1 }, { modelOutput: [] }), { id: "1", name: "weather", response: { a: 1 } })
    const [, orphan] = sent(user("x"), tool(result("0", "r", { modelOutput })))
    assert.deepStrictEqual(orphan?.parts, [
      { text: "Result of an earlier call of weather: one\ntwo" },
      { inlineData },
      { fileData }
    ])
  })
  it("without its call is told as JSON; an approval is no result", () => {
    const approval = Prompt.makePart("tool-approval-response", { approvalId: "a", approved: true })
    assert.deepStrictEqual(
      sent(user("x"), tool(approval, result("0", { a: 1 }), result("0", "no", { isFailure: true }))),
      [
        { role: "user", parts: [{ text: "x" }] },
        {
          role: "user",
          parts: [
            { text: "Result of an earlier call of weather: {\"a\":1}" },
            { text: "Result of an earlier call of weather: {\"error\":\"no\"}" }
          ]
        }
      ]
    )
    assert.lengthOf(sent(user("x"), tool(approval)), 1)
  })
  it("that is not JSON refuses the prompt, by the first one", () => {
    assert.isUndefined(contents(user("x"), assistant(call("1")), tool(result("1", "r"))).refusal)
    const refused = contents(user("x"), assistant(call("1"), call("2")), tool(result("1", { a: 1n }), result("2", 2n)))
    assert.deepInclude(refused.refusal, { _tag: "ToolResultEncodingError", toolName: "weather" })
    assert.include(refused.refusal?.message, "[\"a\"]")
    assert.deepStrictEqual(refused.placed[2]?.content.parts?.[0], responseOf("weather", { output: null }))
  })
  it("that is not there yet says why", () => {
    const asked = Prompt.makePart("tool-approval-request", { approvalId: "a", toolCallId: "1" })
    const error = (...content: ReadonlyArray<Prompt.AssistantMessagePart>) =>
      sent(user("x"), assistant(...content))[2]?.parts?.[0]?.functionResponse?.response?.["error"]
    assert.deepInclude(error(call("1")), { type: "execution-interrupted" })
    assert.deepInclude(error(call("1"), asked), { type: "approval-pending" })
  })
})

describe("what the system says", () => {
  it("is the instruction, all of it in order, and alone it is what the user says", () => {
    const whole = contents(system("a"), user("x"), system(""), system("b"))
    assert.deepStrictEqual(whole.systemInstruction, { parts: [{ text: "a" }, { text: "b" }] })
    assert.lengthOf(whole.placed, 1)
    const alone = contents(system("a"), system("b"))
    assert.isUndefined(alone.systemInstruction)
    assert.deepStrictEqual(alone.placed, [
      { content: { role: "user", parts: [{ text: "a" }, { text: "b" }] }, message: 0, own: false }
    ])
    assert.deepStrictEqual(contents(system(""), user("x")).systemInstruction, undefined)
    assert.deepStrictEqual(contents(), { placed: [], systemInstruction: undefined, refusal: undefined })
  })
})

it("the ids of a prompt's calls are those of all assistant messages", () => {
  const prompt = Prompt.fromMessages([
    user("x"),
    assistant(said("a"), call("1"), call("2")),
    tool(result("1", "r"), result("9", "r")),
    assistant(call("3"))
  ])
  assert.deepStrictEqual([...callIds(prompt)], ["1", "2", "3"])
})

describe("the names of tools", () => {
  it("on the wire may stand in the API's own namespace, unless a tool is called so", () => {
    for (const name of ["weather", "default_api:weather", "default_api.weather"]) {
      assert.isTrue(tools.declares(name), name)
      assert.strictEqual(tools.fromWire(name), "weather")
    }
    for (const name of ["default_api:none", "none", "default_api", "my_default_api:weather"]) {
      assert.isFalse(tools.declares(name), name)
      assert.strictEqual(tools.fromWire(name), name)
    }
    const both = ToolIndex.make(["weather", "default_api.weather"].map((name) => AiTool.make(name)))
    assert.strictEqual(both.fromWire(both.toWire("default_api.weather")), "default_api.weather")
    assert.strictEqual(both.fromWire("default_api:weather"), "weather")
  })
  it("are those of the toolkit", () => {
    assert.deepStrictEqual(tools.functions, ["weather", "any name!"])
    assert.deepStrictEqual(tools.names, ["weather", "any name!"])
    assert.isTrue(tools.has("weather"))
    assert.isFalse(tools.has("none"))
    assert.isUndefined(tools.tool("none"))
    assert.strictEqual(tools.fromWire(tools.toWire("any name!")), "any name!")
  })
})
