/** A call of interactions is a call like any other: refusals, reasons, quota, budgets, telemetry, retries, members. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import type * as InteractionRequest from "effect-gemini/interactions/InteractionRequest"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "../calls/spanRecorder.ts"

const key = "secret-key-of-the-test"
const model = "gemini-3.8-flash"
const agent = "deep-research-preview-04-2026"

const services = (options: Parameters<typeof GeminiClient.layer>[0] = {}, emulator: Emulator.Options = {}) => {
  const all = { apiKey: Redacted.make(key), tier: "tier3", retry: { attempts: 1 }, ...options } as const
  return Interactions.layer().pipe(
    Layer.provideMerge(GeminiClient.layer(all)),
    Layer.provideMerge(ResourceHttp.layer(all)),
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )
}

const create = (request: InteractionRequest.Request) =>
  Interactions.Interactions.use((interactions) => interactions.create(request))

const stream = (request: InteractionRequest.Request) =>
  Interactions.Interactions.use((interactions) => Stream.runCollect(interactions.stream(request)))

const hello = create({ model, input: "Hello" })

const requests = Effect.flatMap(Emulator.Emulator, ({ requests }) => requests)

const shown = ({ reason }: GeminiError) => `${reason._tag}: ${reason.message}`

/** Lets the test's clock go on until the effect has ended. */
const played = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

describe("refused unsent", () => {
  const refused: ReadonlyArray<readonly [name: string, request: unknown, says: RegExp]> = [
    ["nothing", undefined, /model: expected the name/],
    ["a name that cannot be one", { model: "a b", input: "x" }, /model/],
    ["a model and an agent", { model, agent, input: "x" }, /expected a model or an agent, got both/],
    ["no input", { model }, /input: expected a text/],
    ["background without a store", { model, input: "x", store: false, background: true }, /store: .*background/],
    ["a previous one without a store", { model, input: "x", store: false, previous_interaction_id: "v" }, /store/],
    ["an agent without a store", { agent, input: "x", store: false }, /store: an agent works in the background/],
    [
      "settings of a model for an agent",
      { agent, input: "x", generation_config: {} },
      /generation_config: .*agent_config/
    ],
    ["settings of an agent for a model", { model, input: "x", agent_config: { type: "dynamic" } }, /agent_config/],
    ["a wrong type", { model, input: "x", system_instruction: 7 }, /system_instruction/],
    ["tools that are not a list", { model, input: "x", tools: {} }, /tools: expected a list/],
    ["a result of no call", { model, input: [{ type: "function_result", result: "x" }] }, /input\[0\]\.call_id/]
  ]
  it.effect.each(refused)("is a request with %s", ([, request, says]) =>
    Effect.gen(function*() {
      const interactions = yield* Interactions.Interactions
      const asked = request as InteractionRequest.Request
      assert.match(shown(yield* Effect.flip(interactions.create(asked))), says)
      assert.match(shown(yield* Effect.flip(Stream.runDrain(interactions.stream(asked)))), says)
      assert.match(shown(yield* Effect.flip(Stream.runDrain(interactions.follow(asked)))), says)
      assert.deepStrictEqual(yield* requests, [])
    }).pipe(Effect.provide(services())))

  it.effect("is a wrong name, a wrong option", () =>
    Effect.gen(function*() {
      const interactions = yield* Interactions.Interactions
      for (const name of ["", "interactions/", "a/b", "a?b", "files/a"]) {
        assert.match(shown(yield* Effect.flip(interactions.get(name))), /interaction: expected interactions\/ID/)
      }
      const wrong = interactions.create({ model, input: "x" }, { retry: { attempts: 0 } })
      assert.strictEqual((yield* Effect.flip(wrong)).reason._tag, "InvalidRequest")
      assert.deepStrictEqual(yield* requests, [])
    }).pipe(Effect.provide(services())))
})

