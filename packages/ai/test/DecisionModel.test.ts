/** Decisions on both ways: the same types, probabilities of 1, and a word about which way it was. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiDecisionModel from "effect-gemini-ai/GeminiDecisionModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as Model from "effect/ai/Model"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import { answer, client, type Json, key, list, partsOf, record } from "./scripted.ts"

const decider = "gemini-decision-1"
const writer = "gemini-3.8-flash"

const services = (
  model: string,
  config: GeminiDecisionModel.Config.Settings = {},
  emulator: Emulator.Options = {},
  attempts = 1
) => GeminiDecisionModel.layer({ model, config }).pipe(Layer.provideMerge(client(emulator, attempts)), Layer.orDie)

const requests = Effect.flatMap(Emulator.Emulator, ({ requests }) => requests).pipe(
  Effect.map((entries) =>
    entries.map(({ apiMethod, body, model }) => ({ said: `${apiMethod} ${model}`, body: record(body) }))
  )
)
const asked = Effect.map(requests, (all) => all.map(({ said }) => said).join(", "))

/** What the language model writes. */
const writing = (written: unknown, more: Json = {}): Emulator.Options => ({
  answers: ({ method }) => method === "generateContent" ? answer([{ text: JSON.stringify(written) }], more) : undefined
})

const Triage = Decision.make({
  input: Schema.Struct({ subject: Schema.String, sent: Schema.Date }),
  decisions: {
    team: Decision.classify({
      instructions: "Which team?",
      criteria: { billing: "cards and charges", " odd\tname ": { what: "crashes" }, sales: null }
    }),
    anger: Decision.rate({
      instructions: ["How", "angry?"],
      criteria: ["calm", { label: "furious", description: { signs: ["rage"] } }]
    }),
    urgent: Decision.probability({ instructions: "It is urgent", criteria: { false: "it can wait", true: "today" } })
  }
})
const input = { subject: "My card was charged twice, today", sent: new Date(0) }
const decide = DecisionModel.decide(Triage, { input })
const state = "{\"subject\":\"My card was charged twice, today\",\"sent\":\"1970-01-01T00:00:00.000Z\"}"

const sum = (probabilities: Readonly<Record<string, number>>) => Object.values(probabilities).reduce((a, b) => a + b, 0)

/** Names that requests, schemas and objects may stumble over. */
const names = [
  ..."a| |b\n|option_1|level_1|question_1|__proto__|constructor|toString|0|1|ü.[0]|a b|\u0000|Ω|👋".split("|"),
  "",
  "x".repeat(100)
]

const ways = [["native", decider], ["structured", writer]] as const

