import { assert, describe, it } from "@effect/vitest"
import * as Cost from "effect-gemini/Cost"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { existsSync, globSync, readFileSync } from "node:fs"

const corpus = new URL("../../../../../shared/corpus/cases/", import.meta.url)

const total = (cost: Cost.Cost) => cost.total === undefined ? undefined : BigDecimal.format(cost.total)
const items = (cost: Cost.Cost) =>
  cost.items.map(({ amount, count, kind, modality }) =>
    [kind, modality, count, amount === undefined ? undefined : BigDecimal.format(amount)] as const
  )

describe("what an answer cost", () => {
  it("is exact by item: thoughts are output, tools' prompts are input", () => {
    // A recorded body: 12 + 60 + 82 + 65 = 219.
    const cost = Cost.of("gemini-3.8-flash", {
      usageMetadata: {
        promptTokenCount: 12,
        candidatesTokenCount: 60,
        thoughtsTokenCount: 82,
        toolUsePromptTokenCount: 65,
        totalTokenCount: 219
      }
    })
    assert.deepStrictEqual(items(cost), [
      ["input", "any", 12, "0.000009"],
      ["toolUse", "any", 65, "0.00004875"],
      ["output", "any", 60, "0.000225"],
      ["thoughts", "TEXT", 82, "0.0003075"]
    ])
    assert.strictEqual(total(cost), "0.00059025")
    assert.isFalse(cost.isPartial)
  })

  it("counts cached tokens once, at their own price", () => {
    const cost = Cost.of("gemini-3.8-flash", {
      usageMetadata: { promptTokenCount: 10_000, cachedContentTokenCount: 8_000, candidatesTokenCount: 0 }
    })
    assert.deepStrictEqual(items(cost), [["input", "any", 2_000, "0.0015"], ["cached", "any", 8_000, "0.0006"]])
  })

  it("takes cached tokens from the modality that they are of", () => {
    const usageMetadata = {
      promptTokenCount: 1_000,
      cachedContentTokenCount: 600,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 700 }, { modality: "AUDIO", tokenCount: 300 }],
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 600 }]
    } as const
    const cost = Cost.of("gemini-2.5-flash", { usageMetadata })
    assert.deepStrictEqual(items(cost), [
      ["input", "TEXT", 100, "0.00003"],
      ["input", "AUDIO", 300, "0.0003"],
      ["cached", "TEXT", 600, "0.000018"]
    ])
    assert.isFalse(cost.isPartial)
  })

  it("has other prices for long prompts, and for later days", () => {
    const long = (promptTokenCount: number) => Cost.of("gemini-2.5-pro", { usageMetadata: { promptTokenCount } })
    assert.strictEqual(total(long(200_000)), "0.25")
    assert.strictEqual(total(long(200_001)), "0.5000025")
    const on = (day: string) =>
      Cost.of("gemini-3.8-flash", { usageMetadata: { candidatesTokenCount: 1_000_000 } }, { at: Date.parse(day) })
    assert.strictEqual(total(on("2026-12-31T23:59:59Z")), "3.75")
    assert.strictEqual(total(on("2027-01-01T00:00:00Z")), "7.5")
  })

  it("counts search queries, or the grounded prompt, by the model's unit", () => {
    const grounded = { candidates: [{ groundingMetadata: { webSearchQueries: ["a", "b"] } }] }
    assert.deepStrictEqual(items(Cost.of("gemini-3.5-flash", grounded)), [["grounding", undefined, 2, "0.028"]])
    assert.deepStrictEqual(items(Cost.of("gemini-2.5-flash", grounded)), [["grounding", undefined, 1, "0.035"]])
  })

  it("is undefined, not nothing, for what has no price", () => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 5 }
    for (
      const cost of [
        Cost.of("gemini-9-unheard", { usageMetadata }),
        Cost.of("gemini-3.8-flash", { usageMetadata: { ...usageMetadata, serviceTier: "priority" } }),
        Cost.of("gemini-3.8-flash", { usageMetadata: { ...usageMetadata, trafficType: "PROVISIONED_THROUGHPUT" } })
      ]
    ) {
      assert.strictEqual(cost.total, undefined)
      assert.isTrue(cost.isPartial)
    }
    const image = { candidatesTokenCount: 1_290, candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1_290 }] }
    assert.strictEqual(Cost.of("gemini-2.5-flash", { usageMetadata: image } as const).total, undefined)
  })

  it("is of the way of serving that was asked for, or that the answer names, and of no other", () => {
    const own = (any: string) => ({ input: { any }, output: {} })
    const models = { m: [{ ...own("1"), batch: own("2"), flex: own("3"), priority: own("4") }] }
    const prices = { asOf: "2026-11-01", source: "ours", models }
    const cost = (mode: string | undefined, serviceTier?: string) =>
      total(Cost.of("m", {
        usageMetadata: { promptTokenCount: 1_000_000, ...(serviceTier === undefined ? {} : { serviceTier }) }
      }, { prices, ...(mode === undefined ? {} : { mode: mode as never }) }))
    assert.deepStrictEqual(
      [undefined, "standard", "batch", "flex", "priority", "other"].map((mode) => cost(mode)),
      ["1", "1", "2", "3", "4", undefined]
    )
    assert.deepStrictEqual(
      ["unspecified", "standard", "batch", "flex", "priority", "other"].map((tier) => cost(undefined, tier)),
      ["1", "1", "2", "3", "4", undefined]
    )
    assert.strictEqual(cost("batch", "flex"), "2")
  })

  it("has no item of a modality that the cache had all of, nor of maps where none was read", () => {
    const cost = Cost.of("gemini-2.5-flash", {
      usageMetadata: {
        promptTokenCount: 700,
        cachedContentTokenCount: 600,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 600 }, { modality: "AUDIO", tokenCount: 100 }],
        cacheTokensDetails: [{ modality: "TEXT", tokenCount: 600 }]
      },
      candidates: [{ groundingMetadata: { groundingChunks: [{ web: { uri: "https://a.example/" } }] } }]
    })
    assert.deepStrictEqual(items(cost).map(([kind, modality, count]) => [kind, modality, count]), [
      ["input", "AUDIO", 100],
      ["cached", "TEXT", 600]
    ])
    // One place among pages is an answer that read the map.
    const groundingChunks = [{ web: { uri: "https://a.example/" } }, { maps: { uri: "https://maps.example/" } }]
    const mapped = Cost.of("gemini-2.5-flash", { candidates: [{}, { groundingMetadata: { groundingChunks } }] })
    assert.deepStrictEqual(items(mapped).map(([kind, , count]) => [kind, count]), [["maps", 1]])
  })

  it("takes no malformed count or price for a reason to throw", () => {
    const prices = { asOf: "2026-11-01", source: "typo", models: { mine: [{ input: { any: "1,5" }, output: {} }] } }
    assert.strictEqual(Cost.of("mine", { usageMetadata: { promptTokenCount: 5 } }, { prices }).total, undefined)
    assert.strictEqual(total(Cost.of("gemini-3.5-flash", { usageMetadata: { promptTokenCount: 1.6 } })), "0.000003")
  })

  it("follows the model that answered, takes prices of your own, and adds up", () => {
    const usageMetadata = { candidatesTokenCount: 1_000_000 }
    const answered = Cost.of("gemini-flash-latest", { usageMetadata, modelVersion: "gemini-3.8-flash" })
    const prices = {
      asOf: "2026-11-01",
      source: "our contract",
      models: { mine: [{ input: { any: "0.1" }, output: { any: "0.2" } }] }
    }
    const mine = Cost.of("mine", { usageMetadata }, { prices })
    assert.deepStrictEqual([total(answered), total(mine), total(Cost.all([answered, mine, mine]))], [
      "3.75",
      "0.2",
      "4.15"
    ])
  })

  it("gives a version or an alias the price of its model, and a preview or a tuned model its own or none", () => {
    const usageMetadata = {
      promptTokenCount: 1_000_000,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 1_000_000 }]
    }
    const cost = (model: string, modelVersion?: string) => total(Cost.of(model, { usageMetadata, modelVersion }))
    const flash = cost("gemini-2.5-flash")
    assert.isDefined(flash)
    for (const model of ["gemini-2.5-flash-001", "models/gemini-2.5-flash-002", "models/gemini-2.5-flash"]) {
      assert.strictEqual(cost(model), flash, model)
      assert.strictEqual(cost("mine", model), flash, model)
    }
    assert.strictEqual(cost("gemini-flash-latest"), cost("gemini-3.8-flash"))
    // Its own price, although it ends like a version.
    assert.strictEqual(cost("gemini-embedding-001"), "0.15")
    const none = ["gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash-0", "gemini-2.5-flash-0001", "constructor-001"]
    for (const model of [...none, "tunedModels/gemini-2.5-flash-001", "gemini-3.8-pro"]) {
      assert.isUndefined(cost(model), model)
    }
    // A version that has a price of its own keeps it.
    const own = { input: { any: "7" }, output: {} }
    const prices = {
      asOf: "2026-11-01",
      source: "mine",
      models: { m: [{ input: { any: "1" }, output: {} }], "m-001": [own] }
    }
    assert.deepStrictEqual(["m-001", "m-002"].map((name) => total(Cost.of(name, { usageMetadata }, { prices }))), [
      "7",
      "1"
    ])
  })

  const files = existsSync(corpus) ? globSync("**/*.json", { cwd: corpus.pathname }) : []
  const reason = files.length > 0 ? "" : " (skipped: the corpus is not here)"
  it.skipIf(files.length === 0)(`prices every token of recorded usage exactly once${reason}`, () => {
    const decode = Schema.decodeUnknownOption(GenerateContent.GenerateContentResponse)
    let seen = 0
    for (const file of files) {
      const text = readFileSync(new URL(file, corpus), "utf8")
      const bodies = JSON.parse(text).response?.sse?.split(/\r?\n/) ?? []
      for (const line of bodies) {
        if (!line.startsWith("data: {")) continue
        let body: unknown
        try {
          body = JSON.parse(line.slice(6))
        } catch {
          continue // recorded broken
        }
        const response = Option.getOrUndefined(decode(body))
        const usage = response && GenerateContent.usage(response)
        if (response === undefined || usage === undefined) continue
        seen++
        const tokens = Cost.of("gemini-2.5-pro", response).items
          .filter(({ kind }) => kind !== "grounding")
          .reduce((sum, { count }) => sum + count, 0)
        const { candidatesTokens, promptTokens, thoughtsTokens, toolUsePromptTokens } = usage
        assert.strictEqual(tokens, promptTokens + toolUsePromptTokens + thoughtsTokens + candidatesTokens, file)
      }
    }
    assert.isAbove(seen, 100)
  })
})