describe("a failure", () => {
  const faults: ReadonlyArray<readonly [code: string, status: number, reason: string]> = [
    ["invalid_request", 400, "InvalidRequest"],
    ["authentication", 401, "Unauthenticated"],
    ["payment_required", 402, "Unauthenticated"],
    ["model_not_found", 404, "NotFound"],
    ["rate_limit_exceeded", 429, "RateLimited"],
    ["api_error", 500, "ServerError"],
    ["service_unavailable", 503, "Overloaded"],
    ["safety", 400, "ResponseBlocked"],
    ["content_blocked", 400, "ResponseBlocked"],
    ["malformed_function_call", 400, "ToolCallRejected"]
  ]
  it.effect.each(faults)(
    "named %s has the reason that it means, before and within a stream",
    ([code, status, tag]) =>
      Effect.gen(function*() {
        const error = { code, message: "It says why." }
        const emulator = yield* Emulator.Emulator
        yield* emulator.enqueue({ raw: { status, body: JSON.stringify({ error }) } })
        const before = yield* Effect.flip(hello)
        assert.deepStrictEqual([before.reason._tag, before.googleStatus, before.status], [tag, code, status])
        assert.match(before.reason.message, /It says why/)
        const frames = `event: error\ndata: ${JSON.stringify({ event_type: "error", error })}\n\n`
        yield* emulator.enqueue({
          raw: { status: 200, body: frames, headers: { "content-type": "text/event-stream" } }
        })
        // A 429 pauses the lane for a while.
        const within = yield* Effect.flip(played(stream({ model, input: "Hello" })))
        assert.strictEqual(within.reason._tag, tag)
      }).pipe(Effect.provide(services()))
  )

  it.effect("waits for retry-after-ms, which is finer than retry-after", () =>
    Effect.gen(function*() {
      const { attempts } = yield* played(hello)
      assert.deepStrictEqual(attempts.map(({ delay }) => delay && Duration.toMillis(delay)), [1_500, undefined])
    }).pipe(Effect.provide(services({ retry: { attempts: 2 } }, {
      faults: [{ status: 503, headers: { "retry-after": "9", "retry-after-ms": "1500" }, when: { times: 1 } }]
    }))))

  it.effect("of an answer that is lost asks again, but never for what works in the background", () =>
    Effect.gen(function*() {
      const fault: Fault.Fault = { when: { method: "interactions.create", times: 1 }, cut: { bytes: 10 } }
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(fault)
      assert.lengthOf((yield* played(hello)).attempts, 2)
      yield* emulator.addFault(fault)
      const lost = yield* Effect.flip(played(create({ model, input: "Hello", background: true })))
      assert.deepStrictEqual([lost.attempts.length, lost.mayExist], [1, {}])
      yield* emulator.addFault(fault)
      const agents = yield* Effect.flip(played(create({ agent, input: "Hello" })))
      assert.deepStrictEqual([agents.attempts.length, agents.mayExist], [1, {}])
      assert.lengthOf(yield* requests, 4)
      // What the server refused does not exist, nor does what is asked again.
      yield* emulator.addFault({ when: { method: "interactions.create", times: 1 }, status: 400 })
      const refused = yield* Effect.flip(played(create({ model, input: "Hello", background: true })))
      assert.isUndefined(refused.mayExist)
      yield* emulator.addFault({ ...fault, when: { method: "interactions.create" } })
      assert.isUndefined((yield* Effect.flip(played(hello))).mayExist)
    }).pipe(Effect.provide(services({ retry: { attempts: 3 } }))))

  it.effect("holds no key, whatever the server quotes", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const error = { code: "invalid_request", message: `The key ${key} is wrong.` }
      yield* emulator.enqueue({ raw: { status: 400, body: JSON.stringify({ error }) } })
      const failure = yield* Effect.flip(hello)
      assert.notInclude(JSON.stringify(failure), key)
      assert.notInclude(failure.message, key)
    }).pipe(Effect.provide(services())))
})

describe("an answer", () => {
  it.effect("by the older envelope is one step of the model", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const outputs = [{ type: "text", text: "A song" }, { type: "audio", data: "AAAA", mime_type: "audio/mp3" }]
      yield* emulator.enqueue({ response: { id: "v1_x", status: "completed", outputs } })
      const { interaction } = yield* hello
      assert.deepStrictEqual(
        interaction.steps,
        [{ type: "model_output", content: outputs }] as typeof interaction.steps
      )
      assert.strictEqual(Interaction.text(interaction), "A song")
    }).pipe(Effect.provide(services())))

  it.effect("of another shape is InvalidResponse, with its place", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ response: { id: "v1_x", steps: [{ type: "model_output", content: "text" }] } })
      assert.match(shown(yield* Effect.flip(hello)), /^InvalidResponse: .*steps\[0\]/)
    }).pipe(Effect.provide(services())))

  it.effect("that failed, or waits for a function, is an answer", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (const status of ["failed", "requires_action", "budget_exceeded", "of_the_future"]) {
        yield* emulator.enqueue({ response: { id: "v1_x", status, errors: [{ code: "api_error", message: "no" }] } })
        assert.strictEqual((yield* hello).interaction.status, status)
      }
    }).pipe(Effect.provide(services())))
})

