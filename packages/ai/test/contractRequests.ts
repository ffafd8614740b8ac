/**
 * The points of `effect/ai` 4.1's contract for a provider: what must come of each, filled in before anything ran, and a
 * program that shows what does. Details, siblings and bounds are in the suites beside this one.
 */
import * as GeminiDecisionModel from "effect-gemini-ai/GeminiDecisionModel"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiTokenizer from "effect-gemini-ai/GeminiTokenizer"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Chat from "effect/ai/Chat"
import * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Tokenizer from "effect/ai/Tokenizer"
import * as Effect from "effect/Effect"
import * as ExecutionPlan from "effect/ExecutionPlan"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { failed, json, type Point, scripted, toolkit } from "./contractSetup.ts"
import { answer, bodies, call, client, contents, list, record, services, signature } from "./scripted.ts"

const object = LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) })

export const requests: ReadonlyArray<Point> = [
  ["incremental prompts: the whole prompt, a refusal once", "3 contents; InvalidRequestError final, 2 requests", () => {
    let n = 0
    return Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      const end = yield* failed(chat.generateText({ prompt: "two" }))
      return `${(yield* contents).length} contents; ${end}`
    }).pipe(
      Effect.provideServiceEffect(ResponseIdTracker.ResponseIdTracker, ResponseIdTracker.make),
      Effect.provide(services({ answers: () => n++ === 0 ? answer([{ text: "x" }]) : { error: { code: 400 } } }))
    )
  }],
  [
    "system messages in the history are gathered",
    "{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}",
    () =>
      LanguageModel.generateText({
        prompt: [{ role: "system", content: "a" }, { role: "user", content: "x" }, { role: "system", content: "b" }]
      }).pipe(
        Effect.andThen(bodies),
        Effect.map(([body]) => json(body?.["systemInstruction"])),
        Effect.provide(scripted())
      )
  ],
  [
    "system messages alone",
    "[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}]",
    () =>
      LanguageModel.generateText({ prompt: [{ role: "system", content: "a" }] }).pipe(
        Effect.andThen(contents),
        Effect.map(json),
        Effect.provide(scripted())
      )
  ],
  [
    "a schema without words fails before the request",
    "UnsupportedSchemaError final, 0 requests",
    () =>
      failed(
        LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.Never }) as never })
      ).pipe(
        Effect.provide(scripted())
      )
  ],
  [
    "an object that was blocked",
    "ContentPolicyError final, 1 requests",
    () => failed(object).pipe(Effect.provide(scripted({ parts: [], more: { finishReason: "SAFETY" } })))
  ],
  [
    "an object that was cut",
    "InvalidRequestError final, 1 requests",
    () =>
      failed(object).pipe(Effect.provide(scripted({ parts: [{ text: "{" }], more: { finishReason: "MAX_TOKENS" } })))
  ],
  [
    "finish reasons",
    "stop length content-filter tool-calls",
    () =>
      Effect.forEach(
        [{}, { finishReason: "MAX_TOKENS" }, { finishReason: "SAFETY" }, undefined],
        (more) =>
          LanguageModel.generateText({ prompt: "x", toolkit }).pipe(
            Effect.map(({ finishReason }) => finishReason),
            Effect.provide(
              scripted(more === undefined ? [call("ask", {}, "1", signature)] : { parts: [{ text: "x" }], more })
            )
          )
      ).pipe(Effect.map((all) => all.join(" ")))
  ],
  ["usage", "10 0 10; 5 2 7", () =>
    LanguageModel.generateText({ prompt: "x" }).pipe(
      Effect.map(({ usage: { inputTokens: i, outputTokens: o } }) =>
        `${i.uncached} ${i.cacheRead} ${i.total}; ${o.text} ${o.reasoning} ${o.total}`
      ),
      Effect.provide(scripted([{ text: "x" }]))
    )],
  [
    "an error's answer: status and words",
    "429 {\"error\":{\"code\":429,\"message\":\"so much\",\"status\":\"RESOURCE_EXHAUSTED\"}}",
    () =>
      Effect.flip(LanguageModel.generateText({ prompt: "x" })).pipe(
        Effect.map(({ reason }) =>
          "http" in reason ? `${reason.http?.response?.status} ${reason.http?.body}` : reason._tag
        ),
        Effect.provide(services({ faults: [{ error: { code: 429, message: "so much" } }] }))
      )
  ],
  [
    "a plan goes to the next model at once",
    "gemini-2.5-flash, 2 requests",
    () =>
      LanguageModel.generateText({ prompt: "x" }).pipe(
        Effect.withExecutionPlan(ExecutionPlan.make(
          { provide: GeminiLanguageModel.model("gemini-3.8-flash") },
          { provide: GeminiLanguageModel.model("gemini-2.5-flash") }
        )),
        Effect.andThen(Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)),
        Effect.map((all) => `${all.at(-1)?.model}, ${all.length} requests`),
        Effect.provide(client({ faults: [{ status: 429, when: { model: "gemini-3.8-flash" } }] }))
      )
  ],
  [
    "the model says who it is",
    "gcp.gemini gemini-3.8-flash",
    () =>
      Effect.zipWith(Model.ProviderName, Model.ModelName, (provider, name) => `${provider} ${name}`).pipe(
        Effect.provide(GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(client())))
      )
  ],
  ["overrides nest, and are apart", "0.5 0.9", () =>
    Effect.all([
      LanguageModel.generateText({ prompt: "a" }).pipe(
        GeminiLanguageModel.withConfigOverride({ temperature: 0.5 }),
        GeminiLanguageModel.withConfigOverride({ temperature: 0.1 })
      ),
      LanguageModel.generateText({ prompt: "b" }).pipe(GeminiLanguageModel.withConfigOverride({ temperature: 0.9 }))
    ]).pipe(
      Effect.andThen(bodies),
      Effect.map((all) => all.map((body) => record(body["generationConfig"])["temperature"]).join(" ")),
      Effect.provide(scripted())
    )],
  ["an interruption ends the request", "aborted", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fiber = yield* Effect.forkChild(LanguageModel.generateText({ prompt: "x" }), { startImmediately: true })
      yield* emulator.awaitRequests(1)
      yield* Fiber.interrupt(fiber)
      const [entry] = yield* emulator.awaitClosed(1)
      return String(entry?.outcome)
    }).pipe(Effect.provide(services({ answers: () => Effect.never })))],
  ["a drafted picture is no file", "1 file", () =>
    LanguageModel.generateText({ prompt: "x" }).pipe(
      Effect.map(({ content }) => `${content.filter(({ type }) => type === "file").length} file`),
      Effect.provide(scripted([
        { inlineData: { mimeType: "image/png", data: "AAEC" }, thought: true },
        { inlineData: { mimeType: "image/png", data: "AAED" } }
      ]))
    )]
]

