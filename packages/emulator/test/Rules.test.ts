import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import type { RuleError } from "effect-gemini-emulator/RuleError"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { flash, generate, parts, post, prompt, stream, text } from "./Wire.ts"

const rules = (...list: ReadonlyArray<Rule.Rule>) => Effect.provide(Emulator.layerHttpClient({ rules: list }))

const declare = (...names: ReadonlyArray<string>) => [{
  functionDeclarations: names.map((name) => ({
    name,
    parametersJsonSchema: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer", minimum: 1 } },
      required: ["city"],
      additionalProperties: false
    }
  }))
}]

const user = (words: string) => ({ role: "user", parts: [{ text: words }] })
const called = (name: string, args = {}) => ({
  role: "model",
  parts: [{ functionCall: { name, args }, thoughtSignature: "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=" }]
})
const returned = (name: string, response = {}) => ({ role: "user", parts: [{ functionResponse: { name, response } }] })

const errorOf = Effect.fnUntraced(function*(body: unknown, method = "generateContent") {
  const response = yield* post(`/v1beta/models/${flash}:${method}`, body)
  const json = JSON.parse(yield* response.text)
  return {
    status: response.status,
    message: String(json.error?.message ?? ""),
    header: response.headers["x-emulator-near-miss"]
  }
})

/** Whether a `when` means a request. */
const means = (
  when: Rule.Rule["when"],
  body: Readonly<Record<string, unknown>>,
  headers: Record<string, string> = {}
) =>
  Effect.map(
    post(`/v1beta/models/${flash}:generateContent`, body, headers),
    ({ status }) => status === 200
  ).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [{ when, reply: "yes" }] }), { local: true }))

