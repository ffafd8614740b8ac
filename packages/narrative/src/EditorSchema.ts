/**
 * A JSON Schema of narratives, by which editors complete keys, explain them and mark what is wrong while somebody writes.
 *
 * It is published as `effect-gemini-narrative/narrative.schema.json`. Editors whose TOML is taplo's (Even Better TOML in VS
 * Code, Zed, Helix, Neovim) find it by the first line of a narrative:
 *
 * ```toml
 * #:schema ./node_modules/effect-gemini-narrative/narrative.schema.json
 * ```
 *
 * A schema knows nothing of references, conditions and files: `gemini-fx check` does.
 *
 * @since 0.3.0
 */

type JsonSchema = { readonly [key: string]: unknown }

const text = (description: string, more: JsonSchema = {}): JsonSchema => ({ type: "string", description, ...more })

const flag = (description: string): JsonSchema => ({ type: "boolean", description })

const number = (description: string, minimum: number, maximum: number): JsonSchema => ({
  type: "number",
  minimum,
  maximum,
  description
})

const integer = (description: string, minimum: number, maximum?: number): JsonSchema => ({
  type: "integer",
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
  description
})

const choice = (description: string, values: ReadonlyArray<string>): JsonSchema => ({
  enum: values,
  description
})

const table = (description: string, properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  description,
  properties,
  additionalProperties: false,
  ...more
})

const ref = (name: string, description?: string): JsonSchema =>
  description === undefined
    ? { $ref: `#/definitions/${name}` }
    : { allOf: [{ $ref: `#/definitions/${name}` }], description }

const name = "^[A-Za-z][A-Za-z0-9_-]*$"

const generation = table("How answers are generated; an act's settings win one by one.", {
  temperature: number("How much chance there is in the choice of words.", 0, 2),
  top_p: number("Words are chosen from the likeliest that make up this probability together.", 0, 1),
  top_k: integer("Words are chosen from so many of the likeliest.", 1),
  max_output_tokens: integer("The answer is cut after so many tokens, thoughts included.", 1),
  stop_sequences: {
    type: "array",
    items: { type: "string" },
    maxItems: 5,
    description: "The answer ends before one of these texts."
  },
  presence_penalty: number("Above 0: words that are there already become less likely.", -2, 2),
  frequency_penalty: number("Above 0: words become less likely the more often they are there.", -2, 2),
  seed: integer("The same seed gives much the same answer.", -2147483647, 2147483647),
  thinking_level: choice("How much the model thinks (Gemini 3).", ["minimal", "low", "medium", "high", "xhigh"]),
  thinking_budget: integer("Tokens that the model may think; 0 is none, -1 lets it decide (Gemini 2.5).", -1),
  response_mime_type: text("The form of the answer, such as application/json."),
  response_json_schema: {
    type: "object",
    description:
      "A JSON Schema of the answer, which is JSON then. Other acts use its fields by path: {{plan.steps[0].title}}."
  }
})

const thresholds = ["off", "block_none", "block_only_high", "block_medium_and_above", "block_low_and_above"]

const safety = table(
  "From which probability on a category is blocked; an act's settings win one by one.",
  Object.fromEntries(
    ["harassment", "hate_speech", "sexually_explicit", "dangerous_content", "civic_integrity"].map((category) => [
      category,
      choice(
        `From which probability of ${category.replace("_", " ")} on the request or the answer is blocked.`,
        thresholds
      )
    ])
  )
)

const inputs: JsonSchema = {
  text: text("A text, with references."),
  act: text("The output of this act, as a part of its own."),
  text_file: text("A file of UTF-8 text, relative to the narrative. Braces in it stay as they are."),
  image: text("A PNG, JPEG, WebP, HEIC or HEIF, relative to the narrative."),
  pdf: text("A PDF, relative to the narrative."),
  audio: text("A WAV, MP3, AIFF, AAC, Ogg or FLAC, relative to the narrative."),
  video: text("An MP4, MOV, WebM, AVI, MPEG, FLV, WMV or 3GPP, relative to the narrative."),
  url: text("The address of a file that Google fetches, or of a video of YouTube.", { format: "uri" }),
  image_url: text("The address of an image that Google fetches.", { format: "uri" }),
  image_base64: text("The bytes of an image; needs media_type."),
  media_type: text("The MIME type, where the name does not tell it.")
}

