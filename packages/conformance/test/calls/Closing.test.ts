/**
 * Promise 7: closing the layer stops admissions, waits up to `drain` for calls in flight,
 * then ends them with an error, and leaves nothing. The fiber of a caller is never interrupted.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const apiKey = Redacted.make("test-key")
const request = { model: "gemini-3.8-flash", contents: "one two three four five six seven eight nine ten" }

/** A client whose layer the test closes by hand; the emulator outlives it. */
const open = Effect.fnUntraced(function*(options: Partial<Parameters<typeof GeminiClient.layer>[0]> = {}) {
  const emulator = yield* Emulator.Emulator
  const scope = yield* Scope.make()
  const services = yield* Layer.buildWithScope(
    GeminiClient.layer({ apiKey, tier: "tier3", baseUrl: emulator.url, drain: "5 seconds", ...options }),
    scope
  )
  return {
    emulator,
    gemini: Context.get(services, GeminiClient.GeminiClient),
    limiter: Context.get(services, RateLimiter.RateLimiter),
    close: Scope.close(scope, Exit.void)
  }
})

const reasonOf = (exit: Exit.Exit<unknown, GeminiError>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  if (Exit.hasInterrupts(exit)) return "interrupted"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value.reason._tag : "defect"
}

const inFlight = (limiter: RateLimiter.Service) =>
  Effect.map(limiter.snapshot, (lanes) => lanes.reduce((sum, lane) => sum + lane.used.inFlight + lane.waiting, 0))

