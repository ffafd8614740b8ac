/**
 * Agents in several processes spend one budget in one Redis, through an emulator over sockets that fails some attempts
 * and cuts some streams. They are judged by the emulator's own count: for every request that it took up, what the whole
 * answer is charged, at the price of the page. A sample in the tests; 100 agents in four processes by `pnpm prove 24.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Budget from "effect-gemini/Budget"
import * as Cost from "effect-gemini/Cost"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import { estimateTokens } from "../../../gemini/src/internal/limiter/tokenEstimate.ts"
import * as RedisServer from "../../../gemini/test/limiter/RedisServer.ts"
import * as Fleet from "../calls/fleet.ts"
import type { Job, Said } from "./agentProcess.ts"

const { model } = Fleet
const outputTokens = 64
const processes = sizeOf("24.1", { test: 2, prove: 4 })
const agents = sizeOf("24.1", { test: 16, prove: 100 })
const seed = seedOf("24.1", 1)
const names = Array.from({ length: agents }, (_, index) => `agent-${seed + index}`)

const run = Fleet.runs<Job, Said>(`${import.meta.dirname}/agentProcess.ts`)

interface Counted {
  readonly agent: string
  readonly money: BigDecimal.BigDecimal
  /** By how many tokens the client's estimate of the input was too low. */
  readonly tooLow: number
}

const zero = BigDecimal.make(0n, 0)

const oracle = (emulator: Emulator.Service, requests: Effect.Success<Emulator.Service["requests"]>) =>
  Effect.forEach(
    Fleet.chargeable(requests),
    ({ body }) => {
      const request = typeof body === "object" && body !== null ? body : {}
      return Effect.map(Fleet.usageOf(emulator.url, request), (usageMetadata): Counted => ({
        agent: /You are (agent-\d+)\./.exec(JSON.stringify(request))?.[1] ?? "",
        money: Cost.of(model, { usageMetadata }).total ?? zero,
        tooLow: Math.max(0, usageMetadata.promptTokenCount - estimateTokens(request))
      }))
    },
    { concurrency: 8 }
  )

const sum = (amounts: ReadonlyArray<BigDecimal.BigDecimal>) => BigDecimal.sumAll(amounts)

const fleet = Effect.fnUntraced(function*(
  money: string,
  countInput: Job["countInput"],
  faults: ReadonlyArray<Fault.Fault>
) {
  const emulator = yield* Emulator.Emulator
  const redis = yield* RedisServer.start()
  yield* emulator.addFault(...faults)
  const said = yield* Effect.forEach(
    Array.from({ length: processes }, (_, index) => index),
    (process) =>
      run({
        agents: names.flatMap((_, index) => index % processes === process ? [seed + index] : []),
        redis: redis.url,
        baseUrl: emulator.url,
        model,
        money,
        countInput,
        outputTokens
      }),
    { concurrency: "unbounded" }
  )
  yield* emulator.removeFault(...faults)
  const requests = yield* emulator.requests
  const counted = yield* oracle(emulator, requests)
  const readings = yield* Effect.forEach(["fleet", ...names], (name) => Budget.spending(name)).pipe(
    Effect.provide(Layer.provide(RedisBudgetStore.layer(), RedisServer.layerOf(redis.url)))
  )
  const [whole, ...parts] = readings.map((reading) => reading?.money ?? zero)
  const costs = said.reduce<Readonly<Record<string, string>>>((all, { costs }) => ({ ...all, ...costs }), {})
  const of = (how: string) => said.reduce((sum, { ends }) => sum + (ends[how] ?? 0), 0)
  return { of, costs, counted, whole: whole ?? zero, parts, readings, requests }
})

const failing: ReadonlyArray<Fault.Fault> = [
  { when: { method: "generateContent", share: 0.2, key: "a-key" }, status: 503 },
  { when: { method: "streamGenerateContent", share: 0.2, key: "a-key" }, status: 503 }
]
const cutting: Fault.Fault = { when: { method: "streamGenerateContent", share: 0.3, key: "a-key" }, cut: { chunks: 1 } }

