/** What `--schema` names: fields in the concise form, a JSON Schema, or a file with either. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import { CommandFailed } from "../CommandFailed.ts"
import * as ConciseSchema from "./conciseSchema.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** A schema is read at once, and nobody writes a longer one. */
const longest = 1024 * 1024

const isObject = (value: unknown): value is ConciseSchema.JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Words of which every schema has one at its root. */
const words = ["type", "properties", "items", "enum", "anyOf", "oneOf", "allOf", "$ref", "$defs", "const"]

const ofJson = (from: string, text: string): Result.Result<ConciseSchema.JsonSchema, string> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return Result.fail(`${from}: is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!isObject(value)) {
    return Result.fail(
      `${from}: expected a JSON Schema, which is an object, got ${JSON.stringify(value)?.slice(0, 40)}`
    )
  }
  if (!words.some((word) => Object.hasOwn(value, word))) {
    return Result.fail(
      `${from}: is not a JSON Schema: it has none of ${words.slice(0, 5).join(", ")} at its root${
        Object.keys(value).length === 0 ? "" : " (an example of an answer is not a schema of it)"
      }`
    )
  }
  return Result.succeed(value)
}

const ofText = (from: string, text: string): Result.Result<ConciseSchema.JsonSchema, string> =>
  /^\s*[{[]/.test(text)
    ? ofJson(from, text)
    : Result.mapError(ConciseSchema.parse(text), (problem) => `${from}: ${problem}`)

/** Whether somebody who writes this means a file: no field is called so. */
const isFileName = (text: string): boolean => /^[^\s,{]+$/.test(text) && /[./\\]/.test(text)

/** The schema that the flag `flag` asks for. */
export const read = Effect.fnUntraced(function*(flag: string, given: string) {
  const fs = yield* FileSystem.FileSystem
  if (!isFileName(given)) {
    return yield* Effect.fromResult(Result.mapError(ofText(flag, given), usage))
  }
  const from = `${flag} ${given}`
  const info = yield* Effect.mapError(
    fs.stat(given),
    ({ reason: { _tag } }) =>
      usage(`${from}: ${_tag === "NotFound" ? "there is no such file" : `cannot be read (${_tag})`}`)
  )
  if (info.type === "Directory") return yield* usage(`${from}: is a folder`)
  if (info.size > BigInt(longest)) return yield* usage(`${from}: is larger than 1 MiB, too large for a schema`)
  const text = yield* Effect.mapError(
    fs.readFileString(given),
    ({ reason: { _tag } }) => usage(`${from}: cannot be read (${_tag})`)
  )
  return yield* Effect.fromResult(Result.mapError(ofText(from, text.replace(/^\uFEFF/, "")), usage))
})
