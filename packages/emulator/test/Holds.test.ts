/** Calls that wait for a person, without a socket: who answers them, and within which bounds they wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as TestClock from "effect/testing/TestClock"
import * as InteractionWire from "./InteractionWire.ts"
import { ask, connect, textOf } from "./LiveWire.ts"
import { flash, generate, parts, post, prompt, stream, text } from "./Wire.ts"

const tools = [{
  functionDeclarations: [{
    name: "get_weather",
    description: "Looks the weather up",
    parametersJsonSchema: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer", minimum: 1 } },
      required: ["city", "days"]
    }
  }]
}]

const held = { name: "asks me", reply: { hold: true } } as const

const statusOf = (body: unknown) =>
  Effect.flatMap(
    post(`/v1beta/models/${flash}:generateContent`, body),
    (response) =>
      Effect.map(
        response.text,
        (text): [number, string | undefined] => [response.status, JSON.parse(text).error?.message]
      )
  )

describe("a held call", () => {
  it.effect("is answered by hand, whole and as a stream, and the log says by whom", () =>
    Effect.gen(function*() {
      const { awaitHeld, answer, list } = (yield* Emulator.Emulator).holds
      const whole = yield* Effect.forkChild(generate(prompt("One")))
      const streamed = yield* Effect.forkChild(stream(prompt("Two")))
      const [first, second] = yield* awaitHeld(2)
      assert.deepInclude(first, { request: 0, method: "generateContent", model: flash, rule: "asks me", left: 600_000 })
      assert.deepStrictEqual(second?.body, prompt("Two"))
      assert.deepStrictEqual(
        (yield* (yield* Emulator.Emulator).requests).map(({ status, verdict }) => [status, verdict]),
        [
          [undefined, undefined],
          [undefined, undefined]
        ]
      )
      assert.isTrue(yield* answer(first?.id ?? 0, "By hand."))
      assert.strictEqual(text(yield* Fiber.join(whole)), "By hand.")
      assert.isTrue(yield* answer(second?.id ?? 0, { chunks: ["By ", "hand, ", "too."] }))
      assert.deepStrictEqual((yield* Fiber.join(streamed)).map(text).filter((each) => each !== ""), [
        "By ",
        "hand, ",
        "too."
      ])
      assert.deepStrictEqual(yield* list, [])
      assert.deepStrictEqual((yield* (yield* Emulator.Emulator).requests).map(({ verdict }) => verdict), [
        { by: "hand", rule: "asks me" },
        { by: "hand", rule: "asks me" }
      ])
      // It is answered once.
      assert.deepStrictEqual([yield* answer(1, "Again."), yield* answer(7, "None.")], [false, false])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held] }))))

  it.effect("fails by hand with the error that was given", () =>
    Effect.gen(function*() {
      const { awaitHeld, answer } = (yield* Emulator.Emulator).holds
      const fiber = yield* Effect.forkChild(statusOf(prompt("x")))
      yield* awaitHeld(1)
      yield* answer(1, { error: { code: 429, message: "Not now." } })
      assert.deepStrictEqual(yield* Fiber.join(fiber), [429, "Not now."])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held] }))))

  it.effect("goes on being held where the answer does not fit what it has declared", () =>
    Effect.gen(function*() {
      const { answer, awaitHeld, list } = (yield* Emulator.Emulator).holds
      const fiber = yield* Effect.forkChild(generate({ ...prompt("Weather in Berlin?"), tools }))
      yield* awaitHeld(1)
      const calls = (args: Record<string, unknown>, name = "get_weather") => ({ calls: [{ name, args }] })
      const wrong = [
        [calls({ city: "Berlin", days: 0 }), "calls[0].args.days"],
        [calls({ days: 1 }), "calls[0].args.city"],
        [calls({}, "get_wether"), "calls[0].name"],
        [{ image: true }, "image"],
        [{ hold: true }, "hold"],
        [{ text: "a", json: {} }, ""]
      ] as const
      for (const [given, path] of wrong) {
        const error = yield* Effect.flip(answer(1, given))
        assert.strictEqual(error.problems[0]?.path, path, error.message)
        assert.lengthOf(yield* list, 1)
      }
      assert.isTrue(yield* answer(1, calls({ city: "Berlin", days: 1 })))
      assert.deepInclude(parts(yield* Fiber.join(fiber))[0]?.functionCall, {
        name: "get_weather",
        args: { city: "Berlin", days: 1 }
      })
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held] }))))

  it.effect("that is let go is answered by what stands beside the hold, else by the next, else by the generator", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { awaitHeld, letGo } = emulator.holds
      const freed = Effect.fnUntraced(function*(words: string) {
        const fiber = yield* Effect.forkChild(generate(prompt(words)))
        const [call] = yield* awaitHeld(1)
        assert.isTrue(yield* letGo(call?.id ?? 0))
        return text(yield* Fiber.join(fiber))
      })
      yield* emulator.setRules([
        { when: { text: "beside" }, reply: { hold: true, text: "Beside." } },
        { name: "asks me", when: { text: { matches: "next|nobody" } }, reply: { hold: true } },
        { when: { text: "next" }, reply: "The next." }
      ], "refuse")
      assert.strictEqual(yield* freed("beside"), "Beside.")
      assert.strictEqual(yield* freed("next"), "The next.")
      assert.include(yield* freed("nobody"), "answering from the emulator")
      // What is next in the queue is for the next request. A call that was let go is not held again.
      yield* emulator.enqueue({ hold: true })
      assert.strictEqual(yield* freed("next"), "The next.")
      yield* emulator.enqueue({ hold: true, text: "Queued." })
      assert.strictEqual(yield* freed("next"), "Queued.")
      assert.deepStrictEqual((yield* emulator.rules).map(({ answered }) => answered), [1, 3, 2])
      assert.deepStrictEqual((yield* emulator.requests).map(({ verdict }) => verdict?.by), [
        "rule",
        "rule",
        "generator",
        "rule",
        "queue"
      ])
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("is one of the whole space while the switch is on, and none that counts or embeds", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { all, awaitHeld, letGo, list, setAll } = emulator.holds
      yield* emulator.setRules([{ when: { text: "rule" }, reply: { hold: true, text: "The rule's." } }], "refuse")
      yield* setAll(true)
      assert.strictEqual((yield* emulator.explain({ body: prompt("rule") })).by, "hand")
      const [first, second] = [
        yield* Effect.forkChild(generate(prompt("rule"))),
        yield* Effect.forkChild(statusOf(prompt("x")))
      ]
      assert.deepStrictEqual((yield* awaitHeld(2)).map(({ rule }) => rule), [undefined, undefined])
      yield* post(`/v1beta/models/${flash}:countTokens`, prompt("rule"))
      yield* setAll(false)
      assert.isFalse(yield* all)
      // What was let go once is not held a second time, and is refused as ever.
      yield* letGo(1)
      yield* letGo(2)
      assert.strictEqual(text(yield* Fiber.join(first)), "The rule's.")
      assert.strictEqual((yield* Fiber.join(second))[0], 501)
      assert.deepStrictEqual(yield* list, [])
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("says what its client's own deadline leaves", () =>
    Effect.gen(function*() {
      const { awaitHeld, list } = (yield* Emulator.Emulator).holds
      yield* Effect.forkChild(
        post(`/v1beta/models/${flash}:generateContent`, prompt("x"), { "x-server-timeout": "30" })
      )
      yield* awaitHeld(1)
      yield* TestClock.adjust("12 seconds")
      assert.deepInclude((yield* list)[0], { left: 588_000, clientLeft: 18_000 })
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerHttpClient({ hold: true }))))

  it.effect("of Live is a turn that waits, and its place is free when the user speaks on", () =>
    Effect.scoped(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { answer, awaitHeld, list } = emulator.holds
      const client = yield* connect({ tools })
      yield* client.send(ask("Hello"))
      const [call] = yield* awaitHeld(1)
      assert.deepInclude(call, { live: 0, request: undefined, method: "bidiGenerateContent" })
      const error = yield* Effect.flip(answer(1, { raw: { body: "x" } }))
      assert.strictEqual(error.problems[0]?.path, "raw")
      yield* answer(1, "By hand.")
      assert.strictEqual(textOf(yield* client.turn), "By hand.")
      assert.deepStrictEqual((yield* emulator.live.connections)[0]?.verdicts, [{ by: "hand", rule: "asks me" }])
      yield* client.send(ask("And now?"))
      yield* awaitHeld(1)
      client.ws.close()
      yield* emulator.live.awaitClosed(1)
      while ((yield* list).length > 0) yield* Effect.yieldNow
    })).pipe(Effect.provide(Emulator.layerMemory({ rules: [held] }))))

  it.effect("may be an interaction; a row of a batch is let go", () =>
    Effect.gen(function*() {
      const { answer, awaitHeld } = (yield* Emulator.Emulator).holds
      const fiber = yield* Effect.forkChild(InteractionWire.create(InteractionWire.body("Hello")))
      const [call] = yield* awaitHeld(1)
      assert.strictEqual(call?.method, "interactions.create")
      yield* answer(1, "By hand.")
      assert.include(JSON.stringify(yield* Fiber.join(fiber)), "By hand.")
      yield* post(`/v1beta/models/${flash}:batchGenerateContent`, {
        batch: { displayName: "b", inputConfig: { requests: { requests: [{ request: prompt("Row") }] } } }
      })
      yield* TestClock.adjust("1 minute")
      const { url } = yield* Emulator.Emulator
      const jobs = yield* HttpClient.get(`${url}/v1beta/batches?key=any`)
      const done = yield* jobs.text
      assert.include(done, "\"successfulRequestCount\": \"1\"", done)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held], otherwise: "generate" }))))
})

describe("held calls are bounded", () => {
  it.effect("in number: at the bound one is held, above it one is refused and says so", () =>
    Effect.gen(function*() {
      const { awaitHeld, letGo } = (yield* Emulator.Emulator).holds
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(statusOf(prompt("x"))))
      yield* awaitHeld(2)
      assert.deepStrictEqual(yield* statusOf(prompt("one too many")), [
        501,
        "Rule \"asks me\" of the emulator: it holds 2 calls already, and no more at one time (heldMost)."
      ])
      yield* letGo(1)
      const next = yield* Effect.forkChild(statusOf(prompt("x")))
      const ids = (yield* awaitHeld(2)).map(({ id }) => id)
      assert.deepStrictEqual(ids, [2, 3])
      yield* Effect.forEach(ids, letGo)
      for (const fiber of [...fibers, next]) assert.deepStrictEqual(yield* Fiber.join(fiber), [200, undefined])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held], heldMost: 2 }))))

  it.effect("in age: a millisecond before the bound one is held, at it one is refused and says so", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { awaitHeld, list } = emulator.holds
      const fiber = yield* Effect.forkChild(statusOf(prompt("x")))
      yield* awaitHeld(1)
      yield* TestClock.adjust("599999 millis")
      assert.strictEqual((yield* list)[0]?.left, 1)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [
        501,
        "Rule \"asks me\" of the emulator: it was held for 10 minutes, and nobody has answered it (heldMillis)."
      ])
      assert.deepStrictEqual(yield* list, [])
      assert.deepInclude((yield* emulator.requests)[0]?.verdict, { by: "hand", rule: "asks me" })
    }).pipe(Effect.provide(Emulator.layerHttpClient({ rules: [held] }))))

  it.effect("in a space whose clock is frozen no time passes for them", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setFrozen(true)
      const fiber = yield* Effect.forkChild(statusOf(prompt("x")))
      yield* emulator.holds.awaitHeld(1)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* emulator.holds.list)[0]?.left, 1000)
      yield* emulator.adjust("1 second")
      assert.include((yield* Fiber.join(fiber))[1], "it was held for 1 second")
    }).pipe(Effect.provide(Emulator.layerHttpClient({ hold: true, heldMillis: 1000 }))))

  it.effect("they free their places when the client goes away, and when the space is cleared or ends", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gone = yield* Effect.forkChild(statusOf(prompt("x")))
      yield* emulator.holds.awaitHeld(1)
      yield* Fiber.interrupt(gone)
      assert.deepStrictEqual(yield* emulator.holds.list, [])
      const cleared = yield* Effect.forkChild(statusOf(prompt("x")))
      yield* emulator.holds.awaitHeld(1)
      yield* emulator.holds.setAll(false)
      yield* emulator.reset
      assert.deepStrictEqual(yield* Fiber.join(cleared), [
        501,
        "The hold of the emulator: it was held when the space was cleared."
      ])
      // The space is again as it was at its start.
      assert.isTrue(yield* emulator.holds.all)
      const one = yield* emulator.space("one")
      const ended = yield* Effect.forkChild(
        Effect.flatMap(
          post(`/spaces/one/v1beta/models/${flash}:generateContent`, prompt("x")),
          (response) => Effect.map(response.text, (text) => [response.status, JSON.parse(text).error.status])
        )
      )
      yield* one.holds.awaitHeld(1)
      yield* emulator.endSpace("one")
      assert.deepStrictEqual(yield* Fiber.join(ended), [410, "NOT_FOUND"])
      assert.deepStrictEqual(yield* one.holds.list, [])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ hold: true }))))

  it.effect("bounds that cannot be meant are refused", () =>
    Effect.gen(function*() {
      const { space } = yield* Emulator.Emulator
      for (
        const options of [{ heldMost: 0 }, { heldMost: 1.5 }, { heldMillis: 0 }, {
          heldMillis: Number.POSITIVE_INFINITY
        }]
      ) {
        const error = yield* Effect.flip(space("one", options))
        assert.strictEqual(error._tag, "RuleError")
      }
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})