/** Dollars that pay for about half of the agents' runs. */
const short = BigDecimal.format(BigDecimal.multiply(BigDecimal.fromNumberUnsafe(agents), BigDecimal.make(5n, 5)))
/** The dearest token of the model that goes in. */
const input = BigDecimal.fromStringUnsafe("0.0000001")

const served = Emulator.layerServer({
  otherwise: "generate",
  rules: [{
    when: { system: { contains: "You write much." } },
    plan: [{ call: { name: "read", args: { n: 2 } } }, { say: "and so on ".repeat(100) }]
  }, {
    when: { system: { contains: "You are agent-" } },
    plan: [
      { call: { name: "read", args: { n: 3 } } },
      { call: { name: "read", args: { n: 5 } } },
      { say: "it is read, and all of it was looked at: {{ result.read }}" }
    ]
  }]
})

if (!RedisServer.isInstalled) {
  describe("agents in processes on one budget", () => {
    it.skip(`keep it (${RedisServer.skipReason})`, () => {})
  })
}

const title = `${agents} agents in ${processes} processes on one budget in Redis`

describe.runIf(RedisServer.isInstalled)(title, () => {
  it.live.each([["estimate"], ["server"]] as const)(
    "exceed it by no more than what the estimates of the input (%s) were too low, with 503s and cut streams",
    ([countInput]) =>
      Effect.gen(function*() {
        const { counted, of, parts, readings, requests, whole } = yield* fleet(short, countInput, [...failing, cutting])
        const tooLow = countInput === "server" ? 0 : counted.reduce((sum, one) => sum + one.tooLow, 0)
        const most = BigDecimal.sum(
          BigDecimal.fromStringUnsafe(short),
          BigDecimal.multiply(input, BigDecimal.fromNumberUnsafe(tooLow))
        )
        const spent = sum(counted.map(({ money }) => money))
        assert.isTrue(BigDecimal.isLessThanOrEqualTo(spent, most), BigDecimal.format(spent))
        // The budget was used, bounded the runs, and was spent through failures.
        assert.strictEqual(of("answered") + of("refused") + of("Unusable"), agents)
        assert.isAbove(of("Unusable"), 0)
        assert.isAbove(of("answered"), 0)
        assert.isAbove(of("refused"), 0)
        assert.isTrue(
          BigDecimal.isGreaterThan(
            spent,
            BigDecimal.divideUnsafe(BigDecimal.fromStringUnsafe(short), BigDecimal.make(2n, 0))
          )
        )
        assert.isAbove(requests.filter(({ status }) => status === 503).length, 0)
        assert.isAbove(requests.filter(({ outcome }) => outcome === "cut").length, 0)
        assert.strictEqual(requests.some(({ apiMethod }) => apiMethod === "countTokens"), countInput === "server")
        // By agent it adds up to the whole, and nothing is held for ever.
        assert.strictEqual(BigDecimal.format(sum(parts)), BigDecimal.format(whole))
        assert.isTrue(readings.every((reading) => reading?.reserved.tokens === 0))
      }).pipe(Effect.provide(served)),
    240_000
  )

  it.live(
    "sum by agent to the picodollar what the server counted and what the answers say, where nothing was cut",
    () =>
      Effect.gen(function*() {
        const { costs, counted, of, parts, readings, whole } = yield* fleet("1", "estimate", failing)
        assert.strictEqual(of("answered") + of("Unusable"), agents)
        assert.isAbove(of("Unusable"), agents / 8)
        const format = BigDecimal.format
        assert.strictEqual(format(whole), format(sum(counted.map(({ money }) => money))))
        assert.strictEqual(format(whole), format(sum(parts)))
        for (const [index, name] of names.entries()) {
          const own = sum(counted.filter(({ agent }) => agent === name).map(({ money }) => money))
          assert.strictEqual(format(parts[index] ?? zero), format(own), name)
          if (costs[name] !== undefined) assert.strictEqual(costs[name], format(own), name)
        }
        assert.isTrue(readings.every((reading) => reading?.isEstimated === false && reading.isPartial === false))
      }).pipe(Effect.provide(served)),
    240_000
  )
})
