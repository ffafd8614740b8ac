/**
 * What the generator says, byte for byte, kept in messages/answers.txt: a test of somebody's may hold an answer, and
 * whoever changes one changes those. Beside it the tables of pages, of codes of errors, and of texts for patterns.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { expect } from "vitest"
import * as CodedError from "../src/internal/answers/codedError.ts"
import * as Instance from "../src/internal/answers/instance.ts"
import * as Kinds from "../src/internal/answers/kinds.ts"
import * as ModelPages from "../src/internal/answers/modelPages.ts"
import * as Pattern from "../src/internal/answers/pattern.ts"
import * as Suggestions from "../src/internal/answers/suggestions.ts"
import * as Dice from "../src/internal/Dice.ts"
import { flash, post, prompt } from "./Wire.ts"

const string = { type: "string" }
const number = { type: "number" }
const integer = { type: "integer" }
const list = (items: unknown, more: object = {}) => ({ type: "array", items, ...more })
const object = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more
})
const formatted = (format: string) => ({ type: "string", format })
const described = (description: string, schema: object = string) => ({ ...schema, description })

const schemas: Readonly<Record<string, unknown>> = {
  nothing: {},
  text: string,
  "a short text": { type: "string", maxLength: 3 },
  "a long text": { type: "string", minLength: 60 },
  "a text between": { type: "string", minLength: 5, maxLength: 5 },
  "a pattern": { type: "string", pattern: "^[A-Z]{2}-\\d{4}$" },
  "an enum": { enum: ["a", "b", "c"] },
  "a constant": { const: { a: 1 } },
  number,
  "a number between": { type: "number", minimum: 0.001, maximum: 0.002 },
  "a number of two decimals": { type: "number", minimum: 0, maximum: 1 },
  "a number below": { type: "number", maximum: 5 },
  "a number far below": { type: "number", maximum: 500 },
  "a number from": { type: "number", minimum: 7.5 },
  "a number over and under": { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 0.01 },
  "a number over": { type: "number", exclusiveMinimum: 10 },
  "a number under": { type: "number", exclusiveMaximum: 10 },
  "a number of steps": { type: "number", multipleOf: 0.1, minimum: 1, maximum: 2 },
  "a step and open ends": { type: "number", multipleOf: 5, exclusiveMinimum: 5, exclusiveMaximum: 15 },
  integer,
  "an integer between": { type: "integer", minimum: 1.2, maximum: 3.8 },
  "an integer over": { type: "integer", exclusiveMinimum: 3, maximum: 4 },
  "an integer under": { type: "integer", minimum: 3, exclusiveMaximum: 4 },
  "an integer of steps": { type: "integer", multipleOf: 4, minimum: 1, maximum: 12 },
  "an integer of fractions": { type: "integer", multipleOf: 0.5, minimum: 1, maximum: 3 },
  "a boolean": { type: "boolean" },
  null: { type: "null" },
  "one of two types": { type: ["null", "integer"] },
  "a list": list(string),
  "a list of two at least": list(integer, { minItems: 2 }),
  "a list of three at most": list(integer, { minItems: 3, maxItems: 3, uniqueItems: true }),
  "an empty list": list(string, { maxItems: 0 }),
  "a tuple": { type: "array", prefixItems: [string, integer] },
  "an object": object({ name: string, age: integer }),
  "an object with more": object({ a: string }, { properties: { a: string, b: integer, c: number }, minProperties: 3 }),
  "a map": { type: "object", additionalProperties: integer },
  "one of": { oneOf: [{ type: "integer" }, string] },
  "any of": { anyOf: [object({ a: integer }), object({ b: string })] },
  "all of": { allOf: [object({ a: integer }), object({ b: string })] },
  "not one": { type: "integer", minimum: 1, maximum: 3, not: { enum: [1, 2] } },
  "a reference": { $defs: { n: { type: "integer", minimum: 8, maximum: 9 } }, ...object({ a: { $ref: "#/$defs/n" } }) },
  "itself": object({ name: string, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } }),
  "capitals": { type: "OBJECT", properties: { n: { type: "INTEGER" } }, required: ["n"], nullable: true },
  "dates": object({ a: formatted("date"), b: formatted("date-time"), c: formatted("time"), d: formatted("uuid") }),
  "addresses": object({ a: formatted("email"), b: formatted("uri"), c: formatted("ipv4") }),
  "examples": object({
    a: { type: "string", examples: ["first", "second"] },
    b: { type: "integer", default: 7 },
    c: { type: "string", example: "only" }
  })
}

const everything = object({
  title: string,
  message: string,
  email: string,
  url: string,
  phone: string,
  discount: number,
  currency: string,
  language: string,
  language_code: string,
  id: string,
  date: formatted("date"),
  dueDate: formatted("date-time"),
  day: string,
  time: formatted("time"),
  hour: string,
  country: string,
  city: string,
  address: string,
  origin: string,
  destination: string,
  price: number,
  query: string,
  answer: string,
  customer: string,
  count: integer,
  people: described("how many people come", integer),
  urgent: { type: "boolean" },
  include_breakfast: { type: "boolean" },
  size: { enum: ["small", "medium", "large"] },
  tags: list(string),
  cities: list(string),
  numbers: list(integer)
})

const prompts: ReadonlyArray<string> = [
  "",
  "Hello there, how are you?",
  "Send an email to ada@example.org and cc bob@example.org saying that the meeting moves to Friday at 3:30 pm.",
  "Book a medium room in Vienna for Grace Hopper from 2027-03-14 to 2027-03-16, without breakfast, for 120 euros",
  "Convert 1,250.50 USD to JPY, and translate \"Good morning\" from English to French",
  "Fly from Oslo to New York on March 5, 2027 with 2 adults and 3 children; it is urgent",
  "Look up https://example.org/docs/page?x=1 and call +49 30 1234567, order ABC-1234",
  "Search the web for the tallest mountain in Peru.",
  "It is -4.5 degrees in Bergen, 15% off for 3 customers named Max Planck, large and small",
  "Compare Berlin, Paris and Rome; list 4, 8, 15 and 16",
  "Remind me tomorrow at noon about the book titled Dune, note: bring it back",
  "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich in München",
  "Never skip breakfast. Do not include breakfast, but do not be late! Ask for twenty-one seats"
]

const tools = [{
  functionDeclarations: [
    {
      name: "get_weather",
      description: "Looks up the weather of a city",
      parametersJsonSchema: object({ city: string, days: { type: "integer", minimum: 1, maximum: 7 } })
    },
    {
      name: "send_mail",
      description: "Sends an email",
      parametersJsonSchema: object({ recipient: string, body: string })
    },
    { name: "search", description: "Searches the web" }
  ]
}]

const called = (name: string, args: object) => ({ role: "model", parts: [{ functionCall: { name, args } }] })
const returned = (name: string, response: object) => ({
  role: "user",
  parts: [{ functionResponse: { name, response } }]
})
const user = (text: string) => ({ role: "user", parts: [{ text }] })
const config = (text: string, generationConfig: object) => ({ ...prompt(text), generationConfig })

/** Title, method and body; the model stands before the method where it is another one. */
const requests: ReadonlyArray<readonly [method: string, body: unknown]> = [
  ...prompts.slice(1).map((text) => ["generateContent", prompt(text)] as const),
  ...prompts.slice(1).map((text) => ["generateContent", { ...prompt(text), tools }] as const),
  ["generateContent", {
    tools,
    contents: [
      user("The weather in Oslo, then mail it to ada@example.org"),
      called("get_weather", { city: "Oslo" }),
      returned("get_weather", { celsius: 7, sky: "clear", body: "Cold." })
    ]
  }],
  ["generateContent", {
    tools,
    contents: [
      user("Search"),
      called("search", {}),
      returned("search", {}),
      called("search", { q: 1 }),
      returned("search", { output: ["a", "b"] })
    ]
  }],
  ["generateContent", { ...prompt("Anything"), tools, toolConfig: { functionCallingConfig: { mode: "ANY" } } }],
  ["generateContent", { ...prompt("Weather"), tools, toolConfig: { functionCallingConfig: { mode: "NONE" } } }],
  ["generateContent", {
    ...prompt("Weather and a search"),
    tools,
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["search"] } }
  }],
  ["generateContent", { ...prompt("What is 17 times 4?"), tools: [{ codeExecution: {} }] }],
  ["generateContent", { ...prompt("What is new in Oslo?"), tools: [{ googleSearch: {} }, { urlContext: {} }] }],
  ["streamGenerateContent?alt=sse", { ...prompt("Tell me of Oslo"), tools: [{ googleSearch: {} }] }],
  ["streamGenerateContent", config("Tell me of Oslo", { thinkingConfig: { includeThoughts: true } })],
  ["generateContent", config("Two answers", { candidateCount: 2 })],
  ["generateContent", config("A short one", { maxOutputTokens: 3, thinkingConfig: { thinkingBudget: 0 } })],
  ["generateContent", config("Stop at a word", { stopSequences: ["a", "e"] })],
  ["generateContent", config("With numbers", { responseLogprobs: true, logprobs: 2, maxOutputTokens: 200 })],
  ["generateContent", config("JSON without a schema", { responseMimeType: "application/json" })],
  [
    "generateContent",
    config("Berlin or Rome? Rome.", {
      responseMimeType: "text/x.enum",
      responseSchema: { type: "STRING", enum: ["Berlin", "Rome"] }
    })
  ],
  [
    "generateContent",
    config("Ada Lovelace is 36", {
      responseMimeType: "application/json",
      responseJsonSchema: object({ name: string, age: integer, answer: string })
    })
  ],
  [
    "streamGenerateContent?alt=sse",
    config("Ada Lovelace is 36", {
      responseMimeType: "application/json",
      responseJsonSchema: object({ name: string, age: integer, answer: string })
    })
  ],
  ...[
    "say Hello",
    "words 30",
    "call get_weather {\"city\":\"Rome\"}",
    "block",
    "block OTHER",
    "finish SAFETY",
    "finish MAX_TOKENS",
    "empty",
    "error 503",
    "error 429"
  ].flatMap((directive) => [
    ["generateContent", { ...prompt(`Do it\nemulator:${directive}\nnow`), tools }] as const,
    ["streamGenerateContent?alt=sse", { ...prompt(`Do it\nemulator:${directive}\nnow`), tools }] as const
  ]),
  ["countTokens", prompt("Count these words")],
  ["countTokens", { generateContentRequest: { model: `models/${flash}`, ...prompt("Count"), tools } }],
  ["gemini-embedding-001:embedContent", { content: { parts: [{ text: "Hello" }] }, outputDimensionality: 4 }],
  ["gemini-embedding-2:batchEmbedContents", {
    requests: ["a", "b"].map((text) => ({
      model: "models/gemini-embedding-2",
      content: { parts: [{ text }] },
      outputDimensionality: 3
    }))
  }],
  ["gemini-3.1-flash-image:generateContent", config("A cat", { responseModalities: ["TEXT", "IMAGE"] })],
  ["gemini-3.1-flash-image:generateContent", config("A cat", { responseModalities: ["IMAGE"] })]
]

