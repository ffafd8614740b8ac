/**
 * What a tool takes and gives, as JSON by the tool's own schemas: a Map, bytes or a Duration reach the model, and a
 * stored chat, as their schema writes them. Pure.
 *
 * In the parts of `effect/ai` they stand encoded by the tool's schema, which is not JSON yet where the schema's encoded
 * side is a `Date`, a `Map` or a `BigInt`. What is JSON already, from a chat that was stored, stays as it is.
 */
import * as AiError from "effect/ai/AiError"
import * as AiTool from "effect/ai/Tool"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as PlainJson from "./plainJson.ts"

type Encode = (value: unknown) => unknown

interface Encoders {
  readonly params: Encode
  readonly success: Encode
  readonly failure: Encode
}

// A toolkit's schemas do not change, and neither do the encoders.
const encoders = new WeakMap<AiTool.Any, Encoders>()

const same: Encode = (value) => value

/** A value that the schema does not take passes as it is. */
const encoder = (schema: Schema.Constraint): Encode => {
  const encoded = Schema.toEncoded(schema)
  const json = Schema.toCodecJson(encoded)
  if (json.ast === encoded.ast) return same
  const encode = Schema.encodeUnknownResult(json)
  return (value) => Result.getOrElse(encode(value), () => value)
}

const encodersOf = (tool: AiTool.Any): Encoders => {
  const known = encoders.get(tool)
  if (known !== undefined) return known
  const made = {
    params: AiTool.isDynamic(tool) || !Schema.isSchema(tool.parametersSchema) ? same : encoder(tool.parametersSchema),
    success: encoder(tool.successSchema),
    failure: encoder(AiTool.failureResultSchema(tool))
  }
  encoders.set(tool, made)
  return made
}

/** The arguments of a call; what is not JSON even by the schema passes as it is. */
export const params = (tool: AiTool.Any | undefined, value: unknown): unknown => {
  const json = PlainJson.make(tool === undefined ? value : encodersOf(tool).params(value))
  return Result.getOrElse(json, () => value)
}

/** The part of a result that says what the tool gave. */
export interface Given {
  readonly name: string
  readonly isFailure: boolean
  readonly result: unknown
}

/** The result of a call; `tool` is undefined for a tool that nobody knows any more. */
export const result = (
  tool: AiTool.Any | undefined,
  { isFailure, name, result: value }: Given
): Result.Result<Schema.Json, AiError.AiErrorReason> => {
  const encode = tool === undefined ? same : encodersOf(tool)[isFailure ? "failure" : "success"]
  return Result.mapError(PlainJson.make(encode(value)), ({ path, what }) =>
    new AiError.ToolResultEncodingError({
      toolName: name,
      toolResult: value,
      description: `${what}${path === "" ? "" : ` at ${path}`} is not JSON, nor is it by the tool's schema`
    }))
}
