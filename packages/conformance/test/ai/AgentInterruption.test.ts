/**
 * An agent's run with parallel calls, and the runs of teams, interrupted at every turn of the scheduler in memory, and
 * around every request, append and handler over sockets: nothing is left of them, and they go on to their answers. The
 * sample of the tests, every turn of the agent by `pnpm prove 23.7`, and every turn of the teams by `pnpm prove 24.4`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { AgentError } from "effect-gemini-agents/AgentError"
import * as Approval from "effect-gemini-agents/Approval"
import * as Team from "effect-gemini-agents/Team"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
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

const seed = isProving("24.4") ? seedOf("24.4", 5) : seedOf("23.7", 5)

const n = Schema.Struct({ n: Schema.Int })
const toolkit = Toolkit.make(
  Tool.make("read", { description: "reads", parameters: n, success: Schema.Int }).annotate(Tool.Readonly, true)
    .annotate(ToolPolicy.Timeout, "1 minute"),
  Tool.make("bank", { description: "asks", parameters: n, success: Schema.Int })
    .annotate(ToolPolicy.AfterCrash, "rerun")
    .annotate(ToolPolicy.Group, "bank"),
  Tool.make("pay", { description: "pays", parameters: n, success: Schema.Int, needsApproval: true })
)

const bounds = { money: "1", time: "1 minute", steps: 5 } as const
const clerk = Agent.make({ name: "clerk", instructions: "You do.", toolkit, bounds })
const named = (name: string) => Agent.make({ name, instructions: `You are ${name}.`, toolkit, bounds })
const [ada, bob, cid] = [named("ada"), named("bob"), named("cid")]

/** What is interrupted, its answer, and how far apart the turns are that the tests look at. */
const subjects = {
  agent: { agent: clerk, text: "done", line: "23.7", stride: 9 },
  manager: {
    agent: Team.manager(named("boss"), { ada, bob, cid }),
    text: "ada, bob, cid",
    line: "24.4",
    stride: 60
  },
  handoff: {
    agent: Team.handoff({
      start: "eve",
      agents: { eve: named("eve"), ada },
      edges: { eve: ["ada"] },
      carry: "verbatim"
    }),
    text: "ada",
    line: "24.4",
    stride: 45
  },
  all: {
    agent: Team.all({ ada, broken: named("broken"), bob }, {
      name: "some",
      atLeast: 2,
      combine: ({ ada, bob, broken }) => `${ada._tag} ${broken._tag} ${bob._tag}`
    }),
    text: "Success Failure Success",
    line: "24.4",
    stride: 60
  },
  approvals: {
    agent: Team.sequence(ada, Team.all({ dot: named("dot"), bob }, { combine: ({ bob, dot }) => `${dot} ${bob}` })),
    text: "dot bob",
    line: "24.4",
    stride: 60
  }
} as const

type Subject = (typeof subjects)[keyof typeof subjects]
type Needs = Tool.HandlersFor<typeof toolkit["tools"]>

const calls = (from: number) => [
  { name: "read", args: { n: from } },
  { name: "bank", args: { n: from + 1 } },
  { name: "bank", args: { n: from + 2 } }
]
const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})
const rules: ReadonlyArray<Rule.Rule> = [
  persona("boss", [
    { call: ["ada", "bob", "cid"].map((name) => ({ name, args: { task: "do" } })) },
    { say: "{{ result.ada }}, {{ result.bob }}, {{ result.cid }}" }
  ]),
  persona("eve", [{ call: calls(1) }, { handOff: "ada" }]),
  persona("ada", [{ call: calls(1) }, { say: "ada" }]),
  persona("bob", [{ call: calls(1) }, { say: "bob" }]),
  persona("cid", [{ say: "cid" }]),
  persona("dot", [{ call: { name: "pay", args: { n: 1 } } }, { say: "dot" }]),
  persona("broken", [{ misbehave: "empty" }]),
  { name: "clerk", plan: [{ call: calls(1) }, { call: calls(4) }, { say: "done" }] }
]

/** What passes around each request, append and handler. */
const gate = { tick: Effect.void as Effect.Effect<void> }
const around = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.andThen(gate.tick, Effect.tap(effect, () => Effect.suspend(() => gate.tick))))

