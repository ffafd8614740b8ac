import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Crypto from "node:crypto"
import { memory, model, post, prompt } from "./wire.ts"

const scope = "https://www.googleapis.com/auth/cloud-platform"
const flavour = { "metadata-flavor": "Google" }

const get = Effect.fnUntraced(function*(path: string, headers: Readonly<Record<string, string>> = flavour) {
  const { url } = yield* Emulator.Emulator
  const response = yield* HttpClient.execute(
    HttpClientRequest.get(`${url}${path}`).pipe(HttpClientRequest.setHeaders(headers))
  )
  return { status: response.status, headers: response.headers, text: yield* response.text }
})

const form = Effect.fnUntraced(function*(path: string, fields: Readonly<Record<string, string>>) {
  const { url } = yield* Emulator.Emulator
  const request = HttpClientRequest.post(`${url}${path}`).pipe(HttpClientRequest.bodyUrlParams(fields))
  const response = yield* HttpClient.execute(request)
  const body: Readonly<Record<string, unknown>> = JSON.parse(yield* response.text)
  return { status: response.status, body, token: String(body["access_token"]) }
})

const status = (token: string) =>
  Effect.map(
    post(`${model()}:generateContent`, prompt(), { authorization: `Bearer ${token}` }),
    ({ body, status }) => [status, body.error?.details?.[0]?.["reason"]]
  )

const fromMetadata = Effect.map(
  get("/computeMetadata/v1/instance/service-accounts/default/token"),
  ({ text }) => JSON.parse(text)
)

const exchange = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ours",
  scope,
  requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
  subject_token: "secret-subject",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt"
}

const only: Emulator.Options = { vertex: { tokens: { valid: [] } } }

const { privateKey, publicKey } = Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
const email = "robot@my-project.iam.gserviceaccount.com"
const assertion = (claims: Readonly<Record<string, unknown>> = {}, key: Crypto.KeyLike = privateKey) => {
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const signed = `${encoded({ alg: "RS256", typ: "JWT" })}.${
    encoded({ iss: email, scope, aud: "https://oauth2.googleapis.com/token", iat: 0, exp: 3600, ...claims })
  }`
  return `${signed}.${Crypto.sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`
}
const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

