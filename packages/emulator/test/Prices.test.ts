/** What calls would have cost with Google, as the admin API says it. */
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Cost from "effect-gemini/Cost"
import * as BigDecimal from "effect/BigDecimal"
import { assert, describe, it } from "vitest"
import { adminCall } from "./adminCall.ts"
import { prompt } from "./Wire.ts"

const ask = (url: string, model: string, words: string, method = "generateContent") =>
  fetch(`${url}/v1beta/models/${model}:${method}`, {
    method: "POST",
    headers: { "x-goog-api-key": "any" },
    body: JSON.stringify(prompt(words))
  }).then((response) => response.text())

const usage = { promptTokenCount: 1_000_000, candidatesTokenCount: 2_000_000, thoughtsTokenCount: 0 }

const expected = (model: string, calls: number): string => {
  const promptTokensDetails = [{ modality: "TEXT", tokenCount: usage.promptTokenCount }]
  const { total } = Cost.of(model, { usageMetadata: { ...usage, promptTokensDetails } })
  if (total === undefined) throw new Error(`${model} has no price`)
  return BigDecimal.format(BigDecimal.multiply(total, BigDecimal.fromBigInt(BigInt(calls))))
}

describe("prices", () => {
  it("are those of the client: of a call, of a stream's last word, of all by model, and none where none is known", async () => {
    await using emulator = await Standalone.start({ rules: [{ reply: { text: "a", usage } }] })
    const call = adminCall(emulator.url)
    await call("PUT", "/spaces/default/rules", { otherwise: "generate" })
    await ask(emulator.url, "gemini-2.5-pro", "One")
    // The first question may come late: what the log has is counted.
    const first = (await call("GET", "/spaces/default/counters")).body
    assert.deepInclude(first.cost, { dollars: expected("gemini-2.5-pro", 1), partial: false, calls: 1, missed: 0 })
    await ask(emulator.url, "gemini-2.5-pro", "Two", "streamGenerateContent?alt=sse")
    await ask(emulator.url, "gemini-2.5-flash", "Three")
    await ask(emulator.url, "gemini-2.5-flash", "Four", "countTokens")
    const { cost, total } = (await call("GET", "/spaces/default/counters")).body
    assert.strictEqual(total, 4)
    assert.strictEqual(cost.calls, 3)
    assert.deepStrictEqual(cost.byModel, {
      "gemini-2.5-pro": { dollars: expected("gemini-2.5-pro", 2), partial: false },
      "gemini-2.5-flash": { dollars: expected("gemini-2.5-flash", 1), partial: false }
    })
    assert.match(cost.asOf, /^\d{4}-\d\d-\d\d$/)
    const { requests } = (await call("GET", "/spaces/default/requests?bodies=false")).body
    assert.deepStrictEqual(
      requests.map((each: { readonly cost?: { readonly dollars: string } }) => each.cost?.dollars),
      [expected("gemini-2.5-pro", 1), expected("gemini-2.5-pro", 1), expected("gemini-2.5-flash", 1), undefined]
    )
    await call("POST", "/spaces/default/reset", { rules: "keep" })
    assert.deepInclude((await call("GET", "/spaces/default/counters")).body.cost, {
      calls: 0,
      partial: false,
      byModel: {}
    })
  })

  it("of a model that has none are absent and partial, and an answer that is no response costs nothing", async () => {
    await using emulator = await Standalone.start()
    const gemini = emulator.space("one", { models: { asOf: "x", rows: [], acceptAnyModel: true } })
    await ask(gemini.url, "somebodys-own", "One")
    gemini.enqueue({ response: { usageMetadata: "none" } }, { raw: { body: "{" } })
    await ask(gemini.url, "somebodys-own", "Two")
    await ask(gemini.url, "somebodys-own", "Three")
    const { cost } = (await adminCall(emulator.url)("GET", "/spaces/one/counters")).body
    assert.deepInclude(cost, { partial: true, calls: 1, byModel: { "somebodys-own": { partial: true } } })
    assert.notProperty(cost, "dollars")
  })
})
