/** The provider over a server that says what a test tells it to, and what that server was sent. */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const model = "gemini-3.8-flash"
export const key = "secret-key-of-the-test"
/** A signature as Gemini's are: base64. */
export const signature = "c2lnbmVk"

export type Json = Readonly<Record<string, unknown>>

export const record = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

export const list = (value: unknown): ReadonlyArray<Json> => Array.isArray(value) ? value.map(record) : []

export const client = (emulator: Emulator.Options = {}, attempts = 1) =>
  GeminiClient.layer({ apiKey: Redacted.make(key), tier: "tier3", retry: { attempts } }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

export const services = (
  emulator: Emulator.Options = {},
  config: GeminiLanguageModel.Config.Settings = {},
  attempts = 1
): Layer.Layer<LanguageModel.LanguageModel | GeminiClient.GeminiClient | Emulator.Emulator> =>
  GeminiLanguageModel.layer({ model, config }).pipe(Layer.provideMerge(client(emulator, attempts)), Layer.orDie)

export const usageMetadata = {
  promptTokenCount: 10,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 17
}

/** An answer of these parts; `more` goes into its candidate. */
export const answer = (parts: ReadonlyArray<Json>, more: Json = {}) => ({
  response: {
    candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0, ...more }],
    usageMetadata,
    modelVersion: model,
    responseId: "response-1"
  }
})

export const call = (name: string, args: Json, id?: string, thoughtSignature?: string): Json => ({
  functionCall: { name, args, ...(id === undefined ? {} : { id }) },
  ...(thoughtSignature === undefined ? {} : { thoughtSignature })
})

/** The bodies that the server was sent, in order. */
export const bodies: Effect.Effect<ReadonlyArray<Json>, never, Emulator.Emulator> = Effect.flatMap(
  Emulator.Emulator,
  ({ requests }) => Effect.map(requests, (entries) => entries.map(({ body }) => record(body)))
)

/** The contents of the last request. */
export const contents = Effect.map(bodies, (all) => list(all.at(-1)?.["contents"]))

export const partsOf = (content: Json | undefined): ReadonlyArray<Json> => list(content?.["parts"])
