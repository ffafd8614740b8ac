/**
 * Which sessions dial again and which do not: a session never does so by itself before it was open; a routed call
 * follows the client's policy.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as LiveServer from "./liveServer.ts"

const model = "gemini-3.8-live"

/** Closes the first connections with a code, before their setup is complete; upgrades are counted. */
const refusing = (times: number, code: number) =>
  LiveServer.listen({
    ...LiveServer.echo,
    setup: (peer) => peer.index < times ? peer.ws.close(code, "not now") : peer.send({ setupComplete: {} })
  })

const within = <A, E>(
  server: LiveServer.LiveServer,
  effect: Effect.Effect<A, E, GeminiClient.GeminiClient | GeminiLive.GeminiLive>,
  attempts = 3
) =>
  Effect.provide(
    effect,
    NodeGemini.layer({
      apiKey: Redacted.make("test-key"),
      baseUrl: server.url,
      tier: "tier3",
      retry: { attempts, baseDelay: "1 millis" }
    })
  )

const connect = (options: GeminiLive.ConnectOptions) =>
  GeminiLive.GeminiLive.use((live) => Effect.scoped(live.connect({ model, ...options })))

const generate = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "hello" }))

describe("a connection that is refused", () => {
  it.live("is the error of connect, once: neither the client's retry nor reconnection dials again", () =>
    Effect.gen(function*() {
      const server = yield* refusing(1, 1011)
      for (const reconnect of [false, true]) {
        server.peers.length = 0
        const { code, isRetryable, reason } = yield* within(server, Effect.flip(connect({ reconnect })))
        assert.deepStrictEqual([reason._tag, code, isRetryable], ["Handshake", 1011, true])
        yield* Effect.sleep("50 millis")
        assert.strictEqual(server.peers.length, 1)
      }
    }))

  it.live("of a routed call is dialled again by the client's policy, an attempt a dial", () =>
    Effect.gen(function*() {
      const server = yield* refusing(2, 1011)
      const { attempts, text } = yield* within(server, generate)
      assert.strictEqual(text, "hello ")
      assert.deepStrictEqual(attempts.map(({ reason }) => reason), ["Live", "Live", undefined])
      assert.strictEqual(server.peers.length, 3)
    }))

  it.live("of a routed call is not dialled again where the policy allows one attempt", () =>
    Effect.gen(function*() {
      const server = yield* refusing(1, 1011)
      const error = yield* within(server, Effect.flip(generate), 1)
      assert.deepInclude(error.reason, { _tag: "Live", code: 1011 })
      yield* Effect.sleep("50 millis")
      assert.strictEqual(server.peers.length, 1)
    }))

  it.live("for good is dialled once, whatever the policy", () =>
    Effect.gen(function*() {
      for (const code of [1007, 1008]) {
        const server = yield* refusing(9, code)
        const error = yield* within(server, Effect.flip(generate))
        assert.deepInclude(error.reason, { _tag: "Live", code })
        assert.strictEqual(server.peers.length, 1)
      }
    }))
})
