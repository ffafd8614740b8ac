/** Redis's clock where a test moves it: the scripts read the key `clock`, in milliseconds, instead of asking TIME. */
import * as Effect from "effect/Effect"
import { Redis } from "effect/persistence/Redis"
import * as LaneScript from "../../src/internal/limiter/laneScript.ts"

/** One set of scripts for all stores: Redis keeps each that it was given. */
export const told = LaneScript.make(
  `{string.sub(redis.call('GET', 'clock'), 1, -4), string.sub(redis.call('GET', 'clock'), -3) .. '000'}`
)

export const setClock = (now: number) => Redis.use((redis) => Effect.orDie(redis.send("SET", "clock", String(now))))