describe("a login", () => {
  it.effect("of a virtual machine: the metadata server gives a token that opens, and says project and account", () =>
    Effect.gen(function*() {
      const told = yield* fromMetadata
      assert.deepStrictEqual([told.expires_in, told.token_type], [3599, "Bearer"])
      assert.deepStrictEqual(yield* status(told.access_token), [200, undefined])
      assert.deepStrictEqual(yield* status("other"), [401, "ACCESS_TOKEN_TYPE_UNSUPPORTED"])
      const project = yield* get("/computeMetadata/v1/project/project-id")
      assert.deepStrictEqual([project.text, project.headers["metadata-flavor"]], ["emulator-project", "Google"])
      const account = yield* get("/computeMetadata/v1/instance/service-accounts/default/email")
      assert.strictEqual(account.text, "emulator@emulator-project.iam.gserviceaccount.com")
      assert.strictEqual((yield* get("/computeMetadata/v1/instance")).status, 200, "whether it is there")
      assert.strictEqual((yield* get("/computeMetadata/v1/nothing")).status, 404)
      const forged = yield* get("/computeMetadata/v1/project/project-id", {})
      assert.strictEqual(forged.status, 403, "a page of a browser cannot send the header")
      const narrow = yield* get("/computeMetadata/v1/instance/service-accounts/default/token?scopes=other")
      assert.deepStrictEqual(yield* status(JSON.parse(narrow.text).access_token), [
        403,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
      ])
    }).pipe(memory(only)))

  it.effect("of a service account: an assertion gives a token, if it is signed and fresh", () =>
    Effect.gen(function*() {
      const good = yield* form("/token", { grant_type: bearerGrant, assertion: assertion() })
      assert.deepStrictEqual(yield* status(good.token), [200, undefined])
      const wrong = (text: string) =>
        Effect.map(
          form("/token", { grant_type: bearerGrant, assertion: text }),
          ({ body, status }) => [status, body["error"], body["error_description"]]
        )
      const other = Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
      assert.deepStrictEqual(yield* wrong(assertion({}, other)), [400, "invalid_grant", "Invalid JWT Signature."])
      assert.deepStrictEqual(yield* wrong(assertion({ iss: "x@y" })), [
        400,
        "invalid_grant",
        "Invalid grant: account not found"
      ])
      assert.match(
        String((yield* wrong(assertion({ iat: -9000, exp: -5400 })))[2]),
        /^Invalid JWT: Token must be a short-lived/
      )
      assert.match(String((yield* wrong("nonsense"))[2]), /^Invalid JWT: Failed to parse/)
      const unknown = yield* form("/token", { grant_type: "password" })
      assert.strictEqual(unknown.body["error"], "unsupported_grant_type")
      const user = yield* form("/token", {
        grant_type: "refresh_token",
        refresh_token: "1//0",
        client_id: "a",
        client_secret: "b"
      })
      assert.deepStrictEqual(yield* status(user.token), [200, undefined])
    }).pipe(memory({
      vertex: {
        tokens: { valid: [] },
        identity: { serviceAccounts: { [email]: publicKey.export({ type: "spki", format: "pem" }).toString() } }
      }
    })))

  it.effect("of another cloud: federation gives a token, and it may act as a service account", () =>
    Effect.gen(function*() {
      const federated = yield* form("/v1/token", exchange)
      assert.strictEqual(federated.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token")
      assert.deepStrictEqual(yield* status(federated.token), [200, undefined])
      const wrong = yield* form("/v1/token", { ...exchange, audience: "nobody" })
      assert.deepStrictEqual([wrong.status, wrong.body["error"]], [400, "invalid_target"])
      const act = (token: string) =>
        post(`v1/projects/-/serviceAccounts/${email}:generateAccessToken`, { scope: [scope], lifetime: "60s" }, {
          authorization: `Bearer ${token}`
        })
      const acting = yield* act(federated.token)
      assert.strictEqual(acting.body["expireTime"], "1970-01-01T00:01:00Z")
      assert.deepStrictEqual(yield* status(String(acting.body["accessToken"])), [200, undefined])
      assert.strictEqual((yield* act("stolen")).status, 401)
      const { vertex } = yield* Emulator.Emulator
      assert.deepStrictEqual((yield* vertex.tokens).map(({ by, principal }) => [by, principal]), [
        ["federation", "pool/ours"],
        ["impersonation", email]
      ])
    }).pipe(memory(only)))

  it.effect("lasts as long as it says by the server's clock, and until it is revoked", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { access_token: first } = yield* fromMetadata
      yield* emulator.adjust("3598 seconds")
      assert.deepStrictEqual(yield* status(first), [200, undefined])
      yield* emulator.adjust("1 second")
      assert.deepStrictEqual(yield* status(first), [401, "ACCESS_TOKEN_EXPIRED"])
      const second = yield* emulator.vertex.issue({ lifetime: 60 })
      const { access_token: third } = yield* fromMetadata
      yield* emulator.vertex.revoke(second)
      assert.deepStrictEqual([(yield* status(second))[0], (yield* status(third))[0]], [401, 200])
      yield* emulator.vertex.revoke()
      assert.strictEqual((yield* status(third))[0], 401)
      const { access_token: fourth } = yield* fromMetadata
      assert.strictEqual((yield* status(fourth))[0], 200)
      assert.strictEqual((yield* form("/revoke", { token: fourth })).status, 200)
      assert.strictEqual((yield* status(fourth))[0], 401)
      yield* emulator.vertex.setTokens({ valid: ["mine"] })
      assert.deepStrictEqual([(yield* status("mine"))[0], (yield* status("yours"))[0]], [200, 401])
    }).pipe(memory(only)))

  it.effect("at the default space opens every space; each revokes for itself", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const space = yield* emulator.space("one", { vertex: { tokens: { valid: [] } } })
      const { access_token: token } = yield* fromMetadata
      const there = Effect.map(
        HttpClient.execute(
          HttpClientRequest.post(`${space.url}/v1/${model()}:countTokens`).pipe(
            HttpClientRequest.bearerToken(String(token)),
            HttpClientRequest.bodyJsonUnsafe(prompt())
          )
        ),
        ({ status }) => status
      )
      assert.strictEqual(yield* there, 200)
      yield* space.vertex.revoke()
      assert.deepStrictEqual([yield* there, (yield* status(token))[0]], [401, 200])
      const own = yield* space.vertex.issue()
      assert.strictEqual((yield* status(own))[0], 401, "it opens its own space alone")
    }).pipe(memory(only)))

  it.effect("fails by faults as other requests do, and leaves no secret in the log", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { access_token: token } = yield* fromMetadata
      yield* form("/v1/token", exchange)
      yield* form("/token", { grant_type: bearerGrant, assertion: assertion() })
      yield* status(token)
      yield* emulator.addFault({ when: { method: "sts.token" }, status: 503 })
      assert.strictEqual((yield* form("/v1/token", exchange)).status, 503)
      const requests = yield* emulator.requests
      assert.deepStrictEqual(
        requests.map(({ apiMethod }) => apiMethod),
        ["metadata.token", "sts.token", "oauth.token", "generateContent", "sts.token"]
      )
      assert.strictEqual(requests[3]?.headers["authorization"], "Bearer", "that a token came can be seen")
      const text = JSON.stringify(requests) + requests.map(({ responseText }) => responseText).join("")
      for (const secret of [token, "ya29.", "secret-subject", "eyJ"]) assert.notInclude(text, secret)
    }).pipe(memory()))
})
