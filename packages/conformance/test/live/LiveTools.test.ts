import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as LiveServer from "./liveServer.ts"

const session = <A, E, R>(
  script: LiveServer.Script,
  use: (server: LiveServer.LiveServer) => Effect.Effect<A, E, R | GeminiLive.GeminiLive | Scope.Scope>
) =>
  Effect.flatMap(LiveServer.listen(script), (server) =>
    Effect.provide(
      Effect.scoped(use(server)),
      NodeGemini.layerLive({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3" })
    ))

/** Asks for the calls at once, ends the turn with the last answer. */
const asking = (answers: Array<unknown>, ...functionCalls: ReadonlyArray<unknown>): LiveServer.Script => ({
  message: (peer, message) => {
    if (!("toolResponse" in message)) return peer.send({ toolCall: { functionCalls } })
    answers.push((message["toolResponse"] as { functionResponses: ReadonlyArray<unknown> }).functionResponses[0])
    if (answers.length < functionCalls.length) return
    peer.send({ serverContent: { modelTurn: { role: "model", parts: [{ text: "Done." }] }, turnComplete: true } })
  }
})

const connect = <R = never>(options: GeminiLive.ConnectOptions<R>) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ ping: false, ...options }))

const tide = Tool.make("tide", {
  description: "The height of the tide",
  parameters: Schema.Struct({ place: Schema.String }),
  success: Schema.Struct({ metres: Schema.Finite }),
  failure: Schema.Struct({ why: Schema.String })
})
const toolkit = Toolkit.make(tide)

describe("tools of an effect/ai Toolkit", () => {
  it.live("are declared, run with the context's handlers, and answer; what is wrong is told to the model", () => {
    const answers: Array<unknown> = []
    const call = (id: string, name: string, args: unknown) => ({ id, name, args })
    return session(
      asking(
        answers,
        call("1", "tide", { place: "Brest" }),
        call("2", "tide", { place: "nowhere" }),
        call("3", "tide", { place: 7 }),
        call("4", "flood", {})
      ),
      (server) =>
        Effect.gen(function*() {
          const functions = yield* LiveTools.fromToolkit(toolkit)
          const session = yield* connect({ functions, functionConcurrency: 1 })
          yield* session.ask("go")
          const setup = server.peers[0]?.received[0]?.["setup"]
          assert.deepInclude<unknown>(setup, {
            tools: [{
              functionDeclarations: [{
                name: "tide",
                description: "The height of the tide",
                parametersJsonSchema: Tool.getJsonSchema(tide)
              }]
            }]
          })
          const [good, failed, malformed, unknown] = answers as ReadonlyArray<
            { readonly id: string; readonly name: string; readonly response: { readonly error?: string } }
          >
          assert.deepStrictEqual<unknown>(good, { id: "1", name: "tide", response: { output: { metres: 3.2 } } })
          assert.deepStrictEqual<unknown>(failed, {
            id: "2",
            name: "tide",
            response: { error: "{\"why\":\"no such place\"}" }
          })
          assert.isString(malformed?.response.error)
          assert.include(unknown?.response.error, "there is no function \"flood\"")
        })
    ).pipe(Effect.provide(toolkit.toLayer({
      tide: ({ place }) => place === "Brest" ? Effect.succeed({ metres: 3.2 }) : Effect.fail({ why: "no such place" })
    })))
  })
})

