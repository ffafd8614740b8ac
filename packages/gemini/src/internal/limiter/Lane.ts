/**
 * Which lane a model's calls of one family belong to, and what is learnt about it.
 *
 * Quotas are counted by concrete model. A name may stand for another (an alias), so the lane follows what the server
 * says: the `modelVersion` of an answer for an alias, and the model in a 429's quota dimensions for any name. A 429
 * says only what it refuses now: when the wait that it asks for is over, the name stands for its own lane again.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Retry } from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as PacificDay from "../google/pacificDay.ts"
import * as Corrections from "./Corrections.ts"
import type { Meter } from "./Meter.ts"
import type { Estimate } from "./Tally.ts"

export interface Options {
  readonly limiter: RateLimiter.Service
  readonly project: string
  readonly location: string
  readonly quotaModel: ModelId.ModelId
  readonly isAlias: boolean
  readonly limits: (quotaModel: ModelId.ModelId, options?: CallOptions) => Limits
  readonly retry?: Retry | undefined
  /** Called when a call waits that does not observe its waits itself. */
  readonly onWait?: RateLimiter.Admission["onWait"]
}

/** A server that asked for more than calls wait: they are refused at once, as the one that heard it was. */
interface Closed {
  readonly until: number
  readonly reason: Reason.RateLimited
}

/** Where calls go that a 429 counted elsewhere: until when, and where they belong. */
interface Away {
  readonly until: number
  readonly home: ModelId.ModelId
}

/** How long a 429 that asks for no wait speaks for: the longest window that it can name, in milliseconds. */
const minute = 60_000

/** The longest delay that a server may ask for, if no option says it; in milliseconds. */
export const longestAsked = 120_000

/** No refusal is kept longer, whatever the server asked for. */
const longestClosed = 25 * 3_600_000

type Violations = Reason.RateLimited["violations"]

/** The limits a minute that a 429 names, if it names any. Of the limits on tokens only those on input count here. */
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

type Terms = RateLimiter.Terms

/** The limits that hold for the whole lane: a call may raise them, and those that it lowers bound it alone. */
const highest = (lane: Limits, call: Limits): Limits => ({
  ...lane,
  rpm: Math.max(lane.rpm, call.rpm),
  tpm: Math.max(lane.tpm, call.tpm),
  rpd: Math.max(lane.rpd, call.rpd),
  concurrency: Math.max(lane.concurrency, call.concurrency)
})

const isBelow = (call: Limits, lane: Limits): boolean =>
  call.rpm < lane.rpm || call.tpm < lane.tpm || call.rpd < lane.rpd || call.concurrency < lane.concurrency

export class Lane implements RateLimiter.Party {
  readonly #options: Options
  readonly #family: RateLimiter.LaneKey["family"]
  #key: RateLimiter.LaneKey
  #limits: Limits
  #corrections: Corrections.Corrections
  #closed: Closed | undefined
  #away: Away | undefined
  given = 0

  constructor(options: Options, family: RateLimiter.LaneKey["family"]) {
    this.#options = options
    this.#family = family
    this.#key = this.#keyOf(options.quotaModel)
    this.#limits = options.limits(options.quotaModel)
    this.#corrections = Corrections.of(options.limiter, options.quotaModel)
  }

  get lane(): RateLimiter.LaneKey {
    return this.#key
  }

  get revision(): number {
    return this.#corrections.revision
  }

  /**
   * The permits of one call. The estimate is made once, and the lane is looked up for every attempt. `counted`: what
   * counts the tokens before the first attempt, where an estimate is not enough.
   */
  meter(
    method: string,
    estimate: () => Estimate,
    options: CallOptions | undefined,
    asks?: RateLimiter.Admission["asks"],
    counted?: Effect.Effect<Estimate, GeminiError>
  ): Meter {
    const { limiter } = this.#options
    let known: Estimate | undefined
    const admission = () => this.admission(method, known ??= estimate(), options, asks)
    const ready = <A, R>(ask: () => Effect.Effect<A, GeminiError, R>): Effect.Effect<A, GeminiError, R> =>
      counted === undefined || known !== undefined
        ? this.#opened(method, ask)
        : Effect.flatMap(counted, (estimate) => {
          known = estimate
          return this.#opened(method, ask)
        })
    return {
      use: (attempt) => ready(() => limiter.use(admission(), attempt)),
      acquire: Effect.suspend(() => ready(() => limiter.acquire(admission()))),
      learn: this.learn
    }
  }

