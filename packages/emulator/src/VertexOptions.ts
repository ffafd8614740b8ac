/**
 * How the emulator answers as Vertex AI: who is let in, which endpoints there are, and how much there is of everything.
 *
 * @since 0.2.0
 */
import type { Limits } from "./Quota.ts"
import type { TokenPolicy } from "./TokenPolicy.ts"

/**
 * How callers log in on this machine. The paths are those of Google's servers: `/computeMetadata/v1/…` of a virtual
 * machine, `/token` of `oauth2.googleapis.com`, `/v1/token` of `sts.googleapis.com`, and
 * `/v1/projects/-/serviceAccounts/…:generateAccessToken` of `iamcredentials.googleapis.com`.
 *
 * @category options
 * @since 0.2.0
 */
export interface IdentityOptions {
  /** The project that the metadata server names. Default `emulator-project`. */
  readonly project?: string | undefined
  /** The service account of the metadata server. Default `emulator@PROJECT.iam.gserviceaccount.com`. */
  readonly email?: string | undefined
  /** Seconds for which a token is good. Default 3599, as Google's. */
  readonly lifetime?: number | undefined
  /**
   * The service accounts that there are: the mail address of each, and its public key in PEM, with which its assertions
   * must be signed. Default: every account is there, and signatures are not checked.
   */
  readonly serviceAccounts?: Readonly<Record<string, string>> | undefined
}

/**
 * Options of Vertex AI. `quotas` and `projects` hold for it as well: its project is that of the path, and its region the
 * location.
 *
 * @category options
 * @since 0.2.0
 */
export interface VertexOptions {
  /** Which access tokens are good. Default: any, and of those that the emulator gave out the ones in force. */
  readonly tokens?: TokenPolicy | undefined
  /**
   * The projects that may be named as the one that pays (`x-goog-user-project`), by whoever has a good token. Another one
   * is a 403. Default: any.
   */
  readonly quotaProjects?: ReadonlyArray<string> | undefined
  /** How logins are answered: by the metadata server, the token endpoint, and the services behind them. */
  readonly identity?: IdentityOptions | undefined
  /** The tuned models: the id of each endpoint, and the model that answers there. An endpoint not listed is a 404. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined
  /** Throughput that projects have bought: their requests are served from it first. */
  readonly provisioned?: ReadonlyArray<ProvisionedThroughput> | undefined
  /**
   * The dynamic shared quota: how much all projects together may ask of a model in each region, by model; `*` stands for
   * every model that is not named. Beyond it a request gets a 429 that names no limit. Default: any number.
   */
  readonly shared?: Readonly<Record<string, Omit<Limits, "rpd">>> | undefined
}

/**
 * Throughput that a project has bought for a model in a region. A request with
 * `X-Vertex-AI-LLM-Request-Type: dedicated` gets it or a 429, one with `shared` never; any other is served from the quotas
 * when it is used up. The answer says which it was, as `trafficType`.
 *
 * @category options
 * @since 0.2.0
 */
export interface ProvisionedThroughput extends Omit<Limits, "rpd"> {
  readonly project: string
  /** The location of the path, such as `us-central1`. */
  readonly region: string
  readonly model: string
}
