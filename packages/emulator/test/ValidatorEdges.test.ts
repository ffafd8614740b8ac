/** The proto validator below, at and above each of its bounds, and every field that it looks at, alone. */
import { assert, describe, it } from "@effect/vitest"
import { partData } from "../src/internal/judge/fields.ts"
import type {
  EmbedContentRequest,
  GenerateContentRequest,
  GenerationConfig,
  Schema
} from "../src/internal/judge/request.ts"
import * as Validator from "../src/internal/judge/validator.ts"

const user = { role: "user", parts: [{ text: "hi" }] }

/** The places of which something is said, without the message's own. */
const places = (lines: string | undefined) =>
  lines === undefined
    ? []
    : lines.trimEnd().split("\n").map((line) => (line.split(": ")[0] ?? "").replace(/^\* \w+\./, ""))

const generate = (rest: Omit<GenerateContentRequest, "contents">) =>
  places(Validator.generateContent({ contents: [user], ...rest }))
const config = (generationConfig: GenerationConfig) => generate({ generationConfig })
/** What is said of a schema within another one, by its own fields. */
const schema = (node: Schema) =>
  config({ responseSchema: { type: "OBJECT", properties: { a: node } } }).map((place) =>
    place.replace("generation_config.response_schema.properties[a].", "")
  )

describe("numbers and names", () => {
  it("a temperature is from 0 to 2, both included", () => {
    for (const temperature of [0, 0.001, 1, 1.999, 2]) assert.deepStrictEqual(config({ temperature }), [])
    for (const temperature of [-0.001, 2.001, Number.NaN, Infinity, -Infinity]) {
      assert.deepStrictEqual(config({ temperature }), ["generation_config.temperature"], `${temperature}`)
    }
  })

  it("an output of no token is taken, and one of fewer is not", () => {
    assert.deepStrictEqual([0, 1, 65_536].flatMap((maxOutputTokens) => config({ maxOutputTokens })), [])
    assert.deepStrictEqual(config({ maxOutputTokens: -1 }), ["generation_config.max_output_tokens"])
  })

  it("nothing is said of a configuration that says nothing, or that is not there", () => {
    assert.deepStrictEqual(config({}), [])
    assert.deepStrictEqual(generate({}), [])
  })

  it("an answer has one of five media types, or none", () => {
    const known = ["", "text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"]
    assert.deepStrictEqual(known.flatMap((responseMimeType) => config({ responseMimeType })), [])
    for (const responseMimeType of ["text/html", "text/plain ", "TEXT/PLAIN"]) {
      assert.deepStrictEqual(config({ responseMimeType }), ["generation_config.response_mime_type"])
    }
  })

  it("a function's name has 1 to 128 characters, and begins with a letter or an underscore", () => {
    const said = (name: string | undefined) =>
      generate({ tools: [{ functionDeclarations: [name === undefined ? {} : { name }] }] })
    const names = ["a", "_", "Z", "a".repeat(127), "a".repeat(128), "a.b:c-d_9"]
    assert.deepStrictEqual(names.flatMap(said), [])
    for (const name of [undefined, "", "a".repeat(129), "9", "-a", ".a", "a b", "ä", "a/b", "a\n"]) {
      assert.deepStrictEqual(said(name), ["tools[0].function_declarations[0].name"], String(name))
    }
  })

  it("both schemas of a function are looked at", () => {
    const [parameters, response] = [{ type: "ARRAY" }, { type: "ARRAY" }]
    const at = "tools[1].function_declarations[0]"
    assert.deepStrictEqual(
      generate({ tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: "a", parameters, response }] }] }),
      [`${at}.parameters.items`, `${at}.response.items`]
    )
  })

  it("a safety setting has a category that is not of the past", () => {
    const said = (category?: string) => generate({ safetySettings: [category === undefined ? {} : { category }] })
    const known = ["HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT", "HARASSMENT", "CIVIC_INTEGRITY"]
    assert.deepStrictEqual(known.flatMap((name) => said(`HARM_CATEGORY_${name}`)), [])
    const past = ["UNSPECIFIED", "DEROGATORY", "TOXICITY", "VIOLENCE", "SEXUAL", "MEDICAL", "DANGEROUS"]
    for (const category of [undefined, ...past.map((name) => `HARM_CATEGORY_${name}`)]) {
      assert.deepStrictEqual(said(category), ["safety_settings[0]"], category)
    }
  })
})

