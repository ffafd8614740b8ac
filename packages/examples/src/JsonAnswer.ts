/**
 * JSON output: the schema that the answer is decoded with is also the one that Gemini is given.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const Recipe = Schema.Struct({
  title: Schema.String,
  minutes: Schema.Int,
  ingredients: Schema.Array(Schema.Struct({ name: Schema.String, grams: Schema.Finite }))
})

const decode = Schema.decodeEffect(Schema.fromJsonString(Recipe))

/** Fails with a GeminiError, or with a SchemaError that says where the answer is not a recipe. */
export const recipeFor = Effect.fnUntraced(function*(dish: string) {
  const gemini = yield* GeminiClient
  const answer = yield* gemini.generate({
    contents: `A recipe for ${dish}.`,
    generationConfig: {
      responseMimeType: "application/json",
      responseJsonSchema: Schema.toJsonSchemaDocument(Recipe).schema
    }
  })
  return yield* decode(answer.text)
})
