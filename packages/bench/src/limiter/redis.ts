/**
 * Limits over Redis: permits per second, what they cost and what they keep, beside rate-limiter-flexible and Effect's own
 * limiter on the same server.
 *
 * A permit of ours is three steps: reserve (requests, tokens, day and concurrency at once), settle, release; what is asked
 * together goes in one script. The others count one thing in one step and know no settling, so each is also shown with
 * two counters (requests and tokens), the least that a quota of Gemini needs. CPU is that of this process and, by INFO,
 * that of Redis. Fidelity: the most that was admitted in any rolling second, limit 200, asked without pause.
 *
 * `node packages/bench/src/limiter/redis.ts`
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectLimiter from "effect/persistence/RateLimiter"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import { spawn } from "node:child_process"
import { RateLimiterRedis } from "rate-limiter-flexible"

const port = 20_000 + (process.pid % 20_000)
const inFlight = 64
const perRound = 4_000
const rounds = 9

const server = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof spawn>>((resume) => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] })
    child.stdout.on("data", (data: Buffer) => {
      if (data.toString().includes("Ready to accept")) resume(Effect.succeed(child))
    })
    child.once("error", (error) => resume(Effect.die(error)))
  }),
  (child) => Effect.sync(() => child.kill("SIGKILL"))
)

const model = Result.getOrThrow(ModelId.parse("gemini-2.5-flash"))
const laneOf = (index: number): LaneStore.LaneKey => ({
  project: `bench-${index}`,
  location: "global",
  quotaModel: model,
  family: "generate"
})

/** Takes one permit for lane `index`. The limits a second are those that the subject was made with. */
type Permit = (index: number) => Effect.Effect<boolean>

interface Subject {
  readonly name: string
  readonly make: (limit: number) => Effect.Effect<Permit, never, NodeRedis.NodeRedis>
}

const ours = (limiter: RateLimiter.Service): Subject => ({
  name: "ours: 4 dimensions, settled",
  make: (limit) =>
    Effect.succeed((index) =>
      limiter.use({
        lane: laneOf(limit * 100 + index),
        limits: { rpm: limit, tpm: limit * 1_000, rpd: 1e9, concurrency: 1_000 },
        tokens: 100
      }, (permit) => permit.settle(90)).pipe(Effect.as(true), Effect.orElseSucceed(() => false))
    )
})

const flexible = (counters: number): Subject => ({
  name: `rate-limiter-flexible, ${counters} counter${counters === 1 ? "" : "s"}`,
  make: (limit) =>
    Effect.map(NodeRedis.NodeRedis, ({ client }) => {
      const limiters = Array.from({ length: counters }, (_, i) =>
        new RateLimiterRedis({
          storeClient: client,
          useRedisPackage: true,
          keyPrefix: `flexible${limit}-${counters}-${i}`,
          points: i === 0 ? limit : limit * 1_000,
          duration: 1
        }))
      return (index) =>
        Effect.tryPromise(() =>
          Promise.all(limiters.map((limiter, i) => limiter.consume(`lane-${index}`, i === 0 ? 1 : 100)))
        ).pipe(Effect.as(true), Effect.orElseSucceed(() => false))
    })
})

const effects = (
  limiter: EffectLimiter.RateLimiter,
  counters: number,
  algorithm: "fixed-window" | "token-bucket"
): Subject => ({
  name: `Effect's, ${algorithm}, ${counters} counter${counters === 1 ? "" : "s"}`,
  make: (limit) =>
    Effect.succeed((index) =>
      Effect.all(
        Array.from({ length: counters }, (_, i) =>
          limiter.consume({
            key: `${algorithm}-${limit}-${counters}-${i}-${index}`,
            limit: i === 0 ? limit : limit * 1_000,
            tokens: i === 0 ? 1 : 100,
            window: "1 second",
            algorithm,
            onExceeded: "fail"
          })),
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.as(true), Effect.orElseSucceed(() => false))
    )
})

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

/** The CPU time that Redis has used, in microseconds. */
const redisCpu = Effect.map(
  Redis.use((redis) => redis.send<string>("INFO", "cpu")),
  (text) => {
    const seconds = (name: string) => Number(new RegExp(`used_cpu_${name}:([\\d.]+)`).exec(text)?.[1] ?? NaN)
    return (seconds("user") + seconds("sys")) * 1e6
  }
)