const embeddings = GeminiEmbeddingModel.layer({ model: "gemini-embedding-001", config: { dimensions: 4 } })
const sizes = Effect.map(bodies, (all) => all.map((body) => list(body["requests"]).length).join(" "))

const triage = Decision.make({
  input: Schema.String,
  decisions: {
    team: Decision.classify({ instructions: "Who?", criteria: { billing: "card", other: null } })
  }
})

export const others: ReadonlyArray<Point> = [
  [
    "embeddings in order, a hundred a request",
    "100 100 50",
    () =>
      EmbeddingModel.EmbeddingModel.use((model) => model.embedMany(Array.from({ length: 250 }, (_, i) => `t${i}`)))
        .pipe(
          Effect.andThen(sizes),
          Effect.provide(embeddings.pipe(Layer.provideMerge(client())))
        )
  ],
  [
    "embeddings of other settings are apart (batchKey)",
    "1 1",
    () =>
      EmbeddingModel.EmbeddingModel.use((model) =>
        Effect.all([
          model.embed("a").pipe(GeminiEmbeddingModel.withConfigOverride({ taskType: "RETRIEVAL_QUERY" })),
          model.embed("b").pipe(GeminiEmbeddingModel.withConfigOverride({ taskType: "RETRIEVAL_DOCUMENT" }))
        ], { concurrency: "unbounded" })
      ).pipe(Effect.andThen(sizes), Effect.provide(embeddings.pipe(Layer.provideMerge(client()))))
  ],
  [
    "a prompt is cut at an exchange, below its system message",
    "system user",
    () =>
      Tokenizer.Tokenizer.use((tokenizer) =>
        tokenizer.truncate([
          { role: "system", content: "a" },
          { role: "user", content: "a long question ".repeat(20) },
          { role: "assistant", content: "an answer" },
          { role: "user", content: "b" }
        ], 8)
      ).pipe(
        Effect.map(({ content }) => content.map(({ role }) => role).join(" ")),
        Effect.provide(GeminiTokenizer.layer({ model: "gemini-3.8-flash" }).pipe(Layer.provideMerge(client())))
      )
  ],
  [
    "decisions, by a model for them and by one that writes",
    "native billing 1.000000; structured billing 1.000000",
    () =>
      Effect.forEach(
        ["gemini-decision-1", "gemini-3.8-flash"],
        (model) =>
          DecisionModel.decide(triage, { input: "my card" }).pipe(
            Effect.map(({ answers: { team }, metadata }) =>
              `${metadata.google?.answeredBy.team} ${team.label} ${
                (team.probabilities.billing + team.probabilities.other).toFixed(6)
              }`
            ),
            Effect.provide(
              GeminiDecisionModel.layer({ model }).pipe(Layer.provide(client({
                answers: ({ method }) =>
                  method === "generateContent"
                    ? answer([{ text: "{\"team\":{\"billing\":3e-1,\"other\":1e-1}}" }])
                    : undefined
              })))
            )
          )
      ).pipe(Effect.map((said) => said.join("; ")))
  ],
  [
    "a decision about what was blocked",
    "ContentPolicyError final, 1 requests",
    () =>
      failed(DecisionModel.decide(triage, { input: "x" })).pipe(
        Effect.provide(
          GeminiDecisionModel.layer({ model: "gemini-decision-1" }).pipe(
            Layer.provideMerge(
              client({ answers: () => ({ response: { prompt_feedback: { block_reason: "safety" } } }) })
            )
          )
        )
      )
  ]
]
