/** Functions that run here: several rounds, calls at the same time, results with images, failures, remote servers. */
import { assert, describe, it } from "@effect/vitest"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionTools from "effect-gemini/interactions/InteractionTools"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Layers from "./interactionLayers.ts"

const model = "gemini-3.8-flash"

const answerOf = <E, R>(events: Stream.Stream<InteractionTools.RoundEvent, E, R>) =>
  Effect.map(Stream.runCollect(events), (all) => {
    const last = all.at(-1)
    if (last?._tag !== "Answered") throw new Error(`expected an answer at last, got ${last?._tag}`)
    return { all, answer: last.answer, tags: all.map(({ _tag }) => _tag).filter((tag) => tag !== "Event") }
  })

const resultsOf = (all: ReadonlyArray<InteractionTools.RoundEvent>) =>
  all.flatMap((event) => event._tag === "Result" ? [event.result] : [])

describe("functions", () => {
  it.live("run at the same time, and their results go back in the order of the calls", () =>
    Layers.withEmulator(({ requests, url }) =>
      Effect.gen(function*() {
        const second = yield* Deferred.make<void>()
        const tools = InteractionTools.make({
          first: { handle: () => Effect.as(Deferred.await(second), "one") },
          second: { handle: (args) => Effect.as(Deferred.succeed(second, undefined), args) }
        })
        const { all, answer, tags } = yield* answerOf(InteractionTools.run({
          model,
          input: "emulator:call first {}\nemulator:call second {\"n\":2}"
        }, tools))
        assert.deepStrictEqual(tags, ["Called", "Called", "Result", "Result", "Answered"])
        assert.sameMembers(resultsOf(all).map(({ name }) => name), ["first", "second"])
        assert.strictEqual(answer.rounds, 1)
        assert.isFalse(answer.isExhausted)
        const sent = requests().map(({ body }) => Object(body))
        assert.deepStrictEqual(
          sent[1].input.map(({ name, result }: { name: string; result: unknown }) => [name, result]),
          [
            ["first", "one"],
            ["second", { n: 2 }]
          ]
        )
        assert.strictEqual(typeof sent[1].previous_interaction_id, "string")
        assert.deepStrictEqual(sent[1].tools, sent[0].tools)
        assert.isAbove(answer.usage?.totalTokens ?? 0, Interaction.usage(answer.interaction)?.totalTokens ?? Infinity)
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("of a Toolkit are declared by their schemas, and checked", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const weather = AiTool.make("weather", {
          description: "The weather of a city",
          parameters: Schema.Struct({ city: Schema.String }),
          success: Schema.Struct({ celsius: Schema.Finite })
        })
        const toolkit = Toolkit.make(weather)
        const layer = toolkit.toLayer({ weather: () => Effect.succeed({ celsius: 3 }) })
        const tools = yield* Effect.provide(InteractionTools.fromToolkit(toolkit), layer)
        assert.deepInclude(tools.declarations[0], { type: "function", name: "weather" })
        const { all } = yield* answerOf(
          InteractionTools.run({ model, input: "emulator:call weather {\"city\":\"Bern\"}" }, tools)
        )
        assert.deepStrictEqual(resultsOf(all).map(({ result }) => result), [{ celsius: 3 }])
        const wrong = yield* answerOf(
          InteractionTools.run({ model, input: "emulator:call weather {\"town\":\"Bern\"}" }, tools)
        )
        assert.isTrue(resultsOf(wrong.all)[0]?.is_error)
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("that fail, or do not exist, are results that say so, and the model goes on", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const tools = InteractionTools.make({
          breaks: { handle: () => Effect.fail("the disk is full") },
          known: { handle: () => Effect.succeed(3) }
        })
        const { all, answer } = yield* answerOf(InteractionTools.run({
          model,
          input: "emulator:call breaks {}\nemulator:call known {}",
          tools: [{ type: "function", name: "elsewhere" }]
        }, tools))
        assert.deepStrictEqual(resultsOf(all).map(({ is_error, result }) => [is_error, result]), [
          [true, "the disk is full"],
          [undefined, { output: 3 }]
        ])
        assert.strictEqual(answer.interaction.status, "completed")
        const unknown = yield* answerOf(InteractionTools.run({
          model,
          input: "emulator:call elsewhere {}",
          tools: [{ type: "function", name: "elsewhere" }]
        }, tools))
        assert.deepStrictEqual(
          resultsOf(unknown.all).map(({ is_error, result }) => [is_error, result]),
          [[true, "there is no function \"elsewhere\""]]
        )
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("answer with images, which are sent as contents", () =>
    Layers.withEmulator(({ requests, url }) =>
      Effect.gen(function*() {
        const image = { type: "image", data: "iVBORw0KGgo=", mime_type: "image/png" } as const
        const tools = InteractionTools.make({ photo: { handle: () => Effect.succeed([image]) } })
        yield* answerOf(InteractionTools.run({ model, input: "emulator:call photo {}" }, tools))
        assert.deepStrictEqual(Object(requests()[1]?.body).input[0].result, [image])
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("are called no more often than the rounds allow", () =>
    Layers.withEmulator(({ requests, setRules, url }) =>
      Effect.gen(function*() {
        setRules([{ reply: { calls: [{ name: "again", args: {} }] } }])
        const tools = InteractionTools.make({ again: { handle: () => Effect.succeed("once more") } })
        const { answer } = yield* answerOf(InteractionTools.run({ model, input: "Go on" }, tools, { rounds: 3 }))
        assert.deepStrictEqual([answer.rounds, answer.isExhausted], [3, true])
        assert.lengthOf(requests(), 4)
        assert.lengthOf(Interaction.functionCalls(answer.interaction), 1)
        const none = yield* answerOf(InteractionTools.run({ model, input: "Go on" }, tools, { rounds: 0 }))
        assert.deepStrictEqual([none.answer.rounds, none.answer.isExhausted], [0, true])
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("go on where the server forgets between a call and its result: all steps are sent, and an event says so", () =>
    Layers.withEmulator(({ addFault, requests, url }) =>
      Effect.gen(function*() {
        addFault({ when: { method: "interactions.create", nth: 2, times: 1 }, interaction: { forgets: "previous" } })
        const tools = InteractionTools.make({ weather: { handle: () => Effect.succeed("rain") } })
        const { all, answer, tags } = yield* answerOf(
          InteractionTools.run({ model, input: "emulator:call weather {}" }, tools)
        )
        assert.deepStrictEqual(tags, ["Called", "Result", "Forgotten", "Answered"])
        const forgotten = all.find((event) => event._tag === "Forgotten")
        assert.strictEqual(forgotten?._tag === "Forgotten" ? forgotten.steps : 0, 3)
        const sent = Object(requests()[2]?.body)
        assert.isUndefined(sent.previous_interaction_id)
        assert.deepStrictEqual(
          sent.input.map(({ type }: { type: string }) => type),
          ["user_input", "thought", "function_call", "function_result"]
        )
        assert.strictEqual(answer.interaction.status, "completed")
        assert.deepStrictEqual(
          answer.steps.map(({ type }) => type),
          ["user_input", "thought", "function_call", "function_result", "thought", "model_output"]
        )
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("of an interaction that failed are not run", () =>
    Layers.withEmulator(({ enqueue, requests, url }) =>
      Effect.gen(function*() {
        const steps = [{ type: "function_call", id: "a", name: "weather", arguments: {} }]
        enqueue({ response: { id: "v1_x", status: "incomplete", steps } })
        const tools = InteractionTools.make({ weather: { handle: () => Effect.die("it ran") } })
        const { answer, tags } = yield* answerOf(InteractionTools.run({ model, input: "x" }, tools))
        assert.deepStrictEqual([tags, answer.interaction.status], [["Answered"], "incomplete"])
        assert.lengthOf(requests(), 1)
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("go on without a store: all steps are sent again", () =>
    Layers.withEmulator(({ requests, url }) =>
      Effect.gen(function*() {
        const tools = InteractionTools.make({ weather: { handle: () => Effect.succeed("rain") } })
        const { answer } = yield* answerOf(
          InteractionTools.run({ model, store: false, input: "emulator:call weather {}" }, tools)
        )
        const sent = Object(requests()[1]?.body)
        assert.isUndefined(sent.previous_interaction_id)
        assert.deepStrictEqual(
          sent.input.map(({ type }: { type: string }) => type),
          ["user_input", "thought", "function_call", "function_result"]
        )
        assert.strictEqual(answer.interaction.status, "completed")
      }).pipe(Effect.provide(Layers.layer(url)))
    ))
})

describe("a remote server", () => {
  it.live("gets its headers, which nothing else shows", () =>
    Layers.withEmulator(({ requests, url }) =>
      Effect.gen(function*() {
        const secret = "Bearer very-secret"
        const server = InteractionTools.remoteServer({
          name: "maps",
          url: "https://mcp.example.com",
          headers: { authorization: Redacted.make(secret), "x-plain": "yes" }
        })
        assert.notInclude(JSON.stringify(server), secret)
        const tools = InteractionTools.make({})
        yield* answerOf(InteractionTools.run({
          model,
          input: "Hello",
          tools: [server, { type: "google_search" }, { type: "code_execution" }]
        }, tools))
        const [first] = requests()
        assert.deepStrictEqual(Object(first?.body).tools[0], {
          type: "mcp_server",
          name: "maps",
          url: "https://mcp.example.com",
          headers: { authorization: secret, "x-plain": "yes" }
        })
        assert.lengthOf(Object(first?.body).tools, 3)
      }).pipe(Effect.provide(Layers.layer(url)))
    ))
})
