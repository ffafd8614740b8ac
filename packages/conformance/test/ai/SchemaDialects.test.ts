/**
 * 1,000 random schemas through each dialect: what comes out holds nothing that Gemini is known to refuse, by the judge of
 * `schemaFacts.ts` and by the emulator's, which do not know each other; what cannot be said fails with its path.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as RandomSchemas from "./randomSchemas.ts"
import * as Facts from "./schemaFacts.ts"

const runs = 1_000

const converted = (schema: JsonSchema.JsonSchema, dialect: GeminiSchema.Dialect) =>
  Result.try({
    try: (): unknown => {
      const json = GeminiSchema.fromJsonSchema(schema)
      return dialect === "json" ? json : GeminiSchema.toOpenApi(json)
    },
    catch: (error) => error instanceof Error ? error : new Error(String(error))
  })

describe("random schemas", () => {
  for (const dialect of ["json", "openapi"] as const) {
    it(`in the dialect ${dialect} hold nothing that is known to be refused`, () => {
      let said = 0
      for (let seed = 1; seed <= runs; seed++) {
        const schema = RandomSchemas.make(seed)
        const out = converted(schema, dialect)
        if (Result.isFailure(out)) {
          // Refused before anything is sent, with the place and a sentence.
          assert.strictEqual(out.failure.name, "Inexpressible", `seed ${seed}: ${out.failure.message}`)
          assert.match(out.failure.message, /^[^:]+: \S+/)
          continue
        }
        said++
        const refused = dialect === "json" ? Facts.jsonSchema(out.success) : Facts.openApi(out.success)
        assert.deepStrictEqual(refused, [], `seed ${seed}: ${JSON.stringify(schema)} → ${JSON.stringify(out.success)}`)
      }
      process.stdout.write(`${dialect}: ${said} of ${runs} random schemas can be said, the rest fail with their path\n`)
      assert.isAtLeast(said, dialect === "json" ? runs * 0.9 : runs * 0.4)
    })
  }

  it("are refused by the judge as they come, so that it is not blind", () => {
    let refused = 0
    for (let seed = 1; seed <= runs; seed++) {
      const schema = RandomSchemas.make(seed)
      if (Facts.jsonSchema(schema).length > 0 && Facts.openApi(schema).length > 0) refused++
    }
    assert.isAtLeast(refused, runs * 0.5)
  })

  for (const schemaDialect of ["json", "openapi"] as const) {
    it.effect(`are taken by the emulator as parameters of a tool, in the dialect ${schemaDialect}`, () =>
      Effect.gen(function*() {
        let taken = 0
        for (let seed = 1; seed <= 200; seed++) {
          const parameters = RandomSchemas.object(seed)
          if (Result.isFailure(converted(parameters, schemaDialect))) continue
          const toolkit = Toolkit.make(Tool.dynamic("act", { parameters }))
          const asked = LanguageModel.generateText({ prompt: "hi", toolkit, disableToolCallResolution: true })
          const exit = yield* Effect.exit(asked)
          assert.strictEqual(exit._tag, "Success", `seed ${seed}: ${JSON.stringify(parameters)}: ${String(exit)}`)
          taken++
        }
        assert.isAtLeast(taken, 60)
        assert.strictEqual((yield* Emulator.Emulator.use(({ requests }) => requests)).length, taken)
      }).pipe(Effect.provide(
        GeminiLanguageModel.layer({ model: "gemini-3.8-flash", config: { schemaDialect } }).pipe(
          Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3" })),
          Layer.provideMerge(Emulator.layerHttpClient())
        )
      )))
  }
})
