/** Decisions over client and emulator: typed answers, the model's quota, retries, members, and every failure's reason. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Budget from "effect-gemini/Budget"
import type * as DecisionRequest from "effect-gemini/decisions/DecisionRequest"
import * as Decisions from "effect-gemini/decisions/Decisions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as ModelPool from "effect-gemini/ModelPool"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "../calls/spanRecorder.ts"

const key = "secret-key-of-the-test"
const model = "gemini-decision-1"

const services = (options: Parameters<typeof GeminiClient.layer>[0] = {}, emulator: Emulator.Options = {}) =>
  Decisions.layer.pipe(
    Layer.provideMerge(
      GeminiClient.layer({ apiKey: Redacted.make(key), tier: "tier3", retry: { attempts: 1 }, ...options })
    ),
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

const request = {
  model,
  input: "My card was charged twice, and I am furious",
  questions: {
    urgent: { type: "noul", instructions: "The customer has lost money with a card" },
    team: { type: "choice", instructions: "Who?", criteria: { billing: "card, charges", technical: "bugs" } },
    anger: { type: "score", instructions: "How angry?", criteria: ["calm", "annoyed", "furious"] }
  }
} as const

const create = Decisions.Decisions.use((decisions) => decisions.create(request))

const said = ({ attempts, reason }: GeminiError) => `${reason._tag}: ${reason.message} (${attempts.length})`

const failure = <A, R>(call: Effect.Effect<A, GeminiError, R>) => Effect.map(Effect.flip(call), said)

const answering = (response: Readonly<Record<string, unknown>>) => services({}, { answers: () => ({ response }) })

const bodies = Effect.flatMap(Emulator.Emulator, ({ requests }) => requests).pipe(
  Effect.map((entries) => entries.map(({ body, path }) => ({ path, body })))
)

describe("an answer", () => {
  it.effect("has the type of its question, and probabilities of 1", () =>
    Effect.gen(function*() {
      const { answers, attempts, model: asked, response, usage } = yield* create
      const { anger, team, urgent } = answers
      const noul: number = urgent.noul
      assert.isAbove(noul, 0.5)
      const choice: "billing" | "technical" = team.choice
      assert.strictEqual(choice, "billing")
      assert.closeTo(team.probabilities.billing + team.probabilities.technical, 1, 1e-12)
      assert.closeTo(anger.probabilities.reduce((a, b) => a + b, 0), 1, 1e-12)
      assert.isAbove(anger.score, 1)
      assert.strictEqual(usage?.promptTokens, response.usage?.total_input_tokens)
      assert.deepStrictEqual([asked, attempts.length], [model, 1])
    }).pipe(Effect.provide(services())))

  it.effect("is asked for by the model's resource name, and by nothing that was not given", () =>
    Effect.gen(function*() {
      yield* create
      yield* Decisions.Decisions.use((decisions) => decisions.create({ ...request, model: `models/${model}` }))
      const body = { model: `models/${model}`, input: request.input, questions: request.questions }
      assert.deepStrictEqual(yield* bodies, [
        { path: "/v1beta/decisions", body },
        { path: "/v1beta/decisions", body }
      ])
    }).pipe(Effect.provide(services())))

  it.effect("may be left unread", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions.Decisions
      const { answers, response } = yield* decisions.createUnread(request)
      assert.deepStrictEqual(answers, { urgent: { type: "noul", noul: 2 } })
      assert.deepStrictEqual(Object(response).more, { kept: true })
    }).pipe(Effect.provide(answering({ answers: { urgent: { type: "noul", noul: 2 } }, more: { kept: true } }))))
})

describe("a failure", () => {
  const blocked = {
    prompt_feedback: { block_reason: "safety", block_reason_message: `no ${key}` },
    usage: { total_input_tokens: 9 }
  }

  it.effect("of a blocked input is PromptBlocked, with what was counted and without the key", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(create)
      assert.strictEqual(error.reason._tag, "PromptBlocked")
      assert.strictEqual(error.usage?.promptTokens, 9)
      assert.notInclude(JSON.stringify(error), key)
    }).pipe(Effect.provide(answering(blocked))))

  const wrong: ReadonlyArray<readonly [name: string, answers: unknown, says: RegExp]> = [
    ["a missing answer", {}, /InvalidResponse: .*an answer, got none at answers\.urgent/],
    ["no answers", undefined, /InvalidResponse: .*answers\.urgent/],
    ["an answer of another type", { urgent: { type: "score" } }, /InvalidResponse: .*answers\.urgent\.type/],
    ["a number that is none", { urgent: { type: "noul", noul: "much" } }, /InvalidResponse: .*answers\.urgent\.noul/]
  ]
  it.effect.each(wrong)(
    "of %s names its place",
    ([, answers, says]) =>
      Effect.map(failure(create), (text) => assert.match(text, says)).pipe(
        Effect.provide(answering({ answers }))
      )
  )

  const refused: ReadonlyArray<readonly [name: string, request: unknown, says: RegExp]> = [
    ["of a name that cannot be one", { ...request, model: "a b" }, /InvalidRequest: .*model/],
    ["without a question", { ...request, questions: {} }, /InvalidRequest: .*questions/],
    ["without an input", { ...request, input: undefined }, /InvalidRequest: .*input/],
    [
      "of a question that does not exist",
      { ...request, questions: { q: { type: "box" } } },
      /InvalidRequest: .*questions\.q/
    ],
    ["of nothing", undefined, /InvalidRequest: .*model/]
  ]
  it.effect.each(refused)("of a request %s comes before anything is sent", ([, asked, says]) =>
    Effect.gen(function*() {
      const decisions = yield* Decisions.Decisions
      const call = decisions.createUnread(asked as Decisions.Request)
      assert.match(yield* failure(call), says)
      assert.deepStrictEqual(yield* bodies, [])
    }).pipe(Effect.provide(services())))

  it.effect("of a model that does not decide is NotFound, in the server's words", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions.Decisions
      const text = yield* failure(decisions.create({ ...request, model: "gemini-3.8-flash" }))
      assert.match(text, /^NotFound: .*createDecision/)
    }).pipe(Effect.provide(services())))

  it.effect("of a GeminiHttp that knows only its own methods says so", () =>
    Effect.gen(function*() {
      assert.match(yield* failure(create), /^Unsupported: .*decisions\.create/)
    }).pipe(
      Effect.provide(
        Decisions.layer.pipe(
          Layer.provide(ModelPool.layer({})),
          Layer.provideMerge(RateLimiter.layer),
          Layer.provide(
            Layer.effect(GeminiHttp.GeminiHttp, Effect.map(GeminiHttp.GeminiHttp, (http) => ({ ...http })))
          ),
          Layer.provide(GeminiHttp.layer({ apiKey: Redacted.make(key) })),
          Layer.provideMerge(Emulator.layerHttpClient())
        )
      )
    ))
})

describe("a call is a call like any other", () => {
  const counting: Emulator.Options = {
    answers: () => ({
      response: {
        answers: {
          urgent: { type: "noul", noul: 0.5 },
          team: { type: "choice", choice: "billing", probabilities: { billing: 1, technical: 0 } },
          anger: { type: "score", score: 0, probabilities: { 0: 1, 1: 0, 2: 0 } }
        },
        usage: { total_input_tokens: 777, total_output_tokens: 3 }
      }
    })
  }

  it.effect("it keeps the model's quota, together with generations", () =>
    Effect.gen(function*() {
      const began = yield* Clock.currentTimeMillis
      const calls = yield* Effect.forkChild(Effect.all([create, create, create]), { startImmediately: true })
      while (calls.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      yield* Fiber.join(calls)
      assert.isAtLeast((yield* Clock.currentTimeMillis) - began, 60_000)
      assert.deepStrictEqual(
        (yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)).map(({ status }) => status),
        [200, 200, 200]
      )
    }).pipe(
      Effect.provide(
        services({ limits: { [model]: { rpm: 2, tpm: Infinity, rpd: Infinity, concurrency: Infinity } } }, {
          quotas: { models: { [model]: { rpm: 2 } } }
        })
      )
    ))

  it.effect("its tokens are settled by what the server counted", () =>
    Effect.gen(function*() {
      yield* create
      const limiter = yield* RateLimiter.RateLimiter
      const [lane] = yield* limiter.snapshot
      assert.deepStrictEqual([lane?.lane.family, lane?.lane.quotaModel, lane?.used.tokens], ["generate", model, 777])
    }).pipe(Effect.provide(
      services({ limits: { [model]: { rpm: 10, tpm: 1000, rpd: Infinity, concurrency: Infinity } } }, counting)
    )))

  it.effect("its budget is charged, its span and its metrics tell what was counted", () =>
    Effect.gen(function*() {
      const { spans, tracer } = SpanRecorder.make()
      yield* create.pipe(Effect.provideService(Tracer.Tracer, tracer))
      const [spending] = yield* (yield* Budget.Budget).read
      assert.strictEqual(spending?.tokens, 780)
      const [attempt] = spans.filter(({ attributes }) => attributes.has("gen_ai.usage.input_tokens"))
      assert.deepStrictEqual(
        [attempt?.name, attempt?.attributes.get("gen_ai.usage.input_tokens")],
        [`decisions.create ${model}`, 777]
      )
      const counted = (yield* Metric.snapshot).filter(({ id }) => id === "gen_ai.client.token.usage")
      assert.deepStrictEqual(
        counted.map(({ attributes, state }) => [attributes?.["gen_ai.token.type"], Object(state).sum]),
        [
          ["input", 777],
          ["output", 3]
        ]
      )
    }).pipe(
      Effect.provide(
        services({}, counting).pipe(
          Layer.provideMerge(Budget.layer({ name: "trial", tokens: 10_000, per: "total", outputTokens: 10 })),
          Layer.provideMerge(Telemetry.layer)
        )
      ),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ))

  it.effect("the settings of a call are its own", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions.Decisions
      const fiber = yield* Effect.forkChild(
        decisions.create(request, { retry: { attempts: 2 }, headers: { "x-own": "yes" } }),
        { startImmediately: true }
      )
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      assert.lengthOf((yield* Fiber.join(fiber)).attempts, 2)
      const requests = yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)
      assert.deepStrictEqual(requests.map(({ headers }) => headers["x-own"]), ["yes", "yes"])
      const wrong = yield* Effect.flip(decisions.create(request, { retry: { attempts: 0 } }))
      assert.strictEqual(wrong.reason._tag, "InvalidRequest")
    }).pipe(Effect.provide(services({}, { faults: [{ status: 503, when: { times: 1 } }] }))))

  it.effect("it is tried again after a 503", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(create, { startImmediately: true })
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      const { attempts } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(attempts.map(({ status }) => status), [503, 200])
    }).pipe(Effect.provide(services({ retry: { attempts: 2 } }, { faults: [{ status: 503, when: { times: 1 } }] }))))

  it.effect("it goes to the member that is named, and to the one that has the file", () =>
    Effect.gen(function*() {
      const decisions = yield* Decisions.Decisions
      const resources = yield* ResourceHttp.ResourceHttp
      // The emulator has no such file, and says so where it is asked.
      const asked = (input: DecisionRequest.DecisionInput) =>
        Effect.match(decisions.create({ ...request, input }), {
          onFailure: ({ attempts }) => attempts.map(({ member }) => member).join(),
          onSuccess: ({ attempts }) => attempts.map(({ member }) => member).join()
        })
      for (const name of ["a", "b"]) {
        assert.strictEqual(yield* asked("x").pipe(MemberCall.set({ member: name })), name)
        yield* resources.remember({ name: "files/abc", member: name })
        for (let n = 0; n < 3; n++) {
          assert.strictEqual(yield* asked([{ type: "image", mime_type: "image/png", uri: "files/abc" }]), name)
        }
      }
    }).pipe(Effect.provide(
      Layer.merge(Decisions.layer, MemberResources.layer()).pipe(
        Layer.provideMerge(Members.layer({
          tier: "tier3",
          members: ["a", "b"].map((name) => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) }))
        })),
        Layer.provideMerge(Emulator.layerHttpClient())
      )
    )))
})
