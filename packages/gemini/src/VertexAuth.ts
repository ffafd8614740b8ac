/**
 * Logs in to Google Cloud for calls to Vertex AI, over Google's own `google-auth-library`, which is an optional peer:
 * `npm install google-auth-library`.
 *
 * Application default credentials are the ones that need no option. They are looked for in this order: the file that
 * GOOGLE_APPLICATION_CREDENTIALS names (a service account's key, workload identity federation, an impersonation), the
 * login of `gcloud auth application-default login`, and the metadata server of Cloud Run, GKE, Compute Engine and App
 * Engine. How tokens are kept and renewed is said in `vertex/AccessToken`. Tokens of `gcloud auth login`, which is another
 * login, come from `vertex/AccessTokenCommand`.
 *
 * The project that pays (`x-goog-user-project`) is the `quota_project_id` of those credentials, or
 * GOOGLE_CLOUD_QUOTA_PROJECT, as Google's library reads them; the option `quotaProject` of a destination wins.
 *
 * A service account's key is exchanged at `https://oauth2.googleapis.com/token`: the library posts to that constant
 * address whatever the file says. A `transporter` of the library's kind is the way to another one, such as a proxy or an
 * emulator on this machine.
 *
 * ```ts
 * import { AccessToken } from "effect-gemini/vertex/AccessToken"
 * import * as VertexAuth from "effect-gemini/VertexAuth"
 * import * as Effect from "effect/Effect"
 *
 * // "Bearer <redacted>", or an error that says how to log in.
 * const header = AccessToken.use(({ get }) => get).pipe(
 *   Effect.map((token) => `Bearer ${token}`),
 *   Effect.provide(VertexAuth.layer())
 * )
 * ```
 *
 * @since 0.3.0
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { AuthClient, JWTOptions } from "google-auth-library"
import * as GoogleClient from "./internal/vertex/googleClient.ts"
import * as AccessToken from "./vertex/AccessToken.ts"

/**
 * Which credentials are used, and for what.
 *
 * @category options
 * @since 0.3.0
 */
export interface VertexAuthOptions extends AccessToken.RenewalOptions {
  /**
   * The JSON text of a credentials file: a service account's key, workload identity federation (`external_account`), or a
   * user's login. Such a file says where credentials are sent, so take it from nobody whom you do not trust. Default:
   * application default credentials.
   */
  readonly credentials?: Redacted.Redacted<string> | undefined
  /** A client of `google-auth-library` that you have made, in place of `credentials`. */
  readonly client?: AuthClient | undefined
  /**
   * The address of a service account to act as, on which the account that logs in has the role Service Account Token
   * Creator. Its tokens live for an hour.
   */
  readonly impersonate?: string | undefined
  /** Default `https://www.googleapis.com/auth/cloud-platform`. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** What the library sends requests by, a `Gaxios` of its own: for a proxy, or another address of the token server. */
  readonly transporter?: JWTOptions["transporter"]
}

/**
 * Access tokens of Google's library. The credentials are looked for when the first token is needed; an error says which
 * ones were found wanting, and what to do.
 *
 * @category layers
 * @since 0.3.0
 */
export const layer = (options: VertexAuthOptions = {}): Layer.Layer<AccessToken.AccessToken> => {
  const { credentials, impersonate, scopes = [GoogleClient.cloudPlatform], transporter } = options
  let client = options.client
  const fetched = async (): Promise<GoogleClient.LibraryToken> => {
    client ??= await GoogleClient.make({
      credentials: credentials && Redacted.value(credentials),
      // Who acts as another account needs no more than the right to do so.
      scopes: impersonate === undefined ? scopes : [GoogleClient.cloudPlatform],
      transporter
    })
    return impersonate === undefined
      ? GoogleClient.tokenOf(client)
      : GoogleClient.impersonated(client, impersonate, scopes)
  }
  return AccessToken.layer(
    () =>
      Effect.map(
        Effect.tryPromise({ try: fetched, catch: GoogleClient.failure }),
        ({ expiresAt, quotaProject, token }) => ({
          token: Redacted.make(token),
          expiresAt,
          quotaProject
        })
      ),
    options
  )
}
