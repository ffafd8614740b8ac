// The hand-written guard says what Effect's interpreter says, on every wire schema.
import { assert, describe, it } from "@effect/vitest"
import * as CountTokens from "effect-gemini/wire/CountTokens"
import * as Embedding from "effect-gemini/wire/Embedding"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Models from "effect-gemini/wire/Models"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Shape from "../../src/internal/wire/shape.ts"

const wire: ReadonlyArray<readonly [name: string, schema: Schema.Codec<unknown>]> = [
  ["GenerateContentRequest", GenerateContent.GenerateContentRequest],
  ["GenerateContentResponse", GenerateContent.GenerateContentResponse],
  ["CountTokensResponse", CountTokens.CountTokensResponse],
  ["EmbedContentResponse", Embedding.EmbedContentResponse],
  ["BatchEmbedContentsResponse", Embedding.BatchEmbedContentsResponse],
  ["ListModelsResponse", Models.ListModelsResponse]
]

const strange: ReadonlyArray<unknown> = [null, undefined, 1, "1", "x", "", true, [], {}, [null], [{}], { text: 1 }, NaN]

const isOpen = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** The value with something else at the end of a path that `steps` picks. */
const spoilt = (value: unknown, [step, ...steps]: ReadonlyArray<number>, by: unknown): unknown => {
  if (step === undefined || !isOpen(value)) return by
  const keys = Object.keys(value)
  const key = keys[step % (keys.length + 1)] ?? "unheardOf"
  const changed = spoilt(value[key], steps, by)
  return Array.isArray(value)
    ? value.map((item, i) => (String(i) === key ? changed : item))
    : { ...value, [key]: changed }
}

const answer = {
  candidates: [{ content: { parts: [{ text: "Hi", extra: 1 }], role: "model" }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: "12", totalTokenCount: 13, promptTokensDetails: [{ modality: "TEXT" }] },
  promptFeedback: null,
  modelVersion: "gemini-3.8-flash",
  turnToken: "unheard of"
}

const numbers = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })))

describe("the guard of wire values", () => {
  it.effect.prop(
    "agrees with the interpreter on answers spoilt anywhere",
    { steps: numbers, by: Schema.Literals(strange.map((_, i) => i)) },
    ({ by, steps }) =>
      Effect.sync(() => {
        const value = spoilt(answer, steps, strange[by])
        for (const [name, schema] of wire) {
          assert.strictEqual(Shape.make(schema)(value), Schema.is(schema)(value), `${name}: ${JSON.stringify(value)}`)
        }
      }),
    { arbitrary: { runs: 2_000 } }
  )

  describe.each(wire)("%s", (_, schema) => {
    it.effect.prop(
      "agrees with the interpreter on whatever fits, and on that spoilt",
      { value: schema, steps: numbers, by: Schema.Literals(strange.map((_, i) => i)) },
      ({ by, steps, value }) =>
        Effect.sync(() => {
          assert.isTrue(Shape.make(schema)(value))
          const changed = spoilt(value, steps, strange[by])
          assert.strictEqual(Shape.make(schema)(changed), Schema.is(schema)(changed), JSON.stringify(changed))
        }),
      { arbitrary: { runs: 300 } }
    )
  })

  it("says yes, not only not no, to recorded shapes: the interpreter is for refusals", () => {
    assert.isTrue(Shape.make(GenerateContent.GenerateContentResponse)(answer))
    assert.isTrue(Shape.make(GenerateContent.GenerateContentResponse)({}))
  })

  it("keys in another order, fewer or more of them, are judged alike", () => {
    const fits = Shape.make(GenerateContent.GenerateContentResponse)
    for (const value of [{ modelVersion: "a", candidates: [] }, { candidates: [], modelVersion: "a" }, { new: 1 }]) {
      assert.isTrue(fits(value))
      assert.isFalse(fits({ ...value, candidates: 1 }))
      assert.isTrue(fits(value))
    }
  })
})
