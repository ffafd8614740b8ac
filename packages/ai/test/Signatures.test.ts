/** Which call of a conversation must carry a signature: every rule of it, at its edges. */
import { assert, describe, it } from "@effect/vitest"
import type * as Part from "effect-gemini/wire/Part"
import type { Placed } from "../src/internal/promptToContents.ts"
import * as Signatures from "../src/internal/signatures.ts"
import { model, signature } from "./scripted.ts"

const unlisted = "a-model-that-no-list-names"

const speech: Part.Part = { text: "hi" }
const call = (name: string, thoughtSignature?: string): Part.Part => ({
  functionCall: { name, args: {} },
  ...(thoughtSignature === undefined ? {} : { thoughtSignature })
})
const result = (name: string): Part.Part => ({ functionResponse: { name, response: {} } })

/** Contents whose messages count by tens, so that a place in the prompt is not a place in the request. */
const conversation = (...all: ReadonlyArray<readonly ["user" | "model", ReadonlyArray<Part.Part>, boolean?]>) =>
  all.map(([role, parts, own = false], i): Placed => ({ content: { role, parts }, message: i * 10, own }))

const signaturesOf = (placed: ReadonlyArray<Placed>) =>
  placed.map(({ content }) => (content.parts ?? []).map(({ thoughtSignature }) => thoughtSignature))

describe("signatures are demanded", () => {
  it("by the models of the list, with and without the collection's name", () => {
    assert.isTrue(Signatures.isDemanded(model, []))
    assert.isTrue(Signatures.isDemanded(`models/${model}`, []))
    assert.isFalse(Signatures.isDemanded(`tunedModels/models/${model}`, []))
    assert.isFalse(Signatures.isDemanded(unlisted, []))
  })

  const cases: ReadonlyArray<readonly [name: string, parts: ReadonlyArray<Part.Part>, demanded: boolean]> = [
    ["a signed call", [speech, call("a", signature)], true],
    ["a call without a signature", [call("a")], false],
    ["a call whose signature is empty", [call("a", "")], false],
    ["a signed text", [{ text: "so", thoughtSignature: signature }], false],
    ["a signed text beside a call without a signature", [
      { text: "so", thoughtSignature: signature },
      call("a")
    ], false],
    ["nothing", [], false]
  ]
  for (const [name, parts, demanded] of cases) {
    it(`${demanded ? "" : "not "}by a model of no list that said ${name}`, () => {
      assert.strictEqual(Signatures.isDemanded(unlisted, conversation(["user", [speech]], ["model", parts])), demanded)
    })
  }

  it("by a model that signed in an earlier turn", () => {
    assert.isTrue(Signatures.isDemanded(
      unlisted,
      conversation(
        ["user", [speech]],
        ["model", [call("a", signature)]],
        ["user", [speech]],
        ["model", [call("b")]]
      )
    ))
  })

  it("by no model whose content has no parts at all", () => {
    assert.isFalse(Signatures.isDemanded(unlisted, [{ content: { role: "model" }, message: 0, own: true }]))
  })
})