describe("parts", () => {
  const said = (part: object) => places(Validator.generateContent({ contents: [{ parts: [{ ...part }] }] }))

  it("each field of data is enough alone, the section of a video too", () => {
    for (const field of [...partData, "videoMetadata"]) assert.deepStrictEqual(said({ [field]: {} }), [], field)
  })

  it("what only belongs to a part is not", () => {
    for (const part of [{}, { thought: true }, { thoughtSignature: "c2ln" }, { mediaResolution: {} }]) {
      assert.deepStrictEqual(said(part), ["contents[0].parts[0].data"])
    }
    assert.deepStrictEqual(
      places(Validator.generateContent({ contents: [user, { parts: [{ text: "" }, {}] }, { parts: [{}] }] })),
      ["contents[1].parts[1].data", "contents[2].parts[0].data"]
    )
  })

  it("contents have parts, a system instruction need not", () => {
    assert.deepStrictEqual(places(Validator.generateContent({ contents: [{}, { parts: [] }] })), [
      "contents[0].parts",
      "contents[1].parts"
    ])
    assert.deepStrictEqual(generate({ systemInstruction: {} }), [])
    assert.deepStrictEqual(generate({ systemInstruction: { parts: [] } }), [])
    assert.deepStrictEqual(generate({ systemInstruction: { parts: [{}] } }), ["system_instruction.parts[0].data"])
  })
})

describe("schemas", () => {
  const text: Schema = { type: "STRING" }
  const cases: ReadonlyArray<readonly [node: Schema, ...said: ReadonlyArray<string>]> = [
    // Of every type: what belongs to others, and what it needs.
    [{}, "type"],
    [{ anyOf: [] }, "type"],
    [{ anyOf: [text] }],
    [{ anyOf: [text, {}] }, "any_of[1].type"],
    [{ anyOf: [text], properties: { b: text } }],
    [{ anyOf: [text], required: ["b"], properties: { b: text } }, "required"],
    [{ anyOf: [text], enum: ["b"] }, "enum"],
    [{ anyOf: [text], items: text }, "items"],
    [{ type: "OBJECT" }, "properties"],
    [{ type: "OBJECT", properties: { b: text } }],
    [{ type: "OBJECT", properties: { b: text }, required: ["b"] }],
    [{ type: "OBJECT", properties: { b: text }, required: ["b", "c"] }, "required[1]"],
    [{ type: "OBJECT", properties: { b: text }, required: [] }],
    [{ type: "OBJECT", properties: { b: text }, items: text }, "items"],
    [{ type: "OBJECT", properties: { b: text }, enum: ["c"] }, "enum"],
    [{ type: "OBJECT", properties: { b: text, c: {} } }, "properties[c].type"],
    [{ type: "OBJECT", properties: { b: text }, format: "uri" }],
    [{ type: "ARRAY" }, "items"],
    [{ type: "ARRAY", items: text }],
    [{ type: "ARRAY", items: { type: "OBJECT" } }, "items.properties"],
    [{ type: "ARRAY", items: text, properties: {} }],
    [{ type: "ARRAY", items: text, properties: { b: text } }, "properties"],
    [{ type: "ARRAY", items: text, required: [] }],
    [{ type: "ARRAY", items: text, enum: [] }],
    [{ type: "ARRAY", items: text, format: "enum" }],
    [text],
    [{ type: "STRING", enum: [] }],
    [{ type: "STRING", enum: ["b"] }],
    [{ type: "STRING", enum: ["", "b", ""] }, "enum[0]", "enum[2]"],
    [{ type: "STRING", format: "" }],
    [{ type: "STRING", format: "date-time" }],
    [{ type: "STRING", format: "date-time", enum: [] }],
    [{ type: "STRING", format: "enum" }, "enum"],
    [{ type: "STRING", format: "enum", enum: [] }, "enum"],
    [{ type: "STRING", format: "enum", enum: ["b"] }],
    [{ type: "STRING", format: "uri" }, "format"],
    [{ type: "INTEGER", format: "enum" }],
    [{ type: "INTEGER", format: "int32" }],
    [{ type: "INTEGER", enum: ["1"] }, "enum"],
    [{ type: "INTEGER", enum: [""] }, "enum", "enum[0]"],
    [{ type: "INTEGER", required: ["b"] }, "required", "required[0]"]
  ]
  for (const [node, ...said] of cases) {
    it(`${JSON.stringify(node)}: ${said.length === 0 ? "taken" : said.join(", ")}`, () => {
      assert.deepStrictEqual(schema(node), said)
    })
  }

  it("only the outermost object may be without properties", () => {
    const at = "generation_config.response_schema"
    assert.deepStrictEqual(config({ responseSchema: { type: "OBJECT" } }), [])
    assert.deepStrictEqual(config({ responseSchema: { anyOf: [{ type: "OBJECT" }] } }), [`${at}.any_of[0].properties`])
    assert.deepStrictEqual(config({ responseSchema: { type: "ARRAY", items: { type: "OBJECT" } } }), [
      `${at}.items.properties`
    ])
  })
})

