import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { Job } from "./fleetProcess.ts"
import * as RedisServer from "./RedisServer.ts"

const window = 6_000
/** Six processes on two cores that others use too: a request may be a good while on its way. */
const margin = 400
const limit = 60
const concurrency = 24
const lease = 2_000
const windows = 4
const names = ["a", "b", "c", "d"]
const dying = ["c", "d"]

const answer = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: "done" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 }
})

interface Arrival {
  readonly at: number
  readonly job: string
}

/** Counts what arrives and how many are in flight. Requests of `held` processes get no answer any more, three each. */
const counting = Effect.acquireRelease(
  Effect.callback<{
    readonly arrivals: Array<Arrival>
    readonly held: Set<string>
    readonly mostInFlight: () => number
    readonly url: string
    readonly close: () => void
  }>((resume) => {
    const arrivals: Array<Arrival> = []
    const held = new Set<string>()
    const holding = new Map<string, number>()
    let inFlight = 0
    let most = 0
    const serve = async (request: IncomingMessage, response: ServerResponse) => {
      const at = performance.timeOrigin + performance.now()
      most = Math.max(most, ++inFlight)
      response.once("close", () => inFlight--)
      let body = ""
      for await (const piece of request) body += String(piece)
      const job = /"text":"(\w+-\d+)"/.exec(body)?.[1] ?? ""
      arrivals.push({ at, job })
      const name = job.slice(0, 1)
      const holds = holding.get(name) ?? 0
      if (held.has(name) && holds < 3) return void holding.set(name, holds + 1)
      setTimeout(() => response.setHeader("content-type", "application/json").end(answer), 100)
    }
    const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({
        arrivals,
        held,
        mostInFlight: () => most,
        url: `http://127.0.0.1:${port}`,
        close: () => void server.close().closeAllConnections()
      }))
    })
  }),
  (server) => Effect.sync(server.close)
)

const started = (job: Job) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [`${import.meta.dirname}/fleetProcess.ts`, JSON.stringify(job)], {
        stdio: ["ignore", "pipe", "pipe"]
      })
      const lines: Array<string> = []
      let rest = ""
      child.stdout.on("data", (data: Buffer) => {
        const all = (rest + data.toString()).split("\n")
        rest = all.pop() ?? ""
        lines.push(...all)
      })
      let errors = ""
      child.stderr.on("data", (data: Buffer) => (errors += data.toString()))
      return { child, lines, errors: () => errors }
    }),
    ({ child }) => ended(child)
  )

const ended = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

const until = (what: string, isSo: () => boolean) =>
  Effect.gen(function*() {
    for (let waited = 0; waited < 2_500; waited++) {
      if (isSo()) return
      yield* Effect.sleep(10)
    }
    return yield* Effect.die(new Error(`never: ${what}`))
  })

/** When each permit of a process was given, by Redis's clock, which is this machine's. */
const permits = (lines: ReadonlyArray<string>): ReadonlyArray<number> =>
  lines.flatMap((line) => line.startsWith("permit ") ? [Number(line.slice("permit ".length))] : []).sort((a, b) =>
    a - b
  )

const ascending = (times: ReadonlyArray<number>): ReadonlyArray<number> => times.toSorted((a, b) => a - b)

/** The most in any span of `length`, both ends in it. */
const mostWithin = (times: ReadonlyArray<number>, length: number): number => {
  let first = 0
  let most = 0
  times.forEach((time, index) => {
    while ((times[first] ?? 0) <= time - length) first++
    most = Math.max(most, index - first + 1)
  })
  return most
}

