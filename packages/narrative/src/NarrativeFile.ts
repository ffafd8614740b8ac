/**
 * The narrative as its TOML file writes it: these are all its keys.
 *
 * Every key is optional here, so that one broken key hides no other problem; `Narrative.parse` checks what is required
 * when it puts the narrative together.
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
  /** How many tokens the model may think; 0 switches thinking off, -1 lets the model decide (Gemini 2.5). */
  thinking_budget: integerFrom(-1),
  response_mime_type: text,
  /** A JSON Schema as a TOML table. The answer is then JSON. */
  response_json_schema: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

/**
 * One input of an act, a part of its request. Exactly one of `text`, `act` (that act's output), a file relative to the
 * narrative (`text_file`, `image`, `pdf`, `audio`, `video`), `url` (a file that Google fetches, or a video of YouTube),
 * `image_url` and `image_base64`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Input = Schema.Struct({
  text,
  act: text,
  text_file: text,
  image: text,
  pdf: text,
  audio: text,
  video: text,
  url: text,
  image_url: text,
  image_base64: text,
  /** The MIME type. It is needed for `image_base64`, and where the name of a file or URL does not tell it. */
  media_type: text
})

const threshold = Schema.optionalKey(
  Schema.Literals(["off", "block_none", "block_only_high", "block_medium_and_above", "block_low_and_above"])
)

/**
 * From which probability on a category is blocked; an act's settings win one by one.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Safety = Schema.Struct({
  harassment: threshold,
  hate_speech: threshold,
  sexually_explicit: threshold,
  dangerous_content: threshold,
  civic_integrity: threshold
})

/**
 * A loop: until a condition holds, at most `max` times. `max` is required.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Repeat = Schema.Struct({
  /** Such as `critique.score >= 8`; see `Condition`. */
  until: text,
  max: Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter((n) => Number.isInteger(n) && n >= 1 && n <= 100, {
      expected: "a whole number from 1 to 100"
    }))
  ),
  /** What becomes of a loop whose condition does not hold after `max` rounds. */
  on_max: Schema.optionalKey(Schema.Literals(["keep", "fail"]))
})

const flag = Schema.optionalKey(Schema.Boolean)

/**
 * One act as the file writes it: a request to one model. With `acts` it is a group of acts instead, played for each item of
 * a list or again and again.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Act = Schema.Struct({
  name: text,
  model: text,
  system: text,
  /** The text that follows the inputs in the request. */
  prompt: text,
  inputs: Schema.optionalKey(Schema.Array(Input)),
  generation: Schema.optionalKey(Generation),
  /** Models that are asked in turn where the act's own fails. */
  fallback_models: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What a person is asked before the act may be sent, with references. */
  approve: text,
  /** The act is left out unless this holds, such as `critique.score < 7`; see `Condition`. */
  when: text,
  /** Plays the act for each item of a list: a place in an output, such as `plan.steps`, or an array. */
  for_each: Schema.optionalKey(
    Schema.Union([Schema.String, Schema.Array(Schema.Unknown)]).annotate({
      expected: "a place such as \"plan.steps\", or an array"
    })
  ),
  /** What texts call the item of `for_each`. Default `item`. */
  as: text,
  /** A longer list is refused. Default 100. */
  max_items: Schema.optionalKey(
    Schema.Finite.check(Schema.makeFilter((n) => Number.isInteger(n) && n >= 1 && n <= 1000, {
      expected: "a whole number from 1 to 1000"
    }))
  ),
  /** Plays the act again and again; needs a maximum. */
  repeat: Schema.optionalKey(Repeat),
  /** The acts of a group, which has `for_each` or `repeat`. */
  acts: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  /** The act of the group whose output is the group's. Default: the last one. */
  result: text,
  /** Lets the model search the web with Google. */
  search: flag,
  /** Lets the model read the addresses in the prompt. */
  url_context: flag,
  /** Lets the model run code on Google's machines. */
  code_execution: flag,
  /** Functions that the program gives, by their names. */
  tools: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Asks over the Live API, as one turn of a session. */
  live: flag,
  safety: Schema.optionalKey(Safety),
  /** What becomes of the narrative if the act fails for good: `skip` leaves out only what needs it. */
  on_failure: Schema.optionalKey(Schema.Literals(["stop", "skip"]))
})

const Value = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]).annotate({
  expected: "a string, a number or a boolean"
})

/**
 * A variable of the narrative; texts refer to it as `{{name}}`. One without a default must be given.
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
 * A snippet that texts share, by `{{> name}}`: the text, or a file that has it.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Partial = Schema.Struct({ file: text })

/**
 * The whole file, with its acts still to be decoded one by one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NarrativeFile = Schema.Struct({
  title: text,
  /** The model of acts that name none. */
  model: text,
  /** The system instruction of acts that have none. */
  system: text,
  generation: Schema.optionalKey(Generation),
  safety: Schema.optionalKey(Safety),
  /** Snippets that texts share, by `{{> name}}`. */
  partials: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  variables: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  acts: Schema.optionalKey(Schema.Array(Schema.Unknown))
})
