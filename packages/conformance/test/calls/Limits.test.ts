import { assert, describe, it } from "@effect/vitest"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Quota from "effect-gemini-emulator/Quota"
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelAlias from "effect-gemini/models/ModelAlias"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Result from "effect/Result"

const models = ModelTable.served(ModelTable.current, Date.parse(ModelTable.current.asOf))
  .map(({ name }) => Result.getOrThrow(ModelId.parse(name)))

describe("the limits that the client keeps are those that the emulator keeps", () => {
  it("an alias stands for the same model", () => {
    for (const model of models) assert.strictEqual(Quota.quotaModel(model), ModelAlias.quotaModel(model))
  })

  it.each(Tier.names)("%s", (tier) => {
    for (const model of models) {
      const { rpd, rpm, tpm } = Tier.limitsFor(Tier.byName(tier), model)
      const limits = Quota.limitsOf({ tier }, model)
      assert.deepStrictEqual(
        [model, limits.rpm ?? Infinity, limits.tpm ?? Infinity, limits.rpd ?? Infinity],
        [model, rpm, tpm, rpd]
      )
    }
  })
})
