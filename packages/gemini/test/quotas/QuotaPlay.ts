/** Plays a program of the quota model against a whole client, and says what its callers and its server saw. */
import * as Budget from "effect-gemini/Budget"
import type { CallEvent, CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as BudgetStore from "effect-gemini/limits/BudgetStore"
import type * as LaneStore from "effect-gemini/limits/LaneStore"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Redis } from "effect/persistence/Redis"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { asked, type Call, other, type Program } from "./QuotaProgram.ts"
import * as QuotaRedis from "./QuotaRedis.ts"
import { type Hit, QuotaServer } from "./QuotaServer.ts"
import { VirtualTime } from "./VirtualTime.ts"

/** What became of a call. */
export interface End {
  readonly call: Call
  readonly at: number
  readonly how: "answered" | "left" | GeminiError
  /** From when on it wanted a permit: its start, and the end of each backoff. */
  readonly wanted: ReadonlyArray<number>
  /** For the calls behind all others: the member that it named. */
  readonly named: number | undefined
}

export interface History {
  readonly program: Program
  /** All calls, also those behind all others. */
  readonly calls: ReadonlyArray<Call>
  readonly hits: ReadonlyArray<Hit>
  readonly ends: ReadonlyArray<End>
  /** The calls that never ended. */
  readonly lost: ReadonlyArray<Call>
  readonly lanes: ReadonlyArray<RateLimiter.LaneSnapshot>
  /** The budget when all calls but those behind all others had ended. */
  readonly budget: Budget.Spending | undefined
  /** What threw, if something did. */
  readonly defects: ReadonlyArray<string>
}

const day = 86_400_000

/** Long enough for everybody who waits for a day's quota, and for everything that was refused for a while. */
const longest = 12 * day

const nameOf = (member: number): string => `m${member}`

type Stores = Layer.Layer<LaneStore.LaneStore | BudgetStore.BudgetStore>

/** What one process has: a client over its stores, which are those of its memory if there are no others. */
const layerOf = (program: Program, server: QuotaServer, stores: Stores | undefined) => {
  const { budget, firstByte, hasFallback, limits, members } = program
  const options = {
    tier: "free",
    limits,
    ...(firstByte === undefined ? {} : { timeouts: { firstByte } })
  } as const
  type Built = Layer.Layer<GeminiClient.GeminiClient | RateLimiter.RateLimiter, never, HttpClient.HttpClient>
  const client: Built = members.length === 1
    ? GeminiClient.layer({ ...options, apiKey: Redacted.make("key-0") })
    : Members.layer({
      ...options,
      members: members.map((project, i) => ({
        name: nameOf(i),
        project: `p${project}`,
        apiKey: Redacted.make(`key-${i}`)
      })),
      ...(hasFallback ? { fallbackModels: { [asked]: [other] } } : {})
    })
  const built = client.pipe(
    Layer.provideMerge(budget === undefined ? Budget.layer([]) : Budget.layer(budget)),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, server.client))
  )
  return stores === undefined ? built : Layer.provide(built, stores)
}

type Services = GeminiClient.GeminiClient | RateLimiter.RateLimiter | Budget.Budget

