/** Records of a step are written without going through their schema: it must be the same JSON, of whatever they hold. */
import { assert, describe, it } from "@effect/vitest"
import * as Records from "effect-gemini-journal/Records"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { type Dice, make as makeDice } from "../../emulator/src/internal/Dice.ts"
import * as AgentRecord from "../src/AgentRecord.ts"
import * as PlainMessage from "../src/internal/plainMessage.ts"
import * as PlainRecord from "../src/internal/plainRecord.ts"

const bySchema = Records.make({ name: "test/Run", version: 1, schema: AgentRecord.AgentRecord })

const answered = (messages: ReadonlyArray<Prompt.Message>): typeof AgentRecord.Answered.Type => ({
  _tag: "Answered",
  at: 1,
  step: 1,
  messages,
  finish: "stop",
  use: "text",
  usage: { inputTokens: 1, outputTokens: 2, cachedTokens: 0 },
  model: "gemini-3.8-flash"
})

type Options = Prompt.TextPart["options"]

const jsonOf = (dice: Dice, depth = 0): Schema.Json =>
  [
    () => null,
    () => dice.next() < 0.5,
    () => dice.next() * 1e9,
    () => dice.letters(dice.int(0, 6), "aé\u2028\ud800\"\\"),
    () => depth > 2 ? [] : Array.from({ length: dice.int(0, 3) }, () => jsonOf(dice, depth + 1)),
    () => depth > 2 ? {} : { [dice.letters(2, "ab_")]: jsonOf(dice, depth + 1) }
  ][dice.int(0, 5)]?.() ?? null

const optionsOf = (dice: Dice): Options =>
  dice.pick<Options>([{}, { google: null }, { google: { thoughtSignature: "c2ln" } }, {
    other: { a: jsonOf(dice) }
  }]) ?? {}

const partOf = (dice: Dice): Prompt.AssistantMessagePart => {
  const options = optionsOf(dice)
  switch (dice.int(0, 4)) {
    case 0:
      return Prompt.makePart("text", { text: dice.letters(4), options })
    case 1:
      return Prompt.makePart("reasoning", { text: dice.letters(4), options })
    case 2:
      return Prompt.makePart("file", { mediaType: "image/png", data: new Uint8Array([1, 2, 3]), options })
    case 3:
      return Prompt.makePart("tool-result", {
        id: dice.letters(2),
        name: "search",
        result: jsonOf(dice),
        isFailure: false,
        providerExecuted: true,
        options
      })
    default:
      return Prompt.makePart("tool-call", {
        id: dice.letters(2),
        name: dice.letters(3),
        params: jsonOf(dice),
        providerExecuted: dice.next() < 0.5,
        options
      })
  }
}

const messageOf = (dice: Dice): Prompt.Message =>
  dice.next() < 0.8
    ? Prompt.makeMessage("assistant", {
      content: Array.from({ length: dice.int(0, 3) }, () => partOf(dice)),
      options: optionsOf(dice)
    })
    : Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text: "hello" })] })

const written = (encoded: Result.Result<unknown, unknown>): string =>
  Result.isSuccess(encoded) ? JSON.stringify(encoded.success) : `refused: ${String(encoded.failure)}`

const strange: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  Number.NaN,
  Infinity,
  -0,
  "\ud800",
  "",
  1n,
  Symbol("a"),
  () => 1,
  [],
  [undefined],
  Object.assign([], { length: 2 }),
  {},
  { a: undefined },
  { [Symbol("a")]: 1 },
  { toJSON: () => 5 },
  Object.create(null),
  Object.create({ a: 1 }),
  JSON.parse("{\"__proto__\":{\"a\":1}}"),
  new Date(0),
  new Map(),
  new String("a"),
  Object.assign([1], { a: 2 })
]

