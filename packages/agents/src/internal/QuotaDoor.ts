/**
 * The door through which workers start by quota: one at a time, each when its model's lane would admit a request at once,
 * so that it waits here, where its own bound of time does not run, and not in the lane. Where no limiter is in the context
 * nobody knows of quotas, and all start.
 */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import type { Headroom, LaneSnapshot, Service } from "effect-gemini/RateLimiter"
import { RateLimiter } from "effect-gemini/RateLimiter"
import * as Model from "effect/ai/Model"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"

/** Told of the first question of whoever went through a door. */
export const FirstQuestion: Context.Reference<Effect.Effect<void>> = /* @__PURE__ */ Context.Reference<
  Effect.Effect<void>
>("effect-gemini-agents/FirstQuestion", { defaultValue: () => Effect.void })

/** Calls of workers wait behind those of whom they work for. */
const behind = <A, E, R>(play: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.serviceOption(GeminiLanguageModel.Config), (config) => {
    const outer = Option.getOrElse(config, (): typeof GeminiLanguageModel.Config.Service => ({}))
    return Effect.provideService(play, GeminiLanguageModel.Config, {
      ...outer,
      call: { ...outer.call, priority: "batch" }
    })
  })

/** How soon a lane of the model would admit so much: of several, as of several projects, the one that is soonest. */
const soonest = (
  limiter: Service,
  lanes: ReadonlyArray<LaneSnapshot>,
  model: string | undefined,
  tokens: number
): Effect.Effect<number> => {
  const generating = lanes.filter(({ lane }) => lane.family === "generate")
  const own = generating.filter(({ lane }) => lane.quotaModel === model)
  const all = Effect.forEach(
    own.length > 0 ? own : generating,
    ({ lane, limits }): Effect.Effect<Headroom> => limiter.headroom({ lane, limits, tokens, priority: "batch" })
  )
  return Effect.map(all, (all) => all.length === 0 ? 0 : Math.min(...all.map(({ admitsIn }) => admitsIn)))
}

/** Waits until a request of so many tokens would be admitted. One that never would be says so by itself. */
const admitted = (tokens: number): Effect.Effect<void> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const limiter = Context.getOrUndefined(context, RateLimiter)
    const model = Option.getOrUndefined(Context.getOption(context, Model.ModelName))
    if (limiter === undefined) return Effect.void
    const wait: Effect.Effect<void> = Effect.flatMap(limiter.snapshot, (lanes) =>
      Effect.flatMap(soonest(limiter, lanes, model, tokens), (admitsIn) =>
        admitsIn <= 0 || admitsIn === Infinity
          ? Effect.void
          : Effect.andThen(Effect.sleep(Duration.millis(Math.ceil(admitsIn))), wait)))
    return wait
  })

export class QuotaDoor {
  readonly #turn = Semaphore.makeUnsafe(1)

  /** Plays when it is this one's turn. The next one's comes when this one has asked its first question, or is over. */
  pass<A, E, R>(play: Effect.Effect<A, E, R>, tokens: number): Effect.Effect<A, E, R> {
    const turn = this.#turn
    return Effect.gen(function*() {
      const isOpen = yield* Deferred.make<void>()
      const hasAsked = yield* Deferred.make<void>()
      const asked = Effect.asVoid(Deferred.succeed(hasAsked, undefined))
      const holding = Effect.andThen(
        admitted(tokens),
        Effect.andThen(Deferred.succeed(isOpen, undefined), Deferred.await(hasAsked))
      )
      yield* Effect.forkChild(turn.withPermit(holding))
      yield* Deferred.await(isOpen)
      return yield* behind(play).pipe(Effect.provideService(FirstQuestion, asked), Effect.ensuring(asked))
    })
  }
}
