import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as LiveMembers from "effect-gemini/live/LiveMembers"
import { LiveTransport } from "effect-gemini/live/LiveTransport"
import * as Members from "effect-gemini/Members"
import { Call } from "effect-gemini/members/MemberCall"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as LiveServer from "./liveServer.ts"

type Options = Parameters<typeof NodeGemini.layer>[0]
type Services = GeminiClient.GeminiClient | GeminiLive.GeminiLive | RateLimiter.RateLimiter

const apiKey = Redacted.make("test-key")
const model = "gemini-3.8-live"

/** In memory, under TestClock. */
const client = (given: Options) => {
  const options: Options = { apiKey, tier: "tier3", retry: { attempts: 1 }, ...given }
  return GeminiClient.layerNoLimiter(options).pipe(
    Layer.provideMerge(Layer.merge(GeminiLive.layer(options), GeminiLive.layerTransport(options))),
    Layer.provideMerge(RateLimiter.layer)
  )
}

const test = (
  name: string,
  options: Options,
  body: () => Effect.Effect<void, unknown, Services | Emulator.Emulator | Scope.Scope>,
  server: Emulator.Options = {}
) =>
  it.effect(name, () =>
    Effect.scoped(body()).pipe(
      Effect.provide(Layer.provideMerge(client(options), Emulator.layerMemory(server)))
    ))

const ask = (contents: string, more: Partial<GeminiClient.Request> = {}) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents, ...more }))

const connections = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.live.connections)

/** How each connection stands: its completed turns, and its close code, if it has one. */
const standing = Effect.map(
  connections,
  (entries) =>
    entries.map(({ code, setUpAt, turns }) => `${setUpAt === undefined ? "dialling" : turns} ${code ?? "open"}`)
)

const settled = Effect.andThen(TestClock.adjust(0), Effect.andThen(TestClock.adjust(0), standing))

const places = Effect.map(
  RateLimiter.RateLimiter.use(({ snapshot }) => snapshot),
  (lanes) => lanes.find(({ lane }) => lane.family === "liveSession")?.used.inFlight
)

