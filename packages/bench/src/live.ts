/**
 * Live sessions beside raw `ws` with JSON.parse and the official SDK, the three taking turns
 * so that what else the machine does hits all alike. Prints medians and ratios to raw.
 *
 *     node packages/bench/src/live.ts
 */
import { GoogleGenAI, Modality } from "@google/genai"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { fork } from "node:child_process"
import { WebSocket } from "ws"
import { median } from "./sample.ts"

const model = "gemini-2.0-flash-live"

/** One session: a turn gives how many chunks it brought. */
interface Session {
  readonly turn: (text: string) => Promise<number>
  readonly close: () => Promise<void>
}

type Connect = () => Promise<Session>

const raw = (port: number): Connect => () =>
  new Promise((resolve) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false })
    let chunks = 0
    let done: ((chunks: number) => void) | undefined
    const session: Session = {
      turn: (text) =>
        new Promise((resolve) => {
          chunks = 0
          done = resolve
          ws.send(
            JSON.stringify({ clientContent: { turns: [{ role: "user", parts: [{ text }] }], turnComplete: true } })
          )
        }),
      close: () =>
        new Promise((resolve) => {
          ws.once("close", () => resolve())
          ws.close(1000)
        })
    }
    ws.on("open", () => ws.send(JSON.stringify({ setup: { model: `models/${model}` } })))
    ws.on("message", (data) => {
      const message = JSON.parse(String(data))
      if (message.setupComplete) resolve(session)
      if (message.serverContent?.modelTurn) chunks++
      if (message.serverContent?.turnComplete) done?.(chunks)
    })
  })

const official = (port: number): Connect => {
  const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: `http://127.0.0.1:${port}` } })
  return async () => {
    let chunks = 0
    let done: ((chunks: number) => void) | undefined
    let closed: (() => void) | undefined
    const session = await client.live.connect({
      model,
      config: { responseModalities: [Modality.TEXT] },
      callbacks: {
        onmessage: ({ serverContent }) => {
          if (serverContent?.modelTurn) chunks++
          if (serverContent?.turnComplete) done?.(chunks)
        },
        onclose: () => closed?.()
      }
    })
    return {
      turn: (text) =>
        new Promise((resolve) => {
          chunks = 0
          done = resolve
          session.sendClientContent({ turns: text })
        }),
      close: () =>
        new Promise((resolve) => {
          closed = resolve
          session.close()
        })
    }
  }
}

const ours = (live: GeminiLive.Service): Connect => async () => {
  const scope = Scope.makeUnsafe()
  const session = await Effect.runPromise(Scope.provide(live.connect({ model }), scope))
  return {
    turn: (text) =>
      Effect.runPromise(
        Stream.runFold(session.sendTextStream(text), () => 0, (chunks, { text }) => text === "" ? chunks : chunks + 1)
      ),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

interface Cost {
  readonly wall: number
  readonly cpu: number
}

const timed = async (work: () => Promise<void>): Promise<Cost> => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const wall = performance.now() - start
  const { system, user } = process.cpuUsage(cpu)
  return { wall, cpu: (system + user) / 1000 }
}

const expectChunks = (got: number, want: number): void => {
  if (got !== want) throw new Error(`${got} chunks came, not ${want}`)
}

const chunkCount = 20_000
const turnCount = 2_000
const sessionCount = 200

/** What is measured of each: how much one unit costs, in milliseconds of wall and of CPU. */
const rows: ReadonlyArray<readonly [name: string, units: number, measure: (connect: Connect) => Promise<Cost>]> = [
  ["a chunk down one session", chunkCount, async (connect) => {
    const session = await connect()
    const cost = await timed(async () => expectChunks(await session.turn(`chunks ${chunkCount}`), chunkCount))
    await session.close()
    return cost
  }],
  ["a turn, ping-pong", turnCount, async (connect) => {
    const session = await connect()
    const cost = await timed(async () => {
      for (let i = 0; i < turnCount; i++) expectChunks(await session.turn("hello"), 1)
    })
    await session.close()
    return cost
  }],
  [`connecting and taking a turn, ${sessionCount} at once`, sessionCount, (connect) =>
    timed(async () => {
      await Promise.all(Array.from({ length: sessionCount }, async () => {
        const session = await connect()
        expectChunks(await session.turn("hello"), 1)
        await session.close()
      }))
    })]
]

const server = fork(`${import.meta.dirname}/liveServer.ts`)
const port = await new Promise<number>((resolve) => server.once("message", (port) => resolve(Number(port))))
const options = { apiKey: Redacted.make("k"), baseUrl: `http://127.0.0.1:${port}` }
const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const runtime = ManagedRuntime.make(NodeGemini.layerLive({ ...options, limits: { [model]: unlimited } }))
const live = await runtime.runPromise(GeminiLive.GeminiLive)

const subjects: ReadonlyArray<readonly [name: string, connect: Connect]> = [
  ["raw ws", raw(port)],
  ["effect-gemini", ours(live)],
  ["@google/genai", official(port)]
]

const rounds = 7
for (const [name, units, measure] of rows) {
  const costs = new Map<string, Array<Cost>>(subjects.map(([subject]) => [subject, []]))
  // The first two rounds warm up.
  for (let round = 0; round < rounds + 2; round++) {
    for (const [subject, connect] of subjects) {
      const cost = await measure(connect)
      if (round >= 2) costs.get(subject)?.push(cost)
    }
  }
  console.log(name)
  const floor = costs.get("raw ws") ?? []
  const of = (sample: ReadonlyArray<Cost>, key: keyof Cost) => median(sample.map((cost) => cost[key]))
  for (const [subject, sample] of costs) {
    const wall = (of(sample, "wall") * 1000) / units
    const cpu = (of(sample, "cpu") * 1000) / units
    const speed = of(floor, "wall") / of(sample, "wall")
    const load = of(sample, "cpu") / of(floor, "cpu")
    console.log(
      `  ${subject.padEnd(14)} ${wall.toFixed(1).padStart(8)} µs  CPU ${cpu.toFixed(1).padStart(8)} µs  ` +
        `speed ${speed.toFixed(2)} of raw, CPU ${load.toFixed(2)} ×`
    )
  }
}
await runtime.dispose()
server.kill()