describe("an answer", () => {
  it.effect("stays what it was, whatever is asked", () =>
    Effect.gen(function*() {
      const report: Array<string> = []
      for (const [to, body] of requests) {
        const path = to.includes(":") ? to : `${flash}:${to}`
        const response = yield* post(`/v1beta/models/${path}`, body)
        const text = yield* response.text
        // Signatures, pictures and sounds are long, and say nothing to a reader.
        const short = text.replaceAll(/\r?\n\s*/g, "").replaceAll(
          /[\w+/=-]{80,}/g,
          (bytes) => `<${bytes.length}: ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}>`
        )
        report.push(
          `# ${path}\n${JSON.stringify(body).replace(JSON.stringify(tools), "TOOLS")}\n=> ${response.status} ${short}\n`
        )
      }
      yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot("./messages/answers.txt"))
    }).pipe(Effect.provide(Emulator.layerHttpClient({ calls: "likely", values: "likely" }))))

  it("a value for a schema stays what it was, drawn and out of a prompt", async () => {
    const report = Object.entries(schemas).map(([title, schema]) =>
      `# ${title}\n${
        ["1", "2", "3"].map((seed) => JSON.stringify(Instance.make(schema, Dice.make(`${title}\n${seed}`)))).join("\n")
      }\n`
    )
    for (const words of prompts) {
      const value = Instance.likely(everything, Dice.make(words), {
        prompt: words,
        results: [{ reference: "R-77", nested: { phone: "+1 555 0100", Count: 12 } }, { email: "old@example.org" }],
        said: "So it is."
      })
      report.push(`# ${words}\n${JSON.stringify(value, undefined, 1)}\n`)
      for (const schema of Object.values(schemas)) {
        report.push(
          JSON.stringify(Instance.likely(schema, Dice.make(words), { prompt: words, results: [], said: undefined }))
        )
      }
    }
    await expect(report.join("\n")).toMatchFileSnapshot("./messages/values.txt")
  })

  it("is suggested for each function that may be called, and for the JSON that is asked for", () => {
    const body = { ...prompt("The weather in Oslo for 3 days"), tools }
    assert.deepStrictEqual(Suggestions.functions(body).map(({ args, name }) => [name, args]), [
      ["get_weather", { city: "Oslo", days: 3 }],
      ["send_mail", { recipient: "ada@example.com", body: "The weather in Oslo for 3 days" }],
      ["search", {}]
    ])
    assert.deepStrictEqual(
      Suggestions.functions({ ...body, toolConfig: { functionCallingConfig: { mode: "NONE" } } }),
      []
    )
    const impossible = { functionDeclarations: [{ name: "no", parametersJsonSchema: { not: {} } }, {}] }
    assert.deepStrictEqual(Suggestions.functions({ ...body, tools: [impossible] }).map(({ args }) => args), [{}])
    assert.isUndefined(Suggestions.json(body))
    assert.deepStrictEqual(Suggestions.json(config("Hi", { responseMimeType: "application/json" })), { value: {} })
    const asked = config("In Oslo", {
      responseMimeType: "application/json",
      responseJsonSchema: object({ city: string })
    })
    assert.deepStrictEqual(Suggestions.json(asked)?.value, { city: "Oslo" })
    const format = config("In Oslo", { responseFormat: { text: { mimeType: "application/json" } } })
    assert.deepStrictEqual(Suggestions.json(format), { value: {} })
  })
})