if (!RedisServer.isInstalled) {
  describe("four processes on one Redis", () => {
    it.skip(`keep one quota (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("four processes on one Redis", () => {
  it.live(
    "that ask for five times the quota keep it in every rolling window, use it, and outlive two of them",
    (context) =>
      Effect.gen(function*() {
        const redis = yield* RedisServer.start()
        const server = yield* counting
        const { arrivals } = server
        const job = {
          redis: redis.url,
          baseUrl: server.url,
          jobs: (5 * limit * windows) / names.length,
          limits: { "gemini-2.5-flash": { rpm: limit, tpm: 1e9, rpd: 1e9, concurrency } },
          window,
          margin,
          lease
        }
        const fleet = yield* Effect.forEach(names, (name) => started({ ...job, name }))

        // In the middle of the second window's requests: two hold three each, and die.
        yield* until("the second window began", () => arrivals.length > limit)
        for (const name of dying) server.held.add(name)
        yield* Effect.sleep(400)
        const leftLeases = yield* Effect.gen(function*() {
          const { client } = yield* NodeRedis.NodeRedis
          const [key = ""] = yield* Effect.promise(() => client.keys("*:leases"))
          const atDeath = yield* Effect.promise(() => client.zRange(key, 0, -1))
          const diedAt = performance.now()
          for (const { child } of fleet.slice(2)) child.kill("SIGKILL")
          const leftAfter = (millis: number) =>
            Effect.gen(function*() {
              yield* Effect.sleep(Math.max(0, diedAt + millis - performance.now()))
              const now = Number((yield* Effect.promise(() => client.sendCommand<[string, string]>(["TIME"])))[0]) *
                1_000
              const alive = yield* Effect.promise(() => client.zRangeByScore(key, `(${now}`, "+inf"))
              return atDeath.filter((member) => alive.includes(member)).length
            })
          return [yield* leftAfter(600), yield* leftAfter(lease + 1_000)] as const
        }).pipe(Effect.provide(RedisServer.layerOf(redis.url)))

        yield* until("the last window was used", () => arrivals.length >= limit * windows)
        const lines = fleet.flatMap(({ lines }) => lines)
        assert.deepStrictEqual(lines.filter((line) => !/^(?:done|permit) /.test(line)), [])
        assert.deepStrictEqual(fleet.map(({ errors }) => errors()), names.map(() => ""))

        const times = arrivals.map(({ at }) => at)
        // Redis counted by its own clock: this holds on any machine.
        const given = ascending(fleet.flatMap(({ lines }) => permits(lines)))
        assert.isAtLeast(given.length, arrivals.length)
        assert.isAtMost(mostWithin(given, window + margin), limit)
        // What the server counts follows while the ways there differ by less than the margin.
        const travels = fleet.flatMap(({ lines }, index) => {
          const arrived = arrivals.filter(({ job }) => job.startsWith(names[index] ?? "?")).map(({ at }) => at)
          const given = permits(lines)
          return arrived.map((at, i) => at - (given[i] ?? Infinity))
        })
        const spread = Math.max(...travels) - Math.min(...travels)
        yield* Effect.log(`the ways to the server differ by ${spread.toFixed(1)} ms; the margin is ${margin} ms`)
        if (spread > margin) context.skip(`the machine is too busy: ways differ by ${spread.toFixed(0)} ms`)
        assert.isAtMost(mostWithin(times, window), limit)
        assert.isAtMost(server.mostInFlight(), concurrency)
        assert.strictEqual(new Set(arrivals.map(({ job }) => job)).size, arrivals.length, "no job is sent twice")
        // The held ones, and what else the dead had in flight, until `lease` has passed.
        assert.isAtLeast(leftLeases[0], 6)
        assert.strictEqual(leftLeases[1], 0)

        // How soon a place was used again after its window and margin, over the windows that followed.
        const span = limit * (windows - 1)
        const used = Array.from(
          { length: limit },
          (_, i) => ((windows - 1) * (window + margin)) / ((times[i + span] ?? Infinity) - (times[i] ?? 0))
        )
        const mean = used.reduce((sum, share) => sum + share, 0) / used.length
        yield* Effect.log(`used ${(mean * 100).toFixed(2)} % of what ${windows} windows and their margin allow`)
        assert.isAtLeast(mean, 0.96)
      }),
    40_000
  )
})
