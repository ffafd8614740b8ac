/**
 * Curves: what one more member, model, open stream, waiting call or Live session costs and keeps where there are 1, 10,
 * 100, 1,000 or 10,000. Each curve is a process of its own. CPU is this process's, in microseconds; bytes are of the live
 * heap and of what lies outside of it, after a collection.
 *
 * - members: a call over so many; the bytes of a member.
 * - models: a call, the models in turn; the bytes of a client, of which the pool keeps 256.
 * - streams: opening a stream over a socket up to its first chunk; the bytes of an open one.
 * - waiting: a call that waits behind another and then goes; its bytes while it waits.
 * - sessions: a Live session over a socket, its opening and one turn; the bytes of an idle one.
 *
 * `node --expose-gc packages/bench/src/scale/curves.ts members 10000`
 */
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { field, reply, start } from "../harness/harness.ts"
import { startServer } from "../live/harness.ts"

export const curves = {
  members: "members",
  models: "models",
  streams: "open streams",
  waiting: "waiting calls",
  sessions: "Live sessions"
} as const

export type CurveName = keyof typeof curves

/** One of so many costs this; `bytes` is what it keeps. */
export interface Point {
  readonly size: number
  readonly micros: number
  readonly bytes: number | undefined
}

type Measure = (size: number) => Promise<Point>

const plenty = { rpm: 1e9, tpm: 1e12, rpd: 1e12, concurrency: 1e6, sessions: 1e6 }
const tier = { name: "bench", limits: plenty, models: {} }
const options = { apiKey: Redacted.make("key"), baseUrl: "http://127.0.0.1:9", tier }
const model = "gemini-3.8-flash"

const answer = new TextEncoder().encode(JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 75, totalTokenCount: 80 }
}))

/** A transport that answers from memory, after `before`. */
const fromMemory = (before: Effect.Effect<void> = Effect.void) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.map(before, () =>
        HttpClientResponse.fromWeb(
          request,
          new Response(answer, { headers: { "content-type": "application/json" } })
        ))
    )
  )

/** The microseconds of CPU of this process that the work takes. */
const cpu = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return system + user
}

const held = async (): Promise<number> => {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

type Gemini = GeminiClient.GeminiClient["Service"]

const calling = async (
  layer: Layer.Layer<GeminiClient.GeminiClient, unknown>,
  size: number,
  modelOf: (index: number) => string
): Promise<Point> => {
  const empty = await held()
  const runtime = ManagedRuntime.make(layer)
  const gemini: Gemini = await runtime.runPromise(GeminiClient.GeminiClient)
  let index = 0
  const some = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await runtime.runPromise(gemini.generate({ model: modelOf(index++), contents: "hi" }))
    }
  }
  // Everybody is called once before anything is measured.
  await some(Math.max(400, size))
  const full = await held()
  const rounds: Array<number> = []
  for (let round = 0; round < 5; round++) rounds.push(await cpu(() => some(300)) / 300)
  await runtime.dispose()
  return { size, micros: Math.min(...rounds), bytes: (full - empty) / size }
}

const members: Measure = (size) =>
  calling(
    Members.layer({
      ...options,
      members: Array.from({ length: size }, (_, i) => ({
        name: `member-${i}`,
        apiKey: Redacted.make(`key-${i}`),
        project: `project-${i}`
      }))
    }).pipe(Layer.provide(fromMemory())),
    size,
    () => model
  )

const models: Measure = async (size) => {
  const point = await calling(
    GeminiClient.layer(options).pipe(Layer.provide(fromMemory())),
    size,
    (index) => `${model}-${index % size}`
  )
  return { ...point, bytes: point.bytes === undefined ? undefined : point.bytes * size / Math.min(size, 256) }
}

const waiting: Measure = async (size) => {
  const gate = Deferred.makeUnsafe<void>()
  const runtime = ManagedRuntime.make(
    GeminiClient.layer({ ...options, tier: { ...tier, limits: { ...plenty, concurrency: 1 } } }).pipe(
      Layer.provide(fromMemory(Deferred.await(gate)))
    )
  )
  const gemini: Gemini = await runtime.runPromise(GeminiClient.GeminiClient)
  const one = gemini.generate({ model, contents: "hi" })
  const first = runtime.runFork(one)
  const empty = await held()
  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  const entered = await cpu(async () => {
    for (let i = 0; i < size; i++) fibers.push(runtime.runFork(one))
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
  const full = await held()
  const gone = await cpu(async () => {
    Deferred.doneUnsafe(gate, Effect.void)
    await runtime.runPromise(Fiber.awaitAll([first, ...fibers]))
  })
  await runtime.dispose()
  return { size, micros: (entered + gone) / size, bytes: (full - empty) / size }
}

/** How many connections are dialled at once: the kernel keeps no more waiting. */
const dialled = 64

const streams = async (): Promise<Measure> => {
  const child = start(new URL("./holdServer.ts", import.meta.url), [], [])
  const baseUrl = `http://127.0.0.1:${String(field(await reply(child), "port"))}`
  const runtime = ManagedRuntime.make(NodeGemini.layer({ ...options, baseUrl }))
  const gemini: Gemini = await runtime.runPromise(GeminiClient.GeminiClient)
  return async (size) => {
    // Who reads on waits for what never comes.
    const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
    const open = Effect.suspend(() => {
      const begun = Deferred.makeUnsafe<void>()
      const reading = Stream.runForEach(
        gemini.generateStream({ model, contents: "hi" }),
        () => Effect.sync(() => Deferred.doneUnsafe(begun, Effect.void))
      )
      fibers.push(runtime.runFork(reading))
      return Deferred.await(begun)
    })
    const empty = await held()
    const micros = await cpu(() =>
      runtime.runPromise(
        Effect.forEach(Array.from({ length: size }), () => open, { concurrency: dialled, discard: true })
      )
    )
    const full = await held()
    await runtime.runPromise(Fiber.interruptAll(fibers))
    return { size, micros: micros / size, bytes: (full - empty) / size }
  }
}

const sessions = async (): Promise<Measure> => {
  const { make } = await import("../live/gemini.ts")
  const client = await make((await startServer()).url)
  return async (size) => {
    const empty = await held()
    const micros = await cpu(() => client.idle(size))
    return { size, micros: micros / size, bytes: (await held() - empty) / size }
  }
}

const measures: Readonly<Record<CurveName, () => Promise<Measure>>> = {
  members: () => Promise.resolve(members),
  models: () => Promise.resolve(models),
  waiting: () => Promise.resolve(waiting),
  streams,
  sessions
}

const isCurve = (name: string): name is CurveName => Object.hasOwn(curves, name)

if (import.meta.main) {
  const [, , name = "", largest = "10000"] = process.argv
  if (!isCurve(name)) throw new Error(`${name} is none of ${Object.keys(curves).join(", ")}`)
  const measure = await measures[name]()
  // The code is warm before the first point.
  for (let round = 0; round < 4; round++) await measure(200)
  const points: Array<Point> = []
  for (let size = 1; size <= Number(largest); size *= 10) {
    const rounds: Array<Point> = []
    for (const _ of size < 10_000 ? [1, 2, 3] : [1]) rounds.push(await measure(size))
    points.push(rounds.reduce((one, other) => other.micros < one.micros ? other : one))
  }
  console.log(JSON.stringify(points))
  process.exit(0)
}
