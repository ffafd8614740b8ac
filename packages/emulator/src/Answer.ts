/**
 * Scripted answers: what the emulator is told to say.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { EmulatorRequest } from "./EmulatorRequest.ts"
import type { ErrorBody, When } from "./Fault.ts"
import * as Json from "./internal/json.ts"

/**
 * Something with the shape of a response on the wire. It is sent as it is, right or wrong.
 *
 * @category models
 * @since 0.1.0
 */
export type WireResponse = Readonly<Record<string, unknown>>

/**
 * One answer. A plain string is short for `{ text }`. Exactly one of `text`, `response`,
 * `chunks`, `error` and `raw` is looked at, in this order; none of them means a generated answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = string | AnswerFields

/**
 * @category models
 * @since 0.1.0
 */
export interface AnswerFields {
  /** Which requests it is for. Of a queue, the first answer that matches is taken. */
  readonly when?: Pick<When, "method" | "model" | "key" | "project" | "region"> | undefined
  /** What the model says; a stream brings it in several chunks. */
  readonly text?: string | undefined
  /** A whole response body; a stream brings it as one event. */
  readonly response?: WireResponse | undefined
  /**
   * The events of a stream: texts or whole response bodies. A unary call gets them folded into one.
   * Any iterable, also one without end: it is drawn from as fast as the client reads.
   */
  readonly chunks?: Iterable<string | WireResponse> | undefined
  /** A refusal; its `code` is the HTTP status. */
  readonly error?: ErrorBody | undefined
  /** Status, headers and bytes as given; several pieces are written one by one. */
  readonly raw?: RawAnswer | undefined
  /** Milliseconds before the headers. */
  readonly delay?: number | undefined
  /** Milliseconds between two chunks; default: the emulator's `chunkDelay`. */
  readonly chunkDelay?: number | undefined
  /** Further response headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
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
 * A script that looks at the request; undefined leaves it to the generator.
 *
 * @category models
 * @since 0.1.0
 */
export type AnswerFunction = (
  request: EmulatorRequest
) => Answer | undefined | Effect.Effect<Answer | undefined>

/**
 * @category conversions
 * @since 0.1.0
 */
export const fields = (answer: Answer): AnswerFields => typeof answer === "string" ? { text: answer } : answer

const names: ReadonlySet<string> = new Set<keyof AnswerFields>([
  "when",
  "text",
  "response",
  "chunks",
  "error",
  "raw",
  "delay",
  "chunkDelay",
  "headers"
])

/**
 * What keeps a value that came as JSON from being an answer; undefined if nothing does.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problem = (value: unknown): string | undefined => {
  if (typeof value === "string") return undefined
  if (!Json.isObject(value)) return "it holds neither a JSON object nor a JSON string"
  const unknown = Object.keys(value).filter((name) => !names.has(name))
  return unknown.length === 0 ? undefined : `an answer has no ${unknown.join(", ")}`
}
