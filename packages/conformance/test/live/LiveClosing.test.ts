/**
 * Closing the layer of a client over sockets: no session is opened any more, calls over Live are let end or cut with an
 * error, and nobody waits without an end. What callers hold themselves is theirs to close.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

const model = Probe.model

/** A client whose layer the test closes by hand; the server outlives it. */
const open = Effect.fnUntraced(function*(
  script: LiveServer.Script,
  options: Partial<Parameters<typeof NodeGemini.layer>[0]> = {}
) {
  const server = yield* LiveServer.listen(script)
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const services = yield* Layer.buildWithScope(
    NodeGemini.layer({
      apiKey: Redacted.make("test-key"),
      baseUrl: server.url,
      tier: "tier3",
      drain: "5 seconds",
      retry: { attempts: 1 },
      ...options
    }),
    scope
  )
  const live = Context.get(services, GeminiLive.GeminiLive)
  return {
    server,
    gemini: Context.get(services, GeminiClient.GeminiClient),
    connect: live.connect({ model, ping: false }),
    close: Scope.close(scope, Exit.void)
  }
})

const quiet: LiveServer.Script = { message: () => undefined }

describe("closing the layer of a client", () => {
  it.effect("refuses new sessions with an error that is final and says what to do", () =>
    Effect.gen(function*() {
      const { close, connect, server } = yield* open(quiet)
      yield* Effect.scoped(connect)
      yield* close
      const error = yield* Effect.flip(Effect.scoped(connect))
      assert.deepStrictEqual([error.reason._tag, error.method, error.isRetryable], ["SessionClosed", "connect", false])
      assert.include(error.message, "build the layer again")
      assert.strictEqual(server.peers.length, 1)
    }).pipe(Effect.scoped))

  it.effect("tells so whoever waits for a place among the open sessions", () =>
    Effect.gen(function*() {
      const { close, connect, server } = yield* open(quiet, { limits: { [model]: { sessions: 1 } } })
      yield* connect
      const waiting = yield* Effect.forkScoped(Effect.flip(Effect.scoped(connect)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.isUndefined(waiting.pollUnsafe())
      yield* close
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "SessionClosed")
      assert.strictEqual(server.peers.length, 1)
    }).pipe(Effect.scoped))

  it.effect("leaves a session to its own scope, where what counts against the quota is refused from then on", () =>
    Effect.gen(function*() {
      const { close, connect, server } = yield* open(quiet)
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(connect, scope)
      yield* close
      assert.strictEqual((yield* session.status)._tag, "Open")
      assert.strictEqual((yield* Effect.flip(session.ask("hello"))).reason._tag, "SessionClosed")
      yield* session.sendAudio(new Uint8Array(320))
      yield* Probe.until(() => server.peers[0]?.received.length === 2)
      yield* Scope.close(scope, Exit.void)
      yield* Probe.until(() => server.open() === 0)
    }).pipe(Effect.scoped))

  it.effect("lets a call over Live end within the drain, and waits for it and for its socket", () =>
    Effect.gen(function*() {
      const { close, gemini, server } = yield* open(quiet)
      const call = yield* Effect.forkScoped(gemini.generate({ model, contents: "hello" }, { transport: "live" }), {
        startImmediately: true
      })
      yield* Probe.until(() => server.peers[0]?.received.length === 2)
      const closing = yield* Effect.forkScoped(close, { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(closing.pollUnsafe())
      const late = yield* Effect.flip(gemini.generate({ model, contents: "too late" }, { transport: "live" }))
      assert.deepStrictEqual([late.reason._tag, late.isRetryable], ["Unsupported", false])
      const [peer] = server.peers
      if (peer !== undefined) Probe.answer(peer, "hello yourself")
      assert.strictEqual((yield* Fiber.join(call)).text, "hello yourself")
      yield* Fiber.join(closing)
      yield* Probe.until(() => server.open() === 0)
      assert.strictEqual(server.peers.length, 1)
    }).pipe(Effect.scoped))

  it.effect("cuts a call over Live that outlasts the drain, with an error and not by interrupting its caller", () =>
    Effect.gen(function*() {
      const { close, gemini, server } = yield* open(quiet, { warm: true })
      const call = yield* Effect.forkScoped(
        Effect.exit(gemini.generate({ model, contents: "hello" }, { transport: "live" })),
        { startImmediately: true }
      )
      // The call's own, and the one that waits for the next call.
      yield* Probe.until(() => server.peers.length === 2 && server.peers.every(({ received }) => received.length > 0))
      const closing = yield* Effect.forkScoped(close, { startImmediately: true })
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const exit = yield* Fiber.join(call)
      assert.isFalse(Exit.hasInterrupts(exit))
      const error = Exit.findErrorOption(exit)
      assert.strictEqual(error._tag === "Some" ? error.value.reason._tag : "none", "Unsupported")
      yield* Probe.untilTicking(() => closing.pollUnsafe() !== undefined)
      yield* Probe.until(() => server.open() === 0)
    }).pipe(Effect.scoped))
})
