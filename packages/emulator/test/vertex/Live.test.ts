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

  it.effect("tells how many messages it has heard with each handle, if it is asked for transparent resumption", () =>
    Effect.gen(function*() {
      const wire = yield* dial({ model: named, sessionResumption: { transparent: true } })
      yield* wire.send(LiveWire.ask("Hi"))
      const updates = yield* wire.until(({ sessionResumptionUpdate }) => sessionResumptionUpdate?.resumable === true)
      const { sessionResumptionUpdate } = Object(updates.at(-1))
      assert.strictEqual(sessionResumptionUpdate.lastConsumedClientMessageIndex, "0")
      wire.ws.close()
      yield* wire.closed
      const again = yield* dial({
        model: named,
        sessionResumption: { handle: sessionResumptionUpdate.newHandle, transparent: true }
      })
      yield* again.until(({ setupComplete }) => setupComplete !== undefined)
    }).pipe(Effect.scoped, memory()))

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
