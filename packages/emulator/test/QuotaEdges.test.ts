/** What a quota admits and says below, at and above each of its bounds, and which quota a request is counted on. */
import { assert, describe, it } from "@effect/vitest"
import * as Quota from "effect-gemini-emulator/Quota"
import { flash } from "./Wire.ts"

const charge = (more: Partial<Quota.Charge> = {}): Quota.Charge => ({
  project: "p",
  model: flash,
  family: "generate",
  inputTokens: 0,
  time: 0,
  ...more
})

const every = (limits: Quota.Limits): Quota.Quotas => ({ models: { "*": limits } })

/** The ids of a refusal, and the delay that its sentence names, to the millisecond; none: it was admitted. */
const told = (refusal: ReturnType<Quota.Quota["charge"]>) => {
  if (refusal === undefined) return undefined
  const { details, message } = refusal.body.error
  const ids = (details ?? []).flatMap((detail): ReadonlyArray<unknown> =>
    "violations" in detail && Array.isArray(detail["violations"])
      ? detail["violations"].map(({ quotaId }) => quotaId)
      : []
  )
  return [...ids, /retry in (\S+)\.$/.exec(message)?.[1]]
}

const rpm = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
const tpm = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
const rpd = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

describe("bounds", () => {
  it("so many requests a minute, and not one more", () => {
    const quota = Quota.make()
    const said = [0, 1, 2].map((time) => told(quota.charge(charge({ time }), every({ rpm: 2 }))))
    assert.deepStrictEqual(said, [undefined, undefined, [rpm, "59.998s"]])
  })

  it("so many tokens a minute: one below, exactly, and one above", () => {
    const limits = every({ tpm: 100 })
    for (const [last, refused] of [[39, false], [40, false], [41, true]] as const) {
      const quota = Quota.make()
      quota.charge(charge({ inputTokens: 60 }), limits)
      const said = told(quota.charge(charge({ inputTokens: last, time: 1 }), limits))
      assert.deepStrictEqual(said, refused ? [tpm, "59.999s"] : undefined, `${last}`)
    }
  })

  it("a request that is larger than the minute waits the whole minute, again and again", () => {
    const quota = Quota.make()
    const limits = every({ tpm: 100 })
    assert.deepStrictEqual(told(quota.charge(charge({ inputTokens: 101 }), limits)), [tpm, "60s"])
    quota.charge(charge({ inputTokens: 50, time: 1000 }), limits)
    assert.deepStrictEqual(told(quota.charge(charge({ inputTokens: 101, time: 2000 }), limits)), [tpm, "60s"])
    // One that just fits when the minute is empty waits only until it is.
    assert.deepStrictEqual(told(quota.charge(charge({ inputTokens: 100, time: 2000 }), limits)), [tpm, "59s"])
  })

  it("the delay is until enough tokens are free, and no longer", () => {
    const limits = every({ tpm: 100 })
    const after = (inputTokens: number) => {
      const quota = Quota.make()
      quota.charge(charge({ inputTokens: 30, time: 0 }), limits)
      quota.charge(charge({ inputTokens: 30, time: 10_000 }), limits)
      quota.charge(charge({ inputTokens: 30, time: 20_000 }), limits)
      return told(quota.charge(charge({ inputTokens, time: 30_000 }), limits))?.[1]
    }
    assert.deepStrictEqual([10, 11, 40, 41, 70, 71, 100].map(after), [
      undefined,
      "30s",
      "30s",
      "40s",
      "40s",
      "50s",
      "50s"
    ])
  })

  it("a minute is over at its last millisecond, not before", () => {
    for (const [time, admitted] of [[59_999, false], [60_000, true], [60_001, true]] as const) {
      const quota = Quota.make()
      quota.charge(charge(), every({ rpm: 1 }))
      assert.strictEqual(quota.charge(charge({ time }), every({ rpm: 1 })) === undefined, admitted, `${time}`)
    }
  })

  it("so many requests a day, over the minutes and until midnight in California", () => {
    const midnight = Date.parse("2026-01-16T08:00:00Z")
    const quota = Quota.make()
    const at = (time: number) => told(quota.charge(charge({ time }), every({ rpd: 2 })))
    assert.isUndefined(at(midnight - 7_200_000))
    assert.isUndefined(at(midnight - 3_600_000))
    assert.deepStrictEqual(at(midnight - 1), [rpd, "0.001s"])
    assert.isUndefined(at(midnight))
  })

  it("a limit of zero admits nothing", () => {
    for (const limits of [{ rpm: 0 }, { rpd: 0 }]) assert.isDefined(Quota.make().charge(charge(), every(limits)))
    const quota = Quota.make()
    assert.isUndefined(quota.charge(charge(), every({ tpm: 0 })))
    assert.isDefined(quota.charge(charge({ inputTokens: 1 }), every({ tpm: 0 })))
  })

  it("what was refused is not counted", () => {
    const quota = Quota.make()
    const limits = every({ rpm: 2, tpm: 10, rpd: 2 })
    assert.deepStrictEqual(told(quota.charge(charge({ inputTokens: 11 }), limits)), [tpm, "60s"])
    assert.isUndefined(quota.charge(charge({ inputTokens: 5 }), limits))
    assert.isUndefined(quota.charge(charge({ inputTokens: 5 }), limits))
  })

  it("several at once are all named, and the longest delay holds", () => {
    const quota = Quota.make()
    const limits = every({ rpm: 1, tpm: 10 })
    quota.charge(charge({ inputTokens: 5 }), limits)
    assert.deepStrictEqual(told(quota.charge(charge({ inputTokens: 20, time: 10_000 }), limits)), [rpm, tpm, "60s"])
  })
})