describe("a matcher", () => {
  const dialogue = {
    systemInstruction: { parts: [{ text: "Be brief." }] },
    tools: [...declare("get_weather", "get_time"), { googleSearch: {} }],
    toolConfig: { includeServerSideToolInvocations: true },
    contents: [
      user("Hello"),
      { role: "model", parts: [{ text: "Hi." }] },
      {
        role: "user",
        parts: [{ text: "The weather in Berlin?" }, { inlineData: { mimeType: "image/png", data: "" } }]
      },
      called("get_weather"),
      returned("get_weather", { celsius: 7 })
    ],
    generationConfig: { temperature: 0.5, stopSequences: ["a", "b"] }
  }
  const table: ReadonlyArray<readonly [Rule.Rule["when"], boolean]> = [
    [{ method: "generateContent" }, true],
    [{ method: "streamGenerateContent" }, false],
    [{ model: flash }, true],
    [{ model: "gemini-3*" }, true],
    [{ model: "models/gemini-3.8-*" }, true],
    [{ model: "gemini-2*" }, false],
    [{ key: "key" }, true],
    [{ key: { not: "key" } }, false],
    [{ project: "default", region: "global" }, true],
    [{ region: "europe-west4" }, false],
    [{ header: { "X-Own": "1" } }, true],
    [{ header: { "x-own": { exists: false } } }, false],
    [{ text: "The weather in Berlin?" }, true],
    [{ text: { contains: "weather" } }, true],
    [{ text: { matches: "in [A-Z]\\w+\\?$" } }, true],
    [{ text: { contains: "Hello" } }, false],
    [{ system: "Be brief." }, true],
    [{ system: { exists: false } }, false],
    [{ tools: "get_weather" }, true],
    [{ tools: ["get_time", "get_weather"] }, true],
    [{ tools: "googleSearch" }, true],
    [{ tools: { equals: ["googleSearch", "get_time", "get_weather"] } }, true],
    [{ tools: { equals: ["get_time"] } }, false],
    [{ tools: { atLeast: 3, atMost: 3 } }, true],
    [{ tools: { atLeast: 4 } }, false],
    [{ tools: { contains: "send_mail" } }, false],
    [{ tools: { matches: "^get_" } }, true],
    [{ schema: { exists: false } }, true],
    [{ after: "get_weather" }, true],
    [{ after: "get_time" }, false],
    [{ after: { oneOf: ["get_time", "get_weather"] } }, true],
    [{ step: 1, turn: 1 }, true],
    [{ step: 0 }, false],
    [{ turn: { atMost: 0 } }, false],
    [{ history: { contains: "Hello\nHi.\nThe weather" } }, true],
    [{ media: "image/png" }, true],
    [{ media: "image/*" }, true],
    [{ media: "audio/*" }, false],
    [{ body: { "/generationConfig/temperature": 0.5 } }, true],
    [{ body: { "/generationConfig/temperature": { atLeast: 0.5, atMost: 0.5 } } }, true],
    [{ body: { "/generationConfig/temperature": { atLeast: 0.51 } } }, false],
    [{ body: { "/generationConfig/temperature": { atMost: 0.49 } } }, false],
    [{ body: { "/generationConfig/stopSequences": ["a", "b"] } }, true],
    [{ body: { "/generationConfig/stopSequences/1": "b" } }, true],
    [{ body: { "/contents/0": { contains: { role: "user" } } } }, true],
    [{ body: { "/generationConfig": { schema: { required: ["temperature"] } } } }, true],
    [{ body: { "/generationConfig": { schema: { required: ["topK"] } } } }, false],
    [{ body: { "/none": { exists: true } } }, false],
    [{ body: { "/toString": { exists: true } } }, false],
    [{}, true]
  ]
  for (const [when, expected] of table) {
    it.effect(`${JSON.stringify(when)} ${expected ? "means" : "does not mean"} it`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* means(when, dialogue, { "x-own": "1" }), expected)
      }))
  }

  it.effect("sees a body in either spelling, and parallel responses in either form", () =>
    Effect.gen(function*() {
      const snake = {
        contents: [user("Hi")],
        system_instruction: { parts: [{ text: "x" }] },
        generation_config: { top_k: 3 }
      }
      assert.isTrue(yield* means({ system: "x", body: { "/generationConfig/topK": 3 } }, snake))
      const parallel = {
        tools: declare("a", "b"),
        contents: [
          user("Both"),
          { role: "model", parts: [...called("a").parts, { functionCall: { name: "b", args: {} } }] },
          { role: "user", parts: [...returned("a").parts, ...returned("b").parts] }
        ]
      }
      assert.isTrue(yield* means({ after: ["a", "b"], step: 1, turn: 0 }, parallel))
      const apart = { ...parallel, contents: [...parallel.contents.slice(0, 2), returned("a"), returned("b")] }
      assert.isTrue(yield* means({ after: { equals: ["b", "a"] }, step: 1, turn: 0 }, apart))
    }))

  it.effect("sees the schema that was asked for, in whichever field it stands", () =>
    Effect.gen(function*() {
      for (const field of ["responseSchema", "responseJsonSchema"]) {
        const body = {
          ...prompt("Hi"),
          generationConfig: { responseMimeType: "application/json", [field]: { type: "string" } }
        }
        assert.isTrue(
          yield* means({ schema: { contains: { type: field === "responseSchema" ? "STRING" : "string" } } }, body)
        )
      }
    }))
})