describe("a page of models", () => {
  const table = ModelTable.current
  const all = ModelTable.served(table, 0).map(({ name }) => name)
  const page = (query: string) => {
    const found = ModelPages.list(table, new URLSearchParams(query), 0)
    return found.refusal === undefined ? found.body : found.refusal.body.error.code
  }
  const namesOf = (query: string) => {
    const found = page(query)
    return typeof found === "number" || found === undefined ? found : found.models.map(({ name }) => name)
  }

  it.each(
    [
      ["", 50],
      ["pageSize=0", 50],
      ["pageSize=1", 1],
      ["page_size=2", 2],
      ["pageSize=1000", 1000],
      ["pageSize=1001", 1000],
      ["pageSize=-1", 400],
      ["pageSize=x", 400],
      ["pageSize=1.5", 400],
      ["pageSize=", 400],
      ["pageToken=%25", 400],
      [`pageToken=${btoa("\n\u0003abc")}`, 400]
    ] as const
  )("%s", (query, expected) => {
    const found = namesOf(query)
    assert.deepStrictEqual(found, expected === 400 ? 400 : all.slice(0, expected))
  })

  it("leads to the next one until all were shown, and the last has no token", () => {
    assert.isAbove(all.length, 3)
    for (const size of [1, 2, all.length - 1, all.length]) {
      const seen: Array<string> = []
      let token = ""
      do {
        const found = page(`pageSize=${size}&${size === 1 ? "page_token" : "pageToken"}=${encodeURIComponent(token)}`)
        if (typeof found === "number" || found === undefined) return assert.fail(`${found}`)
        assert.isAtMost(found.models.length, size)
        seen.push(...found.models.map(({ name }) => name))
        token = found.nextPageToken ?? ""
      } while (token !== "")
      assert.deepStrictEqual(seen, all)
    }
  })

  it("gives one model by its name, and says which is not there", () => {
    const [name = ""] = all
    const found = ModelPages.get(table, { name, version: "v1beta", now: 0 })
    assert.strictEqual(found.refusal === undefined ? found.body.name : undefined, name)
    const none = ModelPages.get(table, { name: "models/none", version: "v1beta", now: 0 })
    assert.strictEqual(none.refusal?.body.error.code, 404)
  })
})