describe("a call", () => {
  const response = {
    id: "v1_x",
    status: "completed",
    steps: [],
    usage: { total_input_tokens: 777, total_output_tokens: 3 }
  }
  const counting: Emulator.Options = { answers: () => ({ response }) }

  it.effect("keeps the model's quota, together with generations", () =>
    Effect.gen(function*() {
      const began = yield* Clock.currentTimeMillis
      const generation = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi" }))
      yield* played(Effect.all([hello, generation, stream({ model, input: "Hi" })]))
      assert.isAtLeast((yield* Clock.currentTimeMillis) - began, 60_000)
    }).pipe(Effect.provide(services({
      limits: { [model]: { rpm: 2, tpm: Infinity, rpd: Infinity, concurrency: Infinity } }
    }))))

  for (const [name, call] of [["whole", hello], ["as events", stream({ model, input: "Hello" })]] as const) {
    it.effect(`${name} settles its tokens, charges its budget, and tells its span and metrics`, () =>
      Effect.gen(function*() {
        const { spans, tracer } = SpanRecorder.make()
        yield* Effect.asVoid<unknown, GeminiError, Interactions.Interactions>(call).pipe(
          Effect.provideService(Tracer.Tracer, tracer)
        )
        const [lane] = yield* (yield* RateLimiter.RateLimiter).snapshot
        assert.strictEqual(lane?.used.tokens, 777)
        const [spending] = yield* (yield* Budget.Budget).read
        assert.deepStrictEqual([spending?.tokens, spending?.isEstimated], [780, false])
        const [attempt] = spans.filter(({ attributes }) => attributes.has("gen_ai.usage.input_tokens"))
        assert.strictEqual(attempt?.attributes.get("gen_ai.response.id"), "v1_x")
        assert.strictEqual(attempt?.attributes.get("gen_ai.usage.input_tokens"), 777)
        const counted = (yield* Metric.snapshot).filter(({ id }) => id === "gen_ai.client.token.usage")
        assert.deepStrictEqual(
          counted.map(({ attributes, state }) => [attributes?.["gen_ai.token.type"], Object(state).sum]),
          [["input", 777], ["output", 3]]
        )
      }).pipe(
        Effect.provide(
          services({ limits: { [model]: { rpm: 10, tpm: 1_000, rpd: Infinity, concurrency: Infinity } } }, counting)
            .pipe(
              Layer.provideMerge(Budget.layer({ name: "trial", tokens: 10_000, per: "total", outputTokens: 10 })),
              Layer.provideMerge(Telemetry.layer)
            )
        ),
        Effect.provideService(Metric.MetricRegistry, new Map())
      ))
  }

  it.effect("is refused unsent where the budget is spent", () =>
    Effect.gen(function*() {
      yield* hello
      const error = yield* Effect.flip(hello)
      assert.strictEqual(error.reason._tag, "QuotaExhausted")
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(
      services({}, counting).pipe(
        Layer.provideMerge(Budget.layer({ name: "trial", tokens: 700, per: "total", outputTokens: 10 }))
      )
    )))

  it.effect("in hops has a permit for each, and a budget that is charged for all", () =>
    Effect.gen(function*() {
      const long = { model: "gemini-4-argon", input: "emulator:words 4000" } as const
      const { attempts, interaction, usage } = yield* played(create(long))
      assert.isAbove(attempts.length, 1)
      assert.strictEqual(attempts.length, interaction.continuation_ids?.length)
      const [spending] = yield* (yield* Budget.Budget).read
      assert.strictEqual(spending?.tokens, usage?.totalTokens)
      const joined = InteractionFold.join(yield* played(stream(long)))
      assert.strictEqual(Interaction.usage(joined)?.totalTokens, usage?.totalTokens)
      const [both] = yield* (yield* Budget.Budget).read
      assert.strictEqual(both?.tokens, 2 * (usage?.totalTokens ?? 0))
    }).pipe(Effect.provide(
      services().pipe(Layer.provideMerge(Budget.layer({ name: "trial", tokens: 1_000_000, per: "total" })))
    )))

  it.effect("that is left early is charged for the words that came", () => {
    const spent = (events: number) =>
      Effect.gen(function*() {
        const interactions = yield* Interactions.Interactions
        yield* Stream.runDrain(Stream.take(interactions.stream({ model, input: "emulator:words 400" }), events))
        const [spending] = yield* (yield* Budget.Budget).read
        return spending
      }).pipe(Effect.provide(
        services().pipe(
          Layer.provideMerge(Budget.layer({ name: "trial", tokens: 1_000_000, per: "total", outputTokens: 1 }))
        )
      ))
    return Effect.gen(function*() {
      const [few, many] = [yield* spent(5), yield* spent(20)]
      assert.deepStrictEqual([few?.isEstimated, many?.isEstimated], [true, true])
      assert.isAbove(many?.tokens ?? 0, few?.tokens ?? Infinity)
    })
  })

  it.effect("that is followed is charged once, however often it is cut", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "interactions.create", times: 1 }, cut: { chunks: 3 } })
      yield* emulator.addFault({ when: { method: "interactions.get", times: 2 }, cut: { chunks: 2 } })
      const interactions = yield* Interactions.Interactions
      const all = yield* played(Stream.runCollect(interactions.follow({ model, input: "emulator:words 200" })))
      const usage = Interaction.usage(InteractionFold.join(all.map(({ event }) => event)))
      const [spending] = yield* (yield* Budget.Budget).read
      assert.deepStrictEqual([spending?.tokens, spending?.isEstimated], [usage?.totalTokens, false])
      assert.lengthOf(yield* requests, 4)
    }).pipe(Effect.provide(
      services().pipe(Layer.provideMerge(Budget.layer({ name: "trial", tokens: 1_000_000, per: "total" })))
    )))

  it.effect("may leave an answer where the server stopped", () =>
    Effect.gen(function*() {
      const interactions = yield* Interactions.Interactions
      const { interaction } = yield* interactions.create(
        { model: "gemini-4-argon", input: "emulator:words 4000" },
        { continuation: "off" }
      )
      assert.strictEqual(interaction.status, "requires_continuation")
      assert.isString(interaction.continuation_token)
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(services())))
})

