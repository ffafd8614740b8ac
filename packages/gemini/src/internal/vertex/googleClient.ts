/**
 * The clients of `google-auth-library` that hold credentials, and what their failures mean. The library is loaded when
 * the first token is needed, and named if it is missing.
 *
 * Clients are made by their constructors: the library's `fromJSON` takes whatever a file says, and warns on the console
 * that it does. So does its `Impersonated`, so that the one request of an impersonation is made here, over its client.
 */
import type { AuthClient, AwsClientOptions, IdentityPoolClientOptions, JWTOptions } from "google-auth-library"
import type { GeminiError } from "../../GeminiError.ts"
import * as TokenErrors from "./tokenErrors.ts"

type Library = typeof import("google-auth-library")

export interface Settings {
  /** The text of a credentials file. Without it, application default credentials are looked for. */
  readonly credentials: string | undefined
  readonly scopes: ReadonlyArray<string>
  readonly transporter: JWTOptions["transporter"]
}

/** The scope of every API of Google Cloud: what an account may do is up to its roles. */
export const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

/** A failure whose message is ours, so that it is told as it is. */
class Explained extends Error {}

export const load = (): Promise<Library> =>
  import("google-auth-library").catch(() => {
    throw new Explained(
      "VertexAuth needs the package google-auth-library (^10 or ^11), which is not installed: " +
        "npm install google-auth-library"
    )
  })

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value)

/** The parser's own words quote the text, which holds a private key. */
const parsed = (text: string): Table => {
  try {
    const value: unknown = JSON.parse(text)
    if (isTable(value)) return value
  } catch {
    // The error below says it.
  }
  throw new Explained("credentials: expected the JSON text of a credentials file, such as a service account's key")
}

const known = ["service_account", "authorized_user", "external_account"]

const texts = (file: Table, ...names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => {
    const value = file[name]
    if (typeof value === "string" && value !== "") return value
    throw new Explained(`credentials: ${name} is missing, which a file of the type ${String(file["type"])} has`)
  })

/** Whether a file names where its subject token comes from. The library checks the rest. */
const isExternal = (file: Table): boolean =>
  typeof file["audience"] === "string" && typeof file["subject_token_type"] === "string" &&
  isTable(file["credential_source"])

const isOfAws = (file: Table): file is Table & AwsClientOptions =>
  isExternal(file) && isTable(file["credential_source"]) && "environment_id" in file["credential_source"]

const isOfPool = (file: Table): file is Table & IdentityPoolClientOptions =>
  isExternal(file) && isTable(file["credential_source"]) && !("executable" in file["credential_source"])

const ofFile = (library: Library, { scopes, transporter }: Settings, file: Table): AuthClient => {
  const quota = file["quota_project_id"]
  const shared = {
    ...(transporter === undefined ? {} : { transporter }),
    ...(typeof quota === "string" && quota !== "" ? { quotaProjectId: quota } : {})
  }
  if (file["type"] === "service_account") {
    const [email = "", key = ""] = texts(file, "client_email", "private_key")
    return new library.JWT({ ...shared, email, key, scopes: [...scopes] })
  }
  if (file["type"] === "authorized_user") {
    const [clientId = "", clientSecret = "", refreshToken = ""] = texts(
      file,
      "client_id",
      "client_secret",
      "refresh_token"
    )
    return new library.UserRefreshClient({ ...shared, clientId, clientSecret, refreshToken })
  }
  if (file["type"] === "external_account") {
    texts(file, "audience", "subject_token_type")
    if (isOfAws(file)) return new library.AwsClient({ ...file, ...shared, scopes: [...scopes] })
    if (isOfPool(file)) return new library.IdentityPoolClient({ ...file, ...shared, scopes: [...scopes] })
    throw new Explained(
      isTable(file["credential_source"])
        ? "credentials: a file that runs a program is taken by GOOGLE_APPLICATION_CREDENTIALS alone, with " +
          "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"
        : "credentials: credential_source is missing, which says where the tokens of another identity come from"
    )
  }
  throw new Explained(
    `credentials: expected the type ${known.join(", ")}, got ${TokenErrors.words(String(file["type"]))}; a file of ` +
      "another type is found by GOOGLE_APPLICATION_CREDENTIALS"
  )
}

/** The client of these settings. */
export const make = async (settings: Settings): Promise<AuthClient> => {
  const library = await load()
  if (settings.credentials !== undefined) return ofFile(library, settings, parsed(settings.credentials))
  const auth = new library.GoogleAuth({
    scopes: [...settings.scopes],
    // A project that nobody uses. Without one, the library starts gcloud and asks the metadata server for it.
    projectId: "unused",
    ...(settings.transporter === undefined ? {} : { clientOptions: { transporter: settings.transporter } })
  })
  return await auth.getClient()
}