describe.each(ways)("%s", (way, model) => {
  it.effect("answers have one shape, and probabilities sum to 1", () =>
    Effect.gen(function*() {
      const { answers, metadata, modelId, usage } = yield* decide
      assert.deepStrictEqual(Object.keys(answers), ["team", "anger", "urgent"])
      assert.deepStrictEqual(Object.keys(answers.team.probabilities), ["billing", " odd\tname ", "sales"])
      assert.deepStrictEqual(Object.keys(answers.anger.probabilities), ["calm", "furious"])
      assert.closeTo(sum(answers.team.probabilities), 1, 1e-9)
      assert.closeTo(sum(answers.anger.probabilities), 1, 1e-9)
      assert.closeTo(answers.anger.rating, answers.anger.probabilities.furious, 1e-3)
      assert.isTrue(answers.urgent.probability >= 0 && answers.urgent.probability <= 1)
      assert.isAbove(usage.inputTokens ?? 0, 0)
      assert.strictEqual(modelId, model)
      assert.deepStrictEqual(metadata.google?.answeredBy, { team: way, anger: way, urgent: way })
      assert.strictEqual(metadata.google?.usage === undefined, way === "structured")
    }).pipe(Effect.provide(services(model))))

  it.effect("random decisions of random names, too", () =>
    Effect.gen(function*() {
      let state = seedOf("29.4", 1)
      const below = (limit: number) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return Math.floor(state / 2 ** 32 * limit)
      }
      for (let round = 0; round < sizeOf("29.4", { test: 12, prove: 400 }); round++) {
        const shuffled = names.map((name) => [below(2 ** 20), name] as const).toSorted(([a], [b]) => a - b)
        const some = shuffled.slice(0, 2 + below(10)).map(([, name]) => name)
        const instructions = below(3) === 0 ? "" : { round }
        const definition = Decision.make({
          input: Schema.String,
          decisions: Object.fromEntries(some.map((name, i) => [
            name,
            i % 3 === 0
              ? Decision.classify({
                instructions,
                criteria: Object.fromEntries(some.map((n) => [n, i % 2 ? null : ""]))
              })
              : i % 3 === 1
              ? Decision.rate({ instructions, criteria: some.map((label) => ({ label, description: "" })) })
              : Decision.probability({ instructions })
          ]))
        })
        const { answers } = yield* DecisionModel.decide(definition, { input: below(2) === 0 ? "" : "b and option 1" })
        assert.sameMembers(Object.keys(answers), some)
        for (const answer of Object.values(answers)) {
          if (!("probabilities" in answer)) continue
          assert.sameMembers(Object.keys(answer.probabilities), some)
          assert.closeTo(sum(answer.probabilities), 1, 1e-6)
        }
      }
    }).pipe(Effect.provide(services(model))), 120_000)

  it.effect("a blocked input is a policy's refusal, with what was counted", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(decide)
      assert.deepStrictEqual([error.module, error.method, error.reason._tag], [
        "GeminiDecisionModel",
        "decide",
        "ContentPolicyError"
      ])
      assert.isFalse(error.isRetryable)
      const { reason } = error
      if (reason._tag === "ContentPolicyError") {
        const google = record(record(reason.metadata)["google"])
        assert.strictEqual(record(google["usage"])["promptTokens"], 9)
      }
      assert.notInclude(JSON.stringify(error), key)
    }).pipe(Effect.provide(services(model, {}, {
      answers: ({ method }) =>
        method === "generateContent"
          ? { response: { promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 9 } } }
          : model === decider
          ? { response: { prompt_feedback: { block_reason: "safety" }, usage: { total_input_tokens: 9 } } }
          : undefined
    }))))

  it.effect("headers of a call go with it, and an exhausted error may count as retryable", () =>
    Effect.gen(function*() {
      const retried = decide.pipe(
        GeminiDecisionModel.withConfigOverride({
          via: way,
          retryExhausted: true,
          call: { retry: { attempts: 2 }, headers: { "x-own": "yes" } }
        }),
        Effect.flip
      )
      const fiber = yield* Effect.forkChild(retried, { startImmediately: true })
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      assert.isTrue((yield* Fiber.join(fiber)).isRetryable)
      const entries = yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)
      assert.deepStrictEqual(entries.map(({ headers }) => headers["x-own"]), ["yes", "yes"])
    }).pipe(Effect.provide(services(model, {}, { faults: [{ status: 503 }] }))))

  it.effect("an outage is final after the client's own attempts", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(decide), { startImmediately: true })
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.deepStrictEqual([error.reason._tag, error.isRetryable], ["InternalProviderError", false])
    }).pipe(Effect.provide(services(model, {}, { faults: [{ status: 503 }] }, 2))))
})