describe("warm sessions", () => {
  test("off unless asked for: each call dials its own", {}, () =>
    Effect.gen(function*() {
      yield* ask("one")
      yield* ask("two")
      assert.deepStrictEqual(yield* settled, ["1 1000", "1 1000"])
    }))

  test(
    "a call takes the one that waits, and leaves a new one: none sees what another said",
    { warm: true },
    () =>
      Effect.gen(function*() {
        yield* ask("My name is Ada")
        assert.deepStrictEqual(yield* settled, ["1 1000", "0 open"])
        assert.strictEqual((yield* ask("emulator:recall")).text, "emulator:recall")
        assert.deepStrictEqual(yield* settled, ["1 1000", "1 1000", "0 open"])
        const streamed = yield* GeminiClient.GeminiClient.use((gemini) =>
          Stream.runCollect(gemini.generateStream({ model, contents: "emulator:recall" }))
        )
        assert.strictEqual(streamed.map(({ text }) => text).join(""), "emulator:recall")
        assert.deepStrictEqual(yield* settled, ["1 1000", "1 1000", "1 1000", "0 open"])
      })
  )

  test("one of another model or configuration is not taken", { warm: true }, () =>
    Effect.gen(function*() {
      yield* ask("one")
      yield* ask("two", { systemInstruction: { parts: [{ text: "Be brief" }] } })
      yield* ask("three", { model: "gemini-robotics-er-2-streaming-preview" })
      assert.deepStrictEqual(yield* settled, ["1 1000", "0 open", "1 1000", "0 open", "1 1000", "0 open"])
      yield* ask("two", { systemInstruction: { parts: [{ text: "Be brief" }] } })
      assert.deepStrictEqual((yield* settled)[3], "1 1000")
    }))

  test(
    "one waits no longer than idle, and then nothing is left",
    { warm: { idle: "30 seconds" } },
    () =>
      Effect.gen(function*() {
        yield* ask("one")
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(yield* settled, ["1 1000", "0 open"])
        assert.strictEqual(yield* places, 1)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* settled, ["1 1000", "0 1000"])
        assert.strictEqual(yield* places, 0)
        yield* ask("two")
        assert.deepStrictEqual(yield* settled, ["1 1000", "0 1000", "1 1000", "0 open"])
      })
  )

  test("a call that comes while the next one is dialled waits for it", { warm: true }, () =>
    Effect.gen(function*() {
      yield* ask("one")
      const second = yield* Effect.forkChild(ask("two"), { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      yield* TestClock.adjust("10 millis")
      assert.strictEqual((yield* Fiber.join(second)).attempts.length, 1)
      assert.deepStrictEqual(yield* settled, ["1 1000", "1 1000", "0 open"])
    }))

  test("many calls at once have a session each, and leave one", { warm: true }, () =>
    Effect.gen(function*() {
      yield* Effect.forEach(["1", "2", "3", "4", "5"], (text) => ask(text), { concurrency: "unbounded" })
      const all = yield* settled
      assert.deepStrictEqual(all.filter((one) => one === "1 1000").length, 5)
      assert.deepStrictEqual(all.filter((one) => one.endsWith("open")), ["0 open"])
    }))

  for (const [how, end] of [["dropped", "drop"], ["closed by the server", "close"]] as const) {
    test(`one that was ${how} while it waited is replaced, in silence`, { warm: true }, () =>
      Effect.gen(function*() {
        const { live } = yield* Emulator.Emulator
        yield* ask("one")
        yield* settled
        yield* end === "drop" ? live.drop : live.close(1011, "Internal error occurred.")
        const answer = yield* ask("emulator:say two")
        assert.strictEqual(answer.text, "two")
        assert.deepStrictEqual(answer.attempts, [{ model, status: 200 }])
        const code = end === "drop" ? "1006" : "1011"
        assert.deepStrictEqual(yield* settled, ["1 1000", `0 ${code}`, "1 1000", "0 open"])
        const sent = (yield* connections)[1]?.messages.filter(({ from }) => from === "client")
        assert.strictEqual(sent?.length, 1)
        assert.strictEqual(yield* places, 1)
      }))
  }

  test("one that the server will end is left", { warm: { idle: "20 minutes" } }, () =>
    Effect.gen(function*() {
      yield* ask("one")
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual((yield* ask("emulator:say two")).text, "two")
      assert.deepStrictEqual(yield* settled, ["1 1000", "0 1000", "1 1000", "0 open"])
    }))

  it.effect("one that answers no ping is found out while it waits", () =>
    Effect.gen(function*() {
      const server = yield* LiveServer.listen(LiveServer.echo)
      const until = (condition: () => boolean): Effect.Effect<void> =>
        Effect.suspend(() =>
          condition() ? Effect.void : Effect.andThen(
            Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5))),
            until(condition)
          )
        )
      yield* Effect.gen(function*() {
        yield* ask("one", { model: "gemini-2.0-flash-live" })
        yield* until(() => server.peers[1]?.received.length === 1)
        // It stands, and nothing comes from it any more.
        server.peers[1]?.ws.pause()
        yield* until(() => server.open() === 1)
        yield* TestClock.adjust("15 seconds")
        yield* TestClock.adjust("40 seconds")
        assert.strictEqual((yield* ask("two", { model: "gemini-2.0-flash-live" })).text, "two ")
        assert.strictEqual(server.peers[1]?.received.length, 1)
        assert.strictEqual(server.peers[2]?.received.length, 2)
      }).pipe(
        Effect.provide(
          NodeGemini.layer({ apiKey, baseUrl: server.url, tier: "tier3", warm: true, retry: { attempts: 1 } })
        )
      )
    }).pipe(Effect.scoped))

  test("it counts among the open sessions, never waits for a place, and gives it up to who does", {
    warm: true,
    limits: { [model]: { sessions: 2 } }
  }, () =>
    Effect.gen(function*() {
      const live = yield* GeminiLive.GeminiLive
      yield* ask("one")
      assert.deepStrictEqual([yield* settled, yield* places], [["1 1000", "0 open"], 1])
      yield* live.connect({ model, ping: false })
      assert.strictEqual(yield* places, 2)
      yield* live.connect({ model, ping: false })
      assert.deepStrictEqual([yield* settled, yield* places], [["1 1000", "0 1000", "0 open", "0 open"], 2])
    }), { quotas: { sessions: 2 } })

  test("with one place there is none to spare: calls go as without", {
    warm: true,
    limits: { [model]: { sessions: 1 } }
  }, () =>
    Effect.gen(function*() {
      yield* ask("one")
      yield* ask("two")
      assert.deepStrictEqual([yield* settled, yield* places], [["1 1000", "1 1000"], 0])
    }), { quotas: { sessions: 1 } })

  test("of more than `sessions` the oldest goes", { warm: { sessions: 2 } }, () =>
    Effect.gen(function*() {
      for (const text of ["a", "b", "c"]) yield* ask("Hi", { systemInstruction: { parts: [{ text }] } })
      assert.deepStrictEqual(yield* settled, ["1 1000", "0 1000", "1 1000", "0 open", "1 1000", "0 open"])
      assert.strictEqual(yield* places, 2)
    }))

  it.effect("nothing is left when the layer is closed, neither one that waits nor one that is dialled", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(client({ warm: true }), scope)
      yield* Effect.provide(ask("one"), services)
      yield* settled
      yield* Effect.provide(ask("two", { systemInstruction: { parts: [{ text: "Be brief" }] } }), services)
      yield* Scope.close(scope, Exit.void)
      const all = yield* settled
      assert.deepStrictEqual(all.filter((one) => one.endsWith("open")), [])
      assert.strictEqual(all[1], "0 1000")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory())))

  it.live("a call does not wait for the close of its session, and the layer does", () =>
    Effect.gen(function*() {
      // The server reads nothing after its answer, so that no close handshake ends.
      const server = yield* LiveServer.listen({
        message: (peer, message) => {
          LiveServer.echo.message(peer, message)
          peer.ws.pause()
        }
      })
      const scope = yield* Scope.make()
      const options = { apiKey, baseUrl: server.url, tier: "tier3" } as const
      const services = yield* Layer.buildWithScope(NodeGemini.layer(options), scope)
      const [asking] = yield* Effect.timed(
        Effect.provide(ask("one", { model: "gemini-2.0-flash-live" }), services)
      )
      assert.isBelow(Duration.toMillis(asking), 900)
      assert.strictEqual(server.open(), 1)
      const [closing] = yield* Effect.timed(Scope.close(scope, Exit.void))
      // After a second it is cut.
      assert.isAbove(Duration.toMillis(closing), 100)
      assert.isBelow(Duration.toMillis(closing), 3000)
    }).pipe(Effect.scoped))

  it.effect("a call that outlives the layer fails, instead of waiting for a session that nobody dials", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const options: Options = { apiKey, tier: "tier3", warm: true }
      const services = yield* Layer.buildWithScope(
        Layer.provide(GeminiLive.layerTransport(options), RateLimiter.layer),
        scope
      )
      const call = LiveTransport.use((transport) =>
        transport.generateContent({ model, contents: [{ role: "user", parts: [{ text: "emulator:say one" }] }] })
      ).pipe(Effect.provide(services))
      yield* call
      yield* Scope.close(scope, Exit.void)
      // The limiter is gone with it, so no session is to be had; but nobody waits for ever.
      for (let i = 0; i < 2; i++) {
        const late = yield* Effect.forkChild(call, { startImmediately: true })
        yield* TestClock.adjust("1 minute")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(late)))
      }
      assert.deepStrictEqual((yield* settled).filter((one) => one.endsWith("open")), [])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory())))

  test("an interrupted call closes the session that it took", { warm: true }, () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(ask("emulator:say one"), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(first)
      const second = yield* Effect.forkChild(ask("emulator:words 100"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* settled)[1], "0 open")
      yield* Fiber.interrupt(second)
      const all = yield* settled
      assert.strictEqual(all[1]?.split(" ")[1], "1000")
      assert.deepStrictEqual(all.slice(2), ["0 open"])
    }), { live: { chunkDelay: 500 } })

  test("settings that cannot be meant fail the calls, before anything is dialled", {
    warm: { sessions: 0 }
  }, () =>
    Effect.gen(function*() {
      const { reason } = yield* Effect.flip(ask("one"))
      assert.isTrue(reason._tag === "InvalidRequest" && reason.fields[0]?.field === "warm.sessions")
      assert.deepStrictEqual(yield* standing, [])
    }))

  it.effect("closing the layer lets the calls end, and then the sessions that wait", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(client({ warm: true, drain: "5 seconds" }), scope)
      const call = (words: number) => Effect.provide(ask(`emulator:words ${words}`), context)
      const first = yield* Effect.forkChild(call(1), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(first)
      // One is answered within the drain, one after it; a session waits for the next.
      const [short, long] = yield* Effect.forEach(
        [6, 100],
        (words) => Effect.forkChild(call(words), { startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.isAtLeast((yield* standing).filter((one) => one.endsWith("open")).length, 3)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.strictEqual((yield* Effect.flip(call(1))).reason._tag, "Unsupported")
      yield* TestClock.adjust("3 seconds")
      assert.include((yield* Fiber.join(short ?? assert.fail("no call"))).text, "word")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
      const cut = yield* Effect.flip(Fiber.join(long ?? assert.fail("no call")))
      assert.strictEqual(cut.reason._tag, "Unsupported")
      const late = yield* Effect.flip(Effect.scoped(Effect.provide(
        GeminiLive.GeminiLive.use((live) => live.connect({ model })),
        context
      )))
      assert.strictEqual(late.reason._tag, "SessionClosed")
      assert.deepStrictEqual((yield* settled).filter((one) => one.endsWith("open")), [])
    }).pipe(Effect.provide(Emulator.layerMemory({ live: { chunkDelay: 500 } }))))

  it.effect("over members: one waits at the member that answered, in its project's places", () => {
    const members = ["a", "b"].map((name) => ({ name, apiKey: Redacted.make(`${name}-key`), project: name }))
    const options = { members, warm: true, retry: { attempts: 1 }, tier: "tier3" } as const
    const layer = Members.layerNoLimiter(options).pipe(
      Layer.provideMerge(LiveMembers.layer(options)),
      Layer.provideMerge(RateLimiter.layer),
      Layer.provideMerge(Emulator.layerMemory())
    )
    return Effect.gen(function*() {
      const member = { member: "b" }
      yield* Effect.provideService(ask("one"), Call, member)
      assert.deepStrictEqual(yield* settled, ["1 1000", "0 open"])
      const lanes = yield* RateLimiter.RateLimiter.use(({ snapshot }) => snapshot)
      assert.deepStrictEqual(
        lanes.flatMap(({ lane, used }) => lane.family === "liveSession" ? [[lane.project, used.inFlight]] : []),
        [["b", 1]]
      )
      yield* Effect.provideService(ask("two"), Call, member)
      assert.deepStrictEqual(yield* settled, ["1 1000", "1 1000", "0 open"])
    }).pipe(Effect.provide(layer))
  })

  it.live("an ephemeral token is not used up by sessions that nobody takes", () =>
    Effect.gen(function*() {
      const { live, url } = yield* Emulator.Emulator
      const { name } = yield* AuthTokens.AuthTokens.use((tokens) => tokens.create({ uses: 2 })).pipe(
        Effect.provide(AuthTokens.layerFetch({ apiKey, baseUrl: url }))
      )
      const calls = Effect.andThen(ask("one"), ask("two"))
      yield* Effect.provide(calls, NodeGemini.layer({ apiKey: name, baseUrl: url, tier: "tier3", warm: true }))
      const entries = yield* live.awaitClosed(2)
      assert.deepStrictEqual(entries.map(({ turns }) => turns), [1, 1])
    }).pipe(Effect.provide(Emulator.layerServer())))

  it.live("over sockets: taken, and replaced in silence after the server restarted", () =>
    Effect.gen(function*() {
      const { live, url } = yield* Emulator.Emulator
      const waiting = live.awaitLog((entries) => {
        const last = entries.at(-1)
        return last?.setUpAt !== undefined && last.turns === 0 && last.closedAt === undefined
      })
      yield* Effect.provide(
        Effect.gen(function*() {
          yield* ask("one")
          yield* waiting
          yield* live.awaitClosed(1)
          yield* live.close(1012, "Service Restart")
          yield* Effect.sleep("50 millis")
          assert.strictEqual((yield* ask("emulator:say two")).text, "two")
          yield* waiting
          assert.strictEqual((yield* ask("emulator:say three")).text, "three")
          yield* waiting
        }),
        NodeGemini.layer({ apiKey, baseUrl: url, tier: "tier3", warm: true, retry: { attempts: 1 } })
      )
      const entries = yield* live.awaitClosed(5)
      assert.deepStrictEqual(entries.map(({ code, turns }) => [turns, code]), [
        [1, 1000],
        [0, 1012],
        [1, 1000],
        [1, 1000],
        [0, 1000]
      ])
    }).pipe(Effect.provide(Emulator.layerServer())))
})
