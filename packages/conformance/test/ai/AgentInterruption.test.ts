/**
 * An agent's run with parallel calls, interrupted at every turn of the scheduler in memory, and around every request,
 * append and handler over sockets: nothing is left of it, and it goes on to its answer. The sample of the tests, and
 * every turn by `pnpm prove 23.7`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isProving, seedOf } from "../../../../scripts/proof.ts"

const seed = seedOf("23.7", 5)

const n = Schema.Struct({ n: Schema.Int })
const toolkit = Toolkit.make(
  Tool.make("read", { description: "reads", parameters: n, success: Schema.Int }).annotate(Tool.Readonly, true)
    .annotate(ToolPolicy.Timeout, "1 minute"),
  Tool.make("bank", { description: "asks", parameters: n, success: Schema.Int })
    .annotate(ToolPolicy.AfterCrash, "rerun")
    .annotate(ToolPolicy.Group, "bank")
)

const clerk = Agent.make({
  name: "clerk",
  instructions: "You do.",
  toolkit,
  bounds: { money: "1", time: "1 minute", steps: 5 }
})

const calls = (from: number) => [
  { name: "read", args: { n: from } },
  { name: "bank", args: { n: from + 1 } },
  { name: "bank", args: { n: from + 2 } }
]
const rules = [{ plan: [{ call: calls(1) }, { call: calls(4) }, { say: "done" }] }]

/** What passes around each request, append and handler. */
const gate = { tick: Effect.void as Effect.Effect<void> }
const around = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.andThen(gate.tick, Effect.tap(effect, () => Effect.suspend(() => gate.tick))))

const handlers = toolkit.toLayer({
  read: ({ n }) => around(Effect.as(Effect.yieldNow, n)),
  bank: ({ n }) => around(Effect.as(Effect.yieldNow, n))
})

const journal = Layer.effect(
  Journal.Journal,
  Effect.map(
    Effect.map(Layer.build(Journal.layerMemory()), Context.get(Journal.Journal)),
    (journal) =>
      Journal.Journal.of({
        ...journal,
        create: (records, id) =>
          Effect.map(journal.create(records, id), (run) => ({
            ...run,
            append: (...all) => around(run.append(...all))
          })),
        resume: (records, id) =>
          Effect.map(journal.resume(records, id), (run) => ({ ...run, append: (...all) => around(run.append(...all)) }))
      })
  )
)

const http = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, HttpClient.transformResponse(around))
)

const client = (baseUrl?: string) =>
  GeminiLanguageModel.layer({ model: "gemini-3.8-flash" }).pipe(
    Layer.provideMerge(
      GeminiClient.layer({ apiKey: Redacted.make("k"), tier: "tier3", ...(baseUrl === undefined ? {} : { baseUrl }) })
    )
  )

const inMemory = client().pipe(
  Layer.provide(http),
  Layer.provideMerge(Emulator.layerHttpClient({ rules, strictSignatures: true }))
)

const overSockets = Layer.unwrap(
  Effect.map(
    Emulator.Emulator,
    ({ url }) => client(url).pipe(Layer.provide(http), Layer.provide(FetchHttpClient.layer))
  )
).pipe(Layer.provideMerge(Emulator.layerServer({ rules, strictSignatures: true })))