describe("midnight in California", () => {
  const hour = 3_600_000
  const until = (time: string) => Quota.untilMidnight(Date.parse(time))

  it("is a whole day away at midnight itself, and a millisecond just before it", () => {
    assert.strictEqual(until("2026-01-15T08:00:00.000Z"), 24 * hour)
    assert.strictEqual(until("2026-01-15T07:59:59.999Z"), 1)
    assert.strictEqual(until("2026-07-15T07:00:00.000Z"), 24 * hour)
    assert.strictEqual(until("2026-07-15T06:59:59.999Z"), 1)
  })

  it("is where the date turns, before and after the clocks change", () => {
    // 8 March 2026, 02:00 becomes 03:00; 1 November 2026, 02:00 becomes 01:00.
    assert.strictEqual(until("2026-03-08T09:59:59.999Z"), 21 * hour + 1)
    assert.strictEqual(until("2026-03-08T10:00:00.000Z"), 21 * hour)
    assert.strictEqual(until("2026-03-08T07:30:00.000Z"), hour / 2)
    assert.strictEqual(until("2026-11-01T08:30:00.000Z"), 23.5 * hour)
    assert.strictEqual(until("2026-11-01T09:30:00.000Z"), 22.5 * hour)
    assert.strictEqual(until("2026-11-02T07:30:00.000Z"), hour / 2)
  })
})

describe("whose quota it is", () => {
  it("every project, region, model and family counts for itself", () => {
    const quota = Quota.make()
    const limits = every({ rpm: 1 })
    const others: ReadonlyArray<Partial<Quota.Charge>> = [
      {},
      { project: "q" },
      { region: "west" },
      { model: "gemini-2.5-pro" },
      { family: "embed" }
    ]
    for (const other of others) assert.isUndefined(quota.charge(charge(other), limits))
    for (const other of others) assert.isDefined(quota.charge(charge(other), limits))
    // The plain region is called global.
    assert.isDefined(quota.charge(charge({ region: "global" }), limits))
  })

  it("tokens are not counted when they are only counted", () => {
    const quota = Quota.make()
    for (let n = 0; n < 3; n++) assert.isUndefined(quota.charge(charge({ family: "countTokens" }), every({ rpm: 1 })))
    assert.isUndefined(quota.charge(charge(), every({ rpm: 1 })))
  })

  it("is forgotten by clear", () => {
    const quota = Quota.make()
    quota.charge(charge(), every({ rpm: 1 }))
    quota.clear()
    assert.isUndefined(quota.charge(charge(), every({ rpm: 1 })))
  })

  it("a model's own limits stand before those of every model, and both before the tier's", () => {
    const models = { [flash]: { rpm: 7 }, "*": { rpm: 9 } }
    assert.deepStrictEqual(Quota.limitsOf({ models, tier: "free" }, flash), { rpm: 7 })
    assert.deepStrictEqual(Quota.limitsOf({ models, tier: "free" }, "other"), { rpm: 9 })
    assert.deepStrictEqual(Quota.limitsOf({ models }, "toString"), { rpm: 9 })
    assert.deepStrictEqual(Quota.limitsOf({ models: { [flash]: { rpm: 7 } } }, "other"), {})
    assert.deepStrictEqual(Quota.limitsOf({}, flash), {})
  })

  it("a tier's row has all three limits, none where the table has none, and the flash model's where it has no row", () => {
    const flashRow = { rpm: 1000, tpm: 1_000_000, rpd: 10_000 }
    assert.deepStrictEqual(Quota.limitsOf({ tier: "tier1" }, "gemini-2.5-pro"), {
      rpm: 150,
      tpm: 2_000_000,
      rpd: 10_000
    })
    assert.deepStrictEqual(Quota.limitsOf({ tier: "tier1" }, "gemini-2.5-flash-lite"), {
      rpm: 4000,
      tpm: 4_000_000,
      rpd: undefined
    })
    assert.deepStrictEqual(Quota.limitsOf({ tier: "tier1" }, "of-next-year"), flashRow)
    assert.deepStrictEqual(Quota.limitsOf({ tier: "tier1" }, "toString"), flashRow)
  })

  it("sessions are the options' own, else the tier's, else without limit", () => {
    assert.strictEqual(Quota.sessionsOf({ sessions: 0, tier: "tier1" }), 0)
    assert.strictEqual(Quota.sessionsOf({ tier: "tier1" }), 50)
    assert.isUndefined(Quota.sessionsOf({ tier: "free" }))
    assert.isUndefined(Quota.sessionsOf({}))
  })
})

