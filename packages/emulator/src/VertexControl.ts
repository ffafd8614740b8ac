/**
 * What a test sees of the access tokens that an emulator gave out and can do to them, and what it puts into Cloud Storage
 * and BigQuery for batches.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { RuleError } from "./RuleError.ts"
import type { TokenPolicy } from "./TokenPolicy.ts"

/**
 * A token that was given out. The token itself is not told.
 *
 * @category models
 * @since 0.2.0
 */
export interface IssuedToken {
  /** 0, 1, 2, … in the order in which they were given out. */
  readonly id: number
  /** How its caller logged in; `test`: a test asked for it. */
  readonly by: "metadata" | "jwt-bearer" | "refresh-token" | "federation" | "impersonation" | "test"
  /** The service account, the subject of the federation, or the user. */
  readonly principal: string
  readonly scopes: ReadonlyArray<string>
  /** Milliseconds since the epoch, by the server's clock. */
  readonly issuedAt: number
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expires: number
  readonly revoked: boolean
}

/**
 * What a token is asked for.
 *
 * @category models
 * @since 0.2.0
 */
export interface TokenRequest {
  /** Default: the scope `cloud-platform`, which opens Vertex AI. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** Seconds. Default: as the option `lifetime` says. */
  readonly lifetime?: number | undefined
  readonly principal?: string | undefined
}

/**
 * An object of Cloud Storage, or the rows of a BigQuery table.
 *
 * @category models
 * @since 0.2.0
 */
export interface StoredObject {
  /** `gs://BUCKET/OBJECT`, `bq://PROJECT.DATASET.TABLE`, or `projects/P/locations/L/datasets/D`. */
  readonly uri: string
  /** Bytes. */
  readonly size: number
}

/**
 * The Vertex AI side of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface VertexControl {
  /** Replaces the policy of access tokens; undefined: every token is good that was not given out and revoked here. */
  readonly setTokens: (policy: TokenPolicy | undefined) => Effect.Effect<void, RuleError>
  /** Gives a token out, as if its caller had logged in. */
  readonly issue: (request?: TokenRequest) => Effect.Effect<string>
  /** Revokes a token, or all that were given out so far. From then on they are answered with a 401. */
  readonly revoke: (token?: string) => Effect.Effect<void>
  /** The tokens that were given out, the newest 10,000. */
  readonly tokens: Effect.Effect<ReadonlyArray<IssuedToken>>
  /**
   * Puts a text where batches read their requests, one JSON object a line: an object by its `gs://` URI, the rows of a
   * table by its `bq://` URI, or those of a dataset by its name. Nothing is served of Cloud Storage's or BigQuery's own APIs.
   */
  readonly putObject: (uri: string, text: string) => Effect.Effect<void>
  /** The text that was put there, or that a batch wrote there; undefined if there is none. */
  readonly object: (uri: string) => Effect.Effect<string | undefined>
  readonly objects: Effect.Effect<ReadonlyArray<StoredObject>>
}
