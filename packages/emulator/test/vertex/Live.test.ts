import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as LiveWire from "../LiveWire.ts"
import { home } from "./wire.ts"

const address = (version = "v1beta1") =>
  `ws://emulator.invalid/ws/google.cloud.aiplatform.${version}.LlmBidiService/BidiGenerateContent`
const bearer = { authorization: "Bearer token" }
const robot = LiveWire.robot.slice("models/".length)
const named = `${home}/publishers/google/models/${robot}`

const dial = Effect.fnUntraced(function*(setup: unknown, headers: Readonly<Record<string, string>> = bearer) {
  const wire = yield* LiveWire.dial(address(), headers)
  yield* wire.send({ setup })
  return wire
})

const memory = (options?: Emulator.Options) => Effect.provide(Emulator.layerMemory(options), { local: true })

describe("a Live session of Vertex AI's", () => {
  it.effect("is set up by the model's whole name and a token, gets an id, and is logged with project and region", () =>
    Effect.gen(function*() {
      const wire = yield* dial({ model: named, generationConfig: { responseModalities: ["TEXT"] } })
      const [first] = yield* wire.until(({ setupComplete }) => setupComplete !== undefined)
      assert.match(first?.setupComplete?.sessionId ?? "", /^[0-9a-f]{8}-/)
      yield* wire.send(LiveWire.ask("Hi"))
      yield* wire.until(({ serverContent }) => serverContent?.turnComplete === true)
      const { live } = yield* Emulator.Emulator
      const [entry] = yield* live.connections
      assert.deepStrictEqual(
        [entry?.project, entry?.region, entry?.model, entry?.headers["authorization"]],
        ["my-project", "europe-west4", robot, "Bearer"]
      )
    }).pipe(Effect.scoped, memory()))

  it.effect("tells which message its state holds with each handle, if it is asked for transparent resumption", () =>
    Effect.gen(function*() {
      const index = (wire: Effect.Success<ReturnType<typeof dial>>) =>
        Effect.map(
          wire.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true),
          (messages) => Object(messages.at(-1)).sessionResumptionUpdate
        )
      const wire = yield* dial({ model: named, sessionResumption: { transparent: true } })
      yield* wire.send(LiveWire.ask("Hi"))
      const first = yield* index(wire)
      assert.strictEqual(first.lastConsumedClientMessageIndex, "1", "the setup is message 0")
      yield* wire.send({ clientContent: { turns: [{ role: "user", parts: [{ text: "x" }] }], turnComplete: false } })
      const second = yield* index(wire)
      assert.strictEqual(second.lastConsumedClientMessageIndex, "2")
      wire.ws.close()
      yield* wire.closed
      const again = yield* dial({ model: named, sessionResumption: { handle: second.newHandle, transparent: true } })
      yield* again.until(({ setupComplete }) => setupComplete !== undefined)
      yield* again.send(LiveWire.ask("Ho"))
      assert.strictEqual((yield* index(again)).lastConsumedClientMessageIndex, "1", "each connection counts anew")
    }).pipe(Effect.scoped, memory()))

  it.effect("takes the answer of a call of its state on the next connection, and of no other call", () =>
    Effect.gen(function*() {
      const tools = [{ functionDeclarations: [{ name: "look_up", behavior: "NON_BLOCKING" }] }]
      const ask = {
        clientContent: { turns: [{ role: "user", parts: [{ text: "Call look_up" }] }], turnComplete: true }
      }
      for (const transparent of [true, false]) {
        const setup = { model: named, tools, sessionResumption: { transparent } }
        const wire = yield* dial(setup)
        yield* wire.send(ask)
        const messages = yield* wire.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true)
        const id = messages.flatMap((message) => Object(message).toolCall?.functionCalls ?? [])[0]?.id
        const handle = Object(messages.at(-1)).sessionResumptionUpdate.newHandle
        wire.ws.close()
        yield* wire.closed
        const again = yield* dial({ ...setup, sessionResumption: { transparent, handle } })
        yield* again.send({ toolResponse: { functionResponses: [{ id, name: "look_up", response: { output: 7 } }] } })
        if (transparent) yield* again.until(({ serverContent }) => serverContent?.turnComplete === true)
        else assert.strictEqual((yield* again.closed).code, 1007)
      }
    }).pipe(Effect.scoped, memory()))

  it.effect("is served from the throughput that its upgrade asks for, and says so", () =>
    Effect.gen(function*() {
      const traffic = (type?: string) =>
        Effect.gen(function*() {
          const wire = yield* dial(
            { model: named },
            { ...bearer, ...(type === undefined ? {} : { "x-vertex-ai-llm-request-type": type }) }
          )
          yield* wire.send(LiveWire.ask("Hi"))
          const said: string = type === "dedicated"
            ? (yield* wire.closed).reason ?? ""
            : Object((yield* wire.turn).at(-1)).usageMetadata.trafficType
          wire.ws.close()
          return said
        })
      assert.strictEqual(yield* traffic(), "PROVISIONED_THROUGHPUT")
      assert.strictEqual(yield* traffic(), "ON_DEMAND")
      assert.strictEqual(yield* traffic("shared"), "ON_DEMAND")
      assert.strictEqual(yield* traffic("dedicated"), "Too many requests. Exceeded the Provisioned Throughput.")
    }).pipe(
      Effect.scoped,
      memory({
        vertex: { provisioned: [{ project: "my-project", region: "europe-west4", model: robot, rpm: 1 }] }
      })
    ))

  it.effect("is refused without a token, with a revoked one, with a field or a model of the other API", () =>
    Effect.gen(function*() {
      const closed = (setup: unknown, headers?: Readonly<Record<string, string>>) =>
        Effect.flatMap(dial(setup, headers), (wire) => wire.closed)
      const none = yield* closed({ model: named }, {})
      assert.strictEqual(none.code, 1008)
      assert.match(none.reason ?? "", /^Request is missing required authentication credential\./)
      const revoked = yield* closed({ model: named }, { authorization: "Bearer old" })
      assert.match(revoked.reason ?? "", /^Request had invalid authentication credentials\./)
      const unknown = yield* closed({ model: `${home}/publishers/google/models/nothing` })
      assert.strictEqual(unknown.reason, `Publisher Model \`${home}/publishers/google/models/nothing\` not found.`)
      assert.strictEqual((yield* closed({ model: LiveWire.robot })).code, 1007, "a short name")
      const field = yield* closed({ model: named, tools: [{ fileSearch: {} }] })
      assert.strictEqual(field.code, 1007)
      const gemini = yield* LiveWire.dial()
      yield* gemini.send({ setup: { model: LiveWire.robot, sessionResumption: { transparent: true } } })
      assert.strictEqual((yield* gemini.closed).code, 1007, "a field of Vertex AI's")
    }).pipe(Effect.scoped, memory({ vertex: { tokens: { expired: ["old"] } } })))
})
