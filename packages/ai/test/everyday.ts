/**
 * Three programs as one writes them for Effect's OpenAI provider. They name `effect/ai` alone; what they run on is a
 * Layer. For OpenAI (`@effect/ai-openai` 4.0.0-beta.106) that is:
 *
 * ```ts
 * const OpenAi = OpenAiClient.layerConfig({ apiKey: Config.Redacted("OPENAI_API_KEY") }).pipe(
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * const model = OpenAiLanguageModel.model("gpt-5-mini", { temperature: 0.2 }).pipe(Layer.provide(OpenAi))
 * const embeddings = OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 256 }).pipe(Layer.provide(OpenAi))
 * ```
 */
import * as Chat from "effect/ai/Chat"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export class Contact extends Schema.Class<Contact>("Contact")({
  name: Schema.String,
  mail: Schema.String,
  since: Schema.optional(Schema.String)
}) {}

/** 1. A form out of a text, retried while that may help, and who answered. */
export const extract = Effect.gen(function*() {
  const { finishReason, usage, value } = yield* LanguageModel.generateObject({
    prompt: [
      { role: "system", content: "Extract the contact." },
      { role: "user", content: "Ada Lovelace, ada@example.com, a customer since 1843" }
    ],
    schema: Contact,
    objectName: "contact"
  }).pipe(Effect.retry({ schedule: Schedule.exponential("10 millis"), times: 2, while: (error) => error.isRetryable }))
  const said = yield* LanguageModel.streamText({ prompt: `Greet ${value.name}.` }).pipe(
    Stream.filter((part) => part.type === "text-delta"),
    Stream.runFold(() => "", (text, { delta }) => text + delta)
  )
  return { value, said, finishReason, counted: usage.inputTokens.total !== undefined, by: yield* Model.ModelName }
})

const Search = Tool.make("search_orders", {
  description: "The orders of a customer since a day",
  parameters: Schema.Struct({ customer: Schema.String, since: Schema.String }),
  success: Schema.Array(Schema.Struct({ id: Schema.Int, total: Schema.Finite })),
  failure: Schema.Struct({ message: Schema.String }),
  failureMode: "return"
})
const Refund = Tool.make("refund", {
  description: "Pays an order back",
  parameters: Schema.Struct({ id: Schema.Int }),
  success: Schema.String,
  needsApproval: true
})
export const shop = Toolkit.make(Search, Refund)
export const shopHandlers = shop.toLayer({
  search_orders: ({ customer }) => Effect.succeed(customer === "Ada" ? [{ id: 7, total: 12.5 }] : []),
  refund: ({ id }) => Effect.succeed(`order ${id} is paid back`)
})

/** 2. A chat with tools, of which one waits for a person; it is stored in between. */
export const support = Effect.gen(function*() {
  const chat = yield* Chat.fromPrompt([{ role: "system", content: "You work for a shop." }])
  yield* chat.generateText({ prompt: "What has Ada ordered since January?", toolkit: shop })
  const listed = yield* chat.generateText({ prompt: [], toolkit: shop })
  const asked = yield* chat.generateText({ prompt: "Pay order 7 back.", toolkit: shop })
  const later = yield* Chat.fromJson(yield* chat.exportJson)
  const approvals = asked.content.flatMap((part) => part.type === "tool-approval-request" ? [part.approvalId] : [])
  const done = yield* later.streamText({
    toolkit: shop,
    prompt: Prompt.fromMessages([
      Prompt.makeMessage("tool", {
        content: approvals.map((approvalId) =>
          Prompt.makePart("tool-approval-response", { approvalId, approved: true })
        )
      })
    ])
  }).pipe(Stream.runCollect)
  return {
    listed: listed.text,
    refunded: done.flatMap((part) => part.type === "tool-result" ? [part.result] : []),
    said: done.map((part) => part.type === "text-delta" ? part.delta : "").join("")
  }
})

const dot = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

/** 3. A search by meaning. */
export const search = Effect.gen(function*() {
  const model = yield* EmbeddingModel.EmbeddingModel
  const texts = ["the tide rises with the moon", "bread needs flour and water", "a cat sleeps all day"]
  const { embeddings } = yield* model.embedMany(texts)
  const queries = yield* Effect.forEach(["bread needs flour and water", "a cat sleeps all day"], model.embed, {
    concurrency: "unbounded"
  })
  return {
    dimensions: [yield* EmbeddingModel.Dimensions, embeddings[0]?.vector.length],
    found: queries.map(({ vector }) =>
      texts.toSorted((a, b) =>
        dot(embeddings[texts.indexOf(b)]?.vector ?? [], vector) -
        dot(embeddings[texts.indexOf(a)]?.vector ?? [], vector)
      )[0]
    )
  }
})
