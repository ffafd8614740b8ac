/** `calls: "likely"`: loops over tools that end, with arguments that fit, on toolkits that nobody wrote by hand. */
import { assert, describe, it, layer } from "@effect/vitest"
import Formats from "ajv-formats"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../src/internal/Dice.ts"
import * as Conforms from "../src/internal/judge/conforms.ts"
import { ask, connect, textOf } from "./LiveWire.ts"
import { generate, type Part, parts, text } from "./Wire.ts"

interface Content {
  readonly role: string
  readonly parts: ReadonlyArray<unknown>
}

interface Tool {
  readonly name: string
  readonly description?: string
  readonly parametersJsonSchema?: unknown
}

const user = (words: string): Content => ({ role: "user", parts: [{ text: words }] })

interface Loop {
  readonly calls: ReadonlyArray<NonNullable<Part["functionCall"]>>
  readonly contents: ReadonlyArray<Content>
  readonly answer: string
}

/** An agent as everybody writes it: it calls until the model speaks, and gives up behind 100 steps. */
const loop = Effect.fnUntraced(function*(
  before: ReadonlyArray<Content>,
  tools: ReadonlyArray<Tool>,
  returns: (name: string, args: unknown) => unknown,
  mode?: string
): Effect.fn.Return<Loop, unknown, Effect.Services<ReturnType<typeof generate>>> {
  let contents = before
  const calls: Array<NonNullable<Part["functionCall"]>> = []
  for (let step = 0; step < 100; step++) {
    const response = yield* generate({
      contents,
      tools: [{ functionDeclarations: tools }],
      ...(mode === undefined ? {} : { toolConfig: { functionCallingConfig: { mode } } })
    })
    const said = parts(response)
    assert.isNotEmpty(said, JSON.stringify(response))
    const called = said.flatMap((part) => part.functionCall ?? [])
    contents = [...contents, { role: "model", parts: said }]
    if (called.length === 0) return { calls, contents, answer: text(response) }
    calls.push(...called)
    contents = [...contents, {
      role: "user",
      parts: called.map(({ args, id, name }) => ({
        functionResponse: { ...(id === undefined ? {} : { id }), name, response: returns(name, args) }
      }))
    }]
  }
  throw new Error("The loop has no end.")
})

const weather: Tool = {
  name: "get_weather",
  description: "The weather of a city.",
  parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}
const mail: Tool = {
  name: "send_mail",
  description: "Sends a mail.",
  parametersJsonSchema: {
    type: "object",
    properties: { to: { type: "string", format: "email" }, celsius: { type: "number" } },
    required: ["to", "celsius"]
  }
}
const stocks: Tool = {
  name: "stock_price",
  description: "The price of a share.",
  parametersJsonSchema: { type: "object" }
}
const returned = (name: string) => name === "get_weather" ? { celsius: 21, sky: "clear" } : { sent: true }

