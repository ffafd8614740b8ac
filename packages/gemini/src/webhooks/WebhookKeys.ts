/**
 * Google's public keys, by which deliveries are checked that were asked for in one call (`webhook_config`): the list at
 * `https://generativelanguage.googleapis.com/.well-known/jwks.json`.
 *
 * The list is kept for an hour. A key that it does not have makes it be fetched again, at most once a minute, whoever
 * sends what. The request has no key and no cookies, follows no redirect, and reads at most 256 KiB; keys are RSA of 2,048
 * to 8,192 bits. While the list cannot be had, the keys of the last day still hold.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Jwks from "../internal/webhooks/jwks.ts"
import { WebhookError } from "./WebhookError.ts"
import { KeysUnavailable, Misconfigured } from "./WebhookErrorReason.ts"

/**
 * The keys by their ids (`kid`).
 *
 * @category models
 * @since 0.2.0
 */
export interface WebhookKeysService {
  /** The key, or `undefined` if Google's list does not have it. */
  readonly get: (kid: string) => Effect.Effect<CryptoKey | undefined, WebhookError>
}

/**
 * The keys as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class WebhookKeys extends Context.Service<WebhookKeys, WebhookKeysService>()(
  "effect-gemini/webhooks/WebhookKeys"
) {}

/**
 * Where the list is, and how long it is kept.
 *
 * @category options
 * @since 0.2.0
 */
export interface KeysOptions {
  /** Default: Google's list. Another one must be https, or on this machine. */
  readonly url?: string | undefined
  /** How long the list is kept. Default 1 hour. */
  readonly maxAge?: Duration.Input | undefined
  /** How long fetching it may take. Default 5 seconds. */
  readonly timeout?: Duration.Input | undefined
}

const google = "https://generativelanguage.googleapis.com/.well-known/jwks.json"

/** How long nobody asks again, and how long keys hold while the list cannot be had; in milliseconds. */
const pause = 60_000
const longest = 86_400_000

const isSafe = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { hostname, protocol } = new URL(url)
  return protocol === "https:" || protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname)
}

const monotonic = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/**
 * The keys over the HttpClient of the context, until the scope ends.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function*(options: KeysOptions = {}): Effect.fn.Return<
  WebhookKeysService,
  WebhookError,
  HttpClient.HttpClient | Scope.Scope
> {
  const { url = google } = options
  if (!isSafe(url)) {
    const reason = new Misconfigured({ option: "url", expected: "an https URL, or an http one on this machine" })
    return yield* new WebhookError({ reason })
  }
  const client = yield* HttpClient.HttpClient
  const scope = yield* Effect.scope
  const maxAge = Math.min(longest, Duration.toMillis(Duration.fromInputUnsafe(options.maxAge ?? "1 hour")))
  const fetched = Effect.timeoutOrElse(Jwks.fetched(client, url), {
    duration: Duration.fromInputUnsafe(options.timeout ?? "5 seconds"),
    orElse: () => Effect.fail("TIMEOUT")
  })

  let keys: ReadonlyMap<string, CryptoKey> = new Map()
  let fetchedAt = -Infinity
  let askedAt = -Infinity
  let failed: string | undefined
  let asking: Fiber.Fiber<void> | undefined

  const ask = Effect.match(fetched, {
    onFailure: (code) => {
      failed = code
    },
    onSuccess: (found) => {
      keys = found
      failed = undefined
    }
  })

  /** Asks in a fiber of its own: a caller that goes away does not use up the minute for the others. */
  const asked = (now: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (asking !== undefined && asking.pollUnsafe() === undefined) return Effect.asVoid(Fiber.await(asking))
      if (now - askedAt < pause) return Effect.void
      askedAt = now
      const noted = Effect.flatMap(ask, () =>
        Effect.map(monotonic, (at) => {
          if (failed === undefined) fetchedAt = at
        }))
      return Effect.flatMap(Effect.forkIn(noted, scope), (fiber) => {
        asking = fiber
        return Effect.asVoid(Fiber.await(fiber))
      })
    })

  const held = (kid: string, now: number): Effect.Effect<CryptoKey | undefined, WebhookError> => {
    const isOld = now - fetchedAt > longest
    const key = isOld ? undefined : keys.get(kid)
    return key === undefined && failed !== undefined
      ? Effect.fail(new WebhookError({ reason: new KeysUnavailable({ url, code: failed }) }))
      : Effect.succeed(key)
  }

  return {
    get: (kid) =>
      Effect.flatMap(monotonic, (now) =>
        keys.has(kid) && now - fetchedAt <= maxAge
          ? held(kid, now)
          : Effect.andThen(asked(now), Effect.suspend(() => held(kid, now))))
  }
})

/**
 * The keys over the HttpClient of the context. `FetchHttpClient.layer` is enough.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: KeysOptions = {}): Layer.Layer<WebhookKeys, WebhookError, HttpClient.HttpClient> =>
  Layer.effect(WebhookKeys, make(options))