interface Measured {
  readonly perSecond: number
  /** Microseconds of CPU a permit. */
  readonly node: number
  readonly redis: number
}

const measured = (permit: Permit, lanes: number) =>
  Effect.gen(function*() {
    const indices = Array.from({ length: perRound }, (_, i) => i % lanes)
    const redisBefore = yield* redisCpu
    const nodeBefore = process.cpuUsage()
    const start = performance.now()
    const granted = yield* Effect.forEach(indices, permit, { concurrency: inFlight })
    const seconds = (performance.now() - start) / 1_000
    const node = process.cpuUsage(nodeBefore)
    if (granted.includes(false)) return yield* Effect.die("a permit was refused that had room")
    return {
      perSecond: perRound / seconds,
      node: (node.user + node.system) / perRound,
      redis: ((yield* redisCpu) - redisBefore) / perRound
    }
  })

const fidelity = (permit: Permit, limit: number) =>
  Effect.gen(function*() {
    const admitted: Array<number> = []
    const start = performance.now()
    yield* Effect.gen(function*() {
      if (yield* permit(0)) admitted.push(performance.now())
      // The calls come in bursts, because the phase of a fixed window does not show in an even load.
      const phase = (performance.now() - start) % 1_000
      if (phase < 800) yield* Effect.sleep(5)
    }).pipe(
      Effect.repeat({ while: () => performance.now() - start < 4_500 }),
      Effect.replicateEffect(4, { concurrency: 4, discard: true })
    )
    let first = 0
    let most = 0
    admitted.forEach((at, i) => {
      while ((admitted[first] ?? 0) <= at - 1_000) first++
      most = Math.max(most, i - first + 1)
    })
    return { most, share: admitted.length / (limit * 5) }
  })

const main = Effect.gen(function*() {
  const limiter = yield* RateLimiter.RateLimiter
  const effectLimiter = yield* EffectLimiter.RateLimiter
  const subjects = [
    ours(limiter),
    flexible(1),
    flexible(2),
    effects(effectLimiter, 1, "fixed-window"),
    effects(effectLimiter, 2, "fixed-window"),
    effects(effectLimiter, 2, "token-bucket")
  ]
  const lanes = [1, 8] as const
  const head = lanes.map((count) =>
    `${count} lane${count === 1 ? "" : "s"}: permits/s, CPU of Node, of Redis, µs a permit`.padEnd(62)
  )
  console.log(`${" ".repeat(36)} ${head.join("")}most in a rolling second, limit 200`)
  const taken = new Map(subjects.map(({ name }) => [name, { 1: Array<Measured>(), 8: Array<Measured>() }]))
  const permits = yield* Effect.forEach(subjects, ({ make, name }) => Effect.map(make(1e8), (free) => ({ name, free })))
  // The subjects take turns, so that what else the machine does meets all of them alike.
  for (let round = -2; round < rounds; round++) {
    for (const { free, name } of permits) {
      for (const count of lanes) {
        const one = yield* measured(free, count)
        if (round >= 0) taken.get(name)?.[count].push(one)
      }
    }
  }
  for (const { make, name } of subjects) {
    const { most } = yield* fidelity(yield* make(200), 200)
    const figures = lanes.map((count) => {
      const all = taken.get(name)?.[count] ?? []
      const rate = median(all.map(({ perSecond }) => perSecond)).toFixed(0).padStart(7)
      const [node, redis] = (["node", "redis"] as const).map((of) =>
        median(all.map((one) => one[of])).toFixed(1).padStart(6)
      )
      return `${rate} ${node} ${redis}`.padEnd(62)
    })
    console.log(`${name.padEnd(36)} ${figures.join("")}${String(most).padStart(8)}`)
  }
})

const redis = Layer.unwrap(
  Effect.as(server, NodeRedis.layer({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }))
)
const layer = Layer.mergeAll(
  RateLimiter.layerStore({ window: "1 second", margin: "20 millis" }).pipe(Layer.provide(RedisLaneStore.layer())),
  EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreRedis({ prefix: "effect:" })))
).pipe(Layer.provideMerge(redis))

await Effect.runPromise(Effect.scoped(Effect.provide(main, layer)))