/** A token as Google's library keeps it. */
export interface LibraryToken {
  readonly token: string
  readonly expiresAt: number | undefined
  readonly quotaProject: string | undefined
}

/** The library keeps its token, too. Told that it has ended, it fetches another one. */
const expire = (client: AuthClient): void => client.setCredentials({ ...client.credentials, expiry_date: 1 })

/** A token of a client, which is fetched even if the client has one. */
export const tokenOf = async (client: AuthClient): Promise<LibraryToken> => {
  if (client.credentials.access_token) expire(client)
  const { token } = await client.getAccessToken()
  if (!token) {
    throw new Explained("Google's library gave no access token: an API key or an id token does not stand for one")
  }
  return { token, expiresAt: client.credentials.expiry_date ?? undefined, quotaProject: client.quotaProjectId }
}

/**
 * The token of another service account, which the client's own account may act as.
 *
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
export const impersonated = async (
  client: AuthClient,
  account: string,
  scopes: ReadonlyArray<string>
): Promise<LibraryToken> => {
  if (!/^[\w.-]+@[\w.-]+$/.test(account)) {
    throw new Explained("impersonate: expected the address of a service account, name@project.iam.gserviceaccount.com")
  }
  const { data } = await client.request<Table>({
    url: `https://iamcredentials.${client.universeDomain}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
    method: "POST",
    data: { scope: scopes, lifetime: "3600s" }
  })
  const { accessToken: token, expireTime } = data
  if (typeof token !== "string") throw new Explained("impersonate: the answer of iamcredentials has no accessToken")
  const expiresAt = typeof expireTime === "string" ? Date.parse(expireTime) : NaN
  return { token, expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt, quotaProject: client.quotaProjectId }
}

const statusOf = (error: object): number | undefined => {
  const response = "response" in error ? error.response : undefined
  return typeof response === "object" && response !== null && "status" in response &&
      typeof response.status === "number"
    ? response.status
    : undefined
}

/** What to do, by what the library and Google's token servers say (google-auth-library 11.3). */
const advice: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /could not load the default credentials/i,
    "On your machine, log in by: gcloud auth application-default login. Elsewhere, attach a service account, or name a " +
    "file of workload identity federation or a key in GOOGLE_APPLICATION_CREDENTIALS"
  ],
  [/rapt|reauth/i, "Log in again by: gcloud auth application-default login"],
  [
    /invalid_grant|invalid_rapt|account not found/i,
    "The credentials were revoked, or the clock of this machine is wrong: log in again by gcloud auth " +
    "application-default login, or make a new key"
  ],
  [
    /iam\.serviceAccounts\.getAccessToken|impersonat|generateAccessToken/i,
    "Grant the account that calls the role Service Account Token Creator (roles/iam.serviceAccountTokenCreator) on the " +
    "one that it acts as"
  ],
  [/does not exist, or it is not a file/i, "Look at GOOGLE_APPLICATION_CREDENTIALS"],
  [/permission scopes/i, "Give the machine the scope cloud-platform"]
]

/** The codes by which transports say that there was no answer. */
const outages: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "TimeoutError",
  "AbortError"
])

/** The first code in a chain of causes. `fetch` keeps that of the socket in the cause of its error. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (!(error instanceof Error) || depth > 5) return undefined
  return "code" in error && typeof error.code === "string" ? error.code : codeOf(error.cause, depth + 1)
}

/** What a failure of the library means. Its error holds requests and answers with credentials: nothing of it is kept. */
export const failure = (error: unknown): GeminiError => {
  if (error instanceof Explained) return TokenErrors.unauthenticated(error.message)
  if (!(error instanceof Error)) return TokenErrors.unauthenticated("Google's library failed without an error")
  const status = statusOf(error)
  const code = codeOf(error)
  const said = error instanceof SyntaxError ? "the credentials file is not JSON" : TokenErrors.words(error.message)
  const whole = said === "" ? error.name : said
  const isOutage = status === undefined
    ? code !== undefined && (outages.has(code) || code.startsWith("UND_ERR_"))
    : status >= 500 || status === 429
  if (isOutage) {
    return TokenErrors.unreached(`the server of access tokens did not answer: ${whole}`, code ?? `HTTP ${status}`)
  }
  const [, todo] = advice.find(([words]) => words.test(error.message)) ?? []
  const begun = `no access token: ${whole.replace(/\.$/, "")}`
  return TokenErrors.unauthenticated(todo === undefined ? begun : `${begun}. ${todo}`)
}