describe("native", () => {
  it.effect("asks what was meant, and nothing else", () =>
    Effect.gen(function*() {
      yield* decide
      const [request] = yield* requests
      assert.deepStrictEqual(request?.body, {
        model: "models/gemini-decision-1",
        input: state,
        questions: {
          team: {
            type: "choice",
            instructions: "Which team?",
            criteria: { billing: "cards and charges", option_1: " odd\tname : {\"what\":\"crashes\"}", sales: "sales" }
          },
          anger: {
            type: "score",
            instructions: "[\"How\",\"angry?\"]",
            criteria: ["calm", "furious: {\"signs\":[\"rage\"]}"]
          },
          urgent: {
            type: "noul",
            instructions: "It is urgent",
            criteria: { true_description: "today", false_description: "it can wait" }
          }
        }
      })
    }).pipe(Effect.provide(services(decider))))

  it.effect("counts thoughts as output", () =>
    Effect.gen(function*() {
      const { usage } = yield* DecisionModel.decideSettled(Triage, { input })
      assert.deepStrictEqual([usage.inputTokens, usage.outputTokens], [5, 9])
      assert.deepStrictEqual((yield* DecisionModel.decideSettled(Triage, { input })).usage.inputTokens, undefined)
    }).pipe(Effect.provide(services(decider, {}, {
      answers: (() => {
        const usages = [{ total_input_tokens: 5, total_output_tokens: 2, total_thought_tokens: 7 }, undefined]
        return () => ({ response: { usage: usages.shift() } })
      })()
    }))))

  it.effect("gives Google's own choice, score and confidence", () =>
    Effect.gen(function*() {
      const { answers } = yield* decide
      assert.deepStrictEqual(record(answers.team), {
        label: " odd\tname ",
        probabilities: Object.assign(Object.create(null), { billing: 0.5, " odd\tname ": 0.3, sales: 0.2 }),
        confidence: 0.4
      })
      assert.deepInclude(answers.anger, { rating: 0.25, label: "calm", confidence: 0.75 })
      assert.strictEqual(answers.urgent.probability, 0.01)
    }).pipe(Effect.provide(services(decider, {}, {
      answers: () => ({
        response: {
          answers: {
            team: {
              type: "choice",
              choice: "option_1",
              probabilities: { billing: 0.5, option_1: 0.3, sales: 0.2 },
              confidence: 0.4
            },
            anger: { type: "score", score: 0.25, probabilities: { 0: 0.75, 1: 0.25 } },
            urgent: { type: "noul", noul: "0.01" }
          }
        }
      })
    }))))

  const wrong: ReadonlyArray<readonly [name: string, answer: Json | undefined, reason: string, says: RegExp]> = [
    ["missing", undefined, "Missing", /no answer/],
    ["of another type", { type: "noul", noul: 1 }, "Invalid", /"Probability" answer .* expected "Classify"/],
    ["of no option", { type: "choice", choice: "x", probabilities: {} }, "Invalid", /unknown label/],
    ["without probabilities", { type: "choice", choice: "sales" }, "NoDistribution", /no probabilities/],
    [
      "of more than 1",
      { type: "choice", choice: "sales", probabilities: { billing: 0.9, option_1: 0.9, sales: 0.9 } },
      "Invalid",
      /do not sum to 1/
    ],
    [
      "of too few",
      { type: "choice", choice: "sales", probabilities: { billing: 0.5, sales: 0.5 } },
      "Invalid",
      /no probability for label " odd\tname "/
    ],
    [
      "with a confidence of its own kind",
      { type: "choice", choice: "sales", probabilities: { billing: 0, option_1: 0, sales: 1 }, confidence: 7 },
      "none",
      /^$/
    ]
  ]
  it.effect.each(wrong)(
    "an answer %s leaves the others as they are",
    ([, team, reason, says]) =>
      Effect.gen(function*() {
        const { outcomes } = yield* DecisionModel.decideSettled(Triage, { input })
        const failure = Result.isFailure(outcomes.team) ? outcomes.team.failure : undefined
        assert.strictEqual(failure?.reason ?? "none", reason)
        assert.match(failure?.description ?? "", says)
        assert.isTrue(Result.isSuccess(outcomes.urgent))
      }).pipe(Effect.provide(services(decider, {}, {
        answers: () => ({
          response: {
            answers: {
              ...(team === undefined ? {} : { team }),
              anger: { type: "score", score: 0, probabilities: { 0: 1, 1: 0 } },
              urgent: { type: "noul", noul: 0.5 }
            }
          }
        })
      })))
  )

  it.effect("what Gemini has no question for is refused before it is sent, where only this way may be gone", () =>
    Effect.gen(function*() {
      const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, null]))
      const of = (count: number) =>
        DecisionModel.decide(
          Decision.make({
            input: Schema.String,
            decisions: { many: Decision.classify({ instructions: "x", criteria: labels(count) }) }
          }),
          { input: "x" }
        )
      yield* of(255)
      const error = yield* Effect.flip(of(256))
      assert.match(error.message, /decisions\.many/)
      assert.strictEqual(yield* asked, "decisions.create gemini-decision-1")
    }).pipe(Effect.provide(services(decider, { via: "native" }))))
})

