/** The schema for editors says what this package reads: the same keys, and no narrative that is good is marked. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as EditorSchema from "effect-gemini-narrative/EditorSchema"
import * as File from "effect-gemini-narrative/NarrativeFile"
import * as Toml from "effect/encoding/Toml"
import * as Result from "effect/Result"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { narratives } from "./brokenNarratives.ts"

const validate = new Ajv({
  strict: true,
  allErrors: true,
  strictTypes: false,
  strictRequired: false,
  formats: { uri: true }
})
  .compile(EditorSchema.schema)

const valueOf = (text: string): unknown => Result.getOrThrow(Toml.parse(text))

const keys = (at: unknown): ReadonlyArray<string> =>
  Object.keys(Object(Reflect.get(Object(at), "properties"))).toSorted()
const definition = (name: string): unknown => Reflect.get(Object(EditorSchema.schema["definitions"]), name)

describe("the schema for editors", () => {
  it("has the keys that are read, and no others", () => {
    const fields = (schema: { readonly fields: object }) => Object.keys(schema.fields).toSorted()
    assert.deepStrictEqual(keys(EditorSchema.schema), fields(File.NarrativeFile))
    assert.deepStrictEqual(keys(definition("act")), fields(File.Act))
    assert.deepStrictEqual(keys(definition("input")), fields(File.Input))
    assert.deepStrictEqual(keys(definition("generation")), fields(File.Generation))
    assert.deepStrictEqual(keys(definition("safety")), fields(File.Safety))
    assert.deepStrictEqual(keys(definition("repeat")), fields(File.Repeat))
    assert.deepStrictEqual(keys(definition("variable")), fields(File.Variable))
  })

  it("is good by a validator of others, and takes every example", () => {
    const files = globSync(join(import.meta.dirname, "../../examples/narratives/**/*.toml"))
    assert.isAtLeast(files.length, 1)
    for (const file of files) {
      assert.isTrue(validate(valueOf(readFileSync(file, "utf8"))), `${file}: ${JSON.stringify(validate.errors)}`)
    }
  })

  it("marks what is wrong without knowing what a text says", () => {
    const marked = [
      "a condition that is no text",
      "a loop without a maximum",
      "a loop with a maximum of 0",
      "a loop with a maximum of a million",
      "a loop that does not say when it is done",
      "a loop with a misspelt key",
      "a fan-out over nothing",
      "a fan-out over a number",
      "an item's name without a fan-out",
      "an approval that is no text",
      "a threshold that is none"
    ]
    for (const [name, text] of Object.entries(narratives)) {
      const parsed = Toml.parse(text)
      if (Result.isFailure(parsed)) continue
      assert.strictEqual(
        validate(parsed.success),
        !marked.includes(name),
        `${name}: ${JSON.stringify(validate.errors)}`
      )
    }
  })

  it("is the one that is published", () => expect(EditorSchema.print()).toMatchFileSnapshot("../narrative.schema.json"))
})
