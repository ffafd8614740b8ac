/** The endpoint `decisions` without a library: what it refuses, and answers that follow the words of the input. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Wire from "./Wire.ts"

const noul = { type: "noul", instructions: "The customer wants money back" }
const team = {
  type: "choice",
  instructions: "Who handles this?",
  criteria: { billing: "cards, charges and refunds", technical: "bugs, crashes and errors" }
}
const anger = { type: "score", instructions: "How angry?", criteria: ["calm and friendly", "annoyed", "furious rage"] }
const body = (more: object = {}) => ({
  model: "models/gemini-decision-1",
  input: "My card was charged twice",
  questions: { team },
  ...more
})

interface Reply {
  readonly answers?: Readonly<
    Record<string, {
      readonly noul?: number
      readonly choice?: string
      readonly score?: number
      readonly probabilities?: Readonly<Record<string, number>>
    }>
  >
  readonly error?: { readonly code: number; readonly message: string }
  readonly prompt_feedback?: unknown
  readonly usage?: Readonly<Record<string, unknown>>
}

const decide = (asked: unknown, headers?: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.flatMap(Wire.post("/v1beta/decisions", asked, headers), (response) => response.json),
    (json) => json as Reply
  )

const refusal = (asked: unknown, headers?: Readonly<Record<string, string>>) =>
  Effect.map(decide(asked, headers), ({ error }) => `${error?.code} ${error?.message}`)

describe("answers follow the words", () => {
  it.effect("a choice goes to the option that has the input's words", () =>
    Effect.gen(function*() {
      const first = yield* decide(body())
      assert.strictEqual(first.answers?.["team"]?.choice, "billing")
      const other = yield* decide(body({ input: "The app shows errors and then crashes" }))
      assert.strictEqual(other.answers?.["team"]?.choice, "technical")
      assert.deepStrictEqual(yield* decide(body()), first)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("yes is likelier where the input says so, and never certain", () =>
    Effect.gen(function*() {
      const likely = (input: string) =>
        Effect.map(decide(body({ input, questions: { noul } })), ({ answers }) => answers?.["noul"]?.noul ?? -1)
      const yes = yield* likely("The customer really wants the money back, all the customer wants is money")
      const no = yield* likely("Hello there")
      assert.isAbove(yes, 0.5)
      assert.isAtMost(yes, 0.99)
      assert.isBelow(no, 0.5)
      assert.isAtLeast(no, 0.01)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("what speaks for no makes yes unlikelier, down to a hundredth", () =>
    Effect.gen(function*() {
      const likely = (false_description: string) =>
        Effect.map(
          decide(body({ questions: { q: { ...noul, criteria: { true_description: "x", false_description } } } })),
          ({ answers }) => answers?.["q"]?.noul ?? -1
        )
      assert.isBelow(yield* likely("card charged"), yield* likely("nothing"))
      assert.strictEqual(yield* likely("My card was charged twice"), 0.01)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a score is the mean of its levels, and all parts are 1", () =>
    Effect.gen(function*() {
      const { answers, usage } = yield* decide(
        body({ input: "I am furious, full of rage", questions: { anger, team } })
      )
      const { probabilities = {}, score } = answers?.["anger"] ?? {}
      const parts = Object.values(probabilities)
      assert.lengthOf(parts, 3)
      assert.closeTo(parts.reduce((a, b) => a + b, 0), 1, 1e-9)
      assert.closeTo(score ?? -1, parts.reduce((sum, part, level) => sum + part * level, 0), 1e-4)
      assert.isAbove(score ?? -1, 1.5)
      assert.closeTo(Object.values(answers?.["team"]?.probabilities ?? {}).reduce((a, b) => a + b, 0), 1, 1e-9)
      assert.isAbove(Number(usage?.["total_input_tokens"]), 10)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("another seed has other doubts", () =>
    Effect.gen(function*() {
      const one = yield* decide(body()).pipe(Effect.provide(Emulator.layerHttpClient({ seed: "a" })))
      const two = yield* decide(body()).pipe(Effect.provide(Emulator.layerHttpClient({ seed: "b" })))
      assert.notDeepEqual(one.answers, two.answers)
    }))
})

describe("a request is judged", () => {
  const cases: ReadonlyArray<readonly [name: string, body: unknown, says: string]> = [
    ["not an object", [], "400 Invalid JSON payload received. Unknown name \"\": Root element must be a message."],
    ["without a model", body({ model: undefined }), "400 model: the field is required."],
    ["without input", body({ input: undefined }), "400 input: the field is required."],
    ["an empty input", body({ input: [] }), "400 input: at least one content block is required."],
    [
      "an unknown field",
      body({ temperature: 1 }),
      "400 Invalid JSON payload received. Unknown name \"temperature\": Cannot find field."
    ],
    ["no question", body({ questions: {} }), "400 questions: at least 1 question required."],
    [
      "a question of no type",
      body({ questions: { q: {} } }),
      "400 questions[0].value: the type must be one of " +
      "noul, choice, score."
    ],
    [
      "a field of another question",
      body({ questions: { q: { ...noul, options: [] } } }),
      "400 Invalid JSON payload received. Unknown name \"options\" at 'questions[0].value': Cannot find field."
    ],
    [
      "one option",
      body({ questions: { q: { ...team, criteria: { a: "x" } } } }),
      "400 questions[0].value.criteria: at least 2 options required."
    ],
    [
      "an option with a blank",
      body({ questions: { q: { ...team, criteria: { a: "x", "b ": "y" } } } }),
      "400 questions[0].value.criteria: option ID \"b \" must be non-empty, with no control characters or " +
      "leading/trailing whitespace."
    ],
    [
      "256 levels",
      body({ questions: { q: { ...anger, criteria: Array.from({ length: 256 }, String) } } }),
      "400 questions[0].value.criteria: at most 255 levels allowed, got 256."
    ],
    [
      "an empty level",
      body({ questions: { q: { ...anger, criteria: ["a", ""] } } }),
      "400 questions[0].value.criteria[1]: must not be empty."
    ],
    [
      "an image without data",
      body({ input: [{ type: "image", mime_type: "image/png" }] }),
      "400 input[0]: one of data and uri is required."
    ],
    [
      "an image among instructions",
      body({ questions: { q: { ...noul, instructions: [{ type: "image", uri: "x" }] } } }),
      "400 questions[0].value.instructions[0]: the type must be one of text."
    ],
    [
      "a model that does not decide",
      body({ model: "models/gemini-3.8-flash" }),
      "404 models/gemini-3.8-flash is not found for API version v1beta, or is not supported for createDecision. Call " +
      "ModelService.ListModels to see the list of available models and their supported methods."
    ]
  ]
  it.effect.each(cases)(
    "%s",
    ([, asked, says]) =>
      Effect.map(refusal(asked), (said) => assert.strictEqual(said, says)).pipe(
        Effect.provide(Emulator.layerHttpClient())
      )
  )

  it.effect("its fields before its model, its key before both", () =>
    Effect.gen(function*() {
      const asked = body({ model: "models/nothing", input: undefined })
      assert.strictEqual(yield* refusal(asked), "400 input: the field is required.")
      assert.match(yield* refusal(asked, { "x-goog-api-key": "" }), /^403 /)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("with a bare name, and null as a description, as the AI SDK sends it", () =>
    Effect.gen(function*() {
      const asked = body({
        model: "gemini-decision-1",
        questions: { q: { ...team, criteria: { billing: null, technical: null } } }
      })
      assert.isDefined((yield* decide(asked)).answers?.["q"]?.choice)
      const { requests } = yield* Emulator.Emulator
      const [entry] = yield* requests
      assert.deepStrictEqual([entry?.apiMethod, entry?.model], ["decisions.create", "gemini-decision-1"])
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})

describe("a request is counted, scripted and broken as others are", () => {
  it.effect("the quota of generations holds", () =>
    Effect.gen(function*() {
      assert.isDefined((yield* decide(body())).answers)
      assert.match(yield* refusal(body()), /^429 /)
    }).pipe(
      Effect.provide(
        Emulator.layerHttpClient({ quotas: { models: { "gemini-decision-1": { rpm: 1 } } } })
      )
    ))

  it.effect("a rule finds the words, the media and the fields", () =>
    Effect.gen(function*() {
      const picture = { type: "image", mime_type: "image/png", data: "iVBORw0KGgo=" }
      const noulOf = (input: unknown) =>
        Effect.map(decide(body({ input, questions: { noul } })), ({ answers }) => answers?.["noul"]?.noul)
      assert.strictEqual(yield* noulOf("a lost card"), 0.99)
      assert.strictEqual(yield* noulOf([picture]), 0.5)
      assert.strictEqual(yield* noulOf("nothing of it"), 0.01)
      assert.strictEqual((yield* decide(body())).answers?.["team"]?.choice, "billing")
    }).pipe(Effect.provide(Emulator.layerHttpClient({
      otherwise: "generate",
      rules: [
        ["lost card", { text: { contains: "lost card" } }, 0.99],
        ["picture", { media: { contains: "image/png" } }, 0.5],
        ["asked so", { body: { "/questions/noul/type": "noul" } }, 0.01]
      ].map(([name, when, noul]) => ({
        name: String(name),
        when: { method: "decisions.create", ...Object(when) },
        reply: { response: { answers: { noul: { type: "noul", noul } } } }
      }))
    }))))

  it.effect("the quota of tokens holds, of the input and of the questions", () =>
    Effect.gen(function*() {
      assert.isDefined((yield* decide(body())).answers)
      assert.match(
        yield* refusal(body({ questions: { team: { ...team, instructions: "long ".repeat(100) } } })),
        /^429 /
      )
    }).pipe(
      Effect.provide(
        Emulator.layerHttpClient({ quotas: { models: { "gemini-decision-1": { tpm: 100 } } } })
      )
    ))

  it.effect("255 levels are taken", () =>
    Effect.gen(function*() {
      const levels = { ...anger, criteria: Array.from({ length: 255 }, (_, i) => `level ${i}`) }
      const { answers } = yield* decide(body({ questions: { levels } }))
      assert.lengthOf(Object.keys(answers?.["levels"]?.probabilities ?? {}), 255)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a script answers, a fault comes first, and a delay alone leaves the answer to the generator", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ status: 503, when: { times: 1 } })
      assert.match(yield* refusal(body()), /^503 /)
      yield* emulator.enqueue({ response: { prompt_feedback: { block_reason: "safety" } } })
      assert.deepStrictEqual(yield* decide(body()), { prompt_feedback: { block_reason: "safety" } })
      yield* emulator.enqueue({ headers: { "x-said": "yes" } })
      assert.strictEqual((yield* decide(body())).answers?.["team"]?.choice, "billing")
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})