describe("structured", () => {
  const written = {
    team: { billing: 0.9, option_1: 0.3, sales: 0.3 },
    anger: { calm: 0.5, furious: 1.5 / 3 },
    urgent: 1
  }

  it.effect("scales what the model wrote, and chooses the likeliest", () =>
    Effect.gen(function*() {
      const { answers, id, modelId, usage } = yield* decide
      assert.closeTo(answers.team.probabilities.billing, 0.6, 1e-12)
      assert.strictEqual(answers.team.label, "billing")
      assert.strictEqual(answers.anger.rating, 0.5)
      assert.strictEqual(answers.urgent.probability, 1)
      assert.deepStrictEqual([id, modelId, usage.inputTokens, usage.outputTokens], ["response-1", writer, 10, 7])
    }).pipe(Effect.provide(services(writer, { via: "structured" }, writing(written)))))

  it.effect("tells the input as the user's words, and the questions by their ids", () =>
    Effect.gen(function*() {
      yield* decide
      const [request] = yield* requests
      const [content] = list(request?.body["contents"])
      const [told, questions] = partsOf(content).map(({ text }) => String(text))
      assert.strictEqual(told, `The input:\n${state}`)
      const json: unknown = JSON.parse((questions ?? "").slice((questions ?? "").indexOf("{")))
      assert.deepStrictEqual(Object.keys(record(json)), ["team", "anger", "urgent"])
      assert.deepStrictEqual(record(record(json)["team"])["options"], {
        billing: "cards and charges",
        option_1: " odd\tname : {\"what\":\"crashes\"}",
        sales: "sales"
      })
      const schema = record(record(request?.body["generationConfig"])["responseJsonSchema"])
      assert.deepStrictEqual(schema["required"], ["team", "anger", "urgent"])
    }).pipe(Effect.provide(services(writer, { via: "structured" }, writing(written)))))

  const ends: ReadonlyArray<readonly [name: string, written: unknown, more: Json, says: RegExp]> = [
    [
      "nothing for all options",
      { ...written, team: { billing: 0, option_1: 0, sales: 0 } },
      {},
      /InvalidOutput.*sum to 1/
    ],
    ["a probability above 1", { ...written, urgent: 1.01 }, {}, /StructuredOutputError/],
    ["less than all", { team: written.team }, {}, /StructuredOutputError/],
    ["what was blocked", written, { finishReason: "SAFETY" }, /ContentPolicyError/]
  ]
  it.effect.each(ends)("%s is what it is", ([, written, more, says]) =>
    Effect.map(Effect.flip(decide), (error) => {
      assert.match(`${error.reason._tag} ${error.message}`.replace("InvalidOutputError", "InvalidOutput"), says)
    }).pipe(
      Effect.provide(services(writer, { via: "structured" }, writing(written, more)))
    ))
})

describe("the way is found", () => {
  it.effect("the server is asked once an hour whether it decides", () =>
    Effect.gen(function*() {
      yield* decide
      yield* decide
      assert.strictEqual(
        yield* asked,
        `decisions.create ${writer}, generateContent ${writer}, generateContent ${writer}`
      )
      yield* Effect.flatMap(Emulator.Emulator, ({ clear }) => clear)
      yield* TestClock.adjust("59 minutes")
      yield* decide
      assert.strictEqual(yield* asked, `generateContent ${writer}`)
      yield* TestClock.adjust("1 minute")
      yield* decide
      assert.strictEqual(
        yield* asked,
        `generateContent ${writer}, decisions.create ${writer}, generateContent ${writer}`
      )
    }).pipe(Effect.provide(services(writer))))

  it.effect("what is not found on either way is not remembered", () =>
    Effect.gen(function*() {
      yield* Effect.flip(decide)
      yield* Effect.flip(decide)
      const nothing = "decisions.create gemini-nothing, generateContent gemini-nothing"
      assert.strictEqual(yield* asked, `${nothing}, ${nothing}`)
    }).pipe(Effect.provide(services("gemini-nothing"))))

  const refusals: ReadonlyArray<readonly [name: string, error: { code: number; message: string }, said: string]> = [
    ["404", { code: 404, message: "no" }, "structured"],
    ["405", { code: 405, message: "no" }, "structured"],
    ["501", { code: 501, message: "no" }, "structured"],
    ["400 that says so", { code: 400, message: "This model does not support Decisions." }, "structured"],
    ["400 of another kind", { code: 400, message: "The input is not supported." }, "InvalidRequestError"],
    ["429", { code: 429, message: "no" }, "RateLimitError"],
    ["500", { code: 500, message: "decisions are not supported" }, "InternalProviderError"]
  ]
  it.effect.each(refusals)("after a %s", ([, error, said]) =>
    Effect.match(decide, {
      onFailure: ({ reason }) => reason._tag,
      onSuccess: ({ metadata }) => metadata.google?.answeredBy.team ?? "nobody"
    }).pipe(
      Effect.map((end) => assert.strictEqual(end, said)),
      Effect.provide(services(writer, {}, { faults: [{ error, when: { method: "decisions.create" } }] }))
    ))

  it.effect("the deadlines, retries and headers of a call are those of both ways", () =>
    Effect.gen(function*() {
      yield* decide.pipe(GeminiDecisionModel.withConfigOverride({ call: { headers: { "x-own": "yes" } } }))
      const entries = yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)
      assert.deepStrictEqual(entries.map(({ headers }) => headers["x-own"]), ["yes", "yes"])
    }).pipe(Effect.provide(services(writer))))

  it.effect("settings of a call win, and say which model writes", () =>
    Effect.gen(function*() {
      yield* decide.pipe(
        GeminiDecisionModel.withConfigOverride({
          via: "structured",
          structured: { model: "gemini-2.5-flash", temperature: 0 }
        }),
        GeminiDecisionModel.withConfigOverride({ via: "native" })
      )
      yield* decide.pipe(GeminiDecisionModel.withConfigOverride({ model: decider }))
      const [first] = yield* requests
      assert.strictEqual(record(first?.body["generationConfig"])["temperature"], 0)
      assert.strictEqual(yield* asked, `generateContent gemini-2.5-flash, decisions.create ${decider}`)
    }).pipe(Effect.provide(services(writer))))

  it.effect("the model says who it is", () =>
    Effect.map(
      Effect.zip(Model.ProviderName, Model.ModelName),
      (names) => assert.deepStrictEqual(names, ["gcp.gemini", decider])
    ).pipe(
      Effect.provide(GeminiDecisionModel.model(decider).pipe(Layer.provide(client())))
    ))
})

