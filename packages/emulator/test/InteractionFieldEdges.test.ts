/** Bodies of `interactions.create`, field by field: what each kind takes, what it says of the rest, and the bounds. */
import { assert, describe, it } from "@effect/vitest"
import * as Fields from "../src/internal/judge/interactionFields.ts"
import * as Table from "../src/internal/judge/interactionFieldTable.ts"
import * as Rules from "../src/internal/judge/interactionRules.ts"

const said = (rest: object): ReadonlyArray<string> => {
  const body = { model: "m", input: "hi", ...rest }
  return Fields.refusal("CreateModelInteraction", body)?.body.error.message.split("\n") ?? []
}
const options = (generation_config: object) => said({ generation_config })

describe("a kind of field", () => {
  const rows: ReadonlyArray<
    readonly [field: string, taken: ReadonlyArray<unknown>, refused: ReadonlyArray<unknown>, what: string]
  > = [
    ["stream", [true, false, null], ["true", 0, {}], "a boolean"],
    ["previous_interaction_id", ["", "a", null], [1, [], {}], "a string"],
    ["labels", [{}, { a: "b" }], [{ a: 1 }, [], "a"], "an object of strings"],
    ["tools", [[], null], [{}, "a"], "a list"],
    ["webhook_config", [{}, { uris: ["a"], user_metadata: { a: 1 } }], ["a", 1], "an object"],
    ["response_format", [{}, { type: "object" }, [{ a: 1 }]], ["a", 1], "an object"],
    ["environment", ["a"], [1], "an object"]
  ]
  for (const [field, taken, refused, what] of rows) {
    it(`${field} is ${what}`, () => {
      for (const value of taken) assert.deepStrictEqual(said({ [field]: value }), [], JSON.stringify(value))
      for (const value of refused) {
        const [words = "", ...more] = said({ [field]: value })
        assert.isTrue(words.startsWith(`'${field}' must be ${what}, got `), words)
        assert.deepStrictEqual(more, [])
      }
    })
  }

  it("numbers are finite, integers whole, also as text", () => {
    for (const temperature of [0, -1.5, "0.5", null]) assert.deepStrictEqual(options({ temperature }), [])
    assert.deepStrictEqual(options({ temperature: "warm" }), [
      "'generation_config.temperature' must be a number, got \"warm\"."
    ])
    for (const seed of [0, -7, "7"]) assert.deepStrictEqual(options({ seed }), [])
    assert.deepStrictEqual(options({ seed: 0.5 }), ["'generation_config.seed' must be an integer, got 0.5."])
  })

  it("a tool choice is one of its names, or says which tools are allowed", () => {
    const [name = ""] = Table.enums["ToolChoiceType"] ?? []
    assert.deepStrictEqual(options({ tool_choice: name }), [])
    assert.deepStrictEqual(options({ tool_choice: { allowed_tools: { mode: name, tools: ["a"] } } }), [])
    assert.match(options({ tool_choice: "perhaps" })[0] ?? "", /must be one of .*, got "perhaps"\.$/)
    assert.deepStrictEqual(options({ tool_choice: { a: 1 } }), ["Unknown parameter 'generation_config.tool_choice.a'."])
  })

  it("speech is a list of voices, or of speakers", () => {
    const voice = { voice: "Kore", language: "en-US", speaker: "Joe" }
    assert.deepStrictEqual(options({ speech_config: [voice, {}] }), [])
    assert.deepStrictEqual(options({ speech_config: { speakers: [voice] } }), [])
    assert.deepStrictEqual(options({ speech_config: [voice, { voice: 1 }] }), [
      "'generation_config.speech_config[1].voice' must be a string, got 1."
    ])
    assert.deepStrictEqual(options({ speech_config: { speakers: {} } }), [
      "'generation_config.speech_config.speakers' must be a list, got {}."
    ])
    assert.deepStrictEqual(options({ speech_config: { voice: "Kore" } }), [
      "Unknown parameter 'generation_config.speech_config.voice'."
    ])
  })

  it("input is a text, a content, contents or steps, and no list of nothing", () => {
    const text = { type: "text", text: "a" }
    for (const input of ["", text, [text], [{ type: "user_input", content: [text] }]]) {
      assert.deepStrictEqual(said({ input }), [], JSON.stringify(input))
    }
    assert.deepStrictEqual(said({ input: [] }), ["'input' must not be empty."])
    assert.match(said({ input: 1 })[0] ?? "", /^'input' must be an object whose type is one of .*, got 1\.$/)
    assert.match(said({ input: [text, { type: "user_input" }] })[0] ?? "", /^'input\[1\]\.type' must be one of /)
    assert.match(said({ input: [{ type: "toString" }] })[0] ?? "", /^'input\[0\]\.type' must be one of /)
  })

  it("media have bytes or an address", () => {
    for (const type of ["image", "audio", "document", "video"]) {
      assert.deepStrictEqual(said({ input: { type } }), ["'input' must have one of data and uri."], type)
      for (const field of ["data", "uri"]) assert.deepStrictEqual(said({ input: { type, [field]: "a" } }), [], type)
    }
  })

  it("every unknown field and every mistake is told, at its place, and what is long is cut", () => {
    assert.deepStrictEqual(said({ a: 1, generation_config: { b: 2, seed: "x" }, stream: "y".repeat(79) }), [
      "Unknown parameter 'a'.",
      "Unknown parameter 'generation_config.b'.",
      "'generation_config.seed' must be an integer, got \"x\".",
      `'stream' must be a boolean, got "${"y".repeat(79)}….`
    ])
    assert.deepStrictEqual(said({ stream: "y".repeat(78) }), [
      `'stream' must be a boolean, got "${"y".repeat(78)}".`
    ])
    assert.deepStrictEqual(said({ toString: 1 }), ["Unknown parameter 'toString'."])
    assert.strictEqual(
      Fields.refusal("CreateModelInteraction", { a: 1, model: "m" })?.body.error.status,
      "PARAMETER_UNKNOWN"
    )
    assert.strictEqual(
      Fields.refusal("CreateModelInteraction", [])?.body.error.message,
      "The body must be an object, got []."
    )
  })

  it("what is required must be there, and null is not there", () => {
    for (const rest of [{ model: undefined }, { model: null }]) {
      assert.deepStrictEqual(said(rest), ["'model' is required."])
    }
  })
})

