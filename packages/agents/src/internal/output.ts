/** An agent's input and output between values, JSON and the model's text. */
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Output } from "./spec.ts"

const said = ({ message }: { readonly message: string }): string => message.slice(0, 1_000)

/** The JSON in a text: models like to put it into a block of Markdown. */
const bare = (text: string): string => /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/i.exec(text)?.[1] ?? text

const parsed = (text: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(bare(text)))
  } catch {
    return Result.fail("It is not JSON.")
  }
}

/** How values of a schema stand in records. */
export interface Json<A> {
  readonly to: (value: A) => Result.Result<Schema.Json, string>
  readonly from: (value: unknown) => Result.Result<A, string>
}

export const json = <A, E>(schema: Schema.Codec<A, E>): Json<A> => {
  const codec = Schema.toCodecJson(schema)
  const encode = Schema.encodeResult(codec)
  const decode = Schema.decodeUnknownResult(codec)
  return {
    to: (value) => Result.mapError(encode(value), said),
    from: (value) => Result.mapError(decode(value), said)
  }
}

/** Without a schema an agent's type parameter is `string`, by its default, so a text is an `A`. */
const isText = <A>(value: unknown): value is A => typeof value === "string"

export const textJson = <A>(): Json<A> => ({
  to: (value) => typeof value === "string" ? Result.succeed(value) : Result.fail("it is not a text"),
  from: (value) => isText<A>(value) ? Result.succeed(value) : Result.fail("it is not a text")
})

/** Without a schema any text is the answer. */
export const of = <A>({ from, to }: Json<A>, schema: Schema.Codec<A, unknown> | undefined): Output<A> => ({
  decode: schema === undefined ? from : (text) => Result.flatMap(parsed(text), from),
  // The value was decoded by this schema, so it has a form in it.
  toJson: (value) => Result.getOrThrowWith(to(value), (problem) => new Error(problem)),
  fromJson: from,
  instruction: schema === undefined
    ? ""
    : "When you have the answer, write it as one JSON value that fits this JSON Schema, and nothing else: " +
      JSON.stringify(Tool.getJsonSchemaFromSchema(Schema.toCodecJson(schema)))
})
