/** An agent's model that answers what a test says, over the emulator in memory, and tools for it. */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** A day on which the models of these tests have prices. */
export const today = Date.UTC(2026, 10, 29)

export const toolkit = Toolkit.make(
  Tool.make("add", {
    description: "Adds",
    parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
    success: Schema.Finite
  }).annotate(Tool.Readonly, true),
  Tool.make("pay", {
    description: "Pays",
    parameters: Schema.Struct({ cents: Schema.Int }),
    success: Schema.String,
    needsApproval: true
  }),
  Tool.make("fail", {
    description: "Fails",
    success: Schema.String,
    failure: Schema.String,
    failureMode: "error"
  }).annotate(Tool.Readonly, true),
  Tool.make("leave", { description: "Breaks itself off", success: Schema.String }).annotate(Tool.Readonly, true)
)
const handlers = toolkit.toLayer({
  add: ({ a, b }) => Effect.succeed(a + b),
  pay: ({ cents }) => Effect.succeed(`paid ${cents}`),
  fail: () => Effect.fail("out of order"),
  leave: () => Effect.interrupt
})

export const answer = (parts: ReadonlyArray<unknown>, finishReason = "STOP") => ({
  response: {
    candidates: [{ content: { role: "model", parts }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: "gemini-3.8-flash"
  }
})
export const call = (name: string, args: unknown) => ({ functionCall: { name, args }, thoughtSignature: "c2lnbmVk" })

export const over = (answers: NonNullable<Emulator.Options["answers"]>) => on({ answers })

/** The model plays these personas, and the emulator judges what comes back. */
export const by = (rules: ReadonlyArray<Rule.Rule>) => on({ rules, strictSignatures: true })

const on = (options: Emulator.Options) =>
  GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }).pipe(
    Layer.provideMerge(
      GeminiClient.layer({ apiKey: Redacted.make("k"), tier: "tier3", retry: { attempts: 1 } }).pipe(
        Layer.provideMerge(Emulator.layerHttpClient(options))
      )
    ),
    Layer.provideMerge(handlers),
    Layer.orDie
  )