describe("the names in a refusal", () => {
  const limits = { rpm: 0, tpm: 0, rpd: 0 }
  const names = (family: "generate" | "embed", tier?: Quota.Tier) =>
    Quota.make().charge(charge({ family, inputTokens: 1 }), { ...every(limits), tier })?.body.error.details?.flatMap(
      (detail) =>
        "violations" in detail && Array.isArray(detail["violations"])
          ? detail["violations"].map(({ quotaId, quotaMetric }) => [quotaId, String(quotaMetric).split("/")[1]])
          : []
    )
  const generateIds = [
    "GenerateRequestsPerDayPerProjectPerModel",
    "GenerateRequestsPerMinutePerProjectPerModel",
    "GenerateContentInputTokensPerModelPerMinute"
  ]
  const embedIds = [
    "EmbedContentRequestsPerDayPerProjectPerModel",
    "EmbedContentRequestsPerMinutePerProjectPerModel",
    "EmbedContentInputTokensPerModelPerMinute"
  ]

  it("of a project that pays nothing, which is every project without a tier too", () => {
    for (const tier of [undefined, "free"] as const) {
      for (
        const [family, verb, ids] of [["generate", "generate", generateIds], ["embed", "embed", embedIds]] as const
      ) {
        const requests = `${verb}_content_free_tier_requests`
        assert.deepStrictEqual(names(family, tier), [
          [`${ids[0]}-FreeTier`, requests],
          [`${ids[1]}-FreeTier`, requests],
          [`${ids[2]}-FreeTier`, `${verb}_content_free_tier_input_token_count`]
        ])
      }
    }
  })

  it("of one that pays", () => {
    assert.deepStrictEqual(names("generate", "tier1"), [
      [generateIds[0], "generate_requests_per_model_per_day"],
      [generateIds[1], "generate_requests_per_model"],
      [generateIds[2], "generate_content_paid_tier_input_token_count"]
    ])
    assert.deepStrictEqual(names("embed", "tier1"), [
      [embedIds[0], "embed_content_paid_tier_requests"],
      [embedIds[1], "embed_content_paid_tier_requests"],
      [embedIds[2], "embed_content_paid_tier_input_token_count"]
    ])
  })
})

describe("the gauges of a quota", () => {
  it("say what is used, when there is room again, and when nothing is used: before, at and behind each edge", () => {
    const quota = Quota.make()
    const limits = every({ rpm: 2, tpm: 100, rpd: 3 })
    const at = (time: number) => {
      const [use] = quota.uses(() => limits, time)
      return use?.gauges.map(({ emptyIn, freeIn, used }) => [used, freeIn, emptyIn])
    }
    assert.isUndefined(at(0))
    quota.charge(charge({ inputTokens: 40, time: 0 }), limits)
    const day = Quota.untilMidnight(0)
    assert.deepStrictEqual(at(0), [[1, 0, 60_000], [40, 0, 60_000], [1, 0, day]])
    quota.charge(charge({ inputTokens: 60, time: 10_000 }), limits)
    assert.deepStrictEqual(at(10_000), [[2, 50_000, 60_000], [100, 50_000, 60_000], [2, 0, day - 10_000]])
    assert.deepStrictEqual(at(59_999), [[2, 1, 10_001], [100, 1, 10_001], [2, 0, day - 59_999]])
    assert.deepStrictEqual(at(60_000), [[1, 0, 10_000], [60, 0, 10_000], [2, 0, day - 60_000]])
    quota.charge(charge({ inputTokens: 0, time: 60_000 }), limits)
    assert.deepStrictEqual(at(60_000)?.[2], [3, day - 60_000, day - 60_000])
    assert.deepStrictEqual(at(day), [[0, 0, 0], [0, 0, 0], [0, 0, 0]])
  })

  it("are those of models that have limits now, the newest first", () => {
    const quota = Quota.make()
    const limits = every({ rpm: 2 })
    quota.charge({ ...charge({ time: 0 }), model: "gemini-2.5-flash" }, limits)
    quota.charge({ ...charge({ time: 0 }), model: "gemini-2.5-pro" }, limits)
    assert.deepStrictEqual(quota.uses(() => limits, 1).map(({ model }) => model), [
      "gemini-2.5-pro",
      "gemini-2.5-flash"
    ])
    assert.deepStrictEqual(quota.uses(() => undefined, 1), [])
  })
})