describe("rules", () => {
  it.effect("are asked in order, and the first that matches answers, every time", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 3; i++) assert.strictEqual(text(yield* generate(prompt("one"))), "first")
      assert.strictEqual(text((yield* stream(prompt("two")))[0]), "second")
      const emulator = yield* Emulator.Emulator
      assert.deepStrictEqual(yield* emulator.rules, [
        { name: "one", answered: 3, usedUp: false },
        { name: "rule 2", answered: 1, usedUp: false },
        { name: "rule 3", answered: 0, usedUp: false }
      ])
      const [entry] = yield* emulator.requests
      assert.deepStrictEqual(entry?.verdict, { by: "rule", rule: "one" })
    }).pipe(rules({ name: "one", when: { text: "one" }, reply: "first" }, { reply: "second" }, { reply: "third" })))

  it.effect("count their times and the replies of a list, and nothing is played twice", () =>
    Effect.gen(function*() {
      const said: Array<string> = []
      for (let i = 0; i < 6; i++) said.push(text(yield* generate(prompt("Hi"))))
      assert.deepStrictEqual(said, ["a", "b", "once", "c", "d", "c"])
    }).pipe(rules({ replies: ["a", "b"] }, { reply: "once", times: 1 }, { replies: ["c", "d"], end: "repeat" })))

  it.effect("that are used up refuse what they match, where they are told to", () =>
    Effect.gen(function*() {
      assert.strictEqual(text(yield* generate(prompt("Hi"))), "a")
      const { message, status } = yield* errorOf(prompt("Hi"))
      assert.strictEqual(status, 501)
      assert.strictEqual(message, "Rule \"rule 1\" of the emulator: it is used up: it has answered 1 request.")
    }).pipe(rules({ replies: ["a"], end: "refuse" }, { reply: "never" })))

  it.effect("give every request of a thousand in parallel a reply of its own", () =>
    Effect.gen(function*() {
      const answers = yield* Effect.forEach(
        Array.from({ length: 1000 }),
        () => Effect.map(generate(prompt("Hi")), text),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(answers).size, 1000)
    }).pipe(rules({ replies: Array.from({ length: 1000 }, (_, i) => `reply ${i}`) })))

  it.effect("give a place of a list to one request alone, also where a function has nothing to say or takes its time", () =>
    Effect.gen(function*() {
      const slow = yield* Effect.forkChild(generate(prompt("slow")), { startImmediately: true })
      const second = yield* generate(prompt("fast"))
      yield* TestClock.adjust("1 second")
      const first = yield* Fiber.join(slow)
      const third = yield* generate(prompt("fast"))
      assert.deepStrictEqual([first, second, third].map((answer) => text(answer)), ["last", "one", "two"])
      const emulator = yield* Emulator.Emulator
      assert.deepStrictEqual((yield* emulator.rules).map(({ answered }) => answered), [2, 1])
    }).pipe(
      rules({ replies: [() => Effect.as(Effect.sleep("1 second"), undefined), "one", "two"] }, { reply: "last" })
    ))

  it.effect("a request that is refused uses up nothing", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* errorOf({ contents: [] })).status, 400)
      assert.strictEqual(text(yield* generate(prompt("Hi"))), "kept")
    }).pipe(rules({ reply: "kept", times: 1 })))

  it.effect("come behind the header and the queue, and before the answers", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue("queue")
      yield* emulator.setRules([{ when: { text: "own" }, reply: "space" }])
      const ask = (words: string, headers: Record<string, string> = {}) =>
        Effect.flatMap(post(`/v1beta/models/${flash}:generateContent`, prompt(words), headers), (response) =>
          Effect.map(response.text, (body) => text(JSON.parse(body))))
      assert.strictEqual(yield* ask("own", { "x-emulator-answer": "\"header\"" }), "header")
      assert.strictEqual(yield* ask("own"), "queue")
      assert.strictEqual(yield* ask("own"), "space")
      assert.strictEqual(yield* ask("shared"), "file")
      assert.strictEqual(yield* ask("else"), "function")
      yield* emulator.clear
      assert.strictEqual(yield* ask("own"), "function")
      assert.strictEqual(yield* ask("shared"), "file")
    }).pipe(Effect.provide(Emulator.layerHttpClient({
      rules: [{ when: { text: "shared" }, reply: "file" }],
      answers: () =>
        "function"
    }))))

  it.effect("may be functions, which see the request and may have nothing to say", () =>
    Effect.gen(function*() {
      assert.strictEqual(text(yield* generate(prompt("Hi"))), "generateContent of Hi")
      assert.strictEqual(text(yield* generate(prompt("no"))), "next")
      const { message, status } = yield* errorOf(prompt("wrong"))
      assert.deepStrictEqual([status, message.split(": ")[1]], [501, "txt"])
      assert.include((yield* errorOf(prompt("throw"))).message, "my own mistake")
    }).pipe(rules(
      {
        reply: ({ body, method }) => {
          const words = JSON.stringify(body)
          if (words.includes("\"no\"")) return undefined
          if (words.includes("throw")) throw new Error("my own mistake")
          if (words.includes("wrong")) return JSON.parse("{\"txt\":\"x\"}")
          return Effect.succeed(`${method} of ${words.includes("Hi") ? "Hi" : "?"}`)
        }
      },
      { reply: "next" }
    )))

  it.effect("of one space are not those of another, and each counts for itself what all share", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const one = yield* emulator.space("one", { rules: [{ when: { text: "own" }, reply: "mine" }] })
      const ask = (base: string, words: string) =>
        Effect.flatMap(
          post(`${base}/v1beta/models/${flash}:generateContent`, prompt(words)),
          (response) => Effect.map(response.text, (body) => text(JSON.parse(body)) || "refused")
        )
      assert.strictEqual(yield* ask("/spaces/one", "own"), "mine")
      assert.strictEqual(yield* ask("", "own"), "refused")
      assert.strictEqual(yield* ask("/spaces/one", "once"), "shared")
      assert.strictEqual(yield* ask("/spaces/two", "once"), "shared")
      assert.strictEqual(yield* ask("/spaces/one", "once"), "refused")
      assert.deepStrictEqual(
        (yield* one.rules).map(({ answered }) => answered),
        [1, 1]
      )
    }).pipe(rules({ when: { text: "once" }, reply: "shared", times: 1 })))
})

