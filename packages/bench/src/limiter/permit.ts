/**
 * What a permit costs: CPU time over an empty loop of the same run, as the median of interleaved rounds, for one lane
 * that counts all four dimensions and has room; and what an admission costs while 10,000 calls wait.
 *
 * `node packages/bench/src/limiter/permit.ts [--check | --json]`; with `--check` the exit code says whether the budgets
 * hold.
 */
import type { GeminiError } from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"

/** The most microseconds that each may take over the empty loop. */
const budgets = { core: 0.2, use: 1, acquire: 2.5 }
/** How much more an admission may cost with 10,000 waiting than with few. */
const flatness = 1.5

const calls = 200_000
const rounds = 12

const limits = { rpm: 1_000, tpm: 1_000_000, rpd: 1_000_000_000, concurrency: 64 }
const lane: RateLimiter.LaneKey = {
  project: "default",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}
const admission: RateLimiter.Admission = { lane, limits, tokens: 100 }

// Time moves fast enough that the lane always has room; the system's clock is still asked.
let moved = 0
const now = (): number => Date.now() + (moved += 61)
const live = Effect.runSync(Clock.clockWith(Effect.succeed))
class FastClock {
  currentTimeMillisUnsafe = now
  readonly currentTimeMillis = Effect.sync(now)
  currentTimeNanosUnsafe = () => live.currentTimeNanosUnsafe()
  readonly currentTimeNanos = live.currentTimeNanos
  monotonicTimeNanosUnsafe = () => live.monotonicTimeNanosUnsafe()
  readonly monotonicTimeNanos = live.monotonicTimeNanos
  sleep = (duration: Duration.Duration) => live.sleep(duration)
}
const fast: Clock.Clock = new FastClock()

let sink = 0

const emptyLoop = (): void => {
  for (let i = 0; i < calls; i++) sink += i & 1
}

const core = (): () => void => {
  const stored = LaneStore.memory.open(lane, { window: 60_000, margin: 60 })
  let time = 0
  return () => {
    for (let i = 0; i < calls; i++) {
      time += 61
      const answer = stored.reserve(admission, time)
      if (Exit.isExit(answer) && Exit.isSuccess(answer)) {
        const reservation = answer.value as LaneStore.Reservation
        const settled = stored.settle(reservation, 90, time)
        const released = stored.release(reservation, time)
        if (!Exit.isExit(settled) || !Exit.isExit(released)) sink++
      } else sink++
      sink += i & 1
    }
  }
}

const loop = <E>(body: () => Effect.Effect<unknown, E>): () => void => {
  const effect = Effect.suspend(() => {
    let i = 0
    return Effect.whileLoop({ while: () => i < calls, body, step: () => void i++ })
  }).pipe(Effect.provideService(Clock.Clock, fast))
  return () => Effect.runSync(effect)
}