describe("an answer whose function still runs when the server ends the turn", () => {
  const done = { serverContent: { turnComplete: true } }
  const said = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })
  const call = { toolCall: { functionCalls: [{ id: "1", name: "weather", args: {} }] } }
  const slow = (handle: Effect.Effect<unknown>, scheduling?: LiveTools.Scheduling) =>
    LiveTools.make({ weather: { scheduling, handle: () => Effect.andThen(Effect.sleep("40 millis"), handle) } })
  const asked = (
    functions: LiveTools.LiveTools,
    before: ReadonlyArray<unknown>,
    after: ReadonlyArray<unknown> = [said("It is 21 degrees."), done]
  ) =>
    session({
      message: (peer, message) => ("toolResponse" in message ? after : before).forEach((each) => peer.send(each))
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ functions })
        const answer = yield* session.ask("weather?")
        return [answer.text, answer.finishReason]
      }))

  it.live("has what the model says after the function's answer, and an end of its own", () =>
    Effect.gen(function*() {
      const empty = { serverContent: { outputTranscription: { text: "", finished: true } } }
      assert.deepStrictEqual(yield* asked(slow(Effect.succeed(21)), [call, empty, done]), ["It is 21 degrees.", "STOP"])
      // A model that does not wait for its functions speaks of them before and after.
      assert.deepStrictEqual(
        yield* asked(slow(Effect.succeed(21)), [said("I look. "), call, done]),
        ["I look. It is 21 degrees.", "STOP"]
      )
      assert.deepStrictEqual(yield* asked(slow(Effect.die("broken")), [call, done]), ["It is 21 degrees.", "STOP"])
      // Two ends before the answer are two ends too early.
      assert.deepStrictEqual(yield* asked(slow(Effect.succeed(21)), [call, done, done]), ["It is 21 degrees.", "STOP"])
    }))

  it.live("waits no longer where nothing follows", () =>
    Effect.gen(function*() {
      const taken = { toolCallCancellation: { ids: ["1"] } }
      const never = slow(Effect.never)
      assert.deepStrictEqual(yield* asked(never, [call, done, taken]), ["", "STOP"])
      assert.deepStrictEqual(yield* asked(never, [call, taken, done]), ["", "STOP"])
      assert.deepStrictEqual(
        yield* asked(never, [call, { serverContent: { interrupted: true, turnComplete: true } }]),
        ["", "INTERRUPTED"]
      )
      assert.deepStrictEqual(
        yield* asked(never, [call, { serverContent: { turnComplete: true, turnCompleteReason: "RESPONSE_REJECTED" } }]),
        ["", "SAFETY"]
      )
      // The model takes a silent answer in without a word.
      assert.deepStrictEqual(yield* asked(slow(Effect.succeed(21), "SILENT"), [call, done]), ["", "STOP"])
    }))

  it.live("keeps the answers apart: the next question has its own", () =>
    session({
      message: (peer, message) => {
        if ("toolResponse" in message) return [said("21 degrees"), done].forEach((each) => peer.send(each))
        const isFirst = JSON.stringify(message).includes("weather?")
        return (isFirst ? [call, done] : [said("half past four"), done]).forEach((each) => peer.send(each))
      }
    }, () =>
      Effect.gen(function*() {
        const session = yield* connect({ functions: slow(Effect.succeed(21)) })
        const [weather, time] = yield* Effect.all([session.ask("weather?"), session.ask("the time?")], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual([weather.text, time.text], ["21 degrees", "half past four"])
      })))
})

describe("a result that JSON cannot say", () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  for (const [name, result] of [["a bigint", 1n], ["an object that holds itself", circular], ["a function", () => 1]]) {
    it.live(`is answered with an error, so that the model goes on: ${String(name)}`, () => {
      const answers: Array<unknown> = []
      return session(asking(answers, { id: "1", name: "count", args: {} }), () =>
        Effect.gen(function*() {
          const functions = LiveTools.make({ count: { handle: () => Effect.succeed(result) } })
          yield* (yield* connect({ functions })).ask("go")
          const response = { error: "the function gave a result that JSON cannot say" }
          assert.deepStrictEqual<unknown>(answers, [{ id: "1", name: "count", response }])
        }))
    })
  }
})

describe("what a model takes", () => {
  const functions = LiveTools.make({
    note: { behavior: "NON_BLOCKING", scheduling: "SILENT", handle: () => Effect.succeed("noted") }
  })
  const sent = (model: string) => {
    const answers: Array<unknown> = []
    return session(asking(answers, { id: "1", name: "note", args: {} }), (server) =>
      Effect.gen(function*() {
        const session = yield* connect({ model, functions })
        yield* session.ask("go")
        return { setup: JSON.stringify(server.peers[0]?.received[0]), answer: answers[0] }
      }))
  }
  const answer = { id: "1", name: "note", response: { output: "noted" } }

  it.live("behavior and scheduling go only where the dated table has them", () =>
    Effect.gen(function*() {
      const both = yield* sent("gemini-2.5-flash-native-audio-preview-12-2025")
      assert.include(both.setup, "\"behavior\":\"NON_BLOCKING\"")
      assert.deepStrictEqual(both.answer, { ...answer, scheduling: "SILENT" })
      // 3.8 closes the session for `scheduling`, 3.1 has neither.
      const behavior = yield* sent("gemini-3.8-live")
      assert.include(behavior.setup, "\"behavior\":\"NON_BLOCKING\"")
      assert.deepStrictEqual(behavior.answer, answer)
      const neither = yield* sent("gemini-3.1-flash-live-preview")
      assert.notInclude(neither.setup, "behavior")
      assert.deepStrictEqual(neither.answer, answer)
    }))

  it.live("calls without an id are answered too, each on its own; so many at a time", () => {
    const answers: Array<unknown> = []
    let running = 0
    let most = 0
    return session(
      asking(answers, ...[1, 2, 3, 4, 5].map((n) => ({ name: "work", args: { n } }))),
      () =>
        Effect.gen(function*() {
          const session = yield* connect({
            functionConcurrency: 2,
            functions: LiveTools.make({
              work: {
                handle: ({ n }) =>
                  Effect.gen(function*() {
                    most = Math.max(most, ++running)
                    yield* Effect.sleep("5 millis")
                    running--
                    return n
                  })
              }
            })
          })
          yield* session.ask("go")
          assert.strictEqual(most, 2)
          assert.deepStrictEqual(answers, [1, 2, 3, 4, 5].map((output) => ({ name: "work", response: { output } })))
        })
    )
  })
})