const handlers = toolkit.toLayer({
  read: ({ n }) => around(Effect.as(Effect.yieldNow, n)),
  bank: ({ n }) => around(Effect.as(Effect.yieldNow, n)),
  pay: ({ n }) => around(Effect.as(Effect.yieldNow, n))
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

type Any = Agent.Agent<string, string, unknown, unknown, Needs>

const pendingOf = (error: unknown) =>
  error instanceof AgentError && error.reason._tag === "Suspended" ? error.reason.pending : []

/** Goes on with the run, or begins it if it had not begun, to its answer: a person says yes to all. */
const goesOn = ({ agent }: { readonly agent: Any }, id: string) =>
  Effect.gen(function*() {
    let decisions: ReadonlyArray<Approval.Decision<string>> = []
    while (true) {
      const went = yield* Effect.result(
        Agent.resume(agent, id, decisions).pipe(
          Effect.catchIf(
            (error) => error instanceof AgentError && error.reason._tag === "JournalFailed",
            () => Agent.run(agent, "go", { id })
          )
        )
      )
      if (went._tag === "Success") return went.success
      const pending = pendingOf(went.failure)
      if (pending.length === 0) return yield* Effect.die(went.failure)
      decisions = pending.map(({ call }) => Approval.approve(call, { by: "ada" }))
    }
  })

const ways = {
  run: ({ agent }: { readonly agent: Any }, id: string) => Effect.exit(Effect.asVoid(Agent.run(agent, "go", { id }))),
  stream: ({ agent }: { readonly agent: Any }, id: string) =>
    Effect.exit(Stream.runDrain(Agent.stream(agent, "go", { id })))
}

const both = ["run", "stream"] as const

/** Interrupts a run when `when` is over, and looks at what is left. It is over if the run ended first. */
const interrupted = Effect.fnUntraced(function*(
  subject: Subject,
  id: string,
  way: keyof typeof ways,
  when: Effect.Effect<void>
) {
  const { fibers, service } = counting()
  const fiber = yield* Effect.forkChild(
    Effect.provideService(ways[way](subject, id), Metric.FiberRuntimeMetrics, service)
  )
  yield* when
  const isOver = fiber.pollUnsafe() !== undefined
  yield* Fiber.interrupt(fiber)
  gate.tick = Effect.void
  yield* isClean(id)
  assert.strictEqual(fibers.alive, 0, `${id}: fibers`)
  return isOver
})

/** Whether every turn is looked at. */
const isWhole = ({ line }: Subject) => isProving(line)

for (const [name, subject] of Object.entries(subjects)) {
  const { line, stride: far, text } = subject
  describe(`${name === "agent" ? "an agent" : `a team (${name})`} that is interrupted`, () => {
    it.live("in memory, at any turn of the scheduler, leaves nothing, and goes on", () =>
      Effect.gen(function*() {
        gate.tick = Effect.void
        assert.strictEqual((yield* goesOn(subject, "whole")).text, text)
        const before = timers()
        let turns = 0
        const stride = isWhole(subject) ? 1 : far
        for (const way of both) {
          for (let turn = isWhole(subject) ? 0 : seed % stride;; turn += stride) {
            const id = `${way}-${turn}`
            gate.tick = Effect.yieldNow
            const isOver = yield* interrupted(
              subject,
              id,
              way,
              Effect.gen(function*() {
                for (let i = 0; i < turn; i++) yield* Effect.yieldNow
              })
            )
            yield* noTimer(before, id)
            assert.strictEqual((yield* goesOn(subject, id)).text, text, id)
            yield* isClean(id)
            turns++
            if (isOver) break
          }
        }
        assert.isAbove(turns, 3)
        process.stdout.write(`\n${line} ${name}, in memory: ${turns} turns of the scheduler\n`)
      }).pipe(
        Budget.within({ name: "all", money: "1000" }),
        Effect.provide([inMemory, handlers, journal])
      ), 3_600_000)

    // The tests look at one team over sockets; in memory they look at all.
    if (line === "24.4" && name !== "approvals" && !isWhole(subject)) return
    it.live(
      "over sockets, around any request, append and handler, leaves nothing, and goes on",
      () =>
        Effect.gen(function*() {
          const emulator = yield* Emulator.Emulator
          let all = 0
          gate.tick = Effect.sync(() => void all++)
          yield* ways.run(subject, "whole")
          const stride = isWhole(subject) ? 1 : far === 9 ? 11 : 40
          let places = 0
          for (const way of both) {
            for (let place = 1 + (isWhole(subject) ? 0 : seed % stride); place <= all; place += stride) {
              const id = `${way}-${place}`
              const now = Deferred.makeUnsafe<void>()
              let left = place
              gate.tick = Effect.suspend(() =>
                --left === 0 ? Effect.asVoid(Deferred.succeed(now, undefined)) : Effect.void
              )
              yield* interrupted(subject, id, way, Deferred.await(now))
              assert.strictEqual((yield* goesOn(subject, id)).text, text, id)
              yield* isClean(id)
              places++
            }
          }
          // The server has seen the end of every request.
          const { length } = yield* emulator.requests
          yield* emulator.awaitClosed(length)
          process.stdout.write(`\n${line} ${name}, over sockets: ${places} of ${2 * all} places\n`)
        }).pipe(
          Budget.within({ name: "all", money: "1000" }),
          Effect.provide([overSockets, handlers, journal])
        ),
      3_600_000
    )
  })
}
