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
    return answers.length === functionCalls.length ? peer.send({ serverContent: { turnComplete: true } }) : undefined
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
