import { assert, describe, it } from "@effect/vitest"
import * as EmulatorTable from "effect-gemini-emulator/ModelTable"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"

const short = (name: string) => name.replace(/^models\//, "")

describe("what the library knows of the models", () => {
  const now = Date.parse(ModelCatalog.asOf)
  const rows = EmulatorTable.current.rows.filter(({ retired }) => retired === undefined || Date.parse(retired) > now)

  it("is of the same day as what the emulator knows, and of models that it has", () => {
    assert.strictEqual(EmulatorTable.current.asOf, ModelCatalog.asOf)
    const there = new Set(rows.map(({ model }) => short(model.name)))
    assert.deepStrictEqual([...ModelCatalog.known.models.keys()].filter((name) => !there.has(name)), [])
  })

  it("names as models that demand signatures those of which the emulator demands them", () => {
    const demanding = rows.filter(({ signatures }) => signatures === true).map(({ model }) => short(model.name))
    // They sign their pictures, and call no functions.
    const paints = (name: string) => /image|banana/.test(name)
    assert.deepStrictEqual(demanding.filter((name) => !paints(name)).toSorted(), [...ModelCatalog.signed].toSorted())
    for (const name of ModelCatalog.signed) {
      assert.isTrue(ModelCatalog.supports(ModelCatalog.known, name, "generateContent"), name)
    }
  })
})