/** Plays it, with the Redis that its processes share if it has one. */
export const play = async (program: Program, redis?: Redis["Service"]): Promise<History> => {
  if (redis !== undefined) await Effect.runPromise(redis.send("FLUSHALL"))
  const time = new VirtualTime(program.start)
  const server = new QuotaServer(program, time)
  const ends: Array<End> = []
  const open = new Map<number, Call>()
  const calls: Array<Call> = [...program.calls]
  const defects: Array<string> = []

  const one = (call: Call, named: number | undefined) =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      server.expect(call)
      open.set(call.id, call)
      const wanted = [time.now]
      const options: CallOptions = {
        headers: { "x-call": String(call.id) },
        ...(call.total === undefined ? {} : { timeouts: { total: call.total } }),
        ...(call.maxWait === undefined ? {} : { maxWait: call.maxWait }),
        ...(call.isBatch ? { priority: "batch" } : {}),
        ...(call.waitsForQuota ? { whenExhausted: "wait" } : {}),
        observe: (event: CallEvent) =>
          Effect.sync(() => {
            if (event._tag === "Retrying") wanted.push(time.now + Math.ceil(Duration.toMillis(event.delay)))
          })
      }
      const request = { model: call.model, contents: "x".repeat(4 * call.estimate) }
      const asks = call.isStream
        ? Stream.runDrain(
          call.isLeftEarly
            ? Stream.take(gemini.generateStream(request, options), 1)
            : gemini.generateStream(request, options)
        )
        : Effect.asVoid(gemini.generate(request, options))
      const done = (how: End["how"]) =>
        Effect.sync(() => {
          if (!open.delete(call.id)) defects.push(`call ${call.id} ended twice`)
          ends.push({ call, at: time.now, how, wanted, named })
        })
      yield* asks.pipe(
        Effect.matchEffect({ onSuccess: () => done(call.isLeftEarly ? "left" : "answered"), onFailure: done }),
        Effect.onInterrupt(() => done("left")),
        MemberCall.set(named === undefined ? {} : { member: nameOf(named) }),
        Effect.catchDefect((defect) => Effect.sync(() => void defects.push(String(defect))))
      )
    })

  for (const { at, by } of program.jumps) time.at(at, () => time.jump(by))

  let fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>> = []
  const base = Context.make(Clock.Clock, time.clock).pipe(Context.add(Scheduler.Scheduler, time.scheduler))
  const contexts: Array<Context.Context<Services>> = []
  const processes = redis === undefined ? 1 : program.redis?.processes ?? 1
  const held = Array.from({ length: processes }, (_, i) =>
    Effect.runForkWith(base)(
      Effect.scoped(Effect.gen(function*() {
        const stores = redis === undefined ? undefined : QuotaRedis.stores(redis, time, program)
        contexts[i] = yield* Layer.build(layerOf(program, server, stores))
        return yield* Effect.never
      })).pipe(Random.withSeed(program.seed + i))
    ))
  const isBuilt = await time.run(() => Object.keys(contexts).length === processes, 0)
  if (!isBuilt) throw new Error("the client was not built")
  const run = <A, E>(effect: Effect.Effect<A, E, Services>, process = 0) => {
    const context = contexts[process % processes]
    if (context === undefined) throw new Error(`there is no process ${process}`)
    return Effect.runForkWith(Context.merge(base, context))(Random.withSeed(effect, program.seed))
  }

  for (const call of program.calls) {
    time.at(call.at, () => {
      const fiber = run(one(call, undefined), call.id)
      fibers = [...fibers, fiber]
      if (call.leavesAfter !== undefined) time.at(call.at + call.leavesAfter, () => fiber.interruptUnsafe())
    })
  }
  const all = program.calls.length
  await time.run(() => ends.length === all, longest)
  const lost = [...open.values()]
  for (const fiber of fibers) fiber.interruptUnsafe()
  await time.run(() => fibers.every((fiber) => fiber.pollUnsafe() !== undefined), time.now + day)
  let budget: Budget.Spending | undefined
  await time.run(() => false, time.now + 120_000)
  // Each process may know of something that the others do not, and tells it when it is asked.
  for (let process = 0; process < processes; process++) {
    run(Effect.map(Budget.Budget.use(({ read }) => read), ([first]) => budget = first), process)
    await time.run(() => false, time.now + 10_000)
  }
  await time.run(() => false, time.now + 26 * 3_600_000)

  // Behind everything each way must be as good as new.
  let id = 1_000
  for (const member of program.members.keys()) {
    for (const model of [asked, other] as const) {
      const call: Call = {
        id: id++,
        at: time.now,
        model,
        estimate: 1,
        input: 1,
        output: 1,
        takes: 100,
        isStream: false,
        leavesAfter: undefined,
        isLeftEarly: false,
        total: undefined,
        maxWait: undefined,
        isBatch: false,
        waitsForQuota: false
      }
      calls.push(call)
      const fiber = run(one(call, program.members.length === 1 ? undefined : member))
      const isOver = await time.run(() => fiber.pollUnsafe() !== undefined, time.now + 60_000)
      if (!isOver) lost.push(call)
      fiber.interruptUnsafe()
      // The next one is not in the window of this one.
      await time.run(() => false, time.now + 120_000)
    }
  }

  let lanes: ReadonlyArray<RateLimiter.LaneSnapshot> = []
  const reading = run(Effect.map(RateLimiter.RateLimiter.use(({ snapshot }) => snapshot), (all) => lanes = all))
  await time.run(() => reading.pollUnsafe() !== undefined, time.now + 60_000)
  const read = reading.pollUnsafe()
  if (read === undefined || Exit.isFailure(read)) defects.push("the lanes could not be read")
  for (const fiber of held) fiber.interruptUnsafe()
  const isClosed = await time.run(() => held.every((fiber) => fiber.pollUnsafe() !== undefined), time.now + day)
  if (!isClosed) defects.push("the client did not close")
  return { program, calls, hits: server.hits, ends, lost, lanes, budget, defects }
}