describe("a lost signature", () => {
  it("is that of the first call of a step, by its name and its two places", () => {
    assert.deepStrictEqual(
      Signatures.missing(conversation(["user", [speech]], ["model", [{ text: "so" }, call("a"), call("b")]])),
      { name: "a", message: 10, path: "contents[1].parts[1].thoughtSignature" }
    )
  })

  it("is an empty one too", () => {
    assert.strictEqual(Signatures.missing(conversation(["user", [speech]], ["model", [call("a", "")]]))?.name, "a")
  })

  it("is not that of a step's later calls", () => {
    assert.isUndefined(
      Signatures.missing(conversation(["user", [speech]], ["model", [call("a", signature), call("b")]]))
    )
  })

  it("is found in every step of the turn, the first of them first", () => {
    const steps = (...signed: ReadonlyArray<string | undefined>) =>
      Signatures.missing(conversation(
        ["user", [speech]],
        ...signed.flatMap((one, i) => [["model", [call(`step${i}`, one)]], ["user", [result(`step${i}`)]]] as const)
      ))
    assert.isUndefined(steps(signature, signature, signature))
    assert.deepStrictEqual(steps(signature, undefined, signature), {
      name: "step1",
      message: 30,
      path: "contents[3].parts[0].thoughtSignature"
    })
    assert.strictEqual(steps(signature, signature, undefined)?.name, "step2")
    assert.strictEqual(steps(undefined, undefined)?.name, "step0")
  })

  it("is none in a turn that is over: it begins anew with what the user says", () => {
    const before = [["user", [speech]], ["model", [call("a")]], ["user", [result("a")]]] as const
    assert.strictEqual(Signatures.missing(conversation(...before))?.name, "a")
    assert.isUndefined(Signatures.missing(conversation(...before, ["user", [speech]])))
    assert.isUndefined(Signatures.missing(conversation(...before, ["user", [speech]], ["model", [{ text: "so" }]])))
    assert.strictEqual(
      Signatures.missing(conversation(...before, ["user", [speech]], ["model", [call("b")]]))?.path,
      "contents[4].parts[0].thoughtSignature"
    )
  })

  it("is none of a call that the user spoke over", () => {
    assert.isUndefined(Signatures.missing(conversation(["user", [speech]], ["model", [call("a")]], ["user", [speech]])))
  })

  it("is looked for behind a result that the user speaks beside: that begins no turn", () => {
    const beside = (first?: string) =>
      Signatures.missing(conversation(
        ["user", [speech]],
        ["model", [call("a", first)]],
        ["user", [result("a"), speech]],
        ["model", [call("b", signature)]]
      ))
    assert.strictEqual(beside()?.name, "a")
    assert.isUndefined(beside(signature))
  })

  it("is found where the prompt begins with the model", () => {
    assert.strictEqual(
      Signatures.missing(conversation(["model", [call("a")]]))?.path,
      "contents[0].parts[0].thoughtSignature"
    )
  })

  it("is none of a call that the server answered in the same content", () => {
    assert.isUndefined(Signatures.missing(conversation(["user", [speech]], ["model", [call("a"), result("a")]])))
  })

  it("is none in contents of the model's without calls or without parts", () => {
    assert.isUndefined(Signatures.missing(conversation(["user", [speech]], ["model", [{ text: "so" }]])))
    assert.isUndefined(Signatures.missing([{ content: { role: "model" }, message: 0, own: true }]))
    assert.isUndefined(Signatures.missing([]))
  })

  it("is none of a content that is nobody's", () => {
    assert.isUndefined(Signatures.missing([{ content: { parts: [call("a")] }, message: 0, own: false }]))
  })

  it("of a call without a name is told without one", () => {
    assert.strictEqual(Signatures.missing(conversation(["model", [{ functionCall: {} }]]))?.name, "")
  })
})

describe("calls of another provider", () => {
  it("are marked: the first unsigned one of each step of this turn, and nothing else", () => {
    const placed = conversation(
      ["user", [speech]],
      ["model", [call("earlier")]],
      ["user", [result("earlier")]],
      ["user", [speech]],
      ["model", [{ text: "so" }, call("a"), call("b")]],
      ["user", [result("a"), result("b")]],
      ["model", [call("c", signature), call("d")]],
      ["user", [result("c"), result("d")]],
      ["model", [call("e", "")]],
      ["user", [result("e")]]
    )
    const none = [undefined]
    const marked = Signatures.mark(placed)
    assert.deepStrictEqual(signaturesOf(marked), [
      none,
      none,
      none,
      none,
      [undefined, Signatures.dummy, undefined],
      [undefined, undefined],
      [signature, undefined],
      [undefined, undefined],
      [Signatures.dummy],
      none
    ])
    assert.isUndefined(Signatures.missing(marked))
    const bare = (entries: ReadonlyArray<Placed>) =>
      entries.map(({ content, message, own }) => ({
        message,
        own,
        role: content.role,
        parts: content.parts?.map((part) => ({ ...part, thoughtSignature: undefined }))
      }))
    assert.deepStrictEqual(bare(marked), bare(placed))
  })

  it("are not marked where Gemini made them, or where the server answered them", () => {
    const own = conversation(["user", [speech]], ["model", [call("a")], true])
    assert.deepStrictEqual(Signatures.mark(own), own)
    const answered = conversation(["user", [speech]], ["model", [call("a"), result("a")]])
    assert.deepStrictEqual(Signatures.mark(answered), answered)
  })

  it("are marked where the conversation begins with them, and not where no role says whose they are", () => {
    assert.deepStrictEqual(signaturesOf(Signatures.mark(conversation(["model", [call("a")]]))), [[Signatures.dummy]])
    const silent: Placed = { content: { role: "model" }, message: 0, own: false }
    assert.deepStrictEqual(Signatures.mark([silent]), [{ ...silent, content: { role: "model", parts: [] } }])
    const nobody = [{ content: { parts: [call("a")] }, message: 0, own: false }]
    assert.deepStrictEqual(Signatures.mark(nobody), nobody)
  })
})
