/**
 * One process of a fleet: asks for many answers at once, and says on stdout which came and
 * when, by Redis's clock, it was given each permit.
 * `node fleetProcess.ts '{ … }'`
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import * as ModelPool from "effect-gemini/ModelPool"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { RedisReservation } from "../../src/internal/limiter/RedisReservation.ts"

export interface Job {
  readonly name: string
  readonly redis: string
  readonly baseUrl: string
  readonly jobs: number
  readonly limits: GeminiConfig.Options["limits"]
  readonly window: number
  readonly margin: number
  readonly lease: number
}

const job: Job = JSON.parse(process.argv[2] ?? "{}")

const options: GeminiConfig.Options = {
  apiKey: Redacted.make("a-key"),
  baseUrl: job.baseUrl,
  limits: job.limits,
  retry: { attempts: 1 }
}

const seen = new WeakSet<object>()
const told = (answers: ReadonlyArray<LaneStore.Reservation | LaneStore.Refusal>) =>
  Effect.sync(() => {
    for (const answer of answers) {
      if (!(answer instanceof RedisReservation) || seen.has(answer)) continue
      seen.add(answer)
      process.stdout.write(`permit ${answer.at}\n`)
    }
  })

/** The store of the context, which says what it gives. */
const telling = Layer.effect(
  LaneStore.LaneStore,
  Effect.map(LaneStore.LaneStore, (store) => ({
    ...store,
    open: (key: LaneStore.LaneKey, window: LaneStore.Window) => {
      const lane = store.open(key, window)
      const reserve = lane.reserve.bind(lane)
      const reserveAll = lane.reserveAll?.bind(lane)
      return Object.assign(lane, {
        reserve: (ask: LaneStore.Claim, now: number) => Effect.tap(reserve(ask, now), (answer) => told([answer])),
        ...(reserveAll === undefined ? {} : {
          reserveAll: (asks: ReadonlyArray<LaneStore.Claim>, now: number) => Effect.tap(reserveAll(asks, now), told)
        })
      })
    }
  }))
)

const client = Layer.effect(GeminiClient.GeminiClient, GeminiClient.make(options)).pipe(
  Layer.provide(ModelPool.layer(options)),
  Layer.provide(RateLimiter.layerStore({ window: job.window, margin: job.margin })),
  Layer.provide(GeminiHttp.layer(options)),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(telling),
  Layer.provide(RedisLaneStore.layer({ lease: job.lease, poll: "20 millis" })),
  Layer.provide(NodeRedis.layer({ url: job.redis, disableOfflineQueue: true }))
)

await Effect.gen(function*() {
  const gemini = yield* GeminiClient.GeminiClient
  yield* Effect.forEach(
    Array.from({ length: job.jobs }, (_, index) => `${job.name}-${index}`),
    (name) =>
      Effect.matchEffect(gemini.generate({ model: "gemini-2.5-flash", contents: name }), {
        onFailure: (error) => Effect.sync(() => process.stdout.write(`failed ${error.message}\n`)),
        onSuccess: () => Effect.sync(() => process.stdout.write(`done ${name}\n`))
      }),
    { concurrency: "unbounded", discard: true }
  )
}).pipe(Effect.provide(client), Effect.runPromise)
