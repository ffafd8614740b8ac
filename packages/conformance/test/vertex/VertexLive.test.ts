/**
 * Live sessions of our client at the emulator's Vertex AI, over real sockets: a turn, a token that the server refuses and
 * that is renewed, and a lost connection that goes on with the renewed token and the session's handle.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

const model = "gemini-robotics-er-2-streaming-preview"
const place = { project: "my-project", location: "europe-west4" }
const whole = `projects/my-project/locations/europe-west4/publishers/google/models/${model}`
const path = "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"

const tokenOf = (n: number) => `ya29.token-${n}-of-this-test`

/** Gives another token each time it is asked, and counts how many it gave. */
const source = () => {
  let given = 0
  return {
    given: () => given,
    layer: AccessToken.layer(() => Effect.sync(() => ({ token: Redacted.make(tokenOf(++given)) })))
  }
}

const services = (tokens: Layer.Layer<AccessToken.AccessToken>, server: Emulator.Options) =>
  Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    const destination = yield* Vertex.destination({ ...place, baseUrl: url })
    return NodeGemini.layerLive({ destination })
  }).pipe(Layer.unwrap, Layer.provide(tokens), Layer.provideMerge(Emulator.layerServer(server)))

const connect = GeminiLive.GeminiLive.use((live) =>
  live.connect({ model, ping: false, reconnect: { schedule: Schedule.spaced("1 millis") } })
)

describe("Live at the emulator's Vertex AI", () => {
  it.live("takes a turn by the model's whole name and a token", () => {
    const tokens = source()
    return Effect.gen(function*() {
      const session = yield* connect
      assert.strictEqual((yield* session.ask("Hello")).text, "Good day")
      const { live } = yield* Emulator.Emulator
      const [entry, ...more] = yield* live.connections
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(
        [entry?.path, entry?.project, entry?.region, entry?.model, entry?.headers["authorization"]],
        [path, "my-project", "europe-west4", model, "Bearer"]
      )
      assert.include(JSON.stringify(entry?.messages[0]), whole)
      assert.strictEqual(tokens.given(), 1)
    }).pipe(Effect.scoped, Effect.provide(services(tokens.layer, { answers: ["Good day"] })))
  })

  it.live("renews once a token that the server refuses, and the first turn does not see it", () => {
    const tokens = source()
    const server: Emulator.Options = {
      answers: ["Good day"],
      vertex: { tokens: { expired: [tokenOf(1)] } }
    }
    return Effect.gen(function*() {
      const session = yield* connect
      assert.strictEqual((yield* session.ask("Hello")).text, "Good day")
      assert.strictEqual(tokens.given(), 2)
      const { live } = yield* Emulator.Emulator
      const [refused] = yield* live.awaitClosed(1)
      assert.strictEqual(refused?.closedBy, "server")
      assert.strictEqual((yield* live.connections).length, 2)
    }).pipe(Effect.scoped, Effect.provide(services(tokens.layer, server)))
  })

  it.live("ends as a refused token when the next one is refused too, after two dials and with no token in the words", () => {
    const tokens = source()
    const server: Emulator.Options = { vertex: { tokens: { valid: ["ya29.another"] } } }
    return Effect.gen(function*() {
      const error = yield* Effect.flip(connect)
      assert.include(error.message, "invalid authentication credentials")
      assert.notInclude(error.message, "ya29")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(tokens.given(), 2)
      const { live } = yield* Emulator.Emulator
      assert.strictEqual((yield* live.awaitClosed(2)).length, 2)
    }).pipe(Effect.scoped, Effect.provide(services(tokens.layer, server)))
  })

  it.live("goes on with its handle and the token of then after a lost connection", () => {
    const tokens = source()
    const server: Emulator.Options = {
      answers: ["One", "Two"],
      vertex: { tokens: { expired: [tokenOf(1)] } }
    }
    return Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      const session = yield* connect
      const heard: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(session.events, ({ _tag }) => Effect.sync(() => heard.push(_tag))),
        { startImmediately: true }
      )
      assert.strictEqual((yield* session.ask("first")).text, "One")
      yield* live.drop
      yield* live.awaitLog((entries) => entries.length === 3 && entries[2]?.messages.length !== 0)
      assert.strictEqual((yield* session.ask("second")).text, "Two")
      assert.include(heard, "Reconnecting")
      const again = (yield* live.connections)[2]
      const setup = JSON.stringify(again?.messages[0])
      assert.match(setup, /"sessionResumption":\{[^}]*"handle":"/)
      assert.include(setup, whole)
      assert.strictEqual(tokens.given(), 2)
    }).pipe(Effect.scoped, Effect.provide(services(tokens.layer, server)))
  })
})
