/**
 * The access token of Google Cloud, with which calls to Vertex AI say who asks.
 *
 * A token lives for an hour. It is fetched when the first call needs it and renewed before its end, once for everybody
 * who waits; while it is renewed, the old one is given for as long as it is good. A call whose token the server refuses
 * (401) asks for a newer one. Tokens are `Redacted` from end to end, and no error, log line or span holds one.
 *
 * This module knows no way to log in: `VertexAuth` does, over Google's own library, and `vertex/AccessTokenCommand` asks
 * a command such as `gcloud`. A program that uses the Gemini API with a key loads none of this.
 *
 * @since 0.3.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { GeminiError } from "../GeminiError.ts"
import * as Renewal from "../internal/vertex/renewal.ts"
import * as TokenErrors from "../internal/vertex/tokenErrors.ts"

/**
 * Gives access tokens. Their failures are `Unauthenticated`, which says what to do, or `Network` if who gives them could
 * not be asked, which the next attempt of a call may mend. `method` is `accessToken` there.
 *
 * @category models
 * @since 0.3.0
 */
export interface AccessTokenService {
  /** The token of the moment, which is good for some seconds at least. */
  readonly get: Effect.Effect<Redacted.Redacted<string>, GeminiError>
  /**
   * A token in place of one that a server has refused. If there is a newer one already, it is given without asking
   * anybody. Fails if the same token comes again.
   */
  readonly renew: (refused: Redacted.Redacted<string>) => Effect.Effect<Redacted.Redacted<string>, GeminiError>
  /** The project that the login of the newest token names as the one that pays, if it names one. */
  readonly quotaProject?: Effect.Effect<string | undefined> | undefined
}

/**
 * Access tokens as a service. `VertexAuth.layer` provides it, and so do the layers of this module.
 *
 * @category services
 * @since 0.3.0
 */
export class AccessToken extends Context.Service<AccessToken, AccessTokenService>()(
  "effect-gemini/vertex/AccessToken"
) {}

/**
 * A token as its source gives it.
 *
 * @category models
 * @since 0.3.0
 */
export interface FetchedToken {
  readonly token: Redacted.Redacted<string>
  /** When it ends, in milliseconds since the epoch. Left out, it is used until a server refuses it. */
  readonly expiresAt?: number | undefined
  /** The project that pays for what is asked with it (`x-goog-user-project`), if the login names one. */
  readonly quotaProject?: string | undefined
}

/**
 * How tokens are renewed.
 *
 * @category options
 * @since 0.3.0
 */
export interface RenewalOptions {
  /**
   * How long before its end a token is renewed, at most a fifth of its life. Default 225 seconds: Google's metadata
   * servers give the same token until four minutes before its end.
   */
  readonly margin?: Duration.Input | undefined
  /** How long fetching a token may take. Default 30 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Tokens from a function of yours, until the scope ends. It is called when there is no token, when the last one is about
 * to end, and with the token that a server has refused: what keeps tokens itself must then give another one. After a
 * failure it is left alone for a second.
 *
 * ```ts
 * import * as AccessToken from "effect-gemini/vertex/AccessToken"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const tokens = AccessToken.make(() => Effect.succeed({ token: Redacted.make("ya29.example"), expiresAt: Date.now() + 3_600_000 }))
 * const token = tokens.pipe(Effect.flatMap(({ get }) => get), Effect.scoped)
 * String(await Effect.runPromise(token)) // => "<redacted>"
 * ```
 *
 * @category constructors
 * @since 0.3.0
 */
export const make = <R>(
  fetch: (refused: Redacted.Redacted<string> | undefined) => Effect.Effect<FetchedToken, GeminiError, R>,
  options: RenewalOptions = {}
): Effect.Effect<AccessTokenService, never, Scope.Scope | R> =>
  Effect.contextWith((context: Context.Context<Scope.Scope | R>) =>
    Effect.succeed(Renewal.make(
      // Fetching belongs to the layer: it has nothing of the call that happened to need it first, such as its span.
      (refused) => Effect.updateContext(fetch(refused), () => context),
      {
        margin: Duration.fromInputUnsafe(options.margin ?? "225 seconds"),
        timeout: Duration.fromInputUnsafe(options.timeout ?? "30 seconds")
      },
      Context.get(context, Scope.Scope)
    ))
  )

/**
 * The layer of {@link make}.
 *
 * @category layers
 * @since 0.3.0
 */
export const layer = <R>(
  fetch: (refused: Redacted.Redacted<string> | undefined) => Effect.Effect<FetchedToken, GeminiError, R>,
  options?: RenewalOptions
): Layer.Layer<AccessToken, never, Exclude<R, Scope.Scope>> => Layer.effect(AccessToken, make(fetch, options))

/**
 * One token that somebody else renews, for tests and for scripts that end within the hour. A server that refuses it ends
 * the call with `Unauthenticated`.
 *
 * @category layers
 * @since 0.3.0
 */
export const layerStatic = (token: Redacted.Redacted<string>): Layer.Layer<AccessToken> =>
  layer((refused) =>
    refused === undefined ? Effect.succeed({ token }) : Effect.fail(unauthenticated(
      "the server refused the access token. It was given as it is, and nothing renews it: give a newer one, or tokens " +
        "that renew themselves (VertexAuth.layer)"
    ))
  )

/**
 * The error of a source that has no token to give. The description says what a person can do about it.
 *
 * @category errors
 * @since 0.3.0
 */
export const unauthenticated: (description: string) => GeminiError = TokenErrors.unauthenticated
