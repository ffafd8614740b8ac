/** Rules made of a cassette answer what was recorded, and are a text that a person edits. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as TomlText from "../../src/internal/cassettes/tomlText.ts"
import * as Dice from "../../src/internal/Dice.ts"
import * as Wire from "../LiveWire.ts"
import { converse } from "./liveClient.ts"
import { type Call, rawCall } from "./wireClient.ts"

const corpus = `${import.meta.dirname}/../../../../../shared/corpus/cases`

const call = (body: unknown, method = "generateContent", model = "gemini-3.8-flash"): Call => ({
  method: "POST",
  url: `/v1beta/models/${model}:${method}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(body))
})

const user = (text: string) => ({ role: "user", parts: [{ text }] })
const tools = [{ functionDeclarations: [{ name: "get_weather", parameters: { type: "OBJECT", properties: {} } }] }]
const called = { role: "model", parts: [{ functionCall: { name: "get_weather", args: { city: "Oslo" } } }] }
const result = { role: "user", parts: [{ functionResponse: { name: "get_weather", response: { celsius: 4 } } }] }

const lines = "One line,\r\nanother \"quoted\" one \\ with \t a tab\nand \"\"\"three\"\"\"\""

const calls: ReadonlyArray<Call> = [
  call({ contents: [user("What is the weather in Oslo?")], tools }),
  call({ contents: [user("What is the weather in Oslo?"), called, result], tools }),
  call({ contents: [user("Write to ada@example.org about it")] }),
  call(
    { contents: [user("Twice")], generationConfig: { thinkingConfig: { includeThoughts: true } } },
    "streamGenerateContent?alt=sse"
  ),
  call({ contents: [user("Twice")] }, "streamGenerateContent?alt=sse"),
  call({ contents: [user("By model")] }),
  call({ contents: [user("By model")] }, "generateContent", "gemini-3.7-pro"),
  call({ contents: [user("Braces")] }),
  call({ contents: [user("No")] }),
  call({ contents: [user("Count me")] }, "countTokens")
]

const said = (text: string) => {
  const values = text.startsWith("data:")
    ? text.split("\r\n\r\n").filter((each) => each !== "").map((each) => JSON.parse(each.slice(5)))
    : [JSON.parse(text)]
  const parts = values.flatMap(({ candidates }) => candidates?.[0].content.parts ?? [])
  return {
    text: parts.filter(({ thought }) => thought !== true).map(({ text }) => text ?? "").join(""),
    calls: parts.flatMap(({ functionCall }) => functionCall === undefined ? [] : [functionCall]),
    finish: values.at(-1)?.candidates?.[0].finishReason,
    error: values[0].error,
    totalTokens: values[0].candidates === undefined ? values[0].totalTokens : undefined
  }
}

const ask = (url: string) =>
  Effect.forEach(
    calls,
    (each) => Effect.map(rawCall(url, each), ({ pieces }) => said(Buffer.concat(pieces).toString("utf8")))
  )

describe("rules of a cassette", () => {
  it.live("answer as it was recorded, through TOML and through JSON", () =>
    Effect.gen(function*() {
      const file = join(mkdtempSync(join(tmpdir(), "cassette-rules-")), "one.jsonl")
      const upstream = yield* Emulator.Emulator.pipe(Effect.provide(
        yield* Layer.build(Emulator.layerServer({
          judge: false,
          answers: [
            { calls: [{ name: "get_weather", args: { city: "Oslo", "odd key": [1, 2.5, true, { a: "x" }] } }] },
            "It is 4 degrees in Oslo.",
            lines,
            { text: "first", thoughts: "hm" },
            "second",
            "flash",
            { text: "pro", finishReason: "MAX_TOKENS" },
            "a template {{ text }}",
            { error: { code: 429, message: "Slow down", details: [{ "@type": "x" }] } }
          ]
        }))
      ))
      const recorder = yield* Cassette.open({ file, mode: "record", upstream: upstream.url, allowRecord: true })
      const recorded = yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const got = yield* ask(url)
        // One session of two turns, and one that is no dialogue.
        const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }
        yield* converse(url, { says: [setup, Wire.ask("emulator:words 3")], until: "turnComplete" })
        yield* rawCall(url, { ...call({}), method: "GET", url: "/v1beta/models" })
        return got
      }).pipe(Effect.provide(Emulator.layerServer({ cassette: recorder }), { local: true }))
      const { scenario, skipped } = yield* Cassette.scenario(file)
      assert.deepStrictEqual(skipped, ["line 13: GET /v1beta/models: rules answer the methods of models alone"])
      const rules = scenario.rule ?? []
      const toml = ["otherwise = \"refuse\"", ...rules.map((rule) => TomlText.rule({ ...rule }))].join("\n\n")
      const forms = [
        yield* Scenario.fromText(toml, "toml"),
        yield* Scenario.fromText(JSON.stringify(scenario), "json")
      ]
      assert.deepStrictEqual(JSON.parse(JSON.stringify(forms[0])), forms[1])
      for (const each of forms) {
        const again = yield* Effect.gen(function*() {
          const { url } = yield* Emulator.Emulator
          const got = yield* ask(url)
          const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }
          const live = yield* converse(url, { says: [setup, Wire.ask("emulator:words 3")], until: "turnComplete" })
          assert.match(live.bytes, /word/)
          return got
        }).pipe(Effect.provide(Emulator.layerServer({ judge: false, scenario: each }), { local: true }))
        assert.deepStrictEqual(again, recorded)
      }
      const [weather, , mail] = rules
      assert.deepStrictEqual(weather?.when, { text: "What is the weather in Oslo?", step: 0 })
      assert.deepStrictEqual(mail?.when, { text: { matches: "^Write to \\S+ about it$" } })
      assert.deepStrictEqual(rules[3]?.replies, [{ text: "first", thoughts: "hm" }, "second"])
    }).pipe(Effect.scoped))

  it.live.skipIf(!existsSync(corpus))("are valid for all that others recorded", () =>
    Effect.gen(function*() {
      const { scenario, skipped } = yield* Cassette.scenario(corpus)
      const toml = ["otherwise = \"refuse\"", ...(scenario.rule ?? []).map((rule) => TomlText.rule({ ...rule }))]
      const read = yield* Scenario.fromText(toml.join("\n\n"), "toml")
      assert.strictEqual(read.rule?.length, scenario.rule?.length)
      assert.isAbove(read.rule?.length ?? 0, 100)
      assert.isBelow(skipped.length, 200)
    }))

  it("TOML says what was meant, whatever the text holds", () => {
    const dice = Dice.make("toml")
    const odd = ["\"", "\\", "\n", "\r", "\t", "\u0000", "\u007f", "\"\"\"", "é", "😀", "#", "'", " ", "=", "]"]
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: dice.int(0, 8) }, () => odd[dice.int(0, odd.length - 1)]).join("")
      const value = {
        name: text,
        reply: { text, calls: [{ name: "f", args: { [text || "k"]: [text, dice.int(0, 9) / 4, true] } }] }
      }
      const parsed = Toml.parse(TomlText.rule(value))
      assert.isTrue(Result.isSuccess(parsed), JSON.stringify(text))
      if (Result.isSuccess(parsed)) {
        assert.deepStrictEqual(JSON.parse(JSON.stringify(parsed.success)), { rule: [value] }, JSON.stringify(text))
      }
    }
  })
})
