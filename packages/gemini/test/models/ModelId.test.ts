import { assert, describe, it } from "@effect/vitest"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Result from "effect/Result"

describe("a model name", () => {
  it.each([
    ["gemini-3.8-flash", "gemini-3.8-flash", "models/gemini-3.8-flash"],
    ["models/gemini-3.8-flash", "gemini-3.8-flash", "models/gemini-3.8-flash"],
    ["tunedModels/my-tune", "tunedModels/my-tune", "tunedModels/my-tune"]
  ])("%s is normalised", (name, short, resource) => {
    const id = Result.getOrThrow(ModelId.parse(name))
    assert.strictEqual(id, short)
    assert.strictEqual(ModelId.resource(id), resource)
  })

  it.each(["", " ", "models/", "a/b", "../x", "gemini?x=1", "gemini flash", "models/models/x"])(
    "%j is refused",
    (name) => assert.isTrue(Result.isFailure(ModelId.parse(name)))
  )
})
