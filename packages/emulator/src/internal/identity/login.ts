/** The answers to logins: tokens, identities and metadata, in the form that Google gives them. */
import type * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import type { Verdict } from "../../Verdict.ts"
import type { IdentityOptions, VertexOptions } from "../../VertexOptions.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import * as Json from "../json.ts"
import * as Credentials from "../vertex/credentials.ts"
import { type AccessTokens, cloudPlatform, type Grant } from "./AccessTokens.ts"
import * as Assertion from "./assertion.ts"

export interface Answered {
  readonly steps: Step.Steps
  readonly verdict: Verdict
}

/** Google's tokens live a second less than an hour. */
const standardLifetime = 3_599

export const lifetimeOf = (options: VertexOptions | undefined): number =>
  (options?.identity?.lifetime ?? standardLifetime) * 1000

export const projectOf = ({ project = "emulator-project" }: IdentityOptions = {}): string => project

export const emailOf = (options: IdentityOptions = {}): string =>
  options.email ?? `emulator@${projectOf(options)}.iam.gserviceaccount.com`

const good: Verdict = { by: "generator" }

const json = (status: number, body: unknown, headers: Step.Headers = {}): Step.Steps => [
  Step.head(status, { "content-type": "application/json; charset=utf-8", ...headers }),
  Step.bytes(JSON.stringify(body))
]

const flavour = { "metadata-flavor": "Google", server: "Metadata Server for VM" }

const plain = (text: string): Answered => ({
  steps: [Step.head(200, { "content-type": "application/text", ...flavour }), Step.bytes(text)],
  verdict: good
})

/** A refusal in the form of OAuth 2. */
const refused = (error: string, description: string, status = 400): Answered => ({
  steps: json(status, { error, error_description: description }),
  verdict: { by: "judge", refused: description }
})

/** The fields of a form, or of JSON, whose names are in camelCase there. */
const fieldsOf = (text: string | undefined, headers: EmulatorRequest.EmulatorRequest["headers"]): Json.Json => {
  if (text === undefined) return {}
  const isJson = headers["content-type"]?.includes("json") === true
  const fields = isJson ? Json.parse(text) : Object.fromEntries(new URLSearchParams(text))
  return Object(Json.normalized(fields))
}

const scopesOf = (text: string | null | undefined): ReadonlyArray<string> =>
  (text ?? "").split(/[ ,]+/).filter((scope) => scope !== "")

export interface Login {
  readonly request: EmulatorRequest.EmulatorRequest
  readonly bodyText: string | undefined
  readonly tokens: AccessTokens
  readonly options: VertexOptions | undefined
  readonly now: number
}

/** Gives a token out, in OAuth's form. */
const granted = (
  login: Login,
  grant: Omit<Grant, "lifetime">,
  more: Json.Json = {},
  headers?: Step.Headers
): Answered => {
  const lifetime = lifetimeOf(login.options)
  const { token } = login.tokens.issue({ ...grant, lifetime }, login.now)
  const body = { access_token: token, ...more, expires_in: Math.floor(lifetime / 1000), token_type: "Bearer" }
  return { steps: json(200, body, headers), verdict: good }
}

/** What the metadata server tells besides tokens, by key. */
const metadata = (key: string, identity: IdentityOptions | undefined): string | undefined => {
  const email = emailOf(identity)
  const project = projectOf(identity)
  const [, account, field] = /^instance\/service-accounts\/([^/]+)\/([a-z]+)$/.exec(key) ?? []
  if (account !== undefined) {
    if (account !== "default" && account !== email) return undefined
    return field === "email"
      ? email
      : field === "scopes"
      ? `${cloudPlatform}\n`
      : field === "aliases"
      ? "default\n"
      : undefined
  }
  switch (key.replace(/\/$/, "")) {
    case "":
      return "instance/\nproject/\n"
    case "instance":
      return "id\nregion\nservice-accounts/\nzone\n"
    case "instance/service-accounts":
      return `default/\n${email}/\n`
    case "instance/id":
      return "1"
    case "instance/zone":
      return `projects/${project}/zones/us-central1-a`
    case "instance/region":
      return `projects/${project}/regions/us-central1`
    case "project":
      return "numeric-project-id\nproject-id\n"
    case "project/project-id":
      return project
    case "project/numeric-project-id":
      return "1"
    case "universe/universe-domain":
    case "universe/universe_domain":
      return "googleapis.com"
    default:
      return undefined
  }
}

const ofMetadata = (login: Login): Answered => {
  const { now, options, request: { headers, method, query, resource = "" } } = login
  const identity = options?.identity
  // A page of a browser cannot set the header, and a proxy would add the other one.
  if (headers["metadata-flavor"]?.toLowerCase() !== "google" || headers["x-forwarded-for"] !== undefined) {
    const why = "Missing Metadata-Flavor:Google header."
    return {
      steps: [Step.head(403, { "content-type": "text/html; charset=UTF-8", ...flavour }), Step.bytes(why)],
      verdict: { by: "judge", refused: why }
    }
  }
  const missing = (): Answered => ({
    steps: [Step.head(404, { "content-type": "text/html; charset=UTF-8", ...flavour }), Step.bytes("Not Found")],
    verdict: { by: "judge", refused: `The metadata server has no ${resource}.` }
  })
  if (method === "metadata.get") {
    const value = metadata(resource, identity)
    return value === undefined ? missing() : plain(value)
  }
  const principal = emailOf(identity)
  if (resource !== "default" && resource !== principal) return missing()
  if (method === "metadata.identity") {
    const audience = query.get("audience")
    return audience === null
      ? missing()
      : plain(Assertion.identity(audience, principal, now, lifetimeOf(options)))
  }
  const asked = scopesOf(query.get("scopes"))
  return granted(
    login,
    { by: "metadata", principal, scopes: asked.length === 0 ? [cloudPlatform] : asked },
    {},
    flavour
  )
}

