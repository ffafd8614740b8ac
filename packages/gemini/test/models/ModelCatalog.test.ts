import { assert, describe, it } from "@effect/vitest"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const supports = (model: string, method: string) => ModelCatalog.supports(ModelCatalog.known, model, method)

describe("what a model has", () => {
  it.each([
    ["gemini-3.8-flash", "generateContent", true],
    ["models/gemini-3.8-flash", "streamGenerateContent", true],
    ["gemini-3.8-flash", "bidiGenerateContent", false],
    ["gemini-3.8-live", "bidiGenerateContent", true],
    ["gemini-3.8-live", "generateContent", false],
    ["gemini-embedding-2", "batchEmbedContents", true],
    ["gemini-embedding-2", "generateContent", false],
    ["veo-3.1-generate-preview", "generateContent", false]
  ])("stands in the dated table: %s %s %s", (model, method, expected) => {
    assert.strictEqual(supports(model, method), expected)
  })

  it.each([
    ["gemini-9-flash", "generateContent", true],
    ["gemini-9-flash", "bidiGenerateContent", false],
    ["gemini-9-live-preview", "bidiGenerateContent", true],
    ["gemini-9-live-preview", "generateContent", false],
    ["gemini-9-flash-native-audio-dialog", "bidiGenerateContent", true],
    ["gemini-9-flash-exp", "bidiGenerateContent", true],
    ["gemini-9-flash-exp", "generateContent", true],
    ["gemini-9-expert", "bidiGenerateContent", false],
    ["alive-9", "generateContent", true],
    ["gemini-embedding-9", "embedContent", true],
    ["tunedModels/mine", "generateContent", true]
  ])("else follows from its name: %s %s %s", (model, method, expected) => {
    assert.strictEqual(supports(model, method), expected)
  })

  it.effect("is, before all that, what a loaded list says", () =>
    Effect.gen(function*() {
      const catalog = yield* ModelCatalog.ModelCatalog
      assert.isFalse(yield* catalog.supports("gemini-3.8-live", "generateContent"))
      yield* catalog.refresh(Stream.make(
        { name: "models/gemini-3.8-live", supportedGenerationMethods: ["generateContent"] },
        { name: "models/gemini-3.8-flash" },
        {}
      ))
      assert.isTrue(yield* catalog.supports("gemini-3.8-live", "streamGenerateContent"))
      assert.isFalse(yield* catalog.supports("gemini-3.8-live", "bidiGenerateContent"))
      assert.isFalse(yield* catalog.supports("models/gemini-3.8-flash", "generateContent"))
      assert.isTrue(yield* catalog.supports("gemini-3.7-flash", "generateContent"))
    }).pipe(Effect.provide(ModelCatalog.layer)))

  it.effect("stays as it was where the list fails", () =>
    Effect.gen(function*() {
      const catalog = yield* ModelCatalog.make
      const broken = Stream.concat(Stream.make({ name: "models/gemini-3.8-flash" }), Stream.fail("no"))
      assert.strictEqual(yield* Effect.flip(catalog.refresh(broken)), "no")
      assert.strictEqual(yield* catalog.current, ModelCatalog.known)
    }))
})

describe("near matches", () => {
  const near = (model: string) => ModelCatalog.nearMatches(ModelCatalog.known, model)

  it("are at most three known names, the nearest first", () => {
    assert.deepStrictEqual(near("gemini-3.8-flsh"), ["gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.6-flash"])
    assert.strictEqual(near("models/gemini-embeding-001")[0], "gemini-embedding-001")
    assert.strictEqual(near("gemini-2.5-flahs-lite")[0], "gemini-2.5-flash-lite")
  })

  it("are none of a known name, and none where nothing is near", () => {
    assert.deepStrictEqual(near("gemini-3.8-flash"), [])
    assert.deepStrictEqual(near("gpt-4"), [])
    assert.deepStrictEqual(near(""), [])
    assert.deepStrictEqual(near("x".repeat(1000)), [])
  })
})
