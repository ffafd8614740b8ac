/**
 * Names that come from outside (models, modalities, reasons, methods, variables, properties) are not keys of objects:
 * each of these is a key that every object has. And a request that throws while it is read is refused as any other.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Quota from "effect-gemini-emulator/Quota"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Cost from "effect-gemini/Cost"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TurnFold from "../../../gemini/src/internal/live/TurnFold.ts"

const names = ["constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "__proto__"]

const client = GeminiClient.layer({ tier: "tier3", apiKey: Redacted.make("key"), retry: { attempts: 1 } }).pipe(
  Layer.provideMerge(Emulator.layerHttpClient())
)

describe.each(names)("the name %s", (name) => {
  const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 }

  it("is a model without a price, and a modality without one", () => {
    assert.isUndefined(Cost.of(name, { usageMetadata }).total)
    const plain = Cost.of("gemini-2.5-flash", { usageMetadata, modelVersion: name }).total
    assert.deepStrictEqual(plain, Cost.of("gemini-2.5-flash", { usageMetadata }).total)
    const details = { ...usageMetadata, promptTokensDetails: [{ modality: name, tokenCount: 5 }] }
    assert.isFalse(Cost.of("gemini-2.5-flash", { usageMetadata: details }).items.some(({ count }) => count !== count))
  })

  it("is a model with the limits of its tier, or with its own", () => {
    const tier = Tier.byName("tier1")
    assert.deepStrictEqual(Tier.limitsFor(tier, name, {}), tier.limits)
    const own = Tier.extend(tier, { models: Object.fromEntries([[name, { rpm: 3 }]]) })
    assert.deepStrictEqual(Tier.limitsFor(own, name), { ...tier.limits, rpm: 3 })
    assert.deepStrictEqual(Tier.limitsFor(own, "gemini-2.5-flash"), Tier.limitsFor(tier, "gemini-2.5-flash"))
  })

  it("is a model and a method of a catalog", () => {
    const catalog = ModelCatalog.withModels({ models: new Map() }, [{
      name: `models/${name}`,
      supportedGenerationMethods: [name]
    }])
    assert.deepStrictEqual(Array.from(catalog.models), [[name, [name]]])
    assert.isTrue(ModelCatalog.supports(catalog, name, name))
  })

  it("is a model of the emulator's quotas", () => {
    assert.strictEqual(Quota.quotaModel(name), name)
    const limits = Quota.limitsOf({ models: { "*": { rpm: 3 } } }, name)
    assert.deepStrictEqual(limits, { rpm: 3 })
    assert.deepStrictEqual(Quota.limitsOf({ models: {}, tier: "tier1" }, name), Quota.limitsOf({ tier: "tier1" }, "?"))
  })

  it("is a reason for which a Live turn ends", () => {
    assert.strictEqual(TurnFold.finishReason({ turnComplete: true, turnCompleteReason: name }, false), name)
  })

  it.effect("comes back from an answer as it is", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      yield* emulator.enqueue({
        response: {
          candidates: [{ content: { role: "model", parts: [{ text: name }] }, finishReason: "STOP" }],
          usageMetadata: { ...usageMetadata, promptTokensDetails: [{ modality: name, tokenCount: 5 }] },
          modelVersion: name
        }
      })
      const answer = yield* gemini.generate({ contents: name })
      assert.deepStrictEqual([answer.text, answer.response.modelVersion], [name, name])
      // The emulator answers a request whose names are of that kind, too.
      const counted = yield* gemini.countTokens({
        contents: "words",
        generationConfig: { responseJsonSchema: { type: "object", properties: Object.fromEntries([[name, {}]]) } }
      })
      assert.isAbove(counted.totalTokens, 0)
    }).pipe(Effect.provide(client)))

  it("is a property, a definition and a keyword of a schema", () => {
    const of = (schema: unknown) => Object.fromEntries([[name, schema]])
    const converted = GeminiSchema.fromJsonSchema({
      type: "object",
      properties: { ...of({ type: "string" }), other: { $ref: `#/$defs/${name}` } },
      required: [name],
      $defs: of({ type: "number" })
    })
    assert.isTrue(Object.hasOwn(Object(converted["properties"]), name))
    assert.notInclude(JSON.stringify(converted), "native code")
    assert.notInclude(JSON.stringify(GeminiSchema.fromJsonSchema({ type: "string", ...of("x") })), "native code")
    const open = GeminiSchema.toOpenApi({ type: "object", properties: of({ type: "string", format: name }) })
    assert.isTrue(Object.hasOwn(open.properties ?? {}, name))
  })

  it.effect("is a variable that has a default, or no value", () =>
    Effect.gen(function*() {
      if (name === "__proto__") return
      const text = (declared: string) =>
        `[variables]\n${name} = ${declared}\n[[acts]]\nname = "a"\nprompt = "say {{${name}}}"\n`
      const found = yield* Narrative.parse(text("\"hello\""))
      assert.include(JSON.stringify(found), "say hello")
      const wrong = yield* Effect.flip(Narrative.parse(text("{ type = \"string\" }")))
      assert.include(JSON.stringify(wrong), "has no value")
    }))
})

const thrower = (): never => {
  throw new Error("a secret")
}
const throwing = new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getOwnPropertyDescriptor: thrower })
const revoked = <A extends object>(target: A): A => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

describe("a request that throws while it is read", () => {
  it.effect.each<readonly [string, object]>([
    ["contents that are a getter", Object.defineProperty({}, "contents", { get: thrower, enumerable: true })],
    ["a model that is a getter", Object.defineProperty({ contents: "x" }, "model", { get: thrower, enumerable: true })],
    ["a Proxy", throwing],
    ["a Proxy that was revoked", revoked({})],
    ["contents that are a Proxy", { contents: throwing }],
    ["a content that is a Proxy", { contents: [throwing] }],
    ["contents that were revoked", { contents: revoked([]) }],
    ["a part that is a Proxy", { contents: [{ parts: [throwing] }] }],
    ["a part with a getter", {
      contents: [{ parts: [Object.defineProperty({}, "text", { get: thrower, enumerable: true })] }]
    }],
    ["settings that are a Proxy", { contents: "x", generationConfig: throwing }],
    ["a tool that is a Proxy", { contents: "x", tools: [throwing] }],
    ["a toJSON that throws", { contents: "x", toJSON: thrower }]
  ])("is InvalidRequest, and nothing of it is quoted: %s", ([, request]) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      const calls: ReadonlyArray<readonly [string, () => Effect.Effect<unknown, unknown>]> = [
        ["generate", () => Reflect.apply(gemini.generate, gemini, [request])],
        ["generateStream", () => Stream.runDrain(Reflect.apply(gemini.generateStream, gemini, [request]))],
        ["countTokens", () => Reflect.apply(gemini.countTokens, gemini, [request])],
        ["embed", () => Reflect.apply(gemini.embed, gemini, [request])]
      ]
      for (const [method, call] of calls) {
        const error = yield* Effect.flip(call())
        assert.include(String(error), "InvalidRequest", method)
        assert.notInclude(String(error), "a secret", method)
      }
      assert.deepStrictEqual(yield* emulator.requests, [])
    }).pipe(Effect.provide(client)))
})
