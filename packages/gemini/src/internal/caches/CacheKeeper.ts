/**
 * The cache of one open prefix: found or made where that pays, renewed before its end, forgotten when it is lost. It never
 * fails; whoever asks it for a cache may get none.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Options, PrefixStats, Without } from "../../caches/CachedPrefix.ts"
import type { CacheIndexService, IndexedCache } from "../../caches/CacheIndex.ts"
import type { CachesService } from "../../caches/Caches.ts"
import type * as Cost from "../../Cost.ts"
import type * as GeminiClient from "../../GeminiClient.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import type { Content } from "../../wire/Content.ts"
import type { Tool, ToolConfig } from "../../wire/Tool.ts"
import * as Usage from "../../wire/Usage.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import * as CacheMinimum from "./cacheMinimum.ts"
import { PayOff } from "./PayOff.ts"
import * as PrefixPrices from "./prefixPrices.ts"

/** What is shared, as it goes to the wire. */
export interface PrefixBody {
  readonly contents: ReadonlyArray<Content>
  readonly systemInstruction?: Content
  readonly tools?: ReadonlyArray<Tool>
  readonly toolConfig?: ToolConfig
}

interface Given {
  readonly client: GeminiClient.Service
  readonly caches: CachesService
  readonly index: CacheIndexService
  readonly options: Options
  readonly model: ModelId.ModelId
  readonly body: PrefixBody
  readonly key: string
  readonly scope: Scope.Scope
}

/** A cache that a call names. */
export interface Use {
  readonly name: string
  readonly member: string | undefined
}

/** A cache whose end is nearer than this is not named any more: the call would come too late. */
const guard = 1_000
/** A cache that would be given up sooner than this is not made. */
const shortest = 10_000
/** How long before its end a cache is renewed, at most. */
const margin = 30_000
const minute = 60_000
const hour = 60 * minute

export class CacheKeeper {
  readonly #given: Given
  #counted: PrefixPrices.Counted | undefined
  #payOff: PayOff | undefined
  #minimum: number
  #cache: IndexedCache | undefined
  /** Until when the cache should be there, by the hits so far. */
  #wanted = 0
  /** Finds or makes a cache now. */
  #finding: Fiber.Fiber<IndexedCache | undefined> | undefined
  /** Renews the cache before its end. */
  #watch: Fiber.Fiber<void> | undefined
  #without: Without = "idle"
  /** No cache is made before this time. */
  #blocked = 0
  /** How often one after another the server refused to make a cache, or lost one. */
  #failures = 0
  #calls = 0
  #hits = 0
  #fallbacks = 0
  #created = 0
  #renewed = 0

  constructor(given: Given) {
    this.#given = given
    this.#minimum = CacheMinimum.of(given.model)
  }

  /** The cache for a call that begins now. */
  readonly use: Effect.Effect<Use | undefined> = Effect.suspend(() => {
    const { options: { patience = "30 seconds" }, scope } = this.#given
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.#payOff?.arrived(now)
      const cache = this.#living(now)
      if (cache !== undefined) return Effect.succeed(useOf(cache))
      // It goes on if the call that began it is interrupted: others wait for it, too.
      const finding = this.#finding === undefined
        ? Effect.forkIn(Effect.ensuring(this.#find, Effect.sync(() => this.#finding = undefined)), scope)
        : Effect.succeed(this.#finding)
      return Effect.flatMap(finding, (fiber) => {
        if (fiber.pollUnsafe() === undefined) this.#finding = fiber
        return Effect.map(
          Effect.timeoutOption(Fiber.await(fiber), patience),
          (found) => {
            const cache = Option.isSome(found) && found.value._tag === "Success" ? found.value.value : undefined
            return cache === undefined ? undefined : useOf(cache)
          }
        )
      })
    })
  })

  #living(now: number): IndexedCache | undefined {
    const cache = this.#cache
    return cache !== undefined && cache.expires - guard > now ? cache : undefined
  }