describe("countTokens", () => {
  const said = (request: Parameters<typeof Validator.countTokens>[0]) => places(Validator.countTokens(request))

  it("of contents", () => {
    assert.deepStrictEqual(said({ contents: [user] }), [])
    assert.deepStrictEqual(said({ contents: [] }), ["contents"])
    assert.deepStrictEqual(said({}), ["contents"])
    assert.deepStrictEqual(said({ contents: [{ parts: [{}] }] }), ["contents[0].parts[0].data"])
  })

  it("of a whole request, which names its model and is looked at as such", () => {
    const at = "generate_content_request"
    const model = "models/m"
    assert.deepStrictEqual(said({ generateContentRequest: { model, contents: [user] } }), [])
    assert.deepStrictEqual(said({ generateContentRequest: { contents: [user] } }), [`${at}.model`])
    assert.deepStrictEqual(said({ generateContentRequest: { model: "", contents: [user] } }), [`${at}.model`])
    assert.deepStrictEqual(said({ generateContentRequest: { model } }), [`${at}.contents`])
    assert.deepStrictEqual(
      said({ generateContentRequest: { model, contents: [user], generationConfig: { temperature: 3 } } }),
      [
        `${at}.generation_config.temperature`
      ]
    )
  })
})

describe("embeddings", () => {
  const content = { parts: [{ text: "a" }] }

  it("have a content with parts, each with data", () => {
    const said = (content?: EmbedContentRequest["content"]) =>
      places(Validator.embedContent(content === undefined ? {} : { content }))
    assert.deepStrictEqual(said(content), [])
    for (const none of [undefined, {}, { parts: [] }]) assert.deepStrictEqual(said(none), ["content"])
    assert.deepStrictEqual(said({ parts: [{ text: "a" }, {}] }), ["content.parts[1].data"])
  })

  const model = "models/m"
  const batch = (...models: ReadonlyArray<string | undefined>) =>
    places(Validator.batchEmbedContents({
      requests: models.map((one) => one === undefined ? { content } : { model: one, content })
    }, model))

  it("are asked for by one to a hundred requests", () => {
    assert.deepStrictEqual(places(Validator.batchEmbedContents({}, model)), ["requests"])
    assert.deepStrictEqual(batch(), ["requests"])
    const sizes = [1, 99, 100, 101].map((size) => batch(...Array.from({ length: size }, () => model)))
    assert.deepStrictEqual(sizes, [[], [], [], ["requests"]])
  })

  it("each name the model of the batch, and are looked at one by one", () => {
    assert.deepStrictEqual(
      batch(model, undefined, "", "m", "models/", "models/m/n", "models/other"),
      [1, 2, 3, 4, 5, 6].map((n) => `requests[${n}].model`)
    )
    assert.deepStrictEqual(places(Validator.batchEmbedContents({ requests: [{ model }, { model, content }] }, model)), [
      "requests[0].content"
    ])
  })
})
