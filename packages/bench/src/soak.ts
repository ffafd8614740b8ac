/**
 * `pnpm soak [--minutes 30] [--json]`: at least 20,000 calls of all endings through the front door, then a stream of
 * 200 MB, then the end of the layer. `verdicts` lists what must hold; the exit code is 1 if anything does not.
 */
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelPool from "effect-gemini/ModelPool"
import * as ModelId from "effect-gemini/models/ModelId"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { parseArgs } from "node:util"
import * as Bodies from "./harness/bodies.ts"
import { startServer } from "./harness/harness.ts"
import { table } from "./harness/report.ts"

const { values: flags } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, json: { type: "boolean", default: false } }
})
const minutes = Number(flags.minutes)
const least = 20_000
const warmup = 4_000
const concurrency = 16
/** Far more models than the pool and the limiter may keep. */
const models = 4_000
/** Half an hour is about time, not about load: a pause after each call leaves the machine to others. */
const pause = minutes < 5 ? 0 : 100
const legs = minutes < 5 ? 2 : 6
/** A short window lets the limiter forget within the minute; half an hour has time for the real one. */
const windowMillis = minutes < 5 ? 2_000 : 60_000
const reached = (share: number) => share * minutes * 60_000

const fibers = { started: 0, ended: 0 }
const counting: Metric.FiberRuntimeMetricsService = {
  recordFiberStart: () => void fibers.started++,
  recordFiberEnd: () => void fibers.ended++
}

const server = await startServer()
// There is no quota a day, because a lane that counts towards one may not be forgotten before midnight.
const tier = { name: "soak", limits: { rpm: 1e6, tpm: 1e9, rpd: Infinity, concurrency: 1_000 }, models: {} }
const config: GeminiConfig.Options = {
  apiKey: Redacted.make("soak"),
  baseUrl: server.url,
  tier,
  retry: { baseDelay: 1, maxDelay: 5 }
}
const layer = Layer.effect(GeminiClient.GeminiClient, GeminiClient.make(config)).pipe(
  Layer.provideMerge(ModelPool.layer(config)),
  Layer.provideMerge(RateLimiter.layerWith({ window: windowMillis })),
  Layer.provideMerge(NodeGemini.layerHttp(config)),
  Layer.provideMerge(Layer.succeed(Metric.FiberRuntimeMetrics, counting))
)
const runtime = ManagedRuntime.make(layer)
const context = await runtime.context()
const run = Effect.runPromiseWith(context)
const { client, limiter, pool } = await run(Effect.all({
  client: GeminiClient.GeminiClient,
  limiter: RateLimiter.RateLimiter,
  pool: ModelPool.ModelPool
}))

const contents = "Tell me a story about a lighthouse keeper."
const seen: Record<string, number> = {}
const wrong: Array<string> = []
const count = (ending: string, outcome: string, expected: string): void => {
  seen[ending] = (seen[ending] ?? 0) + 1
  if (outcome !== expected && wrong.length < 20) wrong.push(`${ending}: ${outcome} instead of ${expected}`)
}

const outcome = <A>(exit: Exit.Exit<A, GeminiErrorLike>, ok: (value: A) => string): string => {
  if (Exit.isSuccess(exit)) return ok(exit.value)
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") return reason.error.reason._tag
    if (reason._tag === "Die") return `a defect: ${String(reason.defect)}`
  }
  return "interrupted"
}
interface GeminiErrorLike {
  readonly reason: { readonly _tag: string }
}

/** The models that a window used, and the most that two neighbouring windows used: a limiter must know that many. */
const used = new Set<string>()
let current = new Set<string>()
let previous = new Set<string>()
let turned = 0
let busiest = 0
const modelOf = (size: number, count: number, ending?: Bodies.Ending): string => {
  const model = Bodies.modelOf(size, count, ending)
  const now = performance.now()
  if (now - turned > windowMillis) {
    busiest = Math.max(busiest, current.size + previous.size)
    previous = current
    current = new Set()
    turned = now
  }
  current.add(model)
  used.add(model)
  return model
}
const sizeOf = (i: number) => 1 + Math.floor(i / endings.length / 4) % models

