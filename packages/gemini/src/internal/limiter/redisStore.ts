/** The store over one Redis: its lanes, the way to it, and the renewal of their leases. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Redis } from "effect/persistence/Redis"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type * as LaneStore from "../../limits/LaneStore.ts"
import type { Options } from "../../limits/RedisLaneStore.ts"
import type { LaneScripts } from "./laneScript.ts"
import { RedisLane, type RedisParts } from "./RedisLane.ts"
import { type LinkStatus, StoreLink, up } from "./StoreLink.ts"

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/** The name of a lane's keys, `prefix{lane}`: the text in the braces decides the slot of a cluster. */
const nameOf = (prefix: string, { family, location, project, quotaModel }: LaneStore.LaneKey): string =>
  `${prefix}{${[project, location, quotaModel, family].map(encodeURIComponent).join("/")}}`

/** The scripts decide which clock the store counts by. */
export const make = Effect.fnUntraced(function*(options: Options, scripts: LaneScripts) {
  const redis = yield* Redis
  const scope = yield* Effect.scope
  const status = yield* SubscriptionRef.make<LinkStatus>(up)
  const lease = millis(options.lease, 15_000)
  const prefix = options.prefix ?? "gemini:"
  const shared: RedisParts = {
    redis,
    scripts,
    link: new StoreLink(
      {
        timeout: millis(options.timeout, 1_000),
        probeEvery: millis(options.probeEvery, 1_000),
        ping: redis.send("PING")
      },
      status,
      scope
    ),
    whenDown: options.whenDown ?? "closed",
    localShare: options.localShare ?? 1,
    lease,
    poll: millis(options.poll, 100),
    busy: new Set(),
    away: new Set()
  }
  // Steps that nobody waits for, such as the end of a call, are told before the store goes.
  yield* Effect.addFinalizer(() =>
    Effect.whileLoop({
      while: () => shared.away.size > 0,
      body: () => Fiber.awaitAll([...shared.away]),
      step: () => {}
    })
  )
  yield* Effect.sleep(lease / 3).pipe(
    Effect.andThen(Effect.suspend(() => Effect.forEach([...shared.busy], (lane) => lane.renew, { discard: true }))),
    Effect.forever,
    Effect.forkScoped
  )
  const store: LaneStore.Service = {
    open: (key, window) => new RedisLane(shared, key, window, nameOf(prefix, key))
  }
  return { store, status }
})
