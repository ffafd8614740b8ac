/** The Interactions API without a library: turns that the server keeps, streams that are resumed, and ends by the clock. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Transcript from "effect-gemini-emulator/Transcript"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Interactions from "../src/internal/interactions/interactions.ts"
import * as Ix from "./InteractionWire.ts"
import * as Wire from "./Wire.ts"

const weather = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}

const run = (options: Emulator.Options = {}) => Effect.provide(Emulator.layerHttpClient(options))

describe("a turn", () => {
  it.effect("is answered by steps, and kept with what was asked", () =>
    Effect.gen(function*() {
      const made = yield* Ix.create(Ix.body("Hello you", { system_instruction: "Be brief." }))
      assert.strictEqual(made.status, "completed")
      assert.match(made.id, /^v1_[\w-]+$/)
      assert.deepStrictEqual(made.steps.map(({ type }) => type), ["thought", "model_output"])
      assert.include(Ix.textOf(made), "Hello you")
      assert.notProperty(made, "system_instruction")
      const kept = yield* Ix.get(made.id)
      assert.deepStrictEqual(kept.steps, made.steps)
      assert.propertyVal(kept, "system_instruction", "Be brief.")
      const whole = yield* Ix.get(made.id, "?include_input=true")
      assert.deepStrictEqual(whole.steps.map(({ type }) => type), ["user_input", "thought", "model_output"])
    }).pipe(run()))

  it.effect("goes on where the one before has ended, and sees all that was said", () =>
    Effect.gen(function*() {
      const rule = { when: { history: { contains: "blue" }, turn: 1 }, reply: "It is blue." }
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([rule], "generate")
      const first = yield* Ix.create(Ix.body("My colour is blue"))
      const second = yield* Ix.create(Ix.body("Which colour?", { previous_interaction_id: first.id }))
      assert.strictEqual(Ix.textOf(second), "It is blue.")
      const alone = yield* Ix.create(Ix.body("Which colour?"))
      assert.notStrictEqual(Ix.textOf(alone), "It is blue.")
    }).pipe(run()))

  it.effect("that is not stored has no id, and is not found", () =>
    Effect.gen(function*() {
      const made = yield* Ix.create(Ix.body("Hello", { store: false }))
      assert.notProperty(made, "id")
      const [created] = yield* Ix.stream(Ix.body("Hello", { store: false }))
      assert.strictEqual(created?.interaction?.id, "")
      assert.notProperty(created, "event_id")
    }).pipe(run()))
})

describe("calls", () => {
  it.effect("wait for their results, which end the turn", () =>
    Effect.gen(function*() {
      const asked = Ix.body("call get_weather", { tools: [weather] })
      const first = yield* Ix.create(asked)
      assert.strictEqual(first.status, "requires_action")
      const call = first.steps.find(({ type }) => type === "function_call")
      assert.strictEqual(call?.name, "get_weather")
      const input = [{ type: "function_result", call_id: call?.id, result: { celsius: 3 } }]
      const second = yield* Ix.create(Ix.body(input, { previous_interaction_id: first.id }))
      assert.strictEqual(second.status, "completed")
      assert.include(Ix.textOf(second), "get_weather returned {\"celsius\":3}")
      // The words of the user alone do not answer the call.
      const lost = yield* Ix.create(Ix.body("And?", { previous_interaction_id: first.id }))
      assert.strictEqual(lost.error?.code, "invalid_request")
    }).pipe(run()))

  it.effect("of a client's own history need the thought's signature", () =>
    Effect.gen(function*() {
      const { steps } = yield* Ix.create(Ix.body("call get_weather", { tools: [weather], store: false }))
      const id = steps.find(({ type }) => type === "function_call")?.id
      const asked = { type: "user_input", content: [{ type: "text", text: "call get_weather" }] }
      const result = { type: "function_result", call_id: id, name: "get_weather", result: "3" }
      const more = { tools: [weather], store: false }
      const good = yield* Ix.create(Ix.body([asked, ...steps, result], more))
      assert.strictEqual(good.status, "completed")
      const unsigned = steps.filter(({ type }) => type !== "thought")
      const bad = yield* Ix.create(Ix.body([asked, ...unsigned, result], more))
      assert.strictEqual(bad.error?.code, "missing_thought_signature")
    }).pipe(run()))
})

describe("a stream", () => {
  const asked = [
    Ix.body("Tell me a lot", { generation_config: { thinking_summaries: "auto" } }),
    Ix.body("call get_weather", { tools: [weather] }),
    Ix.body("Who won?", { tools: [{ type: "google_search" }] }),
    Ix.body("Count", { tools: [{ type: "code_execution" }] }),
    Ix.body("A picture", { response_modalities: ["text", "image"] }),
    Ix.body("Read https://example.com/a", { tools: [{ type: "url_context" }] })
  ]

  it.effect("joins to the steps that are kept, and ends with [DONE]", () =>
    Effect.gen(function*() {
      for (const each of asked) {
        const events = yield* Ix.stream(each)
        const id = events[0]?.interaction?.id ?? ""
        const kept = yield* Ix.get(id)
        assert.deepStrictEqual(Ix.joined(events), kept.steps)
        const last = events.at(-1)
        assert.strictEqual(last?.event_type, "interaction.completed")
        assert.strictEqual(last?.interaction?.status, kept.status)
        assert.deepStrictEqual(last?.interaction?.usage, kept.usage)
      }
    }).pipe(run()))

  it.effect("is resumed behind any of its events", () =>
    Effect.gen(function*() {
      const events = yield* Ix.stream(Ix.body("Tell me a lot"))
      const id = events[0]?.interaction?.id ?? ""
      const again = yield* Ix.ask("GET", `interactions/${id}?stream=true`)
      assert.deepStrictEqual(Ix.eventsOf(again.text), events)
      for (const [i, event] of events.entries()) {
        const rest = yield* Ix.ask("GET", `interactions/${id}?stream=true&last_event_id=${event.event_id}`)
        assert.deepStrictEqual(Ix.eventsOf(rest.text), events.slice(i + 1))
      }
      const foreign = yield* Ix.ask("GET", `interactions/${id}?stream=true&last_event_id=x`)
      assert.strictEqual(foreign.status, 400)
      const unary = yield* Ix.ask("GET", `interactions/${id}?last_event_id=${events[1]?.event_id}`)
      assert.strictEqual(unary.status, 400)
    }).pipe(run()))
})

describe("in the background", () => {
  it.effect("it runs by the clock, and shows the steps that are whole", () =>
    Effect.gen(function*() {
      const { id, status, steps } = yield* Ix.create(Ix.body("Hello", { background: true }))
      assert.strictEqual(status, "in_progress")
      assert.deepStrictEqual(steps, [])
      yield* TestClock.adjust(999)
      const before = yield* Ix.get(id)
      assert.strictEqual(before.status, "in_progress")
      assert.notProperty(before, "usage")
      yield* TestClock.adjust(1)
      const after = yield* Ix.get(id)
      assert.strictEqual(after.status, "completed")
      assert.include(Ix.textOf(after), "Hello")
    }).pipe(run()))

  it.effect("it is cancelled while it runs, and not afterwards", () =>
    Effect.gen(function*() {
      const { id } = yield* Ix.create(Ix.body("Hello", { background: true }))
      const cancelled = yield* Ix.ask("POST", `interactions/${id}/cancel`)
      assert.include(cancelled.text, "\"status\":\"cancelled\"")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Ix.get(id)).status, "cancelled")
      const events = Ix.eventsOf((yield* Ix.ask("GET", `interactions/${id}?stream=true`)).text)
      assert.strictEqual(events.at(-1)?.interaction?.status, "cancelled")
      const other = yield* Ix.create(Ix.body("Hello"))
      const refused = yield* Ix.ask("POST", `interactions/${other.id}/cancel`)
      assert.strictEqual(refused.status, 400)
    }).pipe(run()))
})

describe("its events", () => {
  it.effect("are named as the guides name them, and begin in the queue, where that is asked for", () =>
    Effect.gen(function*() {
      const events = yield* Ix.stream(Ix.body("call get_weather", { tools: [weather] }))
      assert.includeMembers(events.map(({ event_type }) => event_type), [
        "interaction.in_progress",
        "interaction.requires_action"
      ])
      assert.notInclude(events.map(({ event_type }) => event_type), "interaction.status_update")
      assert.isTrue(events.every((event) => event.event_id === undefined))
      const { id, status } = yield* Ix.create(Ix.body("Hello", { background: true }))
      assert.strictEqual(status, "queued")
      yield* TestClock.adjust(499)
      assert.strictEqual((yield* Ix.get(id)).status, "queued")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Ix.get(id)).status, "in_progress")
      yield* TestClock.adjust(1_000)
      const [first, second] = Ix.eventsOf((yield* Ix.ask("GET", `interactions/${id}?stream=true`)).text)
      assert.deepStrictEqual([first?.interaction?.status, second?.event_type], ["queued", "interaction.in_progress"])
      assert.isString(first?.event_id)
    }).pipe(run({ interactions: { queued: 500, statusEvents: "named", eventIds: "background" } })))

  it.effect("follow what is cancelled or deleted while they are read", () =>
    Effect.gen(function*() {
      for (const [verb, path] of [["POST", "/cancel"], ["DELETE", ""]] as const) {
        const { id } = yield* Ix.create(Ix.body("Hello", { background: true }))
        const reading = yield* Effect.forkChild(Ix.ask("GET", `interactions/${id}?stream=true`))
        yield* TestClock.adjust(500)
        yield* Ix.ask(verb, `interactions/${id}${path}`)
        yield* TestClock.adjust(250)
        const last = Ix.eventsOf((yield* Fiber.join(reading)).text).at(-1)
        if (path === "") assert.strictEqual(last?.error?.code, "not_found")
        else assert.strictEqual(last?.interaction?.status, "cancelled")
      }
    }).pipe(run()))
})

describe("an interaction is forgotten", () => {
  for (const [retention, days] of [["free", 1], ["paid", 55]] as const) {
    it.effect(`after ${days} days (${retention})`, () =>
      Effect.gen(function*() {
        const { id } = yield* Ix.create(Ix.body("Hello"))
        yield* TestClock.adjust(days * 86_400_000 - 1)
        assert.strictEqual((yield* Ix.get(id)).status, "completed")
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* Ix.get(id)).error?.code, "not_found")
        const next = yield* Ix.create(Ix.body("And?", { previous_interaction_id: id }))
        assert.strictEqual(next.error?.code, "not_found")
      }).pipe(run({ interactions: { retention } })))
  }

  it.effect("when it is deleted, or a fault says so", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const first = yield* Ix.create(Ix.body("Hello"))
      assert.deepStrictEqual(yield* Ix.ask("DELETE", `interactions/${first.id}`), { status: 200, text: "{}" })
      assert.strictEqual((yield* Ix.ask("DELETE", `interactions/${first.id}`)).status, 404)
      yield* emulator.addFault({
        when: { method: "interactions.create", nth: 2, times: 1 },
        interaction: { forgets: "previous" }
      })
      const second = yield* Ix.create(Ix.body("Hello"))
      const third = yield* Ix.create(Ix.body("And?", { previous_interaction_id: second.id }))
      assert.strictEqual(third.error?.code, "not_found")
    }).pipe(run()))
})

describe("room", () => {
  it("is limited: the oldest go, but never the one that has just been made", () => {
    const kept = Interactions.make("", {}, 250)
    const add = (size: number) =>
      kept.add({
        project: "p",
        model: Ix.model,
        agent: undefined,
        tier: "standard",
        isStored: true,
        isBackground: false,
        created: 0,
        running: 0,
        echo: {},
        before: undefined,
        input: [],
        body: undefined,
        steps: [],
        pieces: undefined,
        outcome: { status: "completed", usage: {} },
        planTurns: 0,
        size
      }).name
    const [first, second] = [add(125), add(125)]
    assert.deepStrictEqual([kept.all(0).length, kept.dropped()], [2, 0])
    const third = add(1)
    assert.deepStrictEqual(kept.all(0).map(({ name }) => name), [second, third])
    assert.isUndefined(kept.find("p", first, 0))
    const large = add(1_000)
    assert.deepStrictEqual(kept.all(0).map(({ name }) => name), [large])
    assert.strictEqual(kept.dropped(), 3)
    // What was deleted gives its room back.
    assert.isTrue(kept.remove("p", large, 0))
    add(125)
    add(125)
    assert.strictEqual(kept.dropped(), 3)
  })
})

describe("a long answer", () => {
  it.effect("stops with a new token each time, and is whole in the end", () =>
    Effect.gen(function*() {
      const asked = { model: "gemini-4-argon", input: "emulator:words 4000" }
      let made = yield* Ix.create(asked)
      let text = Ix.textOf(made)
      const tokens = new Set<string | undefined>()
      while (made.status === "requires_continuation") {
        assert.isFalse(tokens.has(made.continuation_token))
        tokens.add(made.continuation_token)
        made = yield* Ix.create({
          model: "gemini-4-argon",
          previous_interaction_id: made.id,
          continuation_token: made.continuation_token
        })
        text += Ix.textOf(made)
      }
      assert.strictEqual(made.status, "completed")
      assert.isAbove(tokens.size, 1)
      assert.lengthOf(text.split(" "), 4_000)
      // Without a store the input goes again.
      const stateless = yield* Ix.create({ ...asked, store: false })
      const next = yield* Ix.create({ ...asked, store: false, continuation_token: stateless.continuation_token })
      assert.strictEqual(next.status, "requires_continuation")
      const foreign = yield* Ix.create({ ...asked, continuation_token: "made up" })
      assert.strictEqual(foreign.error?.code, "invalid_request")
    }).pipe(run()))
})

describe("refused", () => {
  const agent = "deep-research-preview-04-2026"
  const cases: ReadonlyArray<readonly [string, object, string, string]> = [
    ["background without a store", Ix.body("Hi", { store: false, background: true }), "invalid_request", "background"],
    [
      "a previous one without a store",
      Ix.body("Hi", { store: false, previous_interaction_id: "x" }),
      "invalid_request",
      "previous"
    ],
    [
      "a generation_config for an agent",
      { agent, input: "Hi", background: true, generation_config: {} },
      "invalid_request",
      "agent_config"
    ],
    ["an agent_config for a model", Ix.body("Hi", { agent_config: {} }), "invalid_request", "generation_config"],
    ["an agent in the foreground", { agent, input: "Hi" }, "invalid_request", "background"],
    ["neither a model nor an agent", { input: "Hi" }, "invalid_request", "model"],
    ["both", { model: Ix.model, agent, input: "Hi" }, "invalid_request", "agent"],
    [
      "an unknown field",
      Ix.body("Hi", { generation_config: { topK: 1 } }),
      "parameter_unknown",
      "generation_config.topK"
    ],
    ["an unknown kind of step", Ix.body([{ type: "x" }]), "invalid_request", "input[0].type"],
    ["a wrong type", Ix.body("Hi", { stream: "yes" }), "invalid_request", "'stream' must be a boolean, got \"yes\""],
    ["an empty input", Ix.body(""), "invalid_request", "input"],
    [
      "a temperature that is too high",
      Ix.body("Hi", { generation_config: { temperature: 3 } }),
      "invalid_request",
      "temperature"
    ],
    ["an unknown model", { model: "none", input: "Hi" }, "model_not_found", "models/none"],
    ["an unknown agent", { agent: "none", input: "Hi" }, "model_not_found", "none"],
    ["an interaction that was never made", Ix.body("Hi", { previous_interaction_id: "v1_x" }), "not_found", "v1_x"]
  ]
  for (const [name, asked, code, words] of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { error } = yield* Ix.create(asked)
        assert.strictEqual(error?.code, code)
        assert.include(error?.message, words)
      }).pipe(run()))
  }
})

describe("keys", () => {
  it.effect("that are wrong are a 401 of the API's own form, and a leaked one a 403", () =>
    Effect.gen(function*() {
      for (
        const [key, status, code] of [
          ["good", 200, undefined],
          ["bad", 401, "authentication"],
          ["old", 401, "authentication"],
          ["", 401, "authentication"],
          ["leaked", 403, "permission_denied"]
        ] as const
      ) {
        const response = yield* Wire.post("/v1beta/interactions", Ix.body("Hi"), { "x-goog-api-key": key })
        const { error } = (yield* response.json) as unknown as Ix.Interaction
        assert.deepStrictEqual([response.status, error?.code], [status, code], key)
      }
    }).pipe(run({ keys: { invalid: ["bad"], expired: ["old"], leaked: ["leaked"] } })))

  it.effect("see only what their project has made", () =>
    Effect.gen(function*() {
      const { id } = yield* Ix.create(Ix.body("Hi"), { "x-goog-api-key": "other" })
      assert.strictEqual((yield* Ix.get(id)).error?.code, "not_found")
      const next = yield* Ix.create(Ix.body("Hi", { previous_interaction_id: id }))
      assert.strictEqual(next.error?.code, "not_found")
      const own = yield* Ix.create(Ix.body("Hi", { previous_interaction_id: id }), { "x-goog-api-key": "other" })
      assert.strictEqual(own.status, "completed")
    }).pipe(run({ projects: { theirs: { keys: ["other"] } } })))

  it.effect("have quotas, which interactions use up as generations do", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Ix.create(Ix.body("Hi"))).status, "completed")
      const { error } = yield* Ix.create(Ix.body("Hi"))
      assert.strictEqual(error?.code, "rate_limit_exceeded")
      assert.include(error?.message, "Please retry in")
    }).pipe(run({ quotas: { models: { [Ix.model]: { rpm: 1 } } } })))

  it.effect("have a quota of the day, which has a code of its own", () =>
    Effect.gen(function*() {
      yield* Ix.create(Ix.body("Hi"))
      assert.strictEqual((yield* Ix.create(Ix.body("Hi"))).error?.code, "quota_exceeded")
    }).pipe(run({ quotas: { tier: "free", models: { [Ix.model]: { rpd: 1 } } } })))
})

describe("the dialogue as a whole", () => {
  it.effect("may not have more tokens than the model takes", () =>
    Effect.gen(function*() {
      const half = "word ".repeat(450_000)
      const first = yield* Ix.create(Ix.body(half))
      const second = yield* Ix.create(Ix.body(half, { previous_interaction_id: first.id }))
      assert.match(second.error?.message ?? "", /^The input token count \(\d+\) exceeds the maximum number/)
    }).pipe(run()))

  it.effect("takes only signatures that were given out, where that is asked for", () =>
    Effect.gen(function*() {
      const more = { tools: [weather], store: false }
      const { steps } = yield* Ix.create(Ix.body("call get_weather", more))
      const asked = { type: "user_input", content: [{ type: "text", text: "call get_weather" }] }
      const call = steps.find(({ type }) => type === "function_call")
      const result = { type: "function_result", call_id: call?.id, result: "3" }
      assert.strictEqual((yield* Ix.create(Ix.body([asked, ...steps, result], more))).status, "completed")
      const forged = steps.map((step) => step.type === "thought" ? { ...step, signature: "bWFkZSB1cA==" } : step)
      const refused = yield* Ix.create(Ix.body([asked, ...forged, result], more))
      assert.strictEqual(refused.error?.message, "Corrupted thought signature.")
    }).pipe(run({ strictSignatures: true })))
})

describe("told by scripts", () => {
  it.effect("a plan goes on over interactions, kept by the server or sent again", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const plan = [
        { think: "First the weather.", call: "get_weather", args: { city: "Oslo" } },
        { say: "It is {{ result.get_weather.celsius }} °C." }
      ]
      yield* emulator.setRules([{ name: "clerk", when: { tools: "get_weather" }, plan }])
      const first = yield* Ix.create(Ix.body("Go", { tools: [weather] }))
      const call = first.steps.find(({ type }) => type === "function_call")
      assert.deepStrictEqual(call?.arguments, { city: "Oslo" })
      const result = { type: "function_result", call_id: call?.id, result: "{\"celsius\":3}" }
      const more = { tools: [weather] }
      const kept = yield* Ix.create(Ix.body([result], { ...more, previous_interaction_id: first.id }))
      assert.strictEqual(Ix.textOf(kept), "It is 3 °C.")
      const asked = { type: "user_input", content: [{ type: "text", text: "Go" }] }
      const sent = yield* Ix.create(Ix.body([asked, ...first.steps, result], { ...more, store: false }))
      assert.strictEqual(Ix.textOf(sent), "It is 3 °C.")
      const over = yield* Ix.create(Ix.body("And?", { previous_interaction_id: kept.id }))
      assert.include(over.error?.message, "Nearest: rule \"clerk\": tools")
    }).pipe(run()))

  it.effect("what was asked is verified, explained and shown as the generation that it stands for", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([{ name: "greets", when: { text: "Hi" }, reply: "Hello." }])
      const first = yield* Ix.create(Ix.body("Hi"))
      const expected = yield* emulator.verify([{ when: { method: "interactions.create", text: "Hi" }, times: 1 }])
      assert.isTrue(expected.ok, expected.text)
      assert.include(Transcript.of(yield* emulator.requests), "interactions.create gemini-3.8-flash")
      assert.include(Transcript.of(yield* emulator.requests), "\"Hi\" → \"Hello.\"")
      const asked = { method: "interactions.create", body: Ix.body("Hi", { previous_interaction_id: first.id }) }
      assert.deepInclude(yield* emulator.explain(asked), { by: "rule", rule: "greets" })
      const wrong = yield* emulator.explain({ ...asked, body: Ix.body("Hi", { previous_interaction_id: "v1_none" }) })
      assert.deepInclude(wrong, { by: "judge" })
      assert.strictEqual((yield* emulator.rules)[0]?.answered, 1)
    }).pipe(run()))

  it.effect("a fault of a model hits the interactions that name it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { model: Ix.model, times: 1 }, status: 503 })
      const other = yield* Ix.create({ model: "gemini-2.5-flash", input: "Hi" })
      assert.strictEqual(other.status, "completed")
      assert.strictEqual((yield* Ix.create(Ix.body("Hi"))).error?.code, "service_unavailable")
      assert.strictEqual((yield* Ix.create(Ix.body("Hi"))).status, "completed")
    }).pipe(run()))

  it.effect("what no rule matches is refused with what came nearest", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([{ when: { text: "Hi" }, reply: { text: "Hello.", thoughts: "A greeting." } }])
      const hi = yield* Ix.create(Ix.body("Hi", { generation_config: { thinking_summaries: "auto" } }))
      assert.strictEqual(Ix.textOf(hi), "Hello.")
      assert.strictEqual(hi.steps[0]?.summary?.[0]?.text, "A greeting.")
      const bye = yield* Ix.create(Ix.body("Bye"))
      assert.strictEqual(bye.error?.code, "unimplemented")
      assert.include(bye.error?.message, "Nearest: rule \"rule 1\": text: wanted \"Hi\", found \"Bye\"")
    }).pipe(run()))

  it.effect("pieces of a text come as they were cut, and whole bodies as they are", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ chunks: ["a", "b", "c"] }, { response: { id: "mine", status: "completed", steps: [] } })
      const events = yield* Ix.stream(Ix.body("Hi"))
      const texts = events.flatMap(({ delta }) => delta?.type === "text" ? [delta["text"]] : [])
      assert.deepStrictEqual(texts, ["a", "b", "c"])
      assert.deepInclude(yield* Ix.create(Ix.body("Hi")), { id: "mine", status: "completed" })
    }).pipe(run()))

  it.effect("an error is told in the API's own form, before and within a stream", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fault = { when: { method: "interactions.create", times: 1 }, status: 503 }
      yield* emulator.addFault(fault)
      assert.strictEqual((yield* Ix.create(Ix.body("Hi"))).error?.code, "service_unavailable")
      yield* emulator.addFault({
        when: { method: "interactions.create", times: 1 },
        errorAfter: { code: 429, message: "Slower.", chunks: 4 }
      })
      const response = yield* Wire.post("/v1beta/interactions", Ix.body("Hi", { stream: true }))
      const last = (yield* response.text).split("\n\n").at(-2)
      assert.strictEqual(
        last,
        "event: error\ndata: {\"error\":{\"message\":\"Slower.\",\"code\":\"rate_limit_exceeded\"},\"event_type\":\"error\"}"
      )
      const missing = yield* Ix.ask("GET", "interactions/none?stream=true")
      assert.include(missing.text, "\"code\":\"not_found\"")
    }).pipe(run()))
})