const streamed = (model: string) => Stream.runFold(client.generateStream({ model, contents }), () => 0, (n) => n + 1)

const endings: ReadonlyArray<readonly [name: string, call: (i: number) => Effect.Effect<void>]> = [
  ["unary", (i) => {
    const model = modelOf(sizeOf(i), 1)
    return Effect.map(
      Effect.exit(client.generate({ model, contents })),
      (exit) => count("unary", outcome(exit, ({ text }) => String(text.length)), String(sizeOf(i)))
    )
  }],
  [
    "stream",
    (i) =>
      Effect.map(Effect.exit(streamed(modelOf(sizeOf(i), 5))), (exit) => count("stream", outcome(exit, String), "5"))
  ],
  [
    "429",
    () =>
      Effect.map(
        Effect.exit(client.generate({ model: modelOf(40, 1, "quota"), contents })),
        (exit) => count("429", outcome(exit, () => "an answer"), "RateLimited")
      )
  ],
  ["abort", (i) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(streamed(modelOf(40, 1_000, "slow")))
      yield* Effect.sleep(i % 20)
      yield* Fiber.interrupt(fiber)
      count("abort", outcome(yield* Fiber.await(fiber), () => "an end"), "interrupted")
    })],
  [
    "cut",
    () =>
      Effect.map(
        Effect.exit(streamed(modelOf(40, 10, "cut"))),
        (exit) => count("cut", outcome(exit, () => "an end"), "StreamInterrupted")
      )
  ],
  [
    "blocked",
    () =>
      Effect.map(
        Effect.exit(client.generate({ model: modelOf(40, 1, "blocked"), contents })),
        (exit) => count("blocked", outcome(exit, () => "an answer"), "PromptBlocked")
      )
  ],
  ["early break", () =>
    client.generateStream({ model: modelOf(40, 1_000), contents }).pipe(
      Stream.take(1),
      Stream.runCount,
      Effect.exit,
      Effect.map((exit) => count("early break", outcome(exit, String), "1"))
    )]
]

let next = 0
/** Calls of all endings in turn, until `until` says so. */
const calls = (until: () => boolean): Promise<void> =>
  run(Effect.forEach(
    Array.from({ length: concurrency }),
    () =>
      Effect.whileLoop({
        while: () => !until(),
        body: () => {
          const i = next++
          const call = endings[i % endings.length]?.[1](i) ?? Effect.void
          return pause === 0 ? call : Effect.andThen(call, Effect.sleep(pause))
        },
        step: () => {}
      }),
    { concurrency, discard: true }
  ))

const wait = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const lanesKept: Array<number> = []
/**
 * Takes and gives back permits of new lanes until the limiter forgets the idle ones: between two such sweeps it may keep
 * hundreds of lanes more or less, which would say more about the moment of the measurement than of the heap.
 */
const forgetIdleLanes = Effect.gen(function*() {
  lanesKept.push((yield* limiter.snapshot).length)
  for (let before = 0, i = 0; i < 10_000; i++) {
    const quotaModel = Result.getOrThrow(ModelId.parse(`fresh-${i}`))
    const lane = { project: "default", location: "global", quotaModel, family: "count" } as const
    yield* Effect.scoped(
      Effect.flatMap(limiter.acquire({ lane, limits: tier.limits, tokens: 0 }), (permit) => permit.cancel)
    )
    const size = (yield* limiter.snapshot).length
    if (size < before) return
    before = size
  }
})