describe("a request that no rule matches", () => {
  it.effect("is refused with what kept the nearest ones from it: in the message, a header and the log", () =>
    Effect.gen(function*() {
      const { header, message, status } = yield* errorOf(prompt("Hë"))
      assert.strictEqual(status, 501)
      assert.strictEqual(
        message,
        "No rule of the emulator's space \"default\" answers this generateContent to gemini-3.8-flash. Nearest: " +
          "rule \"near\": text: wanted contains \"weather\", found \"Hë\"; " +
          "rule \"far\": method: wanted \"streamGenerateContent\", found \"generateContent\". " +
          "Add a rule, or let it generate what no rule matches (otherwise = \"generate\")."
      )
      const nearMisses = [
        "rule \"near\": text: wanted contains \"weather\", found \"Hë\"",
        "rule \"far\": method: wanted \"streamGenerateContent\", found \"generateContent\""
      ]
      assert.deepStrictEqual(JSON.parse(header ?? ""), nearMisses)
      const [entry] = yield* (yield* Emulator.Emulator).requests
      assert.deepStrictEqual(entry?.verdict, { by: "unmatched", refused: message, nearMisses })
    }).pipe(rules(
      { name: "far", when: { method: "streamGenerateContent", text: "Hi" }, reply: "x" },
      { name: "near", when: { method: "generateContent", text: { contains: "weather" } }, reply: "x" }
    )))

  it.effect("shows no key that was found", () =>
    Effect.gen(function*() {
      const { message } = yield* errorOf(prompt("Hi"))
      assert.notInclude(message, "key\"")
      assert.include(message, "key: wanted another one, found a secret")
    }).pipe(rules({ when: { key: "other-secret" }, reply: "x" })))

  it.effect("is generated where that was asked for, byte for byte as without rules", () =>
    Effect.gen(function*() {
      const plain = yield* generate(prompt("Hi")).pipe(Effect.provide(Emulator.layerHttpClient(), { local: true }))
      assert.deepStrictEqual(yield* generate(prompt("Hi")), plain)
      assert.strictEqual(text(yield* generate(prompt("other"))), "x")
    }).pipe(Effect.provide(
      Emulator.layerHttpClient({ rules: [{ when: { text: "other" }, reply: "x" }], otherwise: "generate" })
    )))

  it.effect("may also be one that counts, embeds or lists: it needs a rule of its own, and words are none for it", () =>
    Effect.gen(function*() {
      const refused = yield* errorOf(prompt("Hi"), "countTokens")
      assert.strictEqual(refused.status, 501)
      assert.include(
        refused.message,
        "rule \"words\": method: wanted one that generates, found \"countTokens\"".replaceAll(
          "\"countTokens\"",
          "countTokens"
        )
      )
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([{ when: { method: "countTokens" }, reply: {} }])
      const counted = yield* post(`/v1beta/models/${flash}:countTokens`, prompt("Hi"))
      assert.deepInclude(JSON.parse(yield* counted.text), { totalTokens: 1 })
      assert.strictEqual((yield* post("/v1alpha/auth_tokens", {})).status, 200)
    }).pipe(rules({ name: "words", reply: "words" })))
})