describe("under TestClock", () => {
  it.effect("a call in flight ends well within the drain, and closing ends with it", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open()
      yield* emulator.addFault({ delay: 3_000 })
      const call = yield* Effect.forkChild(gemini.generate(request), { startImmediately: true })
      const stream = yield* Effect.forkChild(Stream.runCollect(gemini.generateStream(request)), {
        startImmediately: true
      })
      yield* emulator.awaitRequests(2)
      const closing = yield* Effect.forkChild(Effect.andThen(close, Clock.currentTimeMillis), {
        startImmediately: true
      })
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(closing), 3_000)
      assert.include((yield* Fiber.join(call)).text, "one two three")
      assert.isTrue((yield* Fiber.join(stream)).at(-1)?.finished)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("what outlasts the drain is cut with an error, and nothing is left", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open()
      yield* emulator.addFault({ halfOpen: true })
      const call = yield* Effect.forkChild(gemini.generate(request), { startImmediately: true })
      const stream = yield* Effect.forkChild(Stream.runDrain(gemini.generateStream(request)), {
        startImmediately: true
      })
      yield* emulator.awaitRequests(2)
      const closing = yield* Effect.forkChild(Effect.andThen(close, Clock.currentTimeMillis), {
        startImmediately: true
      })
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(closing), 5_000)
      for (const cut of [call, stream]) {
        const error = yield* Effect.flip(Fiber.join<unknown, GeminiError>(cut))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.include(error.message, "this client was closed while the call was under way")
        assert.deepStrictEqual(error.attempts.map(({ reason }) => reason), ["Unsupported"])
      }
      assert.strictEqual(yield* inFlight(limiter), 0)
      assert.deepStrictEqual((yield* emulator.requests).map((entry) => entry.outcome), ["aborted", "aborted"])
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a new call fails at once with a typed error, during the drain and after it", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini } = yield* open()
      yield* emulator.addFault({ delay: 3_000 })
      const call = yield* Effect.forkChild(gemini.generate(request), { startImmediately: true })
      yield* emulator.awaitRequests(1)
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      assert.strictEqual(reasonOf(yield* Effect.exit(gemini.generate(request))), "Unsupported")
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(call)
      yield* Fiber.join(closing)
      const error = yield* Effect.flip(gemini.generate(request))
      assert.include(error.message, "this client is closed")
      assert.strictEqual(reasonOf(yield* Effect.exit(Stream.runDrain(gemini.generateStream(request)))), "Unsupported")
      assert.strictEqual((yield* emulator.requests).length, 1)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("what waits for quota or in a backoff is not waited for, and sends nothing more", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open({
        limits: { "gemini-3.8-flash": { concurrency: 1 } }
      })
      yield* emulator.addFault({ status: 503, when: { model: "gemini-2.5-pro" } })
      const backoff = yield* Effect.forkChild(gemini.generate({ ...request, model: "gemini-2.5-pro" }), {
        startImmediately: true
      })
      yield* emulator.awaitRequests(1)
      yield* emulator.addFault({ delay: 3_000 })
      const [first, second, third] = yield* Effect.forEach(
        [1, 2, 3],
        () => Effect.forkChild(gemini.generate(request), { startImmediately: true })
      )
      yield* emulator.awaitRequests(2)
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      yield* TestClock.adjust(0)
      for (const waiting of [backoff, second, third]) {
        assert.strictEqual(waiting === undefined ? "" : reasonOf(yield* Fiber.await(waiting)), "Unsupported")
      }
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(first === undefined ? "" : reasonOf(yield* Fiber.await(first)), "ok")
      yield* Fiber.join(closing)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* emulator.requests).length, 2)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a failing call in flight is not tried again while the layer closes", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini } = yield* open()
      yield* emulator.addFault({ delay: 1_000, status: 503 })
      const call = yield* Effect.forkChild(gemini.generate(request), { startImmediately: true })
      yield* emulator.awaitRequests(1)
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reasonOf(yield* Fiber.await(call)), "Overloaded")
      yield* Fiber.join(closing)
      assert.strictEqual((yield* emulator.requests).length, 1)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a stream whose consumer is busy is cut when the drain is over", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open()
      const consumer = yield* Effect.forkChild(
        Stream.runForEach(Stream.rechunk(gemini.generateStream(request), 1), () => Effect.sleep("1 minute")),
        { startImmediately: true }
      )
      yield* emulator.awaitRequests(1)
      const closing = yield* Effect.forkChild(Effect.andThen(close, Clock.currentTimeMillis), {
        startImmediately: true
      })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(closing), 5_000)
      assert.strictEqual(yield* inFlight(limiter), 0)
      assert.strictEqual((yield* emulator.requests).at(0)?.outcome, "aborted")
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(reasonOf(yield* Fiber.await(consumer)), "Unsupported")
    }).pipe(Effect.provide(Emulator.layerHttpClient({ chunkDelay: 10 }))))

  it.effect("interrupting the program that holds the layer drains all the same", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ delay: 3_000, when: { times: 1 } }, { halfOpen: true })
      const calls: Array<Fiber.Fiber<unknown, GeminiError>> = []
      const program = Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        calls.push(yield* Effect.forkDetach(gemini.generate(request), { startImmediately: true }))
        calls.push(yield* Effect.forkDetach(gemini.generate(request), { startImmediately: true }))
        return yield* Effect.never
      }).pipe(Effect.provide(GeminiClient.layer({ apiKey, tier: "tier3", drain: "5 seconds" })))
      const main = yield* Effect.forkChild(program, { startImmediately: true })
      yield* emulator.awaitRequests(2)
      const ending = yield* Effect.forkChild(Effect.andThen(Fiber.interrupt(main), Clock.currentTimeMillis), {
        startImmediately: true
      })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(ending), 5_000)
      const exits = yield* Effect.forEach(calls, (call) => Fiber.await(call))
      assert.deepStrictEqual(exits.map(reasonOf), ["ok", "Unsupported"])
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("whoever works through a list says of every item what became of it", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open({ limits: { "gemini-3.8-flash": { rpm: 4 } } })
      yield* emulator.addFault({ delay: 1_000 })
      const said: Array<string> = []
      const one = (item: number) =>
        (item % 2 === 0 ? Effect.asVoid(gemini.generate(request)) : Stream.runDrain(gemini.generateStream(request)))
          .pipe(
            Effect.exit,
            Effect.tap((exit) => Effect.sync(() => said.push(`${item} ${reasonOf(exit)}`)))
          )
      const work = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 10 }, (_, i) => i), one, { concurrency: 3, discard: true }),
        { startImmediately: true }
      )
      // Four have gone: two calls are answered, a third is under way, and two wait for the next minute.
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("500 millis")
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(work)))
      assert.strictEqual(said.length, 10)
      assert.strictEqual(said.filter((one) => one.endsWith(" ok")).length, 4)
      assert.strictEqual(said.filter((one) => one.endsWith(" Unsupported")).length, 6)
      assert.strictEqual((yield* emulator.requests).length, 4)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a call that is closed at whatever step ends well or with an error, and its fiber goes on", () =>
    Effect.gen(function*() {
      for (let steps = 0; steps < 160; steps++) {
        const { close, emulator, gemini, limiter } = yield* open({ drain: 0 })
        if (steps % 4 > 1) yield* emulator.addFault({ status: 503, when: { times: 1 } })
        const call = steps % 2 === 0
          ? Effect.asVoid(gemini.generate(request))
          : Stream.runDrain(gemini.generateStream(request))
        const fiber = yield* Effect.forkChild(
          Effect.exit(call).pipe(
            Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + steps % 5),
            Effect.tap(() => Effect.yieldNow)
          )
        )
        for (let i = 0; i < steps / 2; i++) yield* Effect.yieldNow
        yield* close
        assert.include(["ok", "Unsupported", "Overloaded"], reasonOf(yield* Fiber.join(fiber)), `${steps} steps`)
        assert.strictEqual(yield* inFlight(limiter), 0)
      }
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a caller that is interrupted meanwhile is interrupted, not told", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open()
      yield* emulator.addFault({ halfOpen: true })
      const call = yield* Effect.forkChild(gemini.generate(request), { startImmediately: true })
      yield* emulator.awaitRequests(1)
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      yield* Fiber.interrupt(call)
      assert.strictEqual(reasonOf(yield* Fiber.await(call)), "interrupted")
      yield* Fiber.join(closing)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("a model that was never asked for fails like the others once the layer is closed", () =>
    Effect.gen(function*() {
      const { close, gemini } = yield* open()
      yield* close
      assert.strictEqual(reasonOf(yield* Effect.exit(gemini.generate(request))), "Unsupported")
      assert.strictEqual(reasonOf(yield* Effect.exit(Stream.runDrain(gemini.listModels()))), "Unsupported")
      assert.strictEqual(reasonOf(yield* Effect.exit(gemini.embed({ contents: "Hi" }))), "Unsupported")
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("calls that were interrupted at whatever step are not waited for: nothing was lost", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open({
        limits: { "gemini-3.8-flash": { concurrency: 3 } }
      })
      yield* emulator.addFault({ status: 503, when: { method: "streamGenerateContent" } })
      for (let steps = 0; steps < 480; steps++) {
        const call = steps % 2 === 0
          ? Effect.asVoid(gemini.generate(request))
          : Stream.runDrain(gemini.generateStream(request))
        // Yielding every few operations, a fiber can be interrupted between any two of them.
        const fiber = yield* Effect.forkChild(
          Effect.provideService(call, Scheduler.MaxOpsBeforeYield, 3 + steps % 4)
        )
        for (let i = 0; i < steps / 4; i++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* inFlight(limiter), 0)
      }
      yield* close
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})

const liveClock = Layer.succeed(Clock.Clock, Context.get(Context.empty(), Clock.Clock))
const sockets = Emulator.layerServer().pipe(
  Layer.provideMerge(NodeHttpClient.layerUndici),
  Layer.provide(liveClock)
)

describe("over sockets", () => {
  it.live("calls in flight end, what outlasts the drain leaves no socket open", () =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open({ drain: "300 millis" })
      yield* emulator.addFault({ delay: 100, when: { times: 5 } }, { halfOpen: true })
      const quick = yield* Effect.forEach(
        Array.from({ length: 5 }),
        () => Effect.forkChild(gemini.generate(request), { startImmediately: true })
      )
      yield* emulator.awaitRequests(5)
      const hung = yield* Effect.forEach(
        Array.from({ length: 5 }),
        (_, i) =>
          Effect.forkChild(
            i % 2 === 0 ? Effect.asVoid(gemini.generate(request)) : Stream.runDrain(gemini.generateStream(request)),
            { startImmediately: true }
          )
      )
      yield* emulator.awaitRequests(10)
      yield* close
      for (const fiber of quick) assert.strictEqual(reasonOf(yield* Fiber.await(fiber)), "ok")
      for (const fiber of hung) assert.strictEqual(reasonOf(yield* Fiber.await(fiber)), "Unsupported")
      yield* emulator.awaitClosed(10)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(sockets)))

  /** Fetch and undici wake a reader whose connection is closed. Effect's client on undici does not (4.1). */
  it.live.each(
    [
      ["FetchGemini's own", FetchGemini.layerHttpClient, "Unsupported"],
      ["NodeGemini's own", NodeGemini.layerHttpClient(), "Unsupported"],
      ["FetchHttpClient", FetchHttpClient.layer, "Unsupported"],
      ["NodeHttpClient on undici", NodeHttpClient.layerUndici, "interrupted"]
    ] as const
  )("a stream that is read when the drain is over ends, over %s", ([, client, ending]) =>
    Effect.gen(function*() {
      const { close, emulator, gemini, limiter } = yield* open({ drain: "100 millis" })
      yield* emulator.addFault({ stall: { chunks: 1 } })
      const begun = yield* Deferred.make<void>()
      const reader = yield* Effect.forkChild(
        Stream.runForEach(gemini.generateStream(request), () => Deferred.succeed(begun, undefined)),
        { startImmediately: true }
      )
      yield* Deferred.await(begun)
      yield* close
      const exit = yield* Fiber.await(reader)
      assert.strictEqual(reasonOf(exit), ending)
      if (Exit.isFailure(exit) && ending === "Unsupported") {
        assert.include(String(Cause.squash(exit.cause)), "this client was closed while the call was under way")
      }
      yield* emulator.awaitClosed(1)
      assert.strictEqual(yield* inFlight(limiter), 0)
    }).pipe(Effect.provide(Emulator.layerServer().pipe(Layer.provideMerge(client), Layer.provide(liveClock)))))
})
