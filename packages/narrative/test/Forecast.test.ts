import { assert, describe, it } from "@effect/vitest"
import * as Forecast from "effect-gemini-narrative/Forecast"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Plan from "effect-gemini-narrative/Plan"
import * as Tier from "effect-gemini/limits/Tier"
import * as Effect from "effect/Effect"

const forecast = (text: string, options?: Forecast.Options) =>
  Effect.map(
    Effect.flatMap(Narrative.parse(text), (story) => Plan.make(story)),
    ({ plan }) => Forecast.of(plan, options)
  )

const story = `
[[acts]]
name = "plan"
model = "gemini-2.5-pro"
prompt = "${"plan ".repeat(80)}"
generation.max_output_tokens = 100
generation.response_json_schema = { type = "object", properties = { steps = { type = "array", items = { type = "string" } } } }
[[acts]]
name = "beside"
model = "gemini-2.5-pro"
when = "plan.steps"
prompt = "12345678"
generation.max_output_tokens = 50
[[acts]]
name = "each"
model = "gemini-2.5-flash"
for_each = "plan.steps"
max_items = 20
prompt = "Use {{item}}"
[[acts]]
name = "polish"
repeat = { until = "grow", max = 3 }
[[acts.acts]]
name = "grow"
model = "gemini-2.5-flash"
prompt = "Grow"
[[acts]]
name = "list"
for_each = ["a", "b"]
model = "gemini-2.5-flash"
prompt = "{{item}} {{each}} {{polish}}"
`

describe("a forecast", () => {
  it.effect("says what runs beside what, and counts requests between what must and what may come", () =>
    Effect.gen(function*() {
      const { models, stages } = yield* forecast(story)
      assert.deepStrictEqual(stages, [["plan", "polish"], ["beside", "each"], ["list"]])
      assert.deepStrictEqual(
        models.map(({ answerTokens, inputTokens, model, requests }) => [model, requests, inputTokens, answerTokens]),
        [
          ["gemini-2.5-pro", { least: 1, most: 2 }, 100, 150],
          ["gemini-2.5-flash", { least: 3, most: 25 }, 1 + 2, undefined]
        ]
      )
      // 100 tokens at $1.25 a million.
      assert.strictEqual(models[0]?.dollars, "0.000125")
    }))

  it.effect("names the limits of the tier that would make it wait, and no others", () =>
    Effect.gen(function*() {
      const tier = Tier.extend(Tier.byName("tier3"), {
        name: "ours",
        models: { "gemini-2.5-flash": { rpm: 10, rpd: 24 }, "gemini-2.5-pro": { rpm: 2, tpm: 99 } }
      })
      assert.deepStrictEqual((yield* forecast(story, { tier })).waits, [
        "gemini-2.5-pro: a request has some 100 tokens, and a minute takes 99: it is refused",
        "gemini-2.5-flash: up to 25 requests, and 24 in a day under the tier ours: it may wait until midnight in California",
        "gemini-2.5-flash: up to 25 requests, and 10 in a minute under the tier ours: it may wait 2 minutes"
      ])
      const roomy = Tier.extend(tier, {
        models: { "gemini-2.5-flash": { rpm: 25, rpd: 25 }, "gemini-2.5-pro": { tpm: 100 } }
      })
      assert.deepStrictEqual((yield* forecast(story, { tier: roomy })).waits, [])
    }))

  it.effect("says what has no price", () =>
    Effect.gen(function*() {
      const { dollars, isPartial, models } = yield* forecast(
        "[[acts]]\nname = \"a\"\nmodel = \"acme-1\"\nprompt = \"x\"\n"
      )
      assert.deepStrictEqual([dollars, isPartial, models[0]?.dollars], ["0", true, undefined])
      // Nothing is known of this input, and its model has a price.
      const nothing = yield* forecast("[variables]\nx = \"\"\n[[acts]]\nname = \"a\"\nprompt = \"{{x}}\"\n")
      assert.deepStrictEqual([nothing.dollars, nothing.isPartial], ["0", false])
    }))
})