describe("over members", () => {
  const names = ["a", "b", "c"] as const
  const members = (emulator: Emulator.Options = {}) =>
    Interactions.layer().pipe(
      Layer.provideMerge(MemberResources.layer()),
      Layer.provideMerge(Members.layer({
        tier: "tier3",
        members: names.map((name) => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) }))
      })),
      Layer.provideMerge(Emulator.layerHttpClient(emulator))
    )

  it.effect("a create goes past a member whose key is refused", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 4; n++) {
        const { attempts, handle } = yield* create({ model, input: `Hello ${n}` })
        assert.strictEqual(handle.member, attempts.at(-1)?.member)
        assert.notStrictEqual(handle.member, "a")
      }
      assert.include((yield* requests).map(({ status }) => status), 403)
    }).pipe(Effect.provide(members({ keys: { leaked: ["key-a"] } }))))

  it.effect("an interaction is followed, read and deleted at the member that made it, and at no other", () =>
    Effect.gen(function*() {
      const interactions = yield* Interactions.Interactions
      for (let n = 0; n < 6; n++) {
        const first = yield* interactions.create({ model, input: `Hello ${n}` })
        const { member } = first.handle
        const next = yield* interactions.create({
          model,
          input: "And?",
          previous_interaction_id: first.interaction.id
        })
        assert.strictEqual(next.handle.member, member)
        const streamed = InteractionFold.join(yield* stream({ model, input: `Hello again ${n}` }))
        yield* interactions.get(streamed.id ?? "")
        const followed = yield* Stream.runCollect(
          interactions.follow({ model, input: "And?", previous_interaction_id: first.interaction.id })
        )
        assert.strictEqual(followed.at(-1)?.handle?.member, member)
        assert.strictEqual((yield* interactions.get(next.handle)).handle.member, member)
        const fresh = yield* Stream.runCollect(interactions.follow({ model, input: `Hello once more ${n}` }))
        yield* interactions.get(InteractionFold.join(fresh.map(({ event }) => event)).id ?? "")
        yield* interactions.delete(first.interaction.id ?? "")
      }
      assert.isTrue((yield* requests).every(({ status }) => status === 200))
    }).pipe(Effect.provide(members())))
})