it("no message holds itself, so the walk over a body ends", () => {
  const below = (kind: string): ReadonlyArray<string> => {
    const name = kind.replaceAll("!", "").replaceAll("[]", "")
    const union = (each: string) => Object.values(Table.unions[each] ?? {})
    if (name.startsWith("one ")) return union(name.slice(4))
    switch (name) {
      case "input":
        return ["Content", "InputContent", "Step"].flatMap(union)
      case "result":
        return union("Content")
      case "response_format":
        return union("Format")
      case "tool_choice":
        return ["ToolChoiceConfig"]
      case "speech":
        return ["SpeechConfig", "SpeakerConfig"]
      case "environment":
        return ["EnvironmentConfig"]
      default:
        return [name]
    }
  }
  const walk = (name: string, above: ReadonlyArray<string>): void => {
    assert.notInclude(above, name)
    for (const kind of Object.values(Table.messages[name] ?? {})) {
      for (const next of below(kind)) {
        if (Object.hasOwn(Table.messages, next)) walk(next, [...above, name])
      }
    }
  }
  for (const name of Object.keys(Table.messages)) walk(name, [])
})

describe("a whole body", () => {
  const refusal = (rest: object) => Rules.refusal({ model: "m", input: "hi", ...rest }, 0, false)?.body.error.message
  const labels = (size: number, key = 1, value = 1) =>
    Object.fromEntries(Array.from({ length: size }, (_, n) => [`${n}`.padStart(key, "k"), "v".repeat(value)]))

  it("has at most 64 labels of 63 characters, keys and values", () => {
    for (const fits of [labels(0), labels(63), labels(64), labels(2, 63, 63), labels(2, 62, 62)]) {
      assert.isUndefined(refusal({ labels: fits }))
    }
    assert.strictEqual(refusal({ labels: labels(65) }), "'labels' may have at most 64 entries.")
    for (const misfit of [labels(1, 64), labels(1, 1, 64), labels(3, 64, 64)]) {
      assert.strictEqual(refusal({ labels: misfit }), "'labels' may have keys and values of at most 63 characters.")
    }
  })

  it("has an input, or goes on with another by both of its names", () => {
    const goesOn = { previous_interaction_id: "i", continuation_token: "t" }
    assert.strictEqual(refusal({ input: "" }), "'input' must not be empty.")
    assert.strictEqual(refusal({ input: undefined }), "'input' is required.")
    assert.strictEqual(refusal({ input: null, previous_interaction_id: "i" }), "'input' is required.")
    assert.strictEqual(refusal({ input: null, continuation_token: "t" }), "'input' is required.")
    assert.isUndefined(refusal({ input: undefined, ...goesOn }))
    assert.isUndefined(refusal({ input: null, ...goesOn }))
  })

  it("says what excludes what", () => {
    const rows: ReadonlyArray<readonly [object, string | undefined]> = [
      [{ agent: "a" }, "Only one of 'model' and 'agent' may be set."],
      [{ model: undefined }, "One of 'model' and 'agent' is required."],
      [{ agent_config: {} }, "'agent_config' cannot be set with 'model': a model has 'generation_config'."],
      [
        { model: undefined, agent: "a", generation_config: {} },
        "'generation_config' cannot be set with 'agent': an agent has 'agent_config'."
      ],
      [{ model: undefined, agent: "a", cached_content: "c" }, "'cached_content' cannot be set with 'agent'."],
      [{ store: false, background: true }, "'background' requires 'store' to be true."],
      [{ store: false, previous_interaction_id: "i" }, "'previous_interaction_id' requires 'store' to be true."],
      [{ store: false, background: false }, undefined],
      [{ store: true, background: true, previous_interaction_id: "i" }, undefined],
      [{ background: true }, undefined]
    ]
    for (const [rest, words] of rows) assert.strictEqual(refusal(rest), words, JSON.stringify(rest))
    assert.strictEqual(Rules.refusal("a", 0, false)?.body.error.message, "The body must be an object.")
  })
})