/** The live heap after the limiter's window has passed and two forced collections. */
const liveHeap = async (): Promise<number> => {
  await wait(windowMillis + 200)
  await run(forgetIdleLanes)
  globalThis.gc?.()
  await wait(50)
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const started = performance.now()
// The warm-up runs twice, because the engine drops bytecode that several collections found unused.
await calls(() => next >= warmup / 2)
await liveHeap()
await calls(() => next >= warmup)
const heaps = [await liveHeap()]
for (let leg = 1; leg <= legs; leg++) {
  const share = leg / legs
  // The last stretch belongs to the collections and the 200 MB.
  await calls(() =>
    next >= warmup + least * share && performance.now() - started > reached(share) - windowMillis - 5_000
  )
  heaps.push(await liveHeap())
}
const after = heaps.at(-1) ?? NaN
// The end is compared with the least of the earlier heaps, so that what the engine threw away meanwhile does not hide
// what was kept.
const lowest = Math.min(...heaps.slice(0, -1))
const total = Object.values(seen).reduce((a, b) => a + b, 0)

/**
 * While 200 MB pass: the RSS with each thousand chunks, and at a quarter and at three quarters of the way what is still
 * reachable. The RSS alone cannot tell what is kept from memory that the engine has not given back, and swings by a
 * tenth from run to run; what is reachable swings by a thousandth.
 */
const passed: Array<number> = []
const reachable: Array<number> = []
const chunks = 87_000
let n = 0
const look = () => {
  if (n % 1_000 === 0) passed.push(process.memoryUsage.rss())
  if (n === chunks >> 2 || n === chunks - (chunks >> 2)) {
    globalThis.gc?.()
    globalThis.gc?.()
    const { arrayBuffers, external, heapUsed } = process.memoryUsage()
    reachable.push(heapUsed + external + arrayBuffers)
  }
}
await run(
  Stream.runForEach(client.generateStream({ model: Bodies.modelOf(2_000, chunks), contents }), () =>
    Effect.sync(() => {
      n++
      look()
    }))
)
const quarter = passed.length >> 2
const grown = Math.max(...passed.slice(quarter)) - Math.max(...passed.slice(0, quarter))
const [early = NaN, late = NaN] = reachable

const poolSize = await run(pool.size)
const lanes = await run(limiter.snapshot)
const open = lanes.reduce((sum, { used, waiting }) => sum + used.inFlight + waiting, 0)
await runtime.dispose()
await wait(100)
const sockets = await server.sockets()
const resources = process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|TCP/.test(name))

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
const verdicts: ReadonlyArray<readonly [what: string, figure: string, holds: boolean]> = [
  ["calls", `${total}: ${Object.entries(seen).map(([name, n]) => `${n} ${name}`).join(", ")}`, total >= least],
  ["endings as expected", wrong.length === 0 ? "all" : wrong.join("; "), wrong.length === 0],
  [
    "live heap, end ÷ least before",
    `${(after / lowest).toFixed(3)} (${heaps.map(megabytes).join(" → ")} MB)`,
    after <= lowest * 1.05
  ],
  ["permits and waiters left", String(open), open === 0],
  ["pool entries", String(poolSize), poolSize <= ModelPool.defaultCapacity],
  [
    "limiter lanes",
    `${lanesKept.join(" → ")}; ${used.size} models were used, at most ${busiest} in two windows`,
    Math.max(...lanesKept) <= Math.max(256, 2 * busiest)
  ],
  [
    "reachable while 200 MB pass, at ¾ ÷ at ¼",
    `${(late / early).toFixed(3)} (${megabytes(early)} → ${megabytes(late)} MB)`,
    late <= early * 1.1
  ],
  [
    "RSS while 200 MB pass: highest after the first quarter − within it",
    `${megabytes(grown)} MB (up to ${megabytes(Math.max(...passed))} MB)`,
    grown <= 100e6
  ],
  [
    "fibers alive after the layer's end",
    `${fibers.started - fibers.ended} of ${fibers.started}`,
    fibers.started === fibers.ended
  ],
  ["sockets at the server after it", String(sockets), sockets === 0],
  ["timers and sockets of the process after it", resources.join(", ") || "none", resources.length === 0]
]
server.stop()

const failed = verdicts.filter(([, , holds]) => !holds)
if (flags.json) console.log(JSON.stringify({ minutes, verdicts }, undefined, 2))
else {
  console.log(`Soak of ${((performance.now() - started) / 60_000).toFixed(1)} minutes, Node ${process.version}\n`)
  console.log(
    table(["what", "figure", ""], verdicts.map(([what, figure, holds]) => [what, figure, holds ? "holds" : "FAILS"]))
  )
}
process.exitCode = failed.length === 0 ? 0 : 1
