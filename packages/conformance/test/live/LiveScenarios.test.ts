/** What else a server may do in a session: things that no other table has, each as it was met in hard use. */
import { assert, describe, it } from "@effect/vitest"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

const mimeType = "audio/pcm;rate=24000"

/** Pieces of sound, of a megabyte each, which begin with their number: together more than may wait unread. */
const pieces = Array.from({ length: 14 }, (_, number) => {
  const bytes = Buffer.alloc(1 << 20)
  bytes[0] = number
  return bytes.toString("base64")
})
const loud = (peer: LiveServer.Peer): void => {
  for (const data of pieces) {
    peer.send({ serverContent: { modelTurn: { role: "model", parts: [{ inlineData: { mimeType, data } }] } } })
  }
  peer.send(Probe.complete)
}

describe("a session", () => {
  it.effect("tells what came before the setup was complete, in its order", () =>
    Probe.serve({
      setup: (peer) => {
        peer.send(Probe.said("one "))
        peer.send(Probe.said("two "))
        peer.send({ setupComplete: {} })
        peer.send(Probe.said("three"))
        peer.send(Probe.complete)
      },
      message: () => undefined
    }, () =>
      Effect.gen(function*() {
        const seen = yield* Probe.watch(yield* Probe.connect())
        yield* Probe.until(() => seen.has("TurnComplete"))
        assert.strictEqual(seen.texts(), "one |two |three")
      })))

  it.effect("gives more sound than may wait unread whole, as an answer and as events, to who reads it", () =>
    Probe.serve({ message: loud }, () =>
      Effect.gen(function*() {
        const isWhole = (sound: ReadonlyArray<{ readonly data?: string | null | undefined }>): boolean =>
          sound.length === pieces.length && sound.every(({ data }, i) => data === pieces[i])
        const asking = yield* Probe.connect()
        assert.isTrue(isWhole((yield* asking.ask("sing")).media))

        const session = yield* Probe.connect()
        const seen = yield* Probe.watch(session)
        yield* session.sendText("sing")
        yield* Probe.until(() => seen.has("TurnComplete"))
        assert.isTrue(isWhole(seen.events.flatMap((event) => event._tag === "Audio" ? [event] : [])))
      })))

  it.effect("stops a call that is taken back in its own frame, or answers it once at most, and goes on", () => {
    const answers: Array<unknown> = []
    return Probe.serve({
      message: (peer, message) => {
        if ("toolResponse" in message) return void answers.push(message)
        if (LiveServer.textOf(message) !== "go") return Probe.answer(peer, "on I go")
        peer.send({
          toolCall: { functionCalls: [{ id: "1", name: "slow", args: {} }] },
          toolCallCancellation: { ids: ["1"] }
        })
        peer.send(Probe.complete)
      }
    }, () =>
      Effect.gen(function*() {
        let ended = ""
        const functions = LiveTools.make({
          slow: {
            description: "Takes its time",
            handle: () =>
              Effect.never.pipe(Effect.onInterrupt(() =>
                Effect.sync(() => {
                  ended = "interrupted"
                })
              ))
          }
        })
        const session = yield* Probe.connect({ functions })
        const seen = yield* Probe.watch(session)
        yield* session.sendText("go")
        yield* Probe.until(() => seen.has("TurnComplete"))
        assert.include(seen.tags().join(), "ToolCall,ToolCallCancellation")
        assert.strictEqual((yield* session.ask("and?")).text, "on I go")
        assert.include(["", "interrupted"], ended)
        assert.deepStrictEqual(answers, [])
      }))
  })

  it.effect("comes back by the last handle that could be resumed, where the server has taken it back since", () =>
    Probe.serve({
      setup: (peer) => {
        peer.send({ setupComplete: {} })
        if (peer.index === 0) peer.send(Probe.handle("h0"))
      },
      message: (peer, message) => {
        if (peer.index > 0) return Probe.answer(peer, `again: ${LiveServer.textOf(message)}`)
        peer.send({ sessionResumptionUpdate: { resumable: false } })
        peer.ws.terminate()
      }
    }, (server) =>
      Effect.gen(function*() {
        const session = yield* Probe.connect({ reconnect: Probe.reconnect })
        const seen = yield* Probe.watch(session)
        yield* Probe.until(() => seen.has("Resumption"))
        const asking = yield* Effect.forkScoped(session.ask("hello"), { startImmediately: true })
        yield* Probe.untilTicking(() => asking.pollUnsafe() !== undefined)
        assert.strictEqual((yield* Fiber.join(asking)).text, "again: hello")
        assert.strictEqual(Probe.handleOf(server.peers[1]), "h0")
        assert.deepInclude(seen.events, { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
      })))

  it.effect("refuses a setup that cannot be written, and dials nothing", () =>
    Probe.serve({ message: () => undefined }, (server) =>
      Effect.gen(function*() {
        const part = { text: "Be brief." }
        const systemInstruction = { parts: [Object.assign(part, { itself: part })] }
        const error = yield* Effect.flip(Probe.connect({ systemInstruction }))
        assert.deepInclude(error.reason, { _tag: "InvalidSetup" })
        assert.include(error.message, "JSON")
        assert.strictEqual(server.peers.length, 0)
      })))
})