describe("the code of an error", () => {
  it.each(
    [
      [429, "RESOURCE_EXHAUSTED", [{ quotaId: "RequestsPerDay" }], "quota_exceeded"],
      [429, "RESOURCE_EXHAUSTED", [{ quotaId: "RequestsPerMinute" }], "rate_limit_exceeded"],
      [429, undefined, undefined, "rate_limit_exceeded"],
      [403, undefined, [{ quotaId: "RequestsPerDay" }], "permission_denied"],
      [400, "INVALID_ARGUMENT", undefined, "invalid_request"],
      [400, "FAILED_PRECONDITION", undefined, "failed_precondition"],
      [401, "UNAUTHENTICATED", undefined, "authentication"],
      [404, "NOT_FOUND", undefined, "not_found"],
      [500, "INTERNAL", undefined, "api_error"],
      [503, "UNAVAILABLE", undefined, "service_unavailable"],
      [504, "UNKNOWN", undefined, "deadline_exceeded"],
      [402, undefined, undefined, "payment_required"],
      [418, undefined, undefined, "invalid_request"],
      [499, undefined, undefined, "cancelled"],
      [500, undefined, undefined, "api_error"],
      [502, "UNKNOWN", undefined, "api_error"]
    ] as const
  )("%d %s %j is %s", (code, status, details, expected) => {
    assert.deepStrictEqual(CodedError.body({ code, message: "m", status, details }), {
      error: { message: "m", code: expected }
    })
  })
})

