/**
 * Limiters side by side: what an admission costs when there is room, the most that any
 * rolling window saw, and how much of the quota is used while more is asked for than
 * there is. The load is half a window's quota, then a whole one just after the middle of
 * the window (what fixed windows let through), then always more than enough.
 */
import Bottleneck from "bottleneck"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as EffectLimiter from "effect/persistence/RateLimiter"
import * as Result from "effect/Result"
import pLimit from "p-limit"
import pThrottle from "p-throttle"
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible"
import { median } from "../harness/sample.ts"
import type { Figure, Row } from "../rows.ts"

interface Quota {
  readonly limit: number
  readonly window: number
}

interface Peer {
  /** Runs each task once it may start; resolves when all have run. */
  readonly all: (tasks: ReadonlyArray<() => void>) => Promise<unknown>
  /** Runs the same tasks, one after the other. */
  readonly each: (tasks: ReadonlyArray<() => void>) => Promise<unknown>
  readonly stop: () => Promise<unknown>
}

const promised = (
  admit: (task: () => void) => Promise<unknown>,
  stop: Peer["stop"] = () => Promise.resolve()
): Peer => ({
  all: (tasks) => Promise.all(tasks.map(admit)),
  each: async (tasks) => {
    for (const task of tasks) await admit(task)
  },
  stop
})

const effected = <R>(
  layer: Layer.Layer<R>,
  admit: (task: () => void) => Effect.Effect<unknown, unknown, R>
): Peer => {
  const runtime = ManagedRuntime.make(layer)
  return {
    all: (tasks) => runtime.runPromise(Effect.forEach(tasks, admit, { concurrency: "unbounded", discard: true })),
    each: (tasks) => runtime.runPromise(Effect.forEach(tasks, admit, { discard: true })),
    stop: () => runtime.dispose()
  }
}

const quotaModel = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))

const theirs = (algorithm: "fixed-window" | "token-bucket") => ({ limit, window }: Quota): Peer =>
  effected(
    EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory)),
    (task) =>
      Effect.flatMap(EffectLimiter.makeWithRateLimiter, (withLimit) =>
        withLimit({ key: "lane", window, limit, algorithm, onExceeded: "delay" })(Effect.sync(task)))
  )

const peers: Readonly<Record<string, (quota: Quota) => Peer>> = {
  "RateLimiter (ours)": ({ limit, window }) => {
    const admission: RateLimiter.Admission = {
      lane: { project: "default", location: "global", quotaModel, family: "generate" },
      limits: { rpm: limit, tpm: Infinity, rpd: Infinity, concurrency: 1e6 },
      tokens: 1
    }
    return effected(
      RateLimiter.layerWith({ window }),
      (task) => RateLimiter.RateLimiter.use((limiter) => limiter.use(admission, () => Effect.sync(task)))
    )
  },
  "effect RateLimiter, fixed window": theirs("fixed-window"),
  "effect RateLimiter, token bucket": theirs("token-bucket"),
  "bottleneck, reservoir": ({ limit, window }) => {
    const bottleneck = new Bottleneck({
      reservoir: limit,
      reservoirRefreshAmount: limit,
      reservoirRefreshInterval: window
    })
    return promised((task) => bottleneck.schedule(async () => task()), () => bottleneck.disconnect())
  },
  "rate-limiter-flexible, queue": ({ limit, window }) => {
    const queue = new RateLimiterQueue(new RateLimiterMemory({ points: limit, duration: window / 1000 }))
    return promised(async (task) => {
      await queue.removeTokens(1)
      task()
    })
  },
  "p-throttle": ({ limit, window }) => promised(pThrottle({ limit, interval: window })(async (task) => task())),
  "p-throttle, strict": ({ limit, window }) =>
    promised(pThrottle({ limit, interval: window, strict: true })(async (task) => task())),
  "p-limit (no quota, 8 at once)": () => {
    const limit = pLimit(8)
    return promised((task) => limit(task))
  }
}

/** The most admissions in any `window` milliseconds, ends excluded. */
export const busiest = (times: ReadonlyArray<number>, window: number): number => {
  let most = 0
  let from = 0
  times.forEach((time, to) => {
    while ((times[from] ?? time) <= time - window) from++
    most = Math.max(most, to - from + 1)
  })
  return most
}

const wait = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** Stops a limiter. Not every limiter lets go of calls that still wait, and the row goes on without it. */
const stopped = (peer: Peer | undefined): Promise<unknown> => Promise.race([peer?.stop(), wait(2_000)])

const pressure = async (name: string, quota: Quota, windows: number) => {
  const { limit, window } = quota
  const peer = peers[name]?.(quota)
  const times: Array<number> = []
  const started = performance.now()
  const tasks = (count: number) =>
    Array.from({ length: count }, () => () => void times.push(performance.now() - started))
  const ended = (work: Promise<unknown> | undefined) => void work?.catch(() => {})
  ended(peer?.all(tasks(limit / 2)))
  await wait(0.55 * window)
  ended(peer?.all(tasks(limit)))
  await wait(0.45 * window)
  ended(peer?.all(tasks(limit * (windows + 2))))
  await wait(window * windows)
  await stopped(peer)
  const sorted = times.toSorted((a, b) => a - b)
  const from = 2 * window
  const until = (windows + 1) * window
  return {
    most: busiest(sorted, window) / limit,
    used: sorted.filter((time) => time >= from && time < until).length / (limit * (until - from) / window)
  }
}

const batch = 100
const callsPerRound = 5_000
/**
 * Milliseconds after which the clock ends a round: some limiters make each call wait for a timer even when there is
 * room.
 */
const roundLimit = 250

const cost = async (name: string, rounds: number): Promise<number> => {
  const peer = peers[name]?.({ limit: 1e6, window: 60_000 })
  const tasks = Array.from({ length: batch }, () => () => {})
  const costs: Array<number> = []
  for (let round = 0; round < rounds + 2; round++) {
    const until = performance.now() + roundLimit
    const before = process.cpuUsage()
    let calls = 0
    while (calls < callsPerRound && performance.now() < until) {
      await peer?.each(tasks)
      calls += batch
    }
    const { system, user } = process.cpuUsage(before)
    if (round >= 2) costs.push((system + user) / calls)
  }
  await stopped(peer)
  return median(costs)
}

export const limiterPeers: Row = {
  id: "limiter-peers",
  title: "limiters: CPU of an admission with room; the most in a rolling window ÷ limit; share of the quota used",
  run: async ({ quick }) => {
    const names = Object.keys(peers)
    const costs = new Map<string, number>()
    for (const name of names) costs.set(name, await cost(name, quick ? 5 : 15))
    const quota: Quota = { limit: 100, window: quick ? 1_000 : 2_000 }
    const measured = await Promise.all(names.map((name) => pressure(name, quota, quick ? 5 : 9)))
    return names.map((name, i): Figure => ({
      row: "limiter-peers",
      subject: name,
      value: costs.get(name) ?? NaN,
      unit: "µs",
      better: "lower",
      detail: `most in a window ${(measured[i]?.most ?? NaN).toFixed(2)} × limit, used ${
        ((measured[i]?.used ?? NaN) * 100).toFixed(0)
      } %`,
      unchecked: true
    }))
  }
}