describe("a reply", () => {
  const tools = declare("get_weather", "get_time")

  it.effect("calls functions in parallel: signed, numbered, counted, made by the schema where it leaves them out", () =>
    Effect.gen(function*() {
      const body = { ...prompt("Hi"), tools }
      const whole = yield* generate(body)
      const [thought, first, second] = [undefined, ...parts(whole)]
      assert.isUndefined(thought)
      assert.deepInclude(first?.functionCall, { name: "get_weather", args: { city: "Berlin", days: 2 } })
      assert.match(first?.functionCall?.id ?? "", /^[a-z0-9]{8}$/)
      assert.isString(first?.thoughtSignature)
      assert.isUndefined(second?.thoughtSignature)
      assert.strictEqual(second?.functionCall?.id, "mine")
      assert.isString(Object(second?.functionCall?.args)["city"])
      assert.strictEqual(whole.candidates?.[0]?.finishReason, "STOP")
      assert.isAbove(whole.usageMetadata.candidatesTokenCount ?? 0, 5)
      assert.isAbove(whole.usageMetadata.thoughtsTokenCount ?? 0, 1)
      const chunks = yield* stream(body)
      assert.deepStrictEqual(chunks.flatMap((chunk) => parts(chunk)), [first, second].flatMap((part) => part ?? []))
      assert.deepStrictEqual(chunks.at(-1)?.usageMetadata, whole.usageMetadata)
    }).pipe(rules({
      reply: {
        calls: [{ name: "get_weather", args: { city: "Berlin", days: 2 } }, { name: "get_time", id: "mine" }]
      }
    })))

  it.effect("its signature is one that strict signatures take, and a changed one is not", () =>
    Effect.gen(function*() {
      const first = yield* generate({ ...prompt("Hi"), tools })
      const history = (signature: string | undefined) => ({
        tools,
        contents: [
          user("Hi"),
          { role: "model", parts: parts(first).map((part) => ({ ...part, thoughtSignature: signature })) },
          returned("get_weather", { celsius: 7 })
        ]
      })
      const signature = parts(first)[0]?.thoughtSignature ?? ""
      assert.strictEqual(text(yield* generate(history(signature))), "7")
      assert.include((yield* errorOf(history(`${signature.slice(0, -4)}AAAA`))).message, "Corrupted thought signature")
      assert.include((yield* errorOf(history(undefined))).message, "missing a thought_signature")
    }).pipe(Effect.provide(Emulator.layerHttpClient({
      strictSignatures: true,
      rules: [
        { when: { step: 0 }, reply: { calls: [{ name: "get_weather", args: { city: "Berlin" } }] } },
        { when: { after: "get_weather" }, reply: "{{ result.get_weather.celsius }}" }
      ]
    }))))

  it.effect("thinks aloud where thoughts were asked for, and is counted in any case", () =>
    Effect.gen(function*() {
      const shown = yield* generate({
        ...prompt("Hi"),
        generationConfig: { thinkingConfig: { includeThoughts: true } }
      })
      assert.deepInclude(parts(shown)[0], { text: "I wonder.", thought: true })
      const hidden = yield* generate(prompt("Hi"))
      assert.deepStrictEqual(parts(hidden).map((part) => part.text), ["Said."])
      assert.strictEqual(hidden.usageMetadata.thoughtsTokenCount, 3)
    }).pipe(rules({ reply: { thoughts: "I wonder.", text: "Said." } })))

  it.effect("says JSON, media and sources, with its own reason and numbers", () =>
    Effect.gen(function*() {
      const json = yield* generate({
        ...prompt("json"),
        generationConfig: {
          responseMimeType: "application/json",
          responseSchema: { type: "OBJECT", properties: { a: { type: "INTEGER" } } }
        }
      })
      assert.strictEqual(text(json), "{\"a\":1}")
      const image = yield* generate(
        { ...prompt("image"), generationConfig: { responseModalities: ["TEXT", "IMAGE"] } },
        "gemini-3.1-flash-image"
      )
      assert.deepStrictEqual(parts(image).map((part) => part.inlineData?.mimeType), [undefined, "image/png"])
      const grounded = yield* generate({ ...prompt("sources"), tools: [{ googleSearch: {} }] })
      assert.deepStrictEqual<unknown>(grounded.candidates?.[0]?.groundingMetadata, {
        webSearchQueries: ["q"],
        searchEntryPoint: { renderedContent: "<div class=\"container\">emulator</div>" },
        groundingChunks: [{ web: { uri: "https://a.example/x", title: "a.example" } }],
        groundingSupports: [{ segment: { endIndex: 4, text: "Yes." }, groundingChunkIndices: [0] }]
      })
      const counted = yield* generate(prompt("usage"))
      assert.strictEqual(counted.candidates?.[0]?.finishReason, "RECITATION")
      assert.deepInclude(counted.usageMetadata, { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 })
      const chunks = yield* stream(prompt("usage"))
      assert.deepStrictEqual(chunks.at(-1)?.usageMetadata, counted.usageMetadata)
    }).pipe(rules(
      { when: { text: "json" }, reply: { json: { a: 1 } } },
      { when: { text: "image" }, reply: { text: "Look:", image: true } },
      {
        when: { text: "sources" },
        reply: { text: "Yes.", grounding: { queries: ["q"], sources: [{ uri: "https://a.example/x" }] } }
      },
      { reply: { text: "Cut", finishReason: "RECITATION", usage: { promptTokenCount: 10, candidatesTokenCount: 5 } } }
    )))

  it.effect("is cut at the limit of tokens, as the model's own words are", () =>
    Effect.gen(function*() {
      const cut = yield* generate({ ...prompt("Hi"), generationConfig: { maxOutputTokens: 2 } })
      assert.deepStrictEqual([text(cut), cut.candidates?.[0]?.finishReason], ["12345678", "MAX_TOKENS"])
    }).pipe(rules({ reply: "123456789" })))

  it.effect("takes its time: the first token, then so many a second", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const call = yield* Effect.forkChild(stream(prompt("Hi")), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(call)
      const [entry] = yield* emulator.requests
      assert.deepStrictEqual(entry?.chunks.map(({ time }) => time), [300, 675])
      const whole = yield* Effect.forkChild(generate(prompt("Hi")), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(whole)
      const last = (yield* emulator.requests).at(-1)
      assert.strictEqual((last?.closedAt ?? 0) - (last?.time ?? 0), 1550)
    }).pipe(
      rules({
        reply: { text: "One two three four five six seven eight.", pace: { firstToken: "300ms", tokensPerSecond: 8 } }
      })
    ))

  it.effect("breaks where it is told to", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.exit(stream(prompt("cut")))
      assert.isTrue(Exit.isFailure(failed))
      assert.deepInclude(yield* errorOf(prompt("status")), { status: 503 })
      const emulator = yield* Emulator.Emulator
      assert.strictEqual((yield* emulator.requests)[0]?.outcome, "cut")
    }).pipe(rules(
      {
        when: { text: "cut" },
        reply: { text: "One two three four five six seven eight.", fault: { cut: { chunks: 1 } } }
      },
      { reply: { text: "x", fault: { status: 503 } } }
    )))

  it.effect("is filled with what the request holds, and refused where that is missing", () =>
    Effect.gen(function*() {
      const ask = (words: string) => generate({ ...prompt(words), tools })
      assert.deepStrictEqual(parts(yield* ask("How is it in New York for 3 days?"))[0]?.functionCall?.args, {
        city: "New",
        days: 3
      })
      const { message, status } = yield* errorOf({ ...prompt("How are you?"), tools })
      assert.strictEqual(status, 501)
      assert.include(
        message,
        "Rule \"rule 1\" of the emulator: {{ text | after 'in ' | word }}: the request holds nothing of the kind."
      )
    }).pipe(rules({
      reply: {
        calls: [{ name: "get_weather", args: { city: "{{ text | after 'in ' | word }}", days: "{{ text | number }}" } }]
      }
    })))

  const misfits: ReadonlyArray<readonly [string, Rule.RuleReply, Readonly<Record<string, unknown>>, string]> = [
    [
      "a function that is not declared",
      { calls: [{ name: "get_wether", args: {} }] },
      { tools },
      "calls[0].name: the request declares no function \"get_wether\", it declares get_weather, get_time. Did you mean \"get_weather\"?"
    ],
    ["a function where none is", { calls: [{ name: "f" }] }, {}, "it declares none"],
    [
      "arguments of another type",
      { calls: [{ name: "get_time", args: { city: 1 } }] },
      { tools },
      "calls[0].args.city: expected string, not number, as get_time is declared"
    ],
    [
      "arguments that are missing",
      { calls: [{ name: "get_time", args: {} }] },
      { tools },
      "calls[0].args.city: expected a value: it is required"
    ],
    [
      "arguments that do not exist",
      { calls: [{ name: "get_time", args: { city: "x", y: 1 } }] },
      { tools },
      "calls[0].args.y: expected no such property"
    ],
    [
      "arguments below their bound",
      { calls: [{ name: "get_time", args: { city: "x", days: 0 } }] },
      { tools },
      "calls[0].args.days: expected at least 1"
    ],
    ["a call in mode NONE", { calls: [{ name: "get_time", args: { city: "x" } }] }, {
      tools,
      toolConfig: { functionCallingConfig: { mode: "NONE" } }
    }, "mode NONE"],
    ["JSON that the schema forbids", { json: { a: "x" } }, {
      generationConfig: {
        responseMimeType: "application/json",
        responseSchema: { type: "OBJECT", properties: { a: { type: "INTEGER" } } }
      }
    }, "json.a: expected integer, not string, as the request's schema has it"],
    ["a picture", { image: true }, {}, "responseModalities has no IMAGE"],
    ["sound", { audio: true }, {}, "responseModalities has no AUDIO"],
    ["sources", { text: "x", grounding: {} }, {}, "declares no tool that looks something up"]
  ]
  for (const [name, reply, more, words] of misfits) {
    it.effect(`that is ${name} is refused, and sent all the same where it is meant to be invalid`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.setRules([{ name: "x", reply }])
        const { message, status } = yield* errorOf({ ...prompt("Hi"), ...more })
        assert.strictEqual(status, 501)
        assert.include(message, words)
        assert.match(message, /^Rule "x" of the emulator: .* Set invalid = true to send it all the same\.$/)
        assert.strictEqual((yield* emulator.requests)[0]?.verdict?.refused, message)
        yield* emulator.setRules([{ name: "x", reply: Object.assign({}, reply, { invalid: true }) }])
        assert.strictEqual((yield* errorOf({ ...prompt("Hi"), ...more })).status, 200)
        yield* emulator.setRules([])
        if (typeof reply === "object") yield* emulator.enqueue(reply)
        assert.include(
          (yield* errorOf({ ...prompt("Hi"), ...more })).message,
          "An answer of the queue of the emulator: "
        )
      }).pipe(Effect.provide(Emulator.layerHttpClient())))
  }

  it.effect("for the queue waits for a request that generates", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue("kept")
      assert.strictEqual((yield* post(`/v1beta/models/${flash}:countTokens`, prompt("Hi"))).status, 200)
      assert.strictEqual(text(yield* generate(prompt("Hi"))), "kept")
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})

