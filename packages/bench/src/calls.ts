/**
 * What our own layers add to a call, over a transport that answers at once: the pool's hit, a model's client, the front
 * door, and a streamed chunk. Each figure is CPU time over the same loop without the layer, as the median of
 * interleaved rounds.
 *
 * `node packages/bench/src/calls.ts`
 */
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as ModelPool from "effect-gemini/ModelPool"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { median } from "./harness/sample.ts"

const rounds = 9
const chunks = 64

const piece = (finishReason?: string): GenerateContentResponse => ({
  candidates: [{ content: { role: "model", parts: [{ text: "hello" }] }, ...(finishReason && { finishReason }) }],
  usageMetadata: { promptTokenCount: 3, totalTokenCount: 4 },
  modelVersion: "gemini-3.8-flash"
})

const answer = Effect.succeed(piece("STOP"))
const pieces = [...Array.from({ length: chunks - 1 }, () => piece()), piece("STOP")]
const unused = Effect.never
const batched = Stream.fromArray(pieces)
const oneByOne = Stream.rechunk(batched, 1)

const transport = (stream: Stream.Stream<GenerateContentResponse, GeminiError>): GeminiHttp.Service => ({
  generateContent: () => answer,
  generateContentStream: () => stream,
  countTokens: () => unused,
  embedContent: () => unused,
  batchEmbedContents: () => unused,
  listModels: () => Stream.never,
  getModel: () => unused
})

// A short window, so that the lane's memory of what was sent stays small however fast it goes.
const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const options = { apiKey: Redacted.make("key"), tier: { name: "bench", limits: unlimited, models: {} } }
const services = (stream: Stream.Stream<GenerateContentResponse, GeminiError>) =>
  Layer.effect(GeminiClient.GeminiClient, GeminiClient.make(options)).pipe(
    Layer.provideMerge(ModelPool.layer(options)),
    Layer.provideMerge(RateLimiter.layerWith({ window: "20 millis", margin: "1 millis" })),
    Layer.provide(Layer.succeed(GeminiHttp.GeminiHttp, transport(stream)))
  )

/** Microseconds of CPU for one turn of `body`. */
const cost = <E>(turns: number, body: () => Effect.Effect<unknown, E>): Effect.Effect<number, E> =>
  Effect.suspend(() => {
    let i = 0
    const from = process.cpuUsage()
    return Effect.map(Effect.whileLoop({ while: () => i < turns, body, step: () => void i++ }), () => {
      const { system, user } = process.cpuUsage(from)
      return (system + user) / turns
    })
  })

const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
const request = { model, contents: "Say hello to the world, please" }
const key = { member: "default", model }
const joined = HashMap.make([`${key.member}/${key.model}`, answer])

const program = Effect.gen(function*() {
  const gemini = yield* GeminiClient.GeminiClient
  const pool = yield* ModelPool.ModelPool
  const client = yield* pool.get(key)
  const slow = yield* Effect.provide(GeminiClient.GeminiClient, yield* Layer.build(services(oneByOne)))
  const body = { contents: [{ role: "user", parts: [{ text: request.contents }] }] }
  const get = pool.get(key)
  const base = Effect.suspend(() => answer)
  const subjects: ReadonlyArray<readonly [string, number, number, () => Effect.Effect<unknown, GeminiError>]> = [
    ["an empty turn", 50_000, 1, () => base],
    ["pool hit", 50_000, 1, () => get],
    ["the same by a HashMap of joined keys", 50_000, 1, () =>
      Effect.suspend(() => {
        HashMap.get(joined, `${key.member}/${key.model}`)
        return answer
      })],
    ["ModelClient.generate", 20_000, 1, () => client.generate(body)],
    ["GeminiClient.generate", 20_000, 1, () => gemini.generate(request)],
    ["a bare chunk, 64 a pull", 4_000, chunks, () => Stream.runDrain(batched)],
    ["generateStream, a chunk of 64 a pull", 4_000, chunks, () => Stream.runDrain(gemini.generateStream(request))],
    ["a bare chunk, one a pull", 2_000, chunks, () => Stream.runDrain(oneByOne)],
    ["generateStream, a chunk of one a pull", 2_000, chunks, () => Stream.runDrain(slow.generateStream(request))]
  ]
  const all = subjects.map(() => [] as Array<number>)
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, turns, units, body]] of subjects.entries()) all[i]?.push((yield* cost(turns, body)) / units)
  }
  for (const [i, [name]] of subjects.entries()) console.log(`${name.padEnd(40)} ${median(all[i] ?? []).toFixed(2)} µs`)
})

await Effect.runPromise(Effect.scoped(Effect.provide(program, services(batched))))