describe("what an answer is in the journal", () => {
  it("is, byte for byte, what the schema makes of it", () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const dice = makeDice(`answer ${seed}`)
      const record = answered(Array.from({ length: dice.int(0, 2) }, () => messageOf(dice)))
      assert.strictEqual(
        written(AgentRecord.records.encode(record, "it")),
        written(bySchema.encode(record, "it")),
        `${seed}`
      )
    }
  })

  it("is refused with the same place where it cannot be written", () => {
    for (const params of [1n, { a: undefined }, { at: new Date(0) }, [Symbol("a")], () => 1]) {
      const call = Prompt.makePart("tool-call", { id: "1", name: "add", params, providerExecuted: false })
      const record = answered([Prompt.makeMessage("assistant", { content: [call] })])
      assert.strictEqual(written(AgentRecord.records.encode(record, "it")), written(bySchema.encode(record, "it")))
    }
  })

  it("is, or is refused as, what the schema says where a field of a part or a message holds anything at all", () => {
    const thought = Prompt.makePart("reasoning", { text: "so" })
    const parts = [
      [Prompt.TextPart, Prompt.makePart("text", { text: "well" })],
      [Prompt.ReasoningPart, thought],
      [Prompt.ToolCallPart, Prompt.makePart("tool-call", { id: "1", name: "add", params: {}, providerExecuted: false })]
    ] as const
    const message = Prompt.makeMessage("assistant", { content: [thought] })
    // The brand, whose name begins with a tilde, is no part of the JSON.
    const keysOf = (fields: object) => [...Object.keys(fields).filter((key) => !key.startsWith("~")), "other"]
    const cases = strange.flatMap((value) => [
      // A field that a later version of the schema has is tried too.
      ...parts.flatMap(([{ fields }, part]) =>
        keysOf(fields).map((key) => ({ ...message, content: [thought, { ...part, [key]: value }] }))
      ),
      ...keysOf(Prompt.AssistantMessage.fields)
        // An element that is missing has no type to be told by.
        .filter((key) => key !== "content" || !(Array.isArray(value) && value.length > 0))
        .map((key) => ({ ...message, [key]: value }))
    ])
    for (const [index, strangely] of cases.entries()) {
      // The types exclude nearly all of these, and a program without types does not.
      const record = answered([strangely as unknown as Prompt.Message])
      assert.strictEqual(
        written(AgentRecord.records.encode(record, "it")),
        written(bySchema.encode(record, "it")),
        `${index}`
      )
    }
  })

  it("takes the quick way for texts, thoughts and calls", () => {
    const content = [
      Prompt.makePart("reasoning", { text: "so", options: { google: { thoughtSignature: "c2ln" } } }),
      Prompt.makePart("text", { text: "well" }),
      Prompt.makePart("tool-call", { id: "1", name: "add", params: { a: 1 }, providerExecuted: false })
    ]
    assert.isDefined(PlainMessage.toJson([Prompt.makeMessage("assistant", { content })]))
  })
})

const records: ReadonlyArray<readonly [fields: object, record: AgentRecord.AgentRecord]> = [
  [AgentRecord.Asked.fields, { _tag: "Asked", step: 2, estimate: 31 }],
  [
    AgentRecord.Answered.fields,
    answered([
      Prompt.makeMessage("assistant", {
        content: [Prompt.makePart("tool-call", { id: "1", name: "add", params: { a: 1 }, providerExecuted: false })]
      })
    ])
  ],
  [AgentRecord.CallStarted.fields, { _tag: "CallStarted", call: "2.0", attempt: 1, afterCrash: "rerun" }],
  [AgentRecord.CallEnded.fields, { _tag: "CallEnded", call: "2.0", isFailure: false, result: { celsius: 21 } }]
]

const same = (record: unknown, name: string): void => {
  // The types exclude nearly all of these, and a program without types does not.
  const given = record as AgentRecord.AgentRecord
  assert.strictEqual(written(AgentRecord.records.encode(given, "it")), written(bySchema.encode(given, "it")), name)
}

describe("what the other records of a step are in the journal", () => {
  it("is, or is refused as, what the schema says where a field holds anything at all, or is missing", () => {
    for (const [fields, record] of records) {
      for (const key of [...Object.keys(fields).filter((key) => key !== "_tag"), "other"]) {
        for (const [index, value] of [...strange, 3, "text", "calls", "stop", { inputTokens: 1 }].entries()) {
          same({ ...record, [key]: value }, `${record._tag}.${key} ${index}`)
        }
        const rest = Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
        same(rest, `${record._tag} without ${key}`)
        same(
          Object.create({ ...record }, { _tag: { value: record._tag, enumerable: true } }),
          `${record._tag} of a class`
        )
      }
    }
  })

  it("is what the schema says of each token count that is strange", () => {
    for (const key of [...Object.keys(AgentRecord.Usage.fields), "other"]) {
      for (const [index, value] of strange.entries()) {
        const record = answered([])
        const usage = { inputTokens: 1, outputTokens: 2, cachedTokens: 0, dollars: "0.1", [key]: value }
        same({ ...record, usage }, `${key} ${index}`)
      }
    }
  })

  it("is what the schema says of every finish, use and policy, and of fields in any order", () => {
    for (const finish of Response.FinishReason.literals) same({ ...answered([]), finish }, finish)
    for (const use of ["calls", "text", ...AgentRecord.UnusableWhy.literals]) same({ ...answered([]), use }, use)
    for (const afterCrash of AgentRecord.CrashPolicy.literals) {
      same({ _tag: "CallStarted", call: "1.0", attempt: 1, afterCrash }, afterCrash)
    }
    for (const [, record] of records) same(Object.fromEntries(Object.entries(record).toReversed()), record._tag)
  })

  it("takes the quick way", () => {
    for (const [, record] of records) assert.isDefined(PlainRecord.toJson(record), record._tag)
    for (const finish of Response.FinishReason.literals) {
      assert.isDefined(PlainRecord.toJson({ ...answered([]), finish }))
    }
    for (const use of ["calls", "text", ...AgentRecord.UnusableWhy.literals] as const) {
      assert.isDefined(PlainRecord.toJson({ ...answered([]), use }))
    }
  })
})
