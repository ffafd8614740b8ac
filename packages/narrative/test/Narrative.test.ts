import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Act from "effect-gemini-narrative/Act"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

const problemsOf = (text: string, options?: Narrative.ParseOptions) =>
  Effect.map(
    Effect.flip(Narrative.parse(text, { file: "story.toml", ...options })),
    (error) => error.message.split("\n")
  )

const two = (first: string, second: string) => `
[[acts]]
name = "first"
prompt = ${first}
[[acts]]
name = "second"
prompt = ${second}
`

describe("a narrative", () => {
  it.effect("puts variables and outputs where its texts refer to them", () =>
    Effect.gen(function*() {
      const narrative = yield* Narrative.parse(
        `
model = "models/gemini-flash-latest"
system = "Write in {{language}}."
[generation]
temperature = 0.5
[variables]
language = "English"
count = { type = "integer" }
[[acts]]
name = "draft"
prompt = "Write {{ count }} sentences. Leave \\\\{{draft}} and {{ 1 + 1 }} alone."
[[acts]]
name = "final"
model = "gemini-pro-latest"
inputs = [{ act = "draft" }, { image_base64 = "iVBORw==", media_type = "image/png" }, { image_url = "https://x.test/a.JPG" }]
prompt = "Mend {{draft}}!"
generation = { max_output_tokens = 9, thinking_level = "low" }
`,
        { variables: { count: "3" } }
      )
      const outputs = (act: string) => `<${act}>`
      const [draft, final] = narrative.acts.map((act) => Act.request(act, outputs))
      assert.deepStrictEqual(draft, {
        model: "gemini-flash-latest",
        systemInstruction: "Write in English.",
        generationConfig: { temperature: 0.5 },
        contents: [{
          role: "user",
          parts: [{ text: "Write 3 sentences. Leave {{draft}} and {{ 1 + 1 }} alone." }]
        }]
      })
      assert.deepStrictEqual(final, {
        model: "gemini-pro-latest",
        systemInstruction: "Write in English.",
        generationConfig: { temperature: 0.5, maxOutputTokens: 9, thinkingConfig: { thinkingLevel: "LOW" } },
        contents: [{
          role: "user",
          parts: [
            { text: "<draft>" },
            { inlineData: { mimeType: "image/png", data: "iVBORw==" } },
            { fileData: { fileUri: "https://x.test/a.JPG", mimeType: "image/jpeg" } },
            { text: "Mend <draft>!" }
          ]
        }]
      })
    }))

  it.effect("reads images by file, relative to the narrative's own folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.makeDirectory(`${folder}/images`)
      yield* fs.writeFile(`${folder}/images/tide.png`, Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10))
      yield* fs.writeFileString(
        `${folder}/story.toml`,
        "[[acts]]\nname = \"see\"\ninputs = [{ image = \"images/tide.png\" }, { image = \"images/none.png\" }]\n"
      )
      const { problems } = yield* Effect.flip(Narrative.fromFile(`${folder}/story.toml`))
      assert.deepStrictEqual(problems.map(({ key, line }) => [line, key]), [[3, "acts[0].inputs[1].image"]])
      yield* fs.writeFile(`${folder}/images/none.png`, Uint8Array.of(255, 216, 255))
      const { acts } = yield* Narrative.fromFile(`${folder}/story.toml`)
      assert.deepStrictEqual(acts.map((act) => Act.request(act, String).contents), [[{
        role: "user",
        parts: [
          { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } },
          { inlineData: { mimeType: "image/jpeg", data: "/9j/" } }
        ]
      }]])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("takes variables of the declared type alone", () =>
    Effect.gen(function*() {
      const story = (declared: string) => `[variables]\n${declared}\n[[acts]]\nname = "a"\nprompt = "{{v}}"\n`
      const said = (declared: string, v?: string | number | boolean) =>
        Narrative.parse(story(declared), v === undefined ? {} : { variables: { v } }).pipe(
          Effect.map(({ acts }) => acts.map((act) => Act.request(act, String).contents)),
          Effect.map((contents) => JSON.stringify(contents).replace(/.*"text":"(.*?)".*/, "$1")),
          Effect.catch(({ problems }) => Effect.succeed(problems.map(({ what }) => what).join()))
        )
      assert.strictEqual(yield* said("v = 3"), "3")
      assert.strictEqual(yield* said("v = true", "false"), "false")
      assert.strictEqual(yield* said("v = { type = \"number\" }", "2.5"), "2.5")
      assert.strictEqual(
        yield* said("v = { type = \"integer\" }", "2.5"),
        "\"v\" has to be a whole number, got \"2.5\""
      )
      assert.strictEqual(yield* said("v = { type = \"boolean\" }", "yes"), "\"v\" has to be true or false, got \"yes\"")
      assert.strictEqual(
        yield* said("v = { type = \"integer\", default = \"3\" }"),
        "the default of \"v\" has to be a whole number"
      )
      assert.strictEqual(yield* said("v = [1]"), "expected a table")
      assert.strictEqual(yield* said("v = { typ = \"integer\" }"), "unknown key \"typ\"")
    }))

  it.effect("points at the line inside a long prompt", () =>
    Effect.gen(function*() {
      const problems = yield* problemsOf(two(`"""\nfirst\nthen {{secnod}}\n"""`, `"x"`))
      assert.deepStrictEqual(problems, [
        `story.toml:6:6:acts[0].prompt: "secnod" is neither an act nor a variable (did you mean "second"?)`
      ])
    }))

  it.effect("reports every problem at once, in the order of the file", () =>
    Effect.gen(function*() {
      const problems = yield* problemsOf(`${two("\"{{third}}\"", "5")}temprature = 1\n`)
      assert.deepStrictEqual(problems.map((line) => line.split(":").slice(1, 4).join(":")), [
        "4:11:acts[0].prompt",
        "7:1:acts[1].prompt",
        "8:1:acts[1].temprature"
      ])
    }))

  it.effect("may refer to an act that comes later, but not in a circle", () =>
    Effect.gen(function*() {
      const narrative = yield* Narrative.parse(two("\"{{second}}\"", "\"x\""))
      assert.deepStrictEqual(narrative.acts.map((act) => [act.name, act.needs]), [["first", ["second"]], [
        "second",
        []
      ]])
      assert.deepStrictEqual(yield* problemsOf(two("\"{{second}}\"", "\"{{first}}\"")), [
        "story.toml:2:1:acts[0]: the acts wait for each other: first needs second needs first (take one of these references out)"
      ])
    }))
})
