/**
 * The narrative as it stands in its TOML file: these are all its keys.
 *
 * Every key is optional here, so that one broken key hides no other problem; what is
 * required is checked when the narrative is put together (`Narrative.parse`).
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const text = Schema.optionalKey(Schema.String)

const between = (minimum: number, maximum: number) =>
  Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter((n) => n >= minimum && n <= maximum, {
      expected: `a number from ${minimum} to ${maximum}`
    }))
  )

const integerFrom = (minimum: number) =>
  Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter((n) => Number.isInteger(n) && n >= minimum, {
      expected: `a whole number from ${minimum} up`
    }))
  )

/**
 * Generation settings, for the whole narrative or for one act; an act's settings win
 * one by one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Generation = Schema.Struct({
  temperature: between(0, 2),
  top_p: between(0, 1),
  top_k: integerFrom(1),
  max_output_tokens: integerFrom(1),
  stop_sequences: Schema.optionalKey(
    Schema.Array(Schema.String).check(
      Schema.makeFilter((list) => list.length <= 5, { expected: "at most 5 stop sequences" })
    )
  ),
  presence_penalty: between(-2, 2),
  frequency_penalty: between(-2, 2),
  seed: Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter((n) => Number.isInteger(n) && Math.abs(n) <= 0x7fffffff, {
      expected: "a whole number of 32 bits"
    }))
  ),
  /** Depth of thought of Gemini 3: the API takes a level or a budget, not both. */
  thinking_level: Schema.optionalKey(Schema.Literals(["minimal", "low", "medium", "high", "xhigh"])),
  /** Tokens that may be thought; 0 is off, -1 lets the model decide (Gemini 2.5). */
  thinking_budget: integerFrom(-1),
  response_mime_type: text,
  /** A JSON Schema as a TOML table. The answer is then JSON. */
  response_json_schema: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

/**
 * One input of an act, a part of its request. Exactly one of `text`, `act` (that act's
 * output), `image` (a file, relative to the narrative), `image_url` and `image_base64`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Input = Schema.Struct({
  text,
  act: text,
  image: text,
  image_url: text,
  image_base64: text,
  /** Needed for `image_base64`, and where the name of a file or URL does not tell. */
  media_type: text
})

/**
 * One act.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Act = Schema.Struct({
  name: text,
  model: text,
  system: text,
  /** Stands after the inputs. */
  prompt: text,
  inputs: Schema.optionalKey(Schema.Array(Input)),
  generation: Schema.optionalKey(Generation)
})

const Value = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]).annotate({
  expected: "a string, a number or a boolean"
})

/**
 * A variable, referred to as `{{name}}`. Without a default it has to be given.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Variable = Schema.Struct({
  type: Schema.optionalKey(Schema.Literals(["string", "integer", "number", "boolean"])),
  default: Schema.optionalKey(Value),
  description: text
})

/**
 * The whole file, with its acts still to be decoded one by one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NarrativeFile = Schema.Struct({
  title: text,
  /** For acts that name none. */
  model: text,
  /** For acts that have none. */
  system: text,
  generation: Schema.optionalKey(Generation),
  variables: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  acts: Schema.optionalKey(Schema.Array(Schema.Unknown))
})
