/** A server that does not answer a session's close holds it for a second, and its socket no longer. */
import { assert, it } from "@effect/vitest"
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

/** The sockets of this process, the server's among them. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length

const turns = Effect.forEach(
  Array.from({ length: 20 }),
  () => Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve))),
  { discard: true }
)

it.effect("is cut by force after the grace, and not before", () =>
  Effect.gen(function*() {
    const server = yield* LiveServer.listen({ message: () => undefined })
    const services = yield* Layer.build(
      NodeGemini.layer({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3" })
    )
    const scope = yield* Scope.make()
    yield* Scope.provide(
      Context.get(services, GeminiLive.GeminiLive).connect({ model: Probe.model, ping: false }),
      scope
    )
    const before = sockets()
    LiveServer.below(server.peers[0]).pause()
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
    yield* turns
    yield* TestClock.adjust(999)
    yield* turns
    assert.isUndefined(closing.pollUnsafe())
    assert.strictEqual(sockets(), before)
    yield* TestClock.adjust(1)
    yield* Fiber.join(closing)
    yield* turns
    assert.strictEqual(sockets(), before - 1)
  }))
