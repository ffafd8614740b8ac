/**
 * The Redis of the quota model: a real one, whose answers come at the time of the simulated world, late, or never. It
 * counts by the true time, which nobody sets.
 */
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis, RedisError } from "effect/persistence/Redis"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { told as scripts } from "../limiter/RedisClock.ts"
import { draw, type Program, type Trouble } from "./QuotaProgram.ts"
import type { VirtualTime } from "./VirtualTime.ts"

const refusedConnection = new RedisError({ cause: Object.assign(new Error("gone"), { code: "ECONNREFUSED" }) })

/** Redis as one process reaches it. */
class Way {
  readonly #redis: Redis["Service"]
  readonly #time: VirtualTime
  readonly #program: Program
  #asked = 0

  constructor(redis: Redis["Service"], time: VirtualTime, program: Program) {
    this.#redis = redis
    this.#time = time
    this.#program = program
  }

  #trouble(luck: number): Trouble | undefined {
    const { now } = this.#time
    return this.#program.redis?.troubles.find(({ from, share, until }) => now >= from && now < until && luck < share)
  }

  /** Asks the real one, while the time stands still. */
  #really<A>(step: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.callback((resume) => {
      const clock = String(Math.floor(this.#program.start + this.#time.now))
      // One connection carries both, in this order.
      const told = this.#redis.send("SET", "clock", clock)
      const asked = Effect.exit(Effect.map(Effect.all([told, step], { concurrency: 2 }), ([, answer]) => answer))
      this.#time.wait(Effect.runPromise(asked).then((exit) => resume(exit)))
    })
  }

  ask<A>(step: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const number = ++this.#asked
      const trouble = this.#trouble(draw(this.#program.seed, number, 3))
      const some = draw(this.#program.seed, number, 4)
      switch (trouble?.kind) {
        case undefined:
          return this.#really(step)
        case "late":
          return Effect.tap(this.#really(step), Effect.sleep(100 + 800 * some))
        case "tooLate":
          return Effect.tap(this.#really(step), Effect.sleep(1_200 + 4_000 * some))
        case "unheard":
          return Effect.never
        case "unanswered":
          return Effect.andThen(this.#really(step), Effect.never)
        case "afterwards":
          return Effect.suspend(() => {
            // Nobody who stops waiting takes it back.
            this.#time.at(this.#time.now + Math.ceil(1_200 + 4_000 * some), () => Effect.runFork(this.#really(step)))
            return Effect.never
          })
        case "gone":
          return Effect.fail(refusedConnection)
      }
    })
  }

  get service(): Redis["Service"] {
    const { eval: run, send } = this.#redis
    return {
      ...this.#redis,
      send: (command, ...args) => this.ask(send(command, ...args)),
      eval: (script) => (...params) => this.ask(run(script)(...params))
    }
  }
}

/** The stores of one process. */
export const stores = (
  redis: Redis["Service"],
  time: VirtualTime,
  program: Program
): Layer.Layer<LaneStore.LaneStore | BudgetStore.BudgetStore> => {
  const { processes = 1, whenDown = "closed" } = program.redis ?? {}
  const way = new Way(redis, time, program).service
  return Layer.effectContext(
    Effect.gen(function*() {
      const { store } = yield* RedisStore.make({ whenDown, localShare: 1 / processes }, scripts)
      const budgets = yield* RedisBudgetStore.make({ whenDown: whenDown === "open" ? "open" : "closed" })
      return Context.make(LaneStore.LaneStore, store).pipe(Context.add(BudgetStore.BudgetStore, budgets))
    }).pipe(Effect.provideService(Redis, way))
  )
}
