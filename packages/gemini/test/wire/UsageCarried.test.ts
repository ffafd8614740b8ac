/** Counts of a stream, of which a later chunk may leave some out. */
import { assert, describe, it } from "@effect/vitest"
import * as Usage from "effect-gemini/wire/Usage"

describe("the counts of a stream", () => {
  it("are those of the only chunk that has any", () => {
    const counted = { promptTokenCount: 1 }
    assert.strictEqual(Usage.carried(undefined, counted), counted)
    assert.strictEqual(Usage.carried(null, counted), counted)
    assert.strictEqual(Usage.carried(counted, undefined), counted)
    assert.strictEqual(Usage.carried(counted, null), counted)
    assert.isUndefined(Usage.carried(undefined, undefined))
  })

  it("are the later ones themselves where these repeat each name, zeros and new names among them", () => {
    const later = { promptTokenCount: 0, candidatesTokenCount: 2, totalTokenCount: 2 }
    assert.strictEqual(Usage.carried({ promptTokenCount: 5, totalTokenCount: 5 }, later), later)
    assert.strictEqual(Usage.carried({}, later), later)
  })

  it("are carried on where a later chunk leaves them out, or has null for them", () => {
    const details = [{ modality: "TEXT", tokenCount: 5 } as const]
    const earlier = { promptTokenCount: 5, promptTokensDetails: details, totalTokenCount: 5 }
    assert.deepStrictEqual(Usage.carried(earlier, { promptTokenCount: 6, totalTokenCount: 6 }), {
      promptTokenCount: 6,
      promptTokensDetails: details,
      totalTokenCount: 6
    })
    assert.deepStrictEqual(Usage.carried(earlier, { promptTokenCount: null, totalTokenCount: 6 }), {
      promptTokenCount: 5,
      promptTokensDetails: details,
      totalTokenCount: 6
    })
  })

  it("have no total that is older than one of them", () => {
    const earlier = { promptTokenCount: 5, totalTokenCount: 5 }
    assert.deepStrictEqual(Usage.carried(earlier, { candidatesTokenCount: 2 }), {
      promptTokenCount: 5,
      candidatesTokenCount: 2
    })
    assert.deepStrictEqual(Usage.carried(earlier, { serviceTier: "standard" }), { ...earlier, serviceTier: "standard" })
  })
})
