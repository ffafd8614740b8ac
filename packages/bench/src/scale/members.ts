/**
 * What a call costs over many members and many models, in a process of its own: CPU time of this thread a call, against
 * a client with one model in the same run. The transport answers from memory, so that only our own steps are counted.
 *
 * `node packages/bench/src/scale/members.ts [--json] [--subjects "1 members; 256 members"] [--planted]`
 *
 * "used" members have quotas of which the calls use a part that is not the same everywhere, so that none can be left
 * aside before its lane is looked at. `--planted` hides the limiter's own way of being asked, so that each call looks at
 * every member as it did before.
 */
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Members from "effect-gemini/Members"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { parseArgs } from "node:util"

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    planted: { type: "boolean", default: false },
    subjects: { type: "string" }
  }
})

const plenty = { rpm: 1e9, tpm: 1e12, rpd: 1e12, concurrency: 1e6, sessions: 1e6 }

const answer = new TextEncoder().encode(JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 75, totalTokenCount: 80 }
}))
const headers = { "content-type": "application/json" }
const fromMemory = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(answer, { headers })))
  )
)

const options: GeminiConfig.Options = {
  apiKey: Redacted.make("key"),
  baseUrl: "http://127.0.0.1:9",
  tier: { name: "bench", limits: plenty, models: {} }
}

interface Subject {
  readonly name: string
  readonly call: (index: number) => Promise<unknown>
  readonly dispose: () => Promise<void>
}

const subject = async (
  name: string,
  layer: Layer.Layer<GeminiClient.GeminiClient, unknown, HttpClient.HttpClient>,
  model: (index: number) => string
): Promise<Subject> => {
  const runtime = ManagedRuntime.make(Layer.provide(layer, fromMemory))
  const gemini = await runtime.runPromise(GeminiClient.GeminiClient)
  return {
    name,
    call: (index) => runtime.runPromise(gemini.generate({ model: model(index), contents: "hi" })),
    dispose: () => runtime.dispose()
  }
}

const one = () => "gemini-3.8-flash"

/** The limiter of the members, which can be asked about many lanes at once, or one that cannot. */
const limiter = flags.planted
  ? Layer.effect(RateLimiter.RateLimiter, Effect.map(RateLimiter.RateLimiter, (service) => ({ ...service }))).pipe(
    Layer.provide(RateLimiter.layer)
  )
  : RateLimiter.layer

const members = (count: number, used = ""): Promise<Subject> =>
  subject(
    `${count} members${used}`,
    Members.layerNoLimiter({
      ...options,
      // Half a percent of it is one call.
      ...(used === "" ? {} : { tier: { name: "bench", limits: { ...plenty, rpm: 200 }, models: {} } }),
      members: Array.from({ length: count }, (_, i) => ({
        name: `member-${i}`,
        apiKey: Redacted.make(`key-${i}`),
        project: `project-${i}`
      }))
    }).pipe(Layer.provide(limiter)),
    one
  )

/** A client that is asked for so many models in turn. */
const models = (count: number): Promise<Subject> =>
  subject(`${count} models`, GeminiClient.layer(options), (index) => `gemini-3.8-flash-${index % count}`)

const batch = 400
const rounds = 9

const makers: Readonly<Record<string, () => Promise<Subject>>> = {
  "client": () => subject("client", GeminiClient.layer(options), one),
  "1 members": () => members(1),
  "16 members": () => members(16),
  "64 members": () => members(64),
  "256 members": () => members(256),
  "256 members, used": () => members(256, ", used"),
  "200 models": () => models(200),
  "1000 models": () => models(1_000)
}
const wanted = flags.subjects?.split("; ") ?? Object.keys(makers)
const subjects = await Promise.all(wanted.map((name) => makers[name]?.() ?? Promise.reject(new Error(name))))

const taken = new Map<string, Array<number>>(subjects.map(({ name }) => [name, []]))
const began = new Map<string, number>()
for (let round = -4; round < rounds; round++) {
  for (const { call, name } of subjects) {
    const first = began.get(name) ?? 0
    began.set(name, first + batch)
    const start = process.threadCpuUsage()
    for (let i = 0; i < batch; i++) await call(first + i)
    const { system, user } = process.threadCpuUsage(start)
    if (round >= 0) taken.get(name)?.push((system + user) / batch)
  }
}
for (const { dispose } of subjects) await dispose()

/** The lower quartile: what else the machine does only adds. */
const figures: Record<string, number> = Object.fromEntries(
  Array.from(taken, ([name, values]) => [name, values.toSorted((a, b) => a - b)[values.length >> 2] ?? NaN])
)
if (flags.json) console.log(JSON.stringify(figures))
else {
  const plain = figures["client"] ?? NaN
  for (const [name, micros] of Object.entries(figures)) {
    console.log(
      `${name.padEnd(12)} ${micros.toFixed(1).padStart(7)} µs a call  ${(micros / plain).toFixed(2)} × client`
    )
  }
}
