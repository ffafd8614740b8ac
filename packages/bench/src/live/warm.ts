/**
 * `node packages/bench/src/live/warm.ts [--calls 60] [--rounds 5]`
 *
 * How long a routed call takes, from `generate` to its answer, with a session that is dialled for it and with one that
 * waits; both in turn, with pauses between the calls. It runs on loopback, and behind a proxy that holds every piece
 * back for half a round trip. That is what a network costs without TLS, whose handshake would be one round trip more.
 */
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { connect, createServer, type Socket } from "node:net"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { table } from "../harness/report.ts"
import { median } from "../harness/sample.ts"
import { startServer } from "./harness.ts"
import { chunkText, model } from "./subject.ts"

const { values: flags } = parseArgs({
  options: { calls: { type: "string", default: "60" }, rounds: { type: "string", default: "5" } }
})
const calls = Number(flags.calls)
const rounds = Number(flags.rounds)

/** Hands pieces on in order, each `delay` milliseconds late. */
const late = (from: Socket, to: Socket, delay: number): void => {
  from.setNoDelay(true)
  from.on("data", (piece) => setTimeout(() => to.writable && to.write(piece), delay))
  from.on("end", () => setTimeout(() => to.end(), delay))
  from.on("error", () => to.destroy())
}

const proxy = (url: string, delay: number): Promise<{ readonly url: string; readonly stop: () => void }> =>
  new Promise((resolve) => {
    const port = Number(new URL(url).port)
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
      late(client, upstream, delay)
      late(upstream, client, delay)
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resolve({ url: `http://127.0.0.1:${port}`, stop: () => server.close() })
    })
  })

const limits = { rpm: 1e9, tpm: 1e12, rpd: 1e12, concurrency: 100_000, sessions: 100_000 }

const makeClient = async (baseUrl: string, warm: boolean) => {
  const runtime = ManagedRuntime.make(
    NodeGemini.layer({ apiKey: Redacted.make("k"), baseUrl, warm, tier: { name: "bench", limits, models: {} } })
  )
  const gemini = await runtime.runPromise(GeminiClient.GeminiClient)
  return {
    call: async (): Promise<number> => {
      const start = performance.now()
      const { text } = await runtime.runPromise(gemini.generate({ model, contents: "hello" }, { transport: "live" }))
      if (text !== chunkText) throw new Error(`the answer is "${text}"`)
      return performance.now() - start
    },
    stop: () => runtime.dispose()
  }
}

const server = await startServer()
const body: Array<ReadonlyArray<string>> = []
for (const roundTrip of [0, 20, 80]) {
  const way = roundTrip === 0 ? { url: server.url, stop: () => undefined } : await proxy(server.url, roundTrip / 2)
  const clients = [await makeClient(way.url, false), await makeClient(way.url, true)]
  const times: ReadonlyArray<Array<number>> = [[], []]
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { call }] of clients.entries()) {
      const mine: Array<number> = []
      for (let n = 0; n < (round === 0 ? 20 : calls); n++) {
        mine.push(await call())
        await sleep(20 + 4 * roundTrip)
      }
      if (round > 0) times[i]?.push(median(mine))
    }
  }
  const [cold = NaN, warm = NaN] = times.map(median)
  body.push([
    roundTrip === 0 ? "loopback" : `round trip ${roundTrip} ms`,
    cold.toFixed(2),
    warm.toFixed(2),
    (warm / cold).toFixed(2)
  ])
  for (const { stop } of clients) await stop()
  way.stop()
}
server.stop()
console.log(table(["a routed call, ms", "dialled", "warm", "warm ÷ dialled"], body))