  /** Where a call is counted as the lane stands, by which limits, and for how many tokens. */
  terms(estimate: Estimate, options: CallOptions | undefined): Terms {
    const lane = this.#key
    if (options === undefined || (options.limits === undefined && options.tier === undefined)) {
      const limits = this.#limits
      return { lane, limits, own: undefined, tokens: this.#corrections.applied(estimate, limits.tpm) }
    }
    const own = this.#options.limits(lane.quotaModel, options)
    const limits = highest(this.#limits, own)
    return {
      lane,
      limits,
      own: isBelow(own, limits) ? own : undefined,
      tokens: this.#corrections.applied(estimate, own.tpm)
    }
  }

  /** What a call asks of the lane as it stands. */
  admission(
    method: string,
    estimate: Estimate,
    options: CallOptions | undefined,
    asks?: RateLimiter.Admission["asks"]
  ): RateLimiter.Admission {
    const again = () => this.terms(estimate, options)
    const { lane, limits, own, tokens } = again()
    const { onWait } = this.#options
    if (options === undefined) return { method, lane, limits, own, tokens, asks, party: this, again, onWait }
    const { maxQueue, maxWait, observe, oversize, priority, whenExhausted } = options
    return {
      method,
      lane,
      limits,
      own,
      tokens,
      asks,
      party: this,
      again,
      priority,
      maxWait,
      maxQueue,
      whenExhausted,
      oversize,
      onWait: observe === undefined ? onWait : (waiting) => observe({ _tag: "Waiting", ...waiting })
    }
  }

  /** Takes what the server counted for a request, to estimate the next ones by. */
  heard(estimate: Estimate, { usageMetadata }: RateLimiter.Charged, isFinal: boolean): void {
    this.#corrections.hear(estimate, usageMetadata, isFinal)
  }

  /** Takes the model that an answer names, which matters if the asked name is only an alias. */
  answeredBy(modelVersion: string | null | undefined): void {
    if (!this.#options.isAlias || modelVersion == null) return
    this.#away = undefined
    this.#moveTo(modelVersion, this)
  }

  /** Hands a 429 to the limiter. The error of a spent day comes back with the time at which the day resets. */
  readonly learn = (error: GeminiError): Effect.Effect<GeminiError> =>
    error.reason._tag === "RateLimited" || error.reason._tag === "QuotaExhausted"
      ? Effect.flatMap(Clock.currentTimeMillis, (now) => this.#refused(error, now))
      : Effect.succeed(error)

  #refused(error: GeminiError, now: number): Effect.Effect<GeminiError> {
    const { reason } = error
    if (reason._tag === "RateLimited") {
      this.#countedFor(reason.violations, error, now)
      // Where the limit is 0 nothing is paused: the next call is told at once, as this one was.
      if (!reason.isRetryable) return Effect.succeed(error)
      const asked = error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
      const longest = Duration.toMillis(this.#options.retry?.maxRetryAfter ?? longestAsked)
      const told = Effect.as(
        this.#options.limiter.feedback(this.#key, {
          _tag: "RateLimited",
          // Whoever shares the lane hears of a longer one when it asks: in the lane it would be a silence.
          retryAfter: asked > longest ? Duration.millis(longest) : error.retryAfter,
          quotas: quotasOf(reason.violations),
          limits: this.#limits
        }),
        error
      )
      if (asked > longest) this.#closed = { until: now + Math.min(asked, longestClosed), reason }
      return told
    }
    if (reason._tag !== "QuotaExhausted") return Effect.succeed(error)
    this.#countedFor(reason.violations, error, now)
    const retryAfter = error.retryAfter && Duration.toMillis(error.retryAfter)
    const resetAt = reason.resetAt ?? PacificDay.backAt({ now, retryAfter })
    return Effect.as(
      this.#options.limiter.feedback(this.#key, { _tag: "QuotaExhausted", resetAt }),
      reason.resetAt === undefined ? error.withReason(new Reason.QuotaExhausted({ ...reason, resetAt })) : error
    )
  }

  /**
   * Moves to the model that a 429 names, for as long as it asks to wait. Those that wait stay where they are: the server
   * may have said so of one call alone, and would say it to each of them again.
   */
  #countedFor(violations: Violations, { retryAfter }: GeminiError, now: number): void {
    const name = quotaModelOf(violations)
    if (name === undefined) return
    const home = this.#away?.home ?? this.#key.quotaModel
    this.#moveTo(name)
    const asked = retryAfter === undefined ? minute : Math.min(Duration.toMillis(retryAfter), longestAsked)
    this.#away = this.#key.quotaModel === home ? undefined : { home, until: now + asked }
  }

  #comeBack(now: number): void {
    const away = this.#away
    // A clock that was set back must not keep it away.
    if (away === undefined || (away.until > now && away.until - now <= longestAsked)) return
    this.#away = undefined
    this.#moveTo(away.home, this)
  }

  /** Milliseconds for which the server wants no calls; 0 if it takes them. */
  closedFor(now: number): number {
    this.#comeBack(now)
    const rest = this.#closed === undefined ? 0 : this.#closed.until - now
    // A clock that was set back must not keep it closed.
    if (rest > 0 && rest <= longestClosed) return rest
    this.#closed = undefined
    return 0
  }

  /** Fails while the server wants no calls, without asking it. */
  #opened<A, R>(method: string, ask: () => Effect.Effect<A, GeminiError, R>): Effect.Effect<A, GeminiError, R> {
    return this.#closed === undefined && this.#away === undefined ?
      ask() :
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const retryAfter = this.closedFor(now)
        if (this.#closed === undefined) return ask()
        const { reason } = this.#closed
        const model = this.#key.quotaModel
        return Effect.fail(
          new GeminiError({ method, model, attempts: [], reason, retryAfter: Duration.millis(retryAfter) })
        )
      })
  }

  /** `party`: whose waiting calls go along. */
  #moveTo(name: string | null | undefined, party?: RateLimiter.Party): void {
    if (name == null || name === this.#key.quotaModel) return
    const parsed = ModelId.parse(name)
    if (Result.isFailure(parsed)) return
    // If the server answers with the alias itself, it does not tell what stands behind it.
    const model = ModelAlias.quotaModel(parsed.success)
    if (model === this.#key.quotaModel) return
    const from = this.#key
    this.#key = this.#keyOf(model)
    this.#limits = this.#options.limits(model)
    this.#corrections = Corrections.of(this.#options.limiter, model)
    const { given } = this
    this.given = 0
    // The server counted these attempts for this lane all along, but they were counted in the other one.
    const fiber = Fiber.getCurrent()
    if (fiber !== undefined) {
      Effect.runForkWith(fiber.context)(this.#options.limiter.moved(from, this.#key, given, party))
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
