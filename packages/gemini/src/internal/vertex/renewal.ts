/**
 * Keeps one access token, and renews it: before its end, or when a server has refused it. There is one renewal at a time
 * for everybody, in a fiber of the layer's own, which no caller's interruption ends.
 *
 * A token is held to its life by two clocks. The monotonic one goes on when somebody sets the clock back, and the time of
 * day goes on while a machine sleeps: the token is over when either says so.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../../GeminiError.ts"
import type * as AccessToken from "../../vertex/AccessToken.ts"
import * as TokenErrors from "./tokenErrors.ts"

/** How long after a failure nobody is asked: by those who wait for a token, and by those who still have one; in ms. */
const pause = { waiting: 1_000, early: 10_000 }

/** Google's tokens have at most 2,048 characters, and those of federated identities 12 KiB (November 2026). */
const longest = 65_536

/** One moment by both clocks, in milliseconds. */
interface Moment {
  readonly wall: number
  readonly steady: number
}

interface Held {
  readonly token: Redacted.Redacted<string>
  /** From then on it is renewed, and still given. */
  readonly staleAt: Moment
  /** From then on it is given to nobody. */
  readonly endsAt: Moment
}

const never: Moment = { wall: Infinity, steady: Infinity }

const isPast = (moment: Moment, now: Moment): boolean => now.wall >= moment.wall || now.steady >= moment.steady

const after = (now: Moment, millis: number): Moment => ({ wall: now.wall + millis, steady: now.steady + millis })

const isWhole = (token: unknown): token is Redacted.Redacted<string> => {
  const value: unknown = Redacted.isRedacted(token) ? Redacted.value(token) : undefined
  return typeof value === "string" && value.length <= longest && /^[\x21-\x7e]+$/.test(value)
}

const isEqual = (a: Redacted.Redacted<string>, b: Redacted.Redacted<string>): boolean =>
  Redacted.value(a) === Redacted.value(b)

/**
 * A token that has little life left when it comes is not renewed at once, or a source that keeps its tokens until
 * shortly before their end would be asked for each call. One whose end has passed already, by a clock that is wrong here
 * or there, is used for as long as nobody asks again: the server judges it.
 */
const held = ({ expiresAt, token }: AccessToken.FetchedToken, now: Moment, margin: number): Held => {
  if (expiresAt === undefined || !(expiresAt < Infinity)) return { token, staleAt: never, endsAt: never }
  const life = Math.max(pause.early, expiresAt - now.wall)
  return {
    token,
    staleAt: after(now, life - Math.min(margin, life / 5)),
    // What is sent in the last moments is old when it arrives.
    endsAt: after(now, life - Math.min(10_000, life / 20))
  }
}

export const make = (
  fetch: (refused: Redacted.Redacted<string> | undefined) => Effect.Effect<AccessToken.FetchedToken, GeminiError>,
  options: { readonly margin: Duration.Duration; readonly timeout: Duration.Duration },
  scope: Scope.Scope
): AccessToken.AccessTokenService => {
  const margin = Duration.toMillis(options.margin)
  let current: Held | undefined
  let quotaProject: string | undefined
  let flight: Fiber.Fiber<Redacted.Redacted<string>, GeminiError> | undefined
  let failure: { readonly error: GeminiError; readonly at: Moment } | undefined
  /** The token that its source gave again after a server had refused it. */
  let futile: { readonly token: Redacted.Redacted<string>; readonly at: Moment } | undefined

  const now = Effect.map(Clock.Clock, (clock): Moment => ({
    wall: clock.currentTimeMillisUnsafe(),
    steady: Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
  }))

  const take = (
    fetched: AccessToken.FetchedToken,
    at: Moment
  ): Effect.Effect<Redacted.Redacted<string>, GeminiError> => {
    if (!isWhole(fetched.token)) {
      return Effect.fail(TokenErrors.unauthenticated(
        "the source of access tokens gave no token: expected Redacted.make(…) of visible ASCII characters, " +
          `at most ${longest}`
      ))
    }
    current = held(fetched, at, margin)
    quotaProject = fetched.quotaProject
    failure = undefined
    return Effect.succeed(fetched.token)
  }

  const late = Effect.suspend(() =>
    Effect.fail(TokenErrors.unreached(
      `no access token came within ${Duration.format(options.timeout)}: look at what gives them, or allow more time ` +
        "(options: timeout)",
      "TIMEOUT"
    ))
  )

  const fetched = (refused: Redacted.Redacted<string> | undefined) =>
    Effect.suspend(() => fetch(refused)).pipe(
      Effect.timeoutOrElse({ duration: options.timeout, orElse: () => late }),
      Effect.flatMap((token) => Effect.flatMap(now, (at) => take(token, at))),
      Effect.tapError((error) =>
        Effect.map(now, (at) => {
          failure = { error, at }
        })
      )
    )

  /** The renewal under way, or a new one. Nothing can come between its beginning and its being known. */
  const renewal = (refused?: Redacted.Redacted<string>) =>
    Effect.suspend(() =>
      flight !== undefined && flight.pollUnsafe() === undefined
        ? Effect.succeed(flight)
        : Effect.uninterruptible(Effect.map(Effect.forkIn(fetched(refused), scope), (fiber) => {
          flight = fiber
          return fiber
        }))
    )

  const awaited = (
    fiber: Fiber.Fiber<Redacted.Redacted<string>, GeminiError>
  ): Effect.Effect<Redacted.Redacted<string>, GeminiError> =>
    Effect.flatMap(Fiber.await(fiber), (exit) => Exit.hasInterrupts(exit) ? Effect.fail(TokenErrors.closed()) : exit)

  const failedWithin = (at: Moment, millis: number): GeminiError | undefined =>
    failure === undefined || isPast(after(failure.at, millis), at) ? undefined : failure.error

  return {
    quotaProject: Effect.sync(() => quotaProject),
    get: Effect.flatMap(now, (at) => {
      if (current !== undefined && !isPast(current.endsAt, at)) {
        const { staleAt, token } = current
        return isPast(staleAt, at) && failedWithin(at, pause.early) === undefined
          ? Effect.as(renewal(), token)
          : Effect.succeed(token)
      }
      const error = failedWithin(at, pause.waiting)
      return error === undefined ? Effect.flatMap(renewal(), awaited) : Effect.fail(error)
    }),
    renew: (refused) =>
      Effect.flatMap(now, (at) => {
        if (current !== undefined && !isEqual(current.token, refused) && !isPast(current.endsAt, at)) {
          return Effect.succeed(current.token)
        }
        const error = failedWithin(at, pause.waiting)
        if (error !== undefined) return Effect.fail(error)
        const again = futile !== undefined && isEqual(futile.token, refused) &&
          !isPast(after(futile.at, pause.early), at)
        if (again) return Effect.fail(refusedAgain())
        return Effect.flatMap(Effect.flatMap(renewal(refused), awaited), (token) => {
          if (!isEqual(token, refused)) return Effect.succeed(token)
          futile = { token, at }
          return Effect.fail(refusedAgain())
        })
      })
  }
}

const refusedAgain = (): GeminiError =>
  TokenErrors.unauthenticated(
    "the server refused the access token, and its source gives the same one again: it was revoked, or its account may " +
      "not use this API. Log in again, or grant the account the role Vertex AI User (roles/aiplatform.user)"
  )
