/**
 * Scripted answers: what the emulator is told to say.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { EmulatorRequest } from "./EmulatorRequest.ts"
import type { When } from "./Fault.ts"
import * as Json from "./internal/json.ts"
import * as Problems from "./internal/problems.ts"
import * as Reply from "./Reply.ts"
import type { Problem } from "./RuleError.ts"

/**
 * An object in the shape of a response on the wire. It is sent as it is, right or wrong.
 *
 * @category models
 * @since 0.1.0
 */
export type WireResponse = Readonly<Record<string, unknown>>

/**
 * One answer. A plain string is short for `{ text }`. An answer in fields either has one of `response`, `chunks`,
 * `error` and `raw`, which is sent as it is, or is put together of the other fields, see `Reply`. Without any of them
 * the answer is generated.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = string | AnswerFields

/**
 * An answer in fields: what is said, to which requests, and how fast.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnswerFields extends Omit<Reply.Reply, "response" | "chunks" | "raw"> {
  /** The requests that it is for. Of those that wait in a queue, the first one that matches is taken. */
  readonly when?: Pick<When, "method" | "model" | "key" | "project" | "region"> | undefined
  /** A whole response body; a stream brings it as one event. */
  readonly response?: WireResponse | undefined
  /**
   * The events of a stream: texts or whole response bodies. A unary call gets them folded into one. Any iterable will
   * do, even an endless one: it is read as fast as the client reads.
   */
  readonly chunks?: Iterable<string | WireResponse> | undefined
  /** A response sent as given: status, headers and bytes, of which several pieces are written one by one. */
  readonly raw?: RawAnswer | undefined
}

/**
 * An HTTP response that is sent exactly as given, for what no well-formed answer can express.
 *
 * @category models
 * @since 0.1.0
 */
export interface RawAnswer {
  /** Default 200. */
  readonly status?: number | undefined
  /** Default: `content-type: application/json; charset=UTF-8`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | Iterable<string | Uint8Array> | undefined
}

/**
 * A script that answers each request; undefined leaves it to the generator.
 *
 * @category models
 * @since 0.1.0
 */
export type AnswerFunction = (
  request: EmulatorRequest
) => Answer | undefined | Effect.Effect<Answer | undefined>

/**
 * The answer in fields: a plain string becomes `{ text }`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fields = (answer: Answer): AnswerFields => typeof answer === "string" ? { text: answer } : answer

const inFields = Schema.Struct({
  ...Reply.fields,
  when: Schema.optional(Schema.Struct({
    method: Schema.optional(Schema.String),
    model: Schema.optional(Schema.String),
    key: Schema.optional(Schema.String),
    project: Schema.optional(Schema.String),
    region: Schema.optional(Schema.String)
  }))
}).check(Reply.check)

const find = Problems.find(inFields)

/**
 * An answer as data, without iterables and bytes.
 *
 * @internal
 */
export const AsData = Schema.Union([Schema.String, inFields.annotate({ identifier: "Answer" })])

/**
 * The answer without what JSON cannot express: a program may give bytes, and iterables without end.
 *
 * @internal
 */
export const asJson = (answer: Json.Json): Json.Json => {
  const { chunks, raw } = answer
  const isIterable = (value: unknown) => typeof value === "object" && value !== null && Symbol.iterator in value
  return {
    ...answer,
    ...(isIterable(chunks) ? { chunks: [] } : {}),
    ...(Json.isObject(raw) && isIterable(raw["body"]) ? { raw: { ...raw, body: "" } } : {})
  }
}

/**
 * Why a value is not an answer, each reason with its place; none if it is one.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problems = (value: unknown): ReadonlyArray<Problem> => {
  if (typeof value === "string") return []
  return Json.isObject(value) ? find(asJson(value)) : [{ path: "", message: "it is neither an object nor a text" }]
}

/**
 * Why a value is not an answer, as one text; undefined if it is one.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problem = (value: unknown): string | undefined => Problems.text(problems(value))
