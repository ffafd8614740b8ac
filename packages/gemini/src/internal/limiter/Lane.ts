/**
 * Which lane a model's calls of one family belong to, and what is learnt about it.
 *
 * Quotas are counted by concrete model. A name may stand for another (an alias), so the
 * lane follows what the server says: the `modelVersion` of an answer for an alias, and the
 * model in a 429's quota dimensions for any name.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import type { Meter } from "./Meter.ts"

export interface Options {
  readonly limiter: RateLimiter.Service
  readonly project: string
  readonly location: string
  readonly quotaModel: ModelId.ModelId
  readonly isAlias: boolean
  readonly limits: (quotaModel: ModelId.ModelId, options?: CallOptions) => Limits
}

type Violations = Reason.RateLimited["violations"]

const withReset = (reason: Reason.QuotaExhausted, resetAt: number): Reason.QuotaExhausted =>
  new Reason.QuotaExhausted({
    ...(reason.description === undefined ? {} : { description: reason.description }),
    violations: reason.violations,
    ...(reason.links === undefined ? {} : { links: reason.links }),
    resetAt
  })

/** The limits a minute that a 429 names, if it names any. Of tokens only those that go in are counted here. */
const quotasOf = (violations: Violations): ReadonlyArray<LaneStore.Lesson> | undefined =>
  violations.every(({ quotaId, quotaMetric }) => quotaId === undefined && quotaMetric === undefined)
    ? undefined
    : violations.flatMap(({ quotaId = "", quotaMetric = "", quotaValue }) => {
      const isTokens = /token/i.test(quotaId + quotaMetric)
      return !quotaId.includes("PerMinute") || (isTokens && !/input_?token/i.test(quotaId + quotaMetric))
        ? []
        : [{
          counts: isTokens ? "tokens" : "requests",
          limit: quotaValue === undefined ? undefined : Number(quotaValue)
        }]
    })

const quotaModelOf = (violations: Violations): string | undefined =>
  violations.find((violation) => violation.quotaDimensions?.["model"] !== undefined)?.quotaDimensions?.["model"]

export class Lane {
  readonly #options: Options
  readonly #family: RateLimiter.LaneKey["family"]
  #key: RateLimiter.LaneKey
  #limits: Limits
  /** Attempts that asked for a permit since the lane is this one. */
  asked = 0

  constructor(options: Options, family: RateLimiter.LaneKey["family"]) {
    this.#options = options
    this.#family = family
    this.#key = this.#keyOf(options.quotaModel)
    this.#limits = options.limits(options.quotaModel)
  }

  /** The permits of one call. The estimate is made once, the lane looked up for every attempt. */
  meter(
    method: string,
    estimate: () => number,
    options: CallOptions | undefined,
    asks?: RateLimiter.Admission["asks"]
  ): Meter {
    const { limiter } = this.#options
    let tokens: number | undefined
    const admission = () => {
      this.asked++
      return this.admission(method, tokens ??= estimate(), options, asks)
    }
    return {
      use: (attempt) => limiter.use(admission(), attempt),
      acquire: Effect.suspend(() => limiter.acquire(admission())),
      learn: this.learn
    }
  }

  /** What a call asks of the lane as it stands. Who takes a permit with it says so in `asked`. */
  admission(
    method: string,
    tokens: number,
    options: CallOptions | undefined,
    asks?: RateLimiter.Admission["asks"]
  ): RateLimiter.Admission {
    if (options === undefined) return { method, lane: this.#key, limits: this.#limits, tokens, asks }
    const { limits, maxQueue, maxWait, observe, oversize, priority, tier, whenExhausted } = options
    return {
      method,
      lane: this.#key,
      limits: limits === undefined && tier === undefined
        ? this.#limits
        : this.#options.limits(this.#key.quotaModel, options),
      tokens,
      asks,
      priority,
      maxWait,
      maxQueue,
      whenExhausted,
      oversize,
      onWait: observe === undefined ? undefined : (waiting) => observe({ _tag: "Waiting", ...waiting })
    }
  }

  /** The model that an answer names, of interest where the asked name is only an alias. */
  answeredBy(modelVersion: string | null | undefined): void {
    if (this.#options.isAlias) this.#moveTo(modelVersion)
  }

  /** Hands a 429 to the limiter. The error of a spent day comes back with the time when it resets. */
  readonly learn = (error: GeminiError): Effect.Effect<GeminiError> => {
    const { reason } = error
    if (reason._tag === "RateLimited") {
      this.#moveTo(quotaModelOf(reason.violations))
      return Effect.as(
        this.#options.limiter.feedback(this.#key, {
          _tag: "RateLimited",
          retryAfter: error.retryAfter,
          quotas: quotasOf(reason.violations),
          limits: this.#limits
        }),
        error
      )
    }
    if (reason._tag !== "QuotaExhausted") return Effect.succeed(error)
    this.#moveTo(quotaModelOf(reason.violations))
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const resetAt = reason.resetAt ?? nextPacificMidnight(now)
      return Effect.as(
        this.#options.limiter.feedback(this.#key, { _tag: "QuotaExhausted", resetAt }),
        reason.resetAt === undefined ? error.withReason(withReset(reason, resetAt)) : error
      )
    })
  }

  #moveTo(name: string | null | undefined): void {
    if (name == null || name === this.#key.quotaModel) return
    const parsed = ModelId.parse(name)
    if (Result.isFailure(parsed)) return
    // A server that answers with the alias itself has not said what stands behind it.
    const model = ModelAlias.quotaModel(parsed.success)
    if (model === this.#key.quotaModel) return
    const from = this.#key
    this.#key = this.#keyOf(model)
    this.#limits = this.#options.limits(model)
    const { asked } = this
    this.asked = 0
    // What the server counted for this lane all along was counted in the other.
    const fiber = Fiber.getCurrent()
    if (fiber !== undefined) {
      Effect.runForkWith(fiber.context)(this.#options.limiter.moved(from, this.#key, asked))
    }
  }

  #keyOf(quotaModel: ModelId.ModelId): RateLimiter.LaneKey {
    return {
      project: this.#options.project,
      location: this.#options.location,
      quotaModel,
      family: this.#family
    }
  }
}
