/** The generated types are those of their table, and the table is what the official SDK's typings have. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { against } from "../../../../scripts/interactionTypings.ts"

const scripts = join(import.meta.dirname, "../../../../scripts")
const table = JSON.parse(readFileSync(join(scripts, "interactionTypes.json"), "utf8"))

/** Differences of the names that the SDK's typings give to other things, too, or write in another form than an object. */
const known = new Set([
  "WordInfo.word: only theirs",
  "FunctionResultStepResult: the typings do not have it as an object",
  "FileSearchResult: the typings do not have it as an object",
  "MCPServerToolResultStepResult: the typings do not have it as an object",
  "FunctionResultDeltaResult: the typings do not have it as an object",
  "MCPServerToolResultDeltaResult: the typings do not have it as an object",
  "FunctionTool: the typings do not have it as an object",
  "CreateEnvironmentRequest.api_version: only theirs",
  "CreateEnvironmentRequest.body: only theirs",
  "EnvironmentConfig: the typings do not have it as an object",
  "EnvironmentResource: the typings do not have it as an object",
  "GenerationConfig.logprobs: only theirs",
  "SafetySetting.category: only theirs",
  "InteractionError: the typings do not have it as an object",
  "CreateVoiceRequest.api_version: only theirs",
  "CreateVoiceRequest.body: only theirs"
])

describe("the table of the wire's types", () => {
  it("has the fields of @google/genai 3.3", () => {
    const typings = join(import.meta.dirname, "../../node_modules/@google/genai/dist/genai.d.ts")
    const found = against(table, readFileSync(typings, "utf8"))
    assert.deepStrictEqual(found.filter((line) => !known.has(line)), [])
    assert.lengthOf(found, known.size)
  })

  it("tells what is new, and what has gone", () => {
    const modules = { Any: { about: "", objects: { TextDelta: "text: string, gone?: string", Other: "a: string" } } }
    const typings = "export interface TextDelta$ {\n    text: string;\n    fresh?: number;\n}\n"
    assert.deepStrictEqual(against({ modules }, typings), [
      "TextDelta.fresh: only theirs",
      "TextDelta.gone: only ours",
      "Other: the typings do not have it as an object"
    ])
  })

  it("is what the modules were written from", () => {
    execFileSync(process.execPath, [join(scripts, "interactionTypes.ts"), "--check"], { stdio: "pipe" })
  }, 60_000)
})
