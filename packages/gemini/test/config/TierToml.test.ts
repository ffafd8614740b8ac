import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelAlias from "effect-gemini/models/ModelAlias"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"

const whole = `
[providers.gemini]
default_model = "gemini-3.8-flash"
default_tier = "ours"

[providers.gemini.tiers.free.models."gemini-2.5-flash"]
rpm = 10
tpm = 250_000

[providers.gemini.tiers.ours]
extends = "tier1"
concurrency = 4
rpd = inf
models = { "models/gemini-2.5-pro" = { rpm = 7 } }

[server]
port = 8080
`

const refusal = (text: string) =>
  Effect.map(Effect.flip(GeminiConfig.fromToml(text, "gemini.toml")), (error) => error.message)

describe("a configuration file", () => {
  it.effect("names the default model and tier, overrides Google's tiers and adds its own", () =>
    Effect.gen(function*() {
      const { defaultModel, tier, tiers } = yield* GeminiConfig.fromToml(whole, "gemini.toml")
      assert.strictEqual(defaultModel, "gemini-3.8-flash")
      assert.strictEqual(tier.name, "ours")
      assert.deepStrictEqual(Tier.limitsFor(tier, "gemini-2.5-pro"), {
        rpm: 7,
        tpm: 2_000_000,
        rpd: 10_000,
        concurrency: 64,
        sessions: 50
      })
      assert.deepStrictEqual(tier.limits, { rpm: 1_000, tpm: 1_000_000, rpd: Infinity, concurrency: 4, sessions: 50 })
      assert.deepStrictEqual(tiers["free"]?.models["gemini-2.5-flash"], {
        rpm: 10,
        tpm: 250_000,
        rpd: 250,
        concurrency: 8
      })
    }))

  it.effect("that says nothing of tiers leaves the free one", () =>
    Effect.gen(function*() {
      const { defaultModel, tier } = yield* GeminiConfig.fromToml("[providers.gemini]", "gemini.toml")
      assert.strictEqual(defaultModel, undefined)
      assert.deepStrictEqual(tier, Tier.byName("free"))
    }))

  it.effect.each([
    [
      "a negative number",
      `[providers.gemini.tiers.free.models."gemini-2.5-flash"]\nrpm = 10\ntpm = -1`,
      `gemini.toml:3: providers.gemini.tiers.free.models."gemini-2.5-flash".tpm: expected a whole number of at least 0`
    ],
    [
      "a wrong type",
      `[providers.gemini]\n\n[providers.gemini.tiers.tier1]\nrpm = "10"`,
      `gemini.toml:4: providers.gemini.tiers.tier1.rpm: expected a whole number of at least 0, or no limit (inf), got "10" (string)`
    ],
    [
      "a misspelt limit",
      `[providers.gemini.tiers.free]\nrmp = 10`,
      `gemini.toml:2: providers.gemini.tiers.free.rmp: no limit has this name; there are rpm, tpm, rpd, concurrency`
    ],
    [
      "a misspelt setting",
      `[providers.gemini]\ndefault_teir = "free"`,
      `gemini.toml:2: providers.gemini.default_teir: no setting has this name; there are default_model, default_tier, tiers`
    ],
    [
      "another provider",
      `[providers.gemni]\ndefault_tier = "free"`,
      `gemini.toml:1: providers.gemni: no setting has this name; there are gemini`
    ],
    [
      "an unknown tier",
      `[providers.gemini]\ndefault_model = "gemini-2.5-pro"\ndefault_tier = "gold"`,
      `gemini.toml:3: providers.gemini.default_tier: no tier is called "gold" (string); there are free, tier1, tier2, tier3`
    ],
    [
      "what cannot be a model",
      `[providers.gemini]\ndefault_model = "gemini flash"`,
      `gemini.toml:2: providers.gemini.default_model: "gemini flash" cannot be a model name`
    ],
    [
      "a table where a number was meant",
      `[providers.gemini]\ntiers = 3`,
      `gemini.toml:2: providers.gemini.tiers: expected a table, got 3 (number)`
    ],
    ["broken TOML", `[providers.gemini]\ndefault_tier = `, `gemini.toml:2: `],
    ["no provider", `[server]\nport = 1`, `gemini.toml: providers: there is no [providers.gemini]`]
  ])("is refused for %s with file, line and key", ([, text, message]) =>
    Effect.gen(function*() {
      assert.include(yield* refusal(text ?? ""), message ?? "")
    }))

  it.effect("is told everything that is wrong with it", () =>
    Effect.gen(function*() {
      const message = yield* refusal(`[providers.gemini]\ndefault_tier = 3\n[providers.gemini.tiers.free]\nrpm = 1.5`)
      assert.deepStrictEqual(message.match(/gemini\.toml:\d+/g), ["gemini.toml:4", "gemini.toml:2"])
    }))

  it.effect("is read from disk", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const path = `${yield* files.makeTempDirectoryScoped()}/gemini.toml`
      yield* files.writeFileString(path, whole)
      assert.strictEqual((yield* GeminiConfig.fromTomlFile(path)).tier.name, "ours")
      const missing = yield* Effect.flip(GeminiConfig.fromTomlFile(`${path}.not`))
      assert.include(missing.message, `${path}.not: cannot be read`)
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("limits given as options", () => {
  it("are checked like those of a file", () => {
    assert.strictEqual(GeminiConfig.problem({ limits: { "gemini-2.5-pro": { rpm: Infinity } } }), undefined)
    assert.deepInclude(GeminiConfig.problem({ limits: { "gemini-2.5-pro": { rpm: -1 } } }), {
      field: `limits["gemini-2.5-pro"].rpm`
    })
  })
})

describe("an alias", () => {
  const id = (name: string) => Result.getOrThrow(ModelId.parse(name))

  it("is counted as its target, and a model as itself", () => {
    assert.strictEqual(ModelAlias.quotaModel(id("models/gemini-flash-latest")), "gemini-3.8-flash")
    assert.strictEqual(ModelAlias.quotaModel(id("gemini-2.5-flash")), "gemini-2.5-flash")
    assert.isFalse(ModelAlias.isAlias(id("toString")))
  })
})