/** Keywords in many mixtures, so that every one of them is met. */
const schemaBy = (dice: Dice.Dice, depth: number): unknown => {
  const names = ["city", "to", "count", "price", "date", "query", "user_id", "flag", "language", "items", "x"]
  const low = dice.int(-20, 20)
  const leaf = (): unknown =>
    dice.pick<() => unknown>([
      () => ({ type: "string" }),
      () => ({ type: "string", minLength: dice.int(0, 30), maxLength: dice.int(30, 40), description: "A city" }),
      () => ({ type: "string", maxLength: dice.int(0, 3) }),
      () => ({
        type: "string",
        format: dice.pick(["date", "date-time", "time", "email", "uri", "uuid", "ipv4", "hostname"])
      }),
      () => ({
        type: "string",
        pattern: dice.pick(["^[A-Z]{3}$", "^\\d{4}-\\d{2}$", "^[a-z]+$", "^(low|high)$", "^#?[0-9a-f]{6}$"])
      }),
      () => ({ type: ["string", "null"], examples: ["an example", 7], default: dice.pick(["standard", 3]) }),
      () => ({ enum: ["small", "large", 3, null] }),
      () => ({ const: dice.int(1, 5) }),
      () => ({ type: "integer", minimum: low, maximum: low + dice.int(0, 50) }),
      () => ({ type: "integer", exclusiveMinimum: low, exclusiveMaximum: low + dice.int(2, 9) }),
      () => ({ type: "integer", multipleOf: dice.int(2, 9), minimum: low }),
      () => ({ type: "number", exclusiveMinimum: 0, maximum: 1 }),
      () => ({ type: "number", multipleOf: 0.25, minimum: low }),
      () => ({ type: "number", default: 1000, maximum: 10 }),
      () => ({ type: "boolean" }),
      () => ({ type: "string", not: { const: "Berlin" } }),
      () => ({ anyOf: [{ type: "string", maxLength: 4 }, { type: "null" }] }),
      () => ({ oneOf: [{ type: "integer" }, { type: "string" }] }),
      () => ({})
    ])?.()
  if (depth === 0 || dice.next() < 0.4) return leaf()
  if (dice.next() < 0.3) {
    const items = dice.next() < 0.5 ? { type: "string" } : schemaBy(dice, depth - 1)
    return { type: "array", items, minItems: dice.int(0, 2), maxItems: dice.int(2, 4) }
  }
  if (dice.next() < 0.2) {
    return { type: "array", items: { type: "integer", minimum: 1, maximum: 9 }, uniqueItems: true, minItems: 3 }
  }
  const chosen = [...new Set(Array.from({ length: dice.int(0, 5) }, () => dice.pick(names) ?? ""))]
  return {
    type: "object",
    properties: Object.fromEntries(chosen.map((name) => [name, schemaBy(dice, depth - 1)])),
    required: chosen.filter(() => dice.next() < 0.6),
    additionalProperties: dice.next() < 0.5 ? false : { type: "string" }
  }
}

const objectBy = (dice: Dice.Dice): unknown => {
  for (;;) {
    const schema = schemaBy(dice, 3)
    if (typeof schema === "object" && schema !== null && "properties" in schema) return schema
  }
}

const verbs = ["get", "book", "search", "cancel", "translate", "send", "list", "plan"]
const nouns = ["weather", "flight", "invoice", "mail", "ticket", "recipe", "hotel", "order"]
const phrases = [
  "in Berlin",
  "for 4 people",
  "on 2027-03-14",
  "to ada@example.org",
  "from Oslo to Rome",
  "\"quoted words\"",
  "at 15:30"
]

const toolkitBy = (dice: Dice.Dice) => {
  const names = [...new Set(Array.from({ length: dice.int(1, 8) }, () => `${dice.pick(verbs)}_${dice.pick(nouns)}`))]
  return names.map((name) => ({
    name,
    description: `Does ${name.replace("_", " the ")}.`,
    parametersJsonSchema: objectBy(dice)
  }))
}

const wordsBy = (dice: Dice.Dice) =>
  Array.from({ length: dice.int(1, 5) }, () => `${dice.pick(verbs)} the ${dice.pick(nouns)} ${dice.pick(phrases)}`)
    .join(" and ")

const toolkits = sizeOf("27.3", { test: 20, prove: 2000 })
const base = seedOf("27.3", 1)