  readonly #find: Effect.Effect<IndexedCache | undefined> = Effect.gen({ self: this }, function*() {
    const { index, key } = this.#given
    // Neither the tokens nor the prices of a prefix change.
    if (this.#without === "small" || this.#without === "unpriced") return undefined
    let now = yield* Clock.currentTimeMillis
    const known = yield* index.get(key)
    if (known !== undefined && known.expires - guard > now) {
      this.#counted ??= { tokens: known.tokens, details: undefined }
      this.#rule(now)?.adopted(now, known.expires)
      this.#cache = known
      return known
    }
    this.#cache = undefined
    if (now < this.#blocked) return undefined
    this.#without = "idle"
    const counted = yield* this.#tokens()
    if (counted === undefined) return undefined
    if (counted.tokens < this.#minimum) {
      this.#without = "small"
      return undefined
    }
    const isNew = this.#payOff === undefined
    const rule = this.#rule(now)
    if (rule === undefined) {
      this.#without = "unpriced"
      return undefined
    }
    if (isNew) rule.arrived(now)
    now = yield* Clock.currentTimeMillis
    if (rule.hold < shortest || !rule.shouldCreate(now)) return undefined
    return yield* Effect.matchEffect(index.once(key, now + guard, this.#create(rule)), {
      onFailure: (error) => this.#refused(error),
      onSuccess: (cache) => {
        if (cache !== undefined && this.#cache?.name !== cache.name) rule.adopted(now, cache.expires)
        this.#cache = cache
        return Effect.succeed(cache)
      }
    })
  })

  #create(rule: PayOff): Effect.Effect<IndexedCache, GeminiError> {
    const { body, caches, model } = this.#given
    return Effect.gen({ self: this }, function*() {
      const { cache, handle } = yield* caches.create({
        model,
        ttl: Duration.millis(rule.hold),
        ...body
      }, { retry: { attempts: 1 } })
      // The end is told by this clock, because the server's may be another one.
      const now = yield* Clock.currentTimeMillis
      const tokens = Usage.count(cache.usageMetadata?.totalTokenCount) || this.#counted?.tokens || 0
      const made = indexed(handle, tokens, now + rule.hold)
      this.#created++
      this.#cache = made
      this.#wanted = made.expires
      rule.created(now, made.expires)
      yield* this.#watching
      return made
    })
  }

  /** Counts the tokens, once; a prefix that is far too small is not asked about. */
  #tokens(): Effect.Effect<PrefixPrices.Counted | undefined> {
    if (this.#counted !== undefined) return Effect.succeed(this.#counted)
    const { body, client, model } = this.#given
    const estimate = estimateTokens(body)
    const isMedia = JSON.stringify(body).includes("\"fileData\"")
    const counted: Effect.Effect<PrefixPrices.Counted | undefined> = !isMedia && estimate * 4 < this.#minimum
      ? Effect.succeed({ tokens: estimate, details: undefined })
      : Effect.matchEffect(
        client.countTokens({ ...body, model, contents: body.contents.length === 0 ? "." : body.contents }),
        {
          // It is counted again at the next call.
          onFailure: () => Effect.succeed(undefined),
          onSuccess: ({ response, totalTokens }) =>
            Effect.sync((): PrefixPrices.Counted => ({
              tokens: totalTokens - (body.contents.length === 0 ? 1 : 0),
              details: body.contents.length === 0 ? undefined : response.promptTokensDetails
            }))
        }
      )
    return Effect.tap(counted, (counted) =>
      Effect.sync(() => {
        this.#counted = counted
      }))
  }