describe("a text for a pattern", () => {
  const patterns: ReadonlyArray<readonly [pattern: string, min: number]> = [
    ["^[A-Z]{3}\\d{2}$", 0],
    ["^a+b*c?$", 0],
    ["^\\w{2,5}$", 4],
    ["^(?:ab|cd)+$", 0],
    ["^(?:ab|cd)+$", 7],
    ["^(a|b){3}-\\d+$", 0],
    ["^(?<year>\\d{4})-(\\d{2})$", 0],
    ["^x{2,}$", 6],
    ["^x{2}$", 2],
    ["^[^a]$", 0],
    ["^[\\d]{4}$", 0],
    ["^\\.\\+$", 0],
    ["^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$", 0],
    ["^[^a-z]+$", 8],
    ["^(?:[^\\d]|x)$", 0],
    ["^.{3}$", 3],
    ["^\\s\\S?$", 0],
    ["", 0],
    ["^a*$", 12],
    ["^(?:a?b)*$", 3],
    ["^\\d{1,3}(?:,\\d{3})*$", 5]
  ]
  it.each(patterns)("%s of %d letters matches it", (pattern, min) => {
    for (const seed of ["1", "2", "3", "4"]) {
      const text = Pattern.text(pattern, min, Dice.make(seed)) ?? assert.fail("there is none")
      assert.match(text, new RegExp(pattern, "u"))
      assert.isAtLeast(text.length, min)
      assert.isAtMost(text.length, 10_000)
    }
  })

  it.each([["(?=a)b", 0], ["(", 0], ["[", 0], [`^${"(".repeat(52)}a${")".repeat(52)}$`, 0], ["^\\p{Lu}$", 0]] as const)(
    "%s has none",
    (pattern, min) => {
      assert.isUndefined(Pattern.text(pattern, min, Dice.make("1")))
    }
  )

  it("is no shorter than it has to be where that can be, and else what it can be", () => {
    assert.strictEqual(Pattern.text("^ab$", 5, Dice.make("1")), "ab")
    assert.strictEqual(Pattern.text(`^${"(".repeat(50)}a${")".repeat(50)}$`, 0, Dice.make("1")), "a")
  })
})

it("the format of a text is known by its form, and of others no value is", () => {
  const table: ReadonlyArray<readonly [format: string | undefined, value: unknown, known: boolean, good: boolean]> = [
    [undefined, "anything", true, true],
    ["date", "2027-02-28", true, true],
    ["date", "2027-02-29", true, false],
    ["date", "2027-2-8", true, false],
    ["date-time", "2027-02-28T10:00:00Z", true, true],
    ["date-time", "2027-13-28T10:00:00Z", true, false],
    ["date-time", "2027-02-28", true, false],
    ["time", "10:00:00Z", true, true],
    ["time", "10:00", true, false],
    ["email", "a@b.c", true, true],
    ["email", "a@b", true, false],
    ["uri", "https://a", true, true],
    ["uri", "a b", true, false],
    ["uuid", "0190d1f3-0000-7000-8000-0000000000ab", true, true],
    ["uuid", "0190d1f3", true, false],
    ["ipv4", "1.2.3.4", false, false],
    ["ipv4", 7, false, true]
  ]
  for (const [format, value, known, good] of table) {
    assert.strictEqual(Kinds.isKnownFormat(format), known, format)
    assert.strictEqual(Kinds.isOfFormat(format, value), good, `${format} ${value}`)
  }
})