layer(Emulator.layerHttpClient({ calls: "likely", values: "likely" }))("likely calls", (it) => {
  it.effect("come one a step, in the order of the words, and then what they returned is told", () =>
    Effect.gen(function*() {
      const words = "What is the weather in Berlin? Then mail it to ada@example.org."
      const { answer, calls } = yield* loop([user(words)], [mail, stocks, weather], returned)
      assert.deepStrictEqual(calls.map(({ args, name }) => ({ name, args })), [
        { name: "get_weather", args: { city: "Berlin" } },
        { name: "send_mail", args: { to: "ada@example.org", celsius: 21 } }
      ])
      assert.include(answer, "According to get_weather, celsius is 21 and sky is clear.")
      assert.include(answer, "According to send_mail, sent is true.")
    }))

  it.effect("are none where no function fits, and none in mode NONE", () =>
    Effect.gen(function*() {
      const none = yield* loop([user("Tell me a joke")], [mail, stocks, weather], returned)
      assert.isEmpty(none.calls)
      const forbidden = yield* loop([user("The weather in Rome?")], [weather], returned, "NONE")
      assert.isEmpty(forbidden.calls)
    }))

  it.effect("end in mode ANY too, when each function was called", () =>
    Effect.gen(function*() {
      const { calls } = yield* loop([user("Tell me a joke")], [mail, weather], returned, "ANY")
      assert.deepStrictEqual(calls.map(({ name }) => name), ["send_mail", "get_weather"])
    }))

  it.effect("begin anew with the user's next words, and are never made twice with the same arguments", () =>
    Effect.gen(function*() {
      const first = yield* loop([user("The weather in Rome?")], [weather], returned)
      const other = yield* loop([...first.contents, user("And the weather in Oslo?")], [weather], returned)
      assert.deepStrictEqual(other.calls.map(({ args }) => args), [{ city: "Oslo" }])
      const same = yield* loop([...other.contents, user("The weather in Rome?")], [weather], returned)
      assert.isEmpty(same.calls)
    }))

  describe(`an agent's loop of ${toolkits} random toolkits`, () => {
    const each = 20
    for (let first = 0; first < toolkits; first += each) {
      it.effect(
        `ends, and the arguments fit the schemas, by Ajv too: from ${first}`,
        () =>
          Effect.forEach(
            Array.from({ length: each }, (_, i) => `toolkit ${base} ${first + i}`),
            Effect.fnUntraced(function*(seed) {
              const dice = Dice.make(seed)
              const tools = toolkitBy(dice)
              const mode = dice.pick([undefined, undefined, "ANY"])
              let contents: ReadonlyArray<Content> = []
              const seen = new Set<string>()
              const ajv = Formats.default(new Ajv2020({ strict: false }))
              for (let turn = 0; turn < 3; turn++) {
                const done = yield* loop(
                  [...contents, user(wordsBy(dice))],
                  tools,
                  (name) => ({
                    [dice.pick(["city", "user_id", "count"]) ?? ""]: dice.pick(["Paris", 7, null, { id: "a-1" }]),
                    name
                  }),
                  mode
                )
                contents = done.contents
                assert.strictEqual(new Set(done.calls.map(({ name }) => name)).size, done.calls.length)
                for (const { args, name } of done.calls) {
                  const schema = Object(tools.find((tool) => tool.name === name)?.parametersJsonSchema)
                  const shown = JSON.stringify({ schema, args }, null, 1)
                  assert.isUndefined(Conforms.mismatch(schema, args), shown)
                  const validate = ajv.compile(schema)
                  assert.isTrue(validate(args), `${JSON.stringify(validate.errors)} ${shown}`)
                  const key = JSON.stringify([name, args])
                  assert.isFalse(seen.has(key), `twice: ${key}`)
                  seen.add(key)
                }
              }
            })
          ),
        60_000
      )
    }
  })
})

describe("likely calls in Live", () => {
  it.effect("come one after the other, too, and then what they returned is told", () =>
    Effect.scoped(Effect.gen(function*() {
      const client = yield* connect({
        tools: [{ functionDeclarations: [mail, stocks, weather] }]
      })
      yield* client.send(ask("What is the weather in Berlin? Then mail it to ada@example.org."))
      for (
        const [name, args] of [["get_weather", { city: "Berlin" }], ["send_mail", {
          to: "ada@example.org",
          celsius: 21
        }]] as const
      ) {
        const messages = yield* client.until(({ serverContent, toolCall }) =>
          toolCall !== undefined || serverContent?.turnComplete === true
        )
        const [call] = messages.at(-1)?.toolCall?.functionCalls ?? []
        assert.deepStrictEqual([call?.name, call?.args], [name, args])
        yield* client.send({ toolResponse: { functionResponses: [{ id: call?.id, name, response: returned(name) }] } })
      }
      assert.include(textOf(yield* client.turn), "According to send_mail, sent is true.")
    })).pipe(Effect.provide(Emulator.layerMemory({ calls: "likely", values: "likely" }))))
})

describe("without the options", () => {
  it.effect("nothing of it is there: functions are called when the words name them, with values of the seed", () =>
    Effect.gen(function*() {
      const unnamed = yield* loop([user("The weather in Berlin?")], [weather], returned)
      assert.isEmpty(unnamed.calls)
      const named = yield* generate({
        contents: [user("get_weather of Berlin")],
        tools: [{ functionDeclarations: [weather] }]
      })
      assert.match(JSON.stringify(parts(named)[0]?.functionCall?.args), /^\{"city":"city [a-z]+"\}$/)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})