  /** The rule, once tokens and prices are known. */
  #rule(now: number): PayOff | undefined {
    if (this.#payOff !== undefined || this.#counted === undefined) return this.#payOff
    const { model, options: { creation = 1, prices } } = this.#given
    const share = Math.min(1, Math.max(0.1, creation))
    const known = PrefixPrices.of(model, this.#counted, { at: now, prices, creation: share })
    if (known !== undefined) this.#payOff = new PayOff(known)
    return this.#payOff
  }

  #refused(error: GeminiError): Effect.Effect<undefined> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.#without = "refused"
      const least = CacheMinimum.refused(error)
      if (least !== undefined) {
        this.#minimum = least
        this.#without = "small"
        return undefined
      }
      const { reason: { _tag }, retryAfter } = error
      const isForLong = _tag === "InvalidRequest" || _tag === "NotFound" || _tag === "Unauthenticated"
      const wait = retryAfter === undefined ? this.#pause(isForLong ? hour : minute) : Duration.toMillis(retryAfter)
      this.#blocked = now + wait
      return undefined
    })
  }

  /** Twice as long after each failure, up to an hour. */
  #pause(first: number): number {
    return Math.min(hour, first * 2 ** Math.min(10, this.#failures++))
  }

  /** Renews the cache before its end, as long as there are hits, and ends when there were none. */
  readonly #watching: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#watch !== undefined && this.#watch.pollUnsafe() === undefined) return Effect.void
    return Effect.map(Effect.forkIn(this.#renewing, this.#given.scope), (fiber) => {
      this.#watch = fiber
    })
  })

  readonly #renewing: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    const { caches, index, key } = this.#given
    for (;;) {
      const cache = this.#cache
      if (cache === undefined) return
      const now = yield* Clock.currentTimeMillis
      const left = cache.expires - now
      if (left <= 0) return
      const early = Math.min(margin, left / 4)
      if (left > margin) yield* Effect.sleep(left - early)
      else if (this.#wanted <= cache.expires) return
      if (this.#cache?.name !== cache.name) continue
      if (this.#wanted <= cache.expires) return
      const known = yield* index.get(key)
      if (known?.name === cache.name && known.expires >= this.#wanted) {
        this.#cache = known
        continue
      }
      const at = yield* Clock.currentTimeMillis
      const ttl = this.#wanted - at
      if (ttl <= 0) return
      const renewed = { ...cache, expires: at + ttl }
      const isRenewed = yield* Effect.matchEffect(caches.update(cache, { ttl: Duration.millis(ttl) }), {
        onFailure: (error) =>
          Effect.sync(() => {
            if (error.reason._tag === "NotFound") this.#gone(at, cache.name)
            return false
          }),
        onSuccess: () => Effect.as(index.set(key, renewed), true)
      })
      if (!isRenewed) return
      this.#renewed++
      if (this.#cache?.name === cache.name) this.#cache = renewed
      this.#payOff?.endsAt(at, renewed.expires)
    }
  })

  #gone(now: number, name: string): void {
    if (this.#cache?.name !== name) return
    this.#cache = undefined
    this.#payOff?.endsAt(now, now)
  }

  /** A call was answered, with a cache or inline. */
  served(now: number, use: Use | undefined, response: Cost.Charged, hops: number): Effect.Effect<void> {
    this.#calls++
    if (use !== undefined) {
      this.#hits++
      this.#failures = 0
    }
    const rule = this.#payOff
    if (rule === undefined || this.#counted === undefined) return Effect.void
    const { model, options: { prices } } = this.#given
    const count = Math.max(1, hops)
    const { inline, rest } = PrefixPrices.answered(
      model,
      response,
      { ...rule.prices, tokens: this.#counted.tokens },
      { isHit: use !== undefined, count },
      { at: now, prices }
    )
    rule.served(now, { isHit: use !== undefined, count, inline, rest })
    const cache = this.#cache
    if (use === undefined || cache === undefined || use.name !== cache.name) return Effect.void
    this.#wanted = Math.max(this.#wanted, now + rule.hold)
    return this.#watching
  }

  /** A call that named a cache failed, and was answered inline. */
  failed(use: Use, error: GeminiError): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.#fallbacks++
      const { reason: { _tag }, status } = error
      const isMissing = _tag === "NotFound" || status === 403 || status === 404
      // A member that does not answer still has its cache.
      if (!isMissing && _tag !== "InvalidRequest" && status !== 400) return Effect.void
      const cache = this.#cache
      if (cache?.name !== use.name) return Effect.void
      this.#gone(now, use.name)
      this.#without = isMissing ? "lost" : "refused"
      this.#blocked = now + this.#pause(isMissing ? minute : hour)
      const { caches, index, key, scope } = this.#given
      // What the server refuses to use costs its storage all the same. The answer does not wait for that.
      const forgotten = Effect.andThen(
        index.set(key, { ...cache, expires: now }),
        isMissing ? Effect.void : Effect.ignore(caches.delete(cache, { retry: { attempts: 1 } }))
      )
      return Effect.asVoid(Effect.forkIn(forgotten, scope))
    })
  }

  /** Deletes the cache that nobody else uses. */
  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    const { caches, index, key } = this.#given
    const cache = this.#cache
    if (cache === undefined || index.isShared) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.andThen(
        Effect.ignore(caches.delete(cache, { retry: { attempts: 1 } })),
        index.set(key, { ...cache, expires: now })
      ))
  })

  stats(now: number): PrefixStats {
    const cache = this.#living(now)
    const rule = this.#payOff
    rule?.endsAt(now, this.#cache?.expires ?? now)
    return {
      calls: this.#calls,
      hits: this.#hits,
      fallbacks: this.#fallbacks,
      created: this.#created,
      renewed: this.#renewed,
      tokens: this.#counted?.tokens,
      paid: rule?.paid ?? 0,
      saved: (rule?.uncached ?? 0) - (rule?.paid ?? 0),
      cache: cache === undefined ? undefined : { name: cache.name, expires: new Date(cache.expires) },
      without: cache === undefined ? this.#without : undefined
    }
  }
}

const useOf = ({ member, name }: IndexedCache): Use => ({ name, member })

const indexed = ({ member, name }: ResourceHandle, tokens: number, expires: number): IndexedCache => ({
  name,
  tokens,
  expires,
  ...(member === undefined ? {} : { member })
})