const grants = {
  assertion: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  exchange: "urn:ietf:params:oauth:grant-type:token-exchange"
}

const ofOauth = (login: Login): Answered => {
  const { bodyText, now, options, request } = login
  const fields = fieldsOf(bodyText, request.headers)
  const grantType = Json.text(fields["grantType"])
  if (grantType === grants.assertion) {
    const read = Assertion.read(Json.text(fields["assertion"]) ?? "", options?.identity?.serviceAccounts, now)
    if (read.wrong !== undefined) return refused("invalid_grant", read.wrong)
    const { issuer, scopes, subject, targetAudience } = read.claims
    if (targetAudience !== undefined) {
      const token = Assertion.identity(targetAudience, issuer, now, lifetimeOf(options))
      return { steps: json(200, { id_token: token }), verdict: good }
    }
    return scopes.length === 0
      ? refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
      : granted(login, { by: "jwt-bearer", principal: subject, scopes })
  }
  if (grantType === "refresh_token") {
    if ((Json.text(fields["refreshToken"]) ?? "") === "") {
      return refused("invalid_request", "Missing required parameter: refresh_token")
    }
    const scopes = scopesOf(Json.text(fields["scope"]))
    const all = scopes.length === 0 ? [cloudPlatform] : scopes
    return granted(login, { by: "refresh-token", principal: "user@example.com", scopes: all }, { scope: all.join(" ") })
  }
  return grantType === undefined
    ? refused("invalid_request", "Missing required parameter: grant_type")
    : refused("unsupported_grant_type", `Invalid grant_type: ${grantType}`)
}

const pool =
  /^\/\/iam\.googleapis\.com\/(?:projects\/[^/]+\/)?locations\/[^/]+\/work(?:load|force)(?:Identity)?Pools\/([^/]+)\/providers\/([^/]+)$/

const ofSts = (login: Login): Answered => {
  const fields = fieldsOf(login.bodyText, login.request.headers)
  const text = (name: string) => Json.text(fields[name]) ?? ""
  if (text("grantType") !== grants.exchange) return refused("unsupported_grant_type", "Unsupported grant type.")
  const [, name, provider] = pool.exec(text("audience")) ?? []
  if (name === undefined) return refused("invalid_target", "Invalid value for \"audience\".")
  if (text("subjectToken") === "") return refused("invalid_request", "Missing required field: subject_token")
  if (text("subjectTokenType") === "") return refused("invalid_request", "Missing required field: subject_token_type")
  const scopes = scopesOf(text("scope"))
  if (scopes.length === 0) return refused("invalid_scope", "Invalid value for \"scope\".")
  return granted(login, { by: "federation", principal: `${name}/${provider}`, scopes }, {
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token"
  })
}

const ofIam = (login: Login, space: string): Answered => {
  const { bodyText, now, options, request, tokens } = login
  const policies = { tokens: options?.tokens, issued: (token: string, at: number) => tokens.worth(token, at) }
  const barred = Credentials.barred({ ...request, space, key: undefined, vertex: undefined }, policies, now)
  const principal = request.resource ?? ""
  const fields = fieldsOf(bodyText, { "content-type": "json" })
  const refuse = (refusal: GoogleError.Refusal): Answered => ({
    steps: Render.refusal(refusal, "json"),
    verdict: { by: "judge", refused: refusal.body.error.message }
  })
  if (barred !== undefined) return refuse(barred)
  if (request.method === "iam.generateIdToken") {
    const audience = Json.text(fields["audience"]) ?? ""
    return audience === ""
      ? refuse(GoogleError.invalidArgument())
      : {
        steps: json(200, { token: Assertion.identity(audience, principal, now, lifetimeOf(options)) }),
        verdict: good
      }
  }
  const scopes = Json.list(fields["scope"]).flatMap((scope) => Json.text(scope) ?? [])
  const asked = /^(\d+)(?:\.\d+)?s$/.exec(Json.text(fields["lifetime"]) ?? "3600s")?.[1]
  if (scopes.length === 0 || asked === undefined) return refuse(GoogleError.invalidArgument())
  // An organisation may allow twelve hours; one is the rule.
  const lifetime = Math.min(
    Number(asked) * 1000,
    options?.identity?.lifetime === undefined ? 3_600_000 : lifetimeOf(options)
  )
  const { expires, token } = tokens.issue({ by: "impersonation", principal, scopes, lifetime }, now)
  const expireTime = new Date(expires).toISOString().replace(/\.\d+Z$/, "Z")
  return { steps: json(200, { accessToken: token, expireTime }), verdict: good }
}

/** The answer to a login, and what the log says of it. */
export const answered = (login: Login): Answered => {
  const { method, query, space } = login.request
  if (method.startsWith("metadata.")) return ofMetadata(login)
  if (method.startsWith("iam.")) return ofIam(login, space)
  if (method === "sts.token") return ofSts(login)
  if (method !== "oauth.revoke") return ofOauth(login)
  const token = Json.text(fieldsOf(login.bodyText, login.request.headers)["token"]) ?? query.get("token") ?? ""
  if (login.tokens.worth(token, login.now) === undefined) return refused("invalid_token", "Token expired or revoked")
  login.tokens.revoke(token)
  return { steps: json(200, {}), verdict: good }
}