/** The CPU time of this thread, so that what else the machine does is not counted. */
const time = (run: () => void): number => {
  const start = process.threadCpuUsage()
  run()
  const { system, user } = process.threadCpuUsage(start)
  return (system + user) * 1000 / calls
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

const waiters = 10_000
const slice = 1_000

/**
 * One call holds the lane while 10,000 wait behind it; then they go through one after the other. The result is the
 * nanoseconds of an admission in each thousand: while the first thousand goes through, 10,000 are waiting, while the
 * last one does, 1,000.
 */
const drain = (limiter: RateLimiter.Service): Effect.Effect<ReadonlyArray<number>, GeminiError> =>
  Effect.gen(function*() {
    const one: RateLimiter.Admission = {
      lane: { ...lane, project: "waiting" },
      limits: { rpm: 1_000_000, tpm: 1_000_000, rpd: Infinity, concurrency: 1 },
      tokens: 1
    }
    const holder = yield* Effect.forkChild(limiter.use(one, () => Effect.never), { startImmediately: true })
    const times: Array<bigint> = []
    let admitted = 0
    const admittedOne = Effect.sync(() => {
      if (++admitted % slice === 0) times.push(process.hrtime.bigint())
    })
    const waiting = yield* Effect.forEach(
      Array.from({ length: waiters }),
      () => Effect.forkChild(limiter.use(one, () => admittedOne), { startImmediately: true })
    )
    times.push(process.hrtime.bigint())
    yield* Fiber.interrupt(holder)
    yield* Fiber.awaitAll(waiting)
    return times.slice(1).map((time, i) => Number(time - (times[i] ?? time)) / slice)
  }).pipe(Effect.provideService(Clock.Clock, fast))

/** Interrupts 10,000 waiting calls, the last first. The result is the nanoseconds that one takes to leave. */
const leave = (limiter: RateLimiter.Service, count: number): Effect.Effect<number, GeminiError> =>
  Effect.gen(function*() {
    const one = { ...admission, lane: { ...lane, project: "leaving" }, limits: { ...limits, concurrency: 1 } }
    const holder = yield* Effect.forkChild(limiter.use(one, () => Effect.never), { startImmediately: true })
    const waiting = yield* Effect.forEach(
      Array.from({ length: count }),
      () => Effect.forkChild(limiter.use(one, () => Effect.void), { startImmediately: true })
    )
    waiting.reverse()
    const start = process.hrtime.bigint()
    for (const fiber of waiting) fiber.interruptUnsafe()
    const nanos = Number(process.hrtime.bigint() - start) / count
    yield* Fiber.interrupt(holder)
    return nanos
  })

const main = Effect.gen(function*() {
  const limiter = yield* RateLimiter.RateLimiter
  const cases = {
    loop: emptyLoop,
    core: core(),
    effectLoop: loop(() => Effect.void),
    use: loop(() => limiter.use(admission, () => Effect.void)),
    scope: loop(() => Effect.scoped(Effect.void)),
    acquire: loop(() => Effect.scoped(Effect.flatMap(limiter.acquire(admission), (permit) => permit.settle(90))))
  }
  const names = ["loop", "core", "effectLoop", "use", "scope", "acquire"] as const
  const taken = { loop: [], core: [], effectLoop: [], use: [], scope: [], acquire: [] } as Record<
    (typeof names)[number],
    Array<number>
  >
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const nanos = time(cases[name])
      if (round >= 3) taken[name].push(nanos)
    }
  }
  const figures = {
    core: (median(taken.core) - median(taken.loop)) / 1000,
    use: (median(taken.use) - median(taken.effectLoop)) / 1000,
    acquire: (median(taken.acquire) - median(taken.effectLoop)) / 1000
  }
  if (process.argv.includes("--json")) return console.log(JSON.stringify(figures))
  const scoped = (median(taken.scope) - median(taken.effectLoop)) / 1000
  console.log(`reserve, settle and release in the store  ${figures.core.toFixed(3)} µs (budget ${budgets.core})`)
  console.log(`use                                       ${figures.use.toFixed(3)} µs (budget ${budgets.use})`)
  console.log(
    `scoped acquire and settle                 ${figures.acquire.toFixed(3)} µs (budget ${budgets.acquire}), ` +
      `of which an empty scope ${scoped.toFixed(3)} µs`
  )

  const slices: Array<ReadonlyArray<number>> = []
  const leaving = { 1_000: Array<number>(), 10_000: Array<number>() }
  for (let round = 0; round < 9; round++) {
    const drained = yield* drain(limiter)
    if (round >= 2) slices.push(drained)
    leaving[1_000].push(yield* leave(limiter, 1_000))
    leaving[10_000].push(yield* leave(limiter, 10_000))
  }
  const bySlice = Array.from({ length: waiters / slice }, (_, i) => median(slices.map((drained) => drained[i] ?? NaN)))
  const growth = median(bySlice.slice(0, 3)) / median(bySlice.slice(-3))
  console.log(
    `admission, 10,000 down to 0 waiting       ${bySlice.map((nanos) => (nanos / 1000).toFixed(2)).join(" ")} µs`
  )
  console.log(`first three thousand against the last     ${growth.toFixed(2)} × (budget ${flatness})`)
  console.log(
    `interrupted while 1,000 or 10,000 wait    ${(median(leaving[1_000]) / 1000).toFixed(2)} and ${
      (median(leaving[10_000]) / 1000).toFixed(2)
    } µs`
  )

  const holds = figures.core <= budgets.core && figures.use <= budgets.use && figures.acquire <= budgets.acquire &&
    growth <= flatness
  if (process.argv.includes("--check")) process.exitCode = holds ? 0 : 1
})

await Effect.runPromise(Effect.provide(main, RateLimiter.layer))
if (sink < 0) console.log(sink)