const act: JsonSchema = {
  name: text("How other acts refer to it: {{name}}.", { pattern: name }),
  model: text("The model that is asked.", {
    examples: ["gemini-flash-latest", "gemini-flash-lite-latest", "gemini-pro-latest"]
  }),
  system: text("The system instruction, with references."),
  prompt: text("What is asked, after the inputs. {{name}} is the output of an act or a variable."),
  inputs: { type: "array", items: ref("input"), description: "Parts of the request before the prompt, in order." },
  generation: ref("generation"),
  fallback_models: {
    type: "array",
    items: { type: "string" },
    description: "Models that are asked in turn where the act's own fails."
  },
  approve: text("What a person is asked before the act may be sent, with references."),
  when: text("The act is left out unless this holds, such as: critique.score < 7 and not draft contains \"TODO\""),
  for_each: {
    anyOf: [{ type: "string" }, { type: "array", minItems: 1 }],
    description: "Plays the act for each item of a list: a place in an output, such as \"plan.steps\", or an array."
  },
  as: text("What texts call the item of for_each. Default: item.", { pattern: name }),
  max_items: integer("A longer list is refused. Default 100.", 1, 1000),
  repeat: ref("repeat"),
  acts: { type: "array", items: ref("act"), description: "The acts of a group, which has for_each or repeat." },
  result: text("The act of the group whose output is the group's. Default: the last one."),
  search: flag("Lets the model search the web with Google."),
  url_context: flag("Lets the model read the addresses in the prompt."),
  code_execution: flag("Lets the model run code on Google's machines."),
  tools: {
    type: "array",
    items: { type: "string" },
    description: "Functions that the program gives, by their names."
  },
  live: flag("Asks over the Live API, as one turn of a session."),
  safety: ref("safety"),
  on_failure: choice("What becomes of the narrative if the act fails for good.", ["stop", "skip"])
}

const repeat = table("Plays the act again and again until a condition holds.", {
  until: text("The loop is done when this holds, such as: critique.score >= 8"),
  max: integer("How many rounds it may cost at most.", 1, 100),
  on_max: choice(
    "What becomes of a loop that is not done after max rounds: its last output is kept, or it has failed.",
    [
      "keep",
      "fail"
    ]
  )
}, { required: ["until", "max"] })

const value: JsonSchema = { type: ["string", "number", "boolean"] }

const variable = table("A variable. Without a default it has to be given.", {
  type: choice("What its values are. Default: what the default is.", ["string", "integer", "number", "boolean"]),
  default: { ...value, description: "Its value where none is given." },
  description: text("What it is for.")
})

/**
 * The schema, in the draft that editors know (draft 7).
 *
 * @category constants
 * @since 0.3.0
 */
export const schema: JsonSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://github.com/effect-gemini/effect-gemini/blob/main/packages/narrative/narrative.schema.json",
  title: "Narrative",
  description: "Acts that are played one after the other, each by a Gemini model of its own.",
  type: "object",
  properties: {
    title: text("What the narrative is called."),
    model: text("The model of acts that name none.", { examples: ["gemini-flash-latest"] }),
    system: text("The system instruction of acts that have none."),
    generation: ref("generation"),
    safety: ref("safety"),
    partials: {
      type: "object",
      description: "Snippets that texts share, by {{> name}}.",
      additionalProperties: {
        anyOf: [
          { type: "string" },
          table("A snippet in a file.", { file: text("A file of text, relative to the narrative.") }, {
            required: ["file"]
          })
        ]
      }
    },
    variables: {
      type: "object",
      description: "Values that whoever plays the narrative gives, by {{name}}.",
      additionalProperties: { anyOf: [value, ref("variable")] }
    },
    acts: { type: "array", minItems: 1, items: ref("act"), description: "The acts, in the order of play." }
  },
  required: ["acts"],
  additionalProperties: false,
  definitions: {
    generation,
    safety,
    repeat,
    variable,
    input: table("One part of the request: exactly one of the keys but media_type.", inputs),
    act: table("One act: a request to one model, or a group of acts.", act, {
      required: ["name"],
      dependencies: {
        as: ["for_each"],
        max_items: ["for_each"],
        result: ["acts"]
      }
    })
  }
}

/**
 * The schema as its file has it.
 *
 * @category conversions
 * @since 0.3.0
 */
export const print = (): string => `${JSON.stringify(schema, null, 2)}\n`
