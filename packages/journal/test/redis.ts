/** Journals in Redis. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import * as RedisJournal from "../src/RedisJournal.ts"

export const redis = (url: string) =>
  Effect.flatMap(
    Layer.build(RedisServer.layerOf(url)),
    (context) => Effect.provide(RedisJournal.makeStore({ poll: "200 millis" }), context)
  )