describe("a mistake", () => {
  /** What a value that no compiler has seen is refused with. */
  const told = (value: unknown): string => {
    const gemini = Standalone.webHandler()
    try {
      gemini.setRules([JSON.parse(JSON.stringify(value))])
    } catch (error) {
      return String((error as RuleError).message)
    }
    return "taken"
  }
  const table: ReadonlyArray<readonly [unknown, string]> = [
    [{ nmae: "x", reply: "x" }, "rules[0].nmae: there is no such field. Did you mean \"name\"?"],
    [{ when: { txet: "x" }, reply: "x" }, "rules[0].when.txet: there is no such field. Did you mean \"text\"?"],
    [
      { when: { text: { contians: "x" } }, reply: "x" },
      "rules[0].when.text.contians: there is no such field. Did you mean \"contains\"?"
    ],
    [
      { when: { text: { not: { mtaches: "x" } } }, reply: "x" },
      "rules[0].when.text.not.mtaches: there is no such field. Did you mean \"matches\"?"
    ],
    [{ when: { text: {} }, reply: "x" }, "rules[0].when.text: it asks for nothing"],
    [{ when: { text: { matches: "(" } }, reply: "x" }, "rules[0].when.text.matches: Invalid regular expression"],
    [{ when: { body: { "a/b": 1 } }, reply: "x" }, "rules[0].when.body[\"a/b\"]: \"a/b\" is not a JSON pointer"],
    [{ when: { step: null }, reply: "x" }, "rules[0].when.step: expected"],
    [{ reply: { txt: "x" } }, "rules[0].reply.txt: there is no such field. Did you mean \"text\"?"],
    [
      { reply: { calls: [{ nmae: "x", name: "f" }] } },
      "rules[0].reply.calls[0].nmae: there is no such field. Did you mean \"name\"?"
    ],
    [{ reply: { calls: [{}] } }, "rules[0].reply.calls[0].name: is missing"],
    [{ reply: { text: "a", json: {} } }, "rules[0].reply: text and json: the words are one of them"],
    [
      { reply: { text: "a", error: { code: 500 } } },
      "rules[0].reply: error is a whole answer: text cannot stand beside it"
    ],
    [{ reply: { response: {}, raw: {} } }, "rules[0].reply: response and raw: one of them is a whole answer already"],
    [{ reply: { text: "a", pace: {}, chunkDelay: 1 } }, "rules[0].reply: pace and chunkDelay"],
    [
      { reply: { text: "a", pace: { firstToken: "soon" } } },
      "rules[0].reply.pace.firstToken: expected a time: 300, \"300ms\", \"1.5s\""
    ],
    [{ reply: { text: "a", finishReason: "STOPPED" } }, "rules[0].reply: finishReason: the API has no \"STOPPED\""],
    [
      { reply: { text: "a", fault: { ctu: {} } } },
      "rules[0].reply.fault.ctu: there is no such field. Did you mean \"cut\"?"
    ],
    [{ reply: { text: "a", fault: { when: {} } } }, "rules[0].reply.fault.when: there is no such field."],
    [
      { reply: { usage: { promptTokens: 1 } } },
      "rules[0].reply.usage.promptTokens: there is no such field. Did you mean \"promptTokenCount\"?"
    ],
    [{ reply: "{{ txt }}" }, "rules[0].reply: {{ txt }}: a path begins with one of text, turn"],
    [
      { reply: { text: "{{ text | wrd }}" } },
      "rules[0].reply.text: {{ text | wrd }}: there is no filter \"wrd\". Did you mean \"word\"?"
    ],
    [
      { reply: { calls: [{ name: "f", args: { a: "{{ result }}" } }] } },
      "rules[0].reply.calls[0].args.a: {{ result }}: result of what?"
    ],
    [{}, "rules[0]: it has either a reply or replies"],
    [{ reply: "a", replies: ["b"] }, "rules[0]: it has either a reply or replies"],
    [{ replies: [] }, "rules[0].replies: expected"],
    [{ reply: "a", end: "repeat", times: 2 }, "rules[0]: end = \"repeat\" is for a list of replies"],
    [{ reply: "a", end: "refuse" }, "rules[0]: end is for a rule that can be used up"],
    [{ reply: "a", times: 0 }, "rules[0].times: expected"],
    [{ reply: "a", end: "stop" }, "rules[0].end: expected"],
    ["x", "rules[0]: expected"]
  ]
  for (const [value, message] of table) {
    it(`${JSON.stringify(value)}: ${message}`, () => {
      assert.include(told(value), message)
    })
  }

  it("each of several is told, and a name that is there twice", () => {
    const gemini = Standalone.webHandler()
    assert.throws(
      () => gemini.setRules([{ name: "x", reply: "a" }, { name: "x", reply: "b" }, JSON.parse("{\"rpley\":1}")]),
      /rules\[1\]\.name: there is a rule "x" already\n(.*\n)?rules\[2\]\.rpley: there is no such field\. Did you mean "reply"\?/
    )
  })

  it.effect("of an option, an answer or a fault is a defect that says where, in-process too", () =>
    Effect.gen(function*() {
      const says = (exit: Exit.Exit<unknown, unknown>) =>
        Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "taken"
      const started = (options: string) =>
        Effect.exit(Effect.provide(Effect.void, Emulator.layerHttpClient(JSON.parse(options))))
      assert.include(
        says(yield* started("{\"sede\":\"x\"}")),
        "options: sede: there is no such field. Did you mean \"seed\"?"
      )
      assert.include(
        says(yield* started("{\"quotas\":{\"models\":{\"*\":{\"rmp\":1}}}}")),
        "quotas.models[\"*\"].rmp: there is no such field. Did you mean \"rpm\"?"
      )
      assert.include(
        says(yield* started("{\"live\":{\"playbak\":1}}")),
        "live.playbak: there is no such field. Did you mean \"playback\"?"
      )
      assert.include(
        says(yield* started("{\"faults\":[{},{\"dealy\":1}]}")),
        "faults[1].dealy: there is no such field. Did you mean \"delay\"?"
      )
      assert.include(
        says(yield* started("{\"answers\":[{\"txt\":\"x\"}]}")),
        "answers[0].txt: there is no such field. Did you mean \"text\"?"
      )
      assert.include(says(yield* started("{\"rules\":[{\"rpley\":\"x\"}]}")), "rules[0].rpley")
      const emulator = yield* Emulator.Emulator
      assert.include(
        says(yield* Effect.exit(emulator.enqueue(JSON.parse("{\"txt\":1}")))),
        "answers[0].txt: there is no such field."
      )
      assert.include(
        says(yield* Effect.exit(emulator.addFault(JSON.parse("{\"statsu\":1}")))),
        "faults[0].statsu: there is no such field."
      )
      const refused = yield* Effect.flip(emulator.space("one", JSON.parse("{\"sede\":1}")))
      assert.include(refused.message, "sede: there is no such field. Did you mean \"seed\"?")
      assert.strictEqual((yield* emulator.spaces).spaces.length, 1)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})