/** Counts the fibers of what runs with it. */
const counting = () => {
  const fibers = { alive: 0 }
  const service: Metric.FiberRuntimeMetricsService = {
    recordFiberStart: () => void fibers.alive++,
    recordFiberEnd: () => void fibers.alive--
  }
  return { fibers, service }
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

/** The timers of the run are gone. Those of the test runner come and go, and a timer of the run would stay a minute. */
const noTimer = (before: number, at: string) =>
  Effect.gen(function*() {
    for (let i = 0; timers() > before && i < 1_000; i++) yield* Effect.sleep("10 millis")
    assert.isAtMost(timers(), before, `${at}: timers`)
  })

/** Nothing of an interrupted run is left. */
const isClean = (at: string) =>
  Effect.gen(function*() {
    const { snapshot } = yield* RateLimiter.RateLimiter
    for (const { used, waiting } of yield* snapshot) {
      assert.deepStrictEqual([used.inFlight, waiting], [0, 0], `${at}: permits`)
    }
    const spending = yield* Budget.spending("all")
    assert.isTrue(BigDecimal.isZero(spending?.reserved.money ?? BigDecimal.make(1n, 0)), `${at}: reservations`)
    assert.strictEqual(spending?.reserved.tokens, 0, `${at}: reservations`)
  })

/** Goes on with the run, or begins it if it had not begun. */
const goesOn = (id: string) =>
  Agent.resume(clerk, id).pipe(
    Effect.catchReason("AgentError", "JournalFailed", () => Agent.run(clerk, "go", { id }))
  )

const ways = {
  run: (id: string) => Effect.asVoid(Agent.run(clerk, "go", { id })),
  stream: (id: string) => Stream.runDrain(Agent.stream(clerk, "go", { id }))
}

const both = ["run", "stream"] as const

/** Interrupts a run when `when` is over, and looks at what is left. It is over if the run ended first. */
const interrupted = Effect.fnUntraced(function*(id: string, way: keyof typeof ways, when: Effect.Effect<void>) {
  const { fibers, service } = counting()
  const fiber = yield* Effect.forkChild(Effect.provideService(ways[way](id), Metric.FiberRuntimeMetrics, service))
  yield* when
  const isOver = fiber.pollUnsafe() !== undefined
  yield* Fiber.interrupt(fiber)
  gate.tick = Effect.void
  yield* isClean(id)
  assert.strictEqual(fibers.alive, 0, `${id}: fibers`)
  return isOver
})

describe("an agent that is interrupted", () => {
  it.live("in memory, at any turn of the scheduler, leaves nothing, and goes on", () =>
    Effect.gen(function*() {
      gate.tick = Effect.void
      const { text } = yield* Agent.run(clerk, "go", { id: "whole" })
      assert.strictEqual(text, "done")
      const before = timers()
      let turns = 0
      const stride = isProving("23.7") ? 1 : 9
      for (const way of both) {
        for (let turn = isProving("23.7") ? 0 : seed % stride;; turn += stride) {
          const id = `${way}-${turn}`
          gate.tick = Effect.yieldNow
          const isOver = yield* interrupted(
            id,
            way,
            Effect.gen(function*() {
              for (let i = 0; i < turn; i++) yield* Effect.yieldNow
            })
          )
          yield* noTimer(before, id)
          assert.strictEqual((yield* goesOn(id)).text, "done", id)
          yield* isClean(id)
          turns++
          if (isOver) break
        }
      }
      assert.isAbove(turns, 6)
      process.stdout.write(`\n23.7 in memory: ${turns} turns of the scheduler\n`)
    }).pipe(
      Budget.within({ name: "all", money: "1000" }),
      Effect.provide([inMemory, handlers, journal])
    ), 3_600_000)

  it.live(
    "over sockets, around any request, append and handler, leaves nothing, and goes on",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        let all = 0
        gate.tick = Effect.sync(() => void all++)
        assert.strictEqual((yield* Agent.run(clerk, "go", { id: "whole" })).text, "done")
        const stride = isProving("23.7") ? 1 : 11
        let places = 0
        for (const way of both) {
          for (let place = 1 + (isProving("23.7") ? 0 : seed % stride); place <= all; place += stride) {
            const id = `${way}-${place}`
            const now = Deferred.makeUnsafe<void>()
            let left = place
            gate.tick = Effect.suspend(() =>
              --left === 0 ? Effect.asVoid(Deferred.succeed(now, undefined)) : Effect.void
            )
            yield* interrupted(id, way, Deferred.await(now))
            assert.strictEqual((yield* goesOn(id)).text, "done", id)
            yield* isClean(id)
            places++
          }
        }
        // The server has seen the end of every request.
        const { length } = yield* emulator.requests
        yield* emulator.awaitClosed(length)
        process.stdout.write(`\n23.7 over sockets: ${places} of ${2 * all} places\n`)
      }).pipe(
        Budget.within({ name: "all", money: "1000" }),
        Effect.provide([overSockets, handlers, journal])
      ),
    3_600_000
  )
})