describe("pictures", () => {
  const Listing = Decision.make({
    input: Schema.Struct({ photo: Decision.Image, frames: Schema.Tuple([Decision.Image]) }),
    decisions: {
      present: Decision.probability({ instructions: "There is a mug" }),
      mug: Decision.locate({ image: "frames[0]", instructions: "the mug" })
    }
  })
  const png = "iVBORw0KGgo="
  const pictures = {
    photo: { mediaType: "image/*", data: png },
    frames: [{ mediaType: "image/jpeg", data: new URL("https://example.com/a.jpg") }]
  } as const
  const look = DecisionModel.decide(Listing, { input: pictures })

  it.effect("are asked about natively, and a place is written by the other model", () =>
    Effect.gen(function*() {
      const { answers, id, metadata, modelId, usage } = yield* look
      assert.deepStrictEqual(answers.mug.box, { top: 0.1, left: 0.2, bottom: 0.3, right: 1 })
      assert.deepStrictEqual(metadata.google?.answeredBy, { present: "native", mug: "structured" })
      assert.deepStrictEqual([id, modelId], [undefined, undefined])
      const [native, written] = yield* requests
      assert.strictEqual(yield* asked, `decisions.create ${decider}, generateContent ${writer}`)
      const content = list(native?.body["input"])
      const references = Object.values(record(JSON.parse(String(content[0]?.["text"]))))
      assert.deepStrictEqual(content.slice(1), [
        { type: "text", text: `Image ${references[0]}:` },
        { type: "image", mime_type: "image/png", data: png },
        { type: "text", text: `Image ${(references[1] as ReadonlyArray<string>)[0]}:` },
        { type: "image", mime_type: "image/jpeg", uri: "https://example.com/a.jpg" }
      ])
      const parts = partsOf(list(written?.body["contents"])[0])
      assert.deepStrictEqual(parts.flatMap(({ fileData, inlineData }) => fileData ?? inlineData ?? []), [
        { mimeType: "image/png", data: png },
        { mimeType: "image/jpeg", fileUri: "https://example.com/a.jpg" }
      ])
      assert.include(String(parts.at(-1)?.["text"]), `"image":"${(references[1] as ReadonlyArray<string>)[0]}"`)
      const counted = Number(metadata.google?.usage?.total_input_tokens)
      assert.isAbove(counted, 0)
      assert.deepStrictEqual([usage.inputTokens, usage.outputTokens], [counted + 10, 7])
    }).pipe(
      Effect.provide(services(decider, { structured: { model: writer } }, writing({ mug: [100, 200, 300, 1000] })))
    ))

  it.effect("with a box that leaves the picture, nothing is answered", () =>
    Effect.map(Effect.flip(look), ({ reason }) => assert.strictEqual(reason._tag, "StructuredOutputError")).pipe(
      Effect.provide(services(writer, { via: "structured" }, writing({ present: 0.5, mug: [0, 0, 200, 1001] })))
    ))

  it.effect("with a crossed box, only the place is wrong", () =>
    Effect.gen(function*() {
      const { outcomes } = yield* DecisionModel.decideSettled(Listing, { input: pictures })
      assert.isTrue(Result.isSuccess(outcomes.present))
      assert.isTrue(Result.isFailure(outcomes.mug) && /crossed/.test(outcomes.mug.failure.description))
    }).pipe(
      Effect.provide(services(writer, { via: "structured" }, writing({ present: 0.5, mug: [300, 0, 200, 10] })))
    ))
})
