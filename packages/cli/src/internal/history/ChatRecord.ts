/**
 * What a chat is made of. A chat is the list of its records and nothing else; what is sent to the model is read from it.
 *
 * A record is written before what it allows is done: `Asked` before the request, `Called` before a tool is called.
 */
import * as Records from "effect-gemini-journal/Records"
import type { Content } from "effect-gemini/wire/Content"
import { Usage } from "effect-gemini/wire/Usage"
import * as Schema from "effect/Schema"

/** Milliseconds since the epoch, by the writer's clock. */
const time = Schema.Finite

/**
 * A content as it goes over the wire, with all that it came with. Bytes lie beside the chat: in their place stands
 * `digest:` and their SHA-256.
 */
const Turn = Schema.Struct({ role: Schema.String, parts: Schema.Array(Schema.Json) })

const Spent = {
  usage: Schema.optionalKey(Usage),
  /** Dollars as a decimal text; missing where no price is known. */
  dollars: Schema.optionalKey(Schema.String),
  /** Whether a part of it has no price. */
  isPartial: Schema.optionalKey(Schema.Literal(true))
}

export const ChatRecord = Schema.TaggedUnion({
  /** The chat begins, or is a copy of another one from here on. */
  Began: { at: time, from: Schema.optionalKey(Schema.String) },
  /** From here on this model answers. */
  Model: { model: Schema.String },
  /** From here on this is the system instruction. An empty one is none. */
  System: { text: Schema.String },
  /** The user says something, and the model is about to be asked. */
  Asked: { at: time, turn: Turn },
  /** The model answered. With calls in it, it is asked again after `Returned`. */
  Replied: {
    turn: Turn,
    model: Schema.String,
    ...Spent,
    finishReason: Schema.optionalKey(Schema.String),
    hasCalls: Schema.Boolean,
    /** Whether the person broke it off. */
    isBroken: Schema.optionalKey(Schema.Literal(true))
  },
  /** A tool is about to be called. `consent`: why without a question, or what the person said to it. */
  Called: {
    tool: Schema.String,
    args: Schema.Json,
    consent: Schema.Literals(["readonly", "allowed", "once", "always"])
  },
  /** What the calls of the last reply gave, or that they were refused. */
  Returned: { turn: Turn },
  /** The question has no answer, and is not sent again. What came all the same may have cost something. */
  Failed: { message: Schema.String, model: Schema.optionalKey(Schema.String), ...Spent },
  /** The last question with its answer is not sent any more. */
  Undone: {},
  /** The questions before the last `keep` are sent as this summary from here on. */
  Compacted: { summary: Schema.String, keep: Schema.Finite, model: Schema.String, ...Spent }
})

export type ChatRecord = typeof ChatRecord.Type

/** A content as records have it. */
export type Turn = typeof Turn.Type

export const records: Records.Records<ChatRecord> = /* @__PURE__ */ Records.make({
  name: "effect-gemini-cli/Chat",
  version: 1,
  schema: ChatRecord
})

export const mark = "digest:"

type Json = Schema.Json

const isObject = (value: unknown): value is Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The JSON with each `inlineData.data` in it, however deep, as `change` makes it. */
const withData = (value: Json, change: (data: string) => string): Json => {
  if (Array.isArray(value)) return value.map((one: Json) => withData(one, change))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const { data } = key === "inlineData" && isObject(inner) ? inner : {}
      return [
        key,
        typeof data === "string" && isObject(inner) ? { ...inner, data: change(data) } : withData(inner, change)
      ]
    })
  )
}

/** Every `inlineData.data` of some contents. */
export const dataOf = (turns: ReadonlyArray<Turn>): ReadonlySet<string> => {
  const all = new Set<string>()
  for (const { parts } of turns) {
    withData(parts, (data) => {
      all.add(data)
      return data
    })
  }
  return all
}

/** The same turn with other data in its parts. */
export const changed = ({ parts, role }: Turn, change: (data: string) => string): Turn => ({
  role,
  parts: parts.map((part) => withData(part, change))
})

/** A content as JSON, without what JSON cannot say. */
export const ofContent = ({ parts, role }: Content): Turn => ({
  role: role ?? "user",
  parts: JSON.parse(JSON.stringify(parts ?? []))
})
