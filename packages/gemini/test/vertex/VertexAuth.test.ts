/** Logging in through Google's own library: every kind of credentials, on this machine alone; nothing is printed. */
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as VertexAuth from "effect-gemini/VertexAuth"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { OAuth2Client } from "google-auth-library"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest"
import * as TokenServer from "./tokenServer.ts"

let server: Awaited<ReturnType<typeof TokenServer.start>>
const folder = mkdtempSync(join(tmpdir(), "effect-gemini-vertex-"))
const subject = join(folder, "subject")
writeFileSync(subject, "subject")

beforeAll(async () => {
  server = await TokenServer.start()
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const printed: Array<unknown> = []
beforeEach(() => {
  for (const name of ["GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "GOOGLE_CLOUD_PROJECT"]) {
    vi.stubEnv(name, "")
  }
  vi.stubEnv("CLOUDSDK_CONFIG", folder)
  vi.stubEnv("METADATA_SERVER_DETECTION", "none")
  for (const level of ["log", "warn", "error", "debug", "info"] as const) {
    vi.spyOn(console, level).mockImplementation((...words) => void printed.push(words))
  }
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  server.state.failure = undefined
  server.state.life = 3_600
  assert.deepStrictEqual(printed, [])
})

const federated = () => ({
  type: "external_account",
  audience: "//iam/pool",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `${server.url}/sts`,
  credential_source: { file: subject }
})

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
  return path
}

/** What an effect over the tokens of these options gives. */
const using = <A, E>(
  options: VertexAuth.VertexAuthOptions,
  use: (tokens: AccessToken.AccessTokenService) => Effect.Effect<A, E>
) => AccessToken.AccessToken.use(use).pipe(Effect.provide(VertexAuth.layer(options)))

/** Two tokens, the second of which replaces the first, which a server refused, and the paths that were asked. */
const twoTokens = (options: VertexAuth.VertexAuthOptions = {}) =>
  Effect.gen(function*() {
    const before = server.asked.length
    const [first, again, second] = yield* using(options, (tokens) =>
      Effect.gen(function*() {
        const first = yield* tokens.get
        return [first, yield* tokens.get, yield* tokens.renew(first)] as const
      }))
    assert.strictEqual(first, again)
    assert.match(Redacted.value(first), /^ya29\.token-\d+$/)
    assert.notStrictEqual(Redacted.value(first), Redacted.value(second))
    return server.asked.slice(before)
  })

const pathsOf = (asked: ReadonlyArray<TokenServer.Asked>): ReadonlyArray<string> => asked.map(({ path }) => path)

const failing = (options: VertexAuth.VertexAuthOptions = {}) => using(options, ({ get }) => Effect.flip(get))

describe("VertexAuth", () => {
  it.live("takes tokens of the metadata server", () =>
    Effect.gen(function*() {
      vi.stubEnv("GCE_METADATA_HOST", server.host)
      vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present")
      const asked = yield* twoTokens()
      assert.deepStrictEqual(
        pathsOf(asked),
        Array(2).fill("/computeMetadata/v1/instance/service-accounts/default/token")
      )
    }))

  it.live("exchanges the token of another identity, found by GOOGLE_APPLICATION_CREDENTIALS or given", () =>
    Effect.gen(function*() {
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", file("federated.json", federated()))
      for (const options of [{}, { credentials: Redacted.make(JSON.stringify(federated())) }]) {
        const asked = yield* twoTokens(options)
        assert.deepStrictEqual(pathsOf(asked), ["/sts", "/sts"])
        assert.strictEqual(asked[0]?.form.get("scope"), "https://www.googleapis.com/auth/cloud-platform")
      }
    }))

  it.live("signs the claims of a service account, which the library posts to a constant address", () =>
    Effect.gen(function*() {
      const asked = yield* twoTokens({
        credentials: Redacted.make(TokenServer.serviceAccount),
        transporter: server.transporter()
      })
      assert.deepStrictEqual(pathsOf(asked), Array(2).fill("/oauth2.googleapis.com/token"))
      const claims = JSON.parse(
        Buffer.from(asked[0]?.form.get("assertion")?.split(".")[1] ?? "", "base64url").toString()
      )
      assert.strictEqual(claims.iss, "robot@a-project.iam.gserviceaccount.com")
      assert.strictEqual(claims.scope, "https://www.googleapis.com/auth/cloud-platform")
    }))

  it.live("refreshes the login of gcloud auth application-default login", () =>
    Effect.gen(function*() {
      const login = { type: "authorized_user", client_id: "id", client_secret: "s", refresh_token: "1//refresh" }
      file("application_default_credentials.json", login)
      for (const options of [{}, { credentials: Redacted.make(JSON.stringify(login)) }]) {
        const asked = yield* twoTokens({ ...options, transporter: server.transporter() })
        assert.deepStrictEqual(pathsOf(asked), Array(2).fill("/oauth2.googleapis.com/token"))
      }
      rmSync(join(folder, "application_default_credentials.json"))
    }))

  it.live("tells which project pays: of a file, of GOOGLE_CLOUD_QUOTA_PROJECT before it, or none", () =>
    Effect.gen(function*() {
      const payer = (options: VertexAuth.VertexAuthOptions = {}) =>
        using(
          { ...options, transporter: server.transporter() },
          ({ get, quotaProject = Effect.undefined }) => Effect.andThen(get, quotaProject)
        )
      const login = {
        type: "authorized_user",
        client_id: "id",
        client_secret: "s",
        refresh_token: "1//refresh",
        quota_project_id: "of-the-file"
      }
      const robot = { ...JSON.parse(TokenServer.serviceAccount), quota_project_id: "of-the-file" }
      file("application_default_credentials.json", login)
      assert.strictEqual(yield* payer(), "of-the-file")
      vi.stubEnv("GOOGLE_CLOUD_QUOTA_PROJECT", "of-the-environment")
      assert.strictEqual(yield* payer(), "of-the-environment")
      for (const given of [login, robot, { ...federated(), quota_project_id: "of-the-file" }]) {
        assert.strictEqual(yield* payer({ credentials: Redacted.make(JSON.stringify(given)) }), "of-the-file")
      }
      assert.isUndefined(yield* payer({ credentials: Redacted.make(TokenServer.serviceAccount) }))
      rmSync(join(folder, "application_default_credentials.json"))
    }))

  it.live("acts as another service account, by the account that is logged in", () =>
    Effect.gen(function*() {
      const asked = yield* twoTokens({
        credentials: Redacted.make(TokenServer.serviceAccount),
        impersonate: "robot@a-project.iam.gserviceaccount.com",
        scopes: ["https://www.googleapis.com/auth/aiplatform"],
        transporter: server.transporter()
      })
      const impersonations = asked.filter(({ path }) => path.endsWith(":generateAccessToken"))
      assert.strictEqual(impersonations.length, 2)
      assert.deepStrictEqual(JSON.parse(impersonations[0]?.body ?? ""), {
        scope: ["https://www.googleapis.com/auth/aiplatform"],
        lifetime: "3600s"
      })
      assert.match(impersonations[0]?.authorization ?? "", /^Bearer ya29\./)
    }))

  it.live("takes a client of the library that is made already", () =>
    Effect.gen(function*() {
      const client = new OAuth2Client({ transporter: server.transporter() })
      client.setCredentials({ refresh_token: "1//refresh" })
      const asked = yield* twoTokens({ client })
      assert.strictEqual(asked.length, 2)
    }))

  it.live("says how to log in where there are no credentials", () =>
    Effect.gen(function*() {
      const error = yield* failing()
      assert.strictEqual(error.reason._tag, "Unauthenticated")
      assert.include(error.message, "gcloud auth application-default login")
      assert.include(error.message, "GOOGLE_APPLICATION_CREDENTIALS")
    }))

  it.live("says what is wrong with credentials, and shows nothing of them", () =>
    Effect.gen(function*() {
      const key = TokenServer.serviceAccount
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["-----BEGIN PRIVATE KEY-----", "expected the JSON text of a credentials file"],
        [key.slice(0, 400), "expected the JSON text of a credentials file"],
        [key.replace("client_email", "email"), "client_email is missing"],
        ["{\"type\":\"gdch\"}", "expected the type service_account, authorized_user, external_account, got gdch"],
        [
          "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"b\"}",
          "credential_source is missing"
        ],
        [
          JSON.stringify({ ...federated(), credential_source: { executable: { command: "x" } } }),
          "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"
        ],
        [JSON.stringify({ ...JSON.parse(key), private_key: "no key" }), "no access token"],
        [JSON.stringify({ ...federated(), credential_source: { file: join(folder, "gone") } }), "no access token"]
      ]
      for (const [credentials, said] of cases) {
        const error = yield* failing({ credentials: Redacted.make(credentials), transporter: server.transporter() })
        assert.strictEqual(error.reason._tag, "Unauthenticated", said)
        assert.include(error.message, said)
        assert.notInclude(error.message, "MII")
        assert.notInclude(error.message, "BEGIN")
      }
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", file("half.json", key.slice(0, 400)))
      assert.include((yield* failing()).message, "is not JSON")
      vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(folder, "nowhere.json"))
      assert.include((yield* failing()).message, "Look at GOOGLE_APPLICATION_CREDENTIALS")
    }))

  it.live("tells a revoked login from a token server that is out", () =>
    Effect.gen(function*() {
      const credentials = Redacted.make(TokenServer.serviceAccount)
      server.state.failure = {
        status: 400,
        body: { error: "invalid_grant", error_description: "Token has been revoked." }
      }
      const revoked = yield* failing({ credentials, transporter: server.transporter() })
      assert.strictEqual(revoked.reason._tag, "Unauthenticated")
      assert.include(revoked.message, "Token has been revoked")
      assert.include(revoked.message, "make a new key")
      server.state.failure = { status: 503, body: {} }
      const out = yield* failing({ credentials, transporter: server.transporter() })
      assert.strictEqual(out.reason._tag, "Network")
      assert.isTrue(out.isRetryable)
      const unreached = yield* failing({
        credentials: Redacted.make(JSON.stringify({ ...federated(), token_url: "http://127.0.0.1:1/sts" }))
      })
      assert.strictEqual(unreached.reason._tag, "Network")
      server.state.failure = {
        status: 403,
        body: {
          error: { status: "PERMISSION_DENIED", message: "Permission 'iam.serviceAccounts.getAccessToken' denied" }
        }
      }
      vi.stubEnv("GCE_METADATA_HOST", server.host)
      vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present")
      const forbidden = yield* failing()
      assert.strictEqual(forbidden.reason._tag, "Unauthenticated")
      assert.include(forbidden.message, "roles/iam.serviceAccountTokenCreator")
    }))

  it.live("names the package that is missing", () =>
    Effect.gen(function*() {
      vi.doMock("google-auth-library", () => {
        throw new Error("Cannot find package")
      })
      const error = yield* failing()
      vi.doUnmock("google-auth-library")
      assert.strictEqual(error.reason._tag, "Unauthenticated")
      assert.include(error.message, "npm install google-auth-library")
    }))
})
