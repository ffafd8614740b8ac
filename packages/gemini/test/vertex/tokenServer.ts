/**
 * What gives access tokens in Google Cloud, on this machine: a metadata server, a token exchange, the endpoint to which
 * service accounts post their signed claims, and that of impersonations. Tokens are numbered; a failure can be planted.
 */
import { gaxios } from "google-auth-library"
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly form: URLSearchParams
  readonly body: string
}

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })

/** The text of a service account's key file, for which this server is the token endpoint. */
export const serviceAccount = JSON.stringify({
  type: "service_account",
  project_id: "a-project",
  client_email: "robot@a-project.iam.gserviceaccount.com",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" })
})

const isSigned = (assertion: string): boolean => {
  const [head = "", claims = "", signature = ""] = assertion.split(".")
  const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }))
  return verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url"))
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const piece of request) text += String(piece)
  return text
}

export const start = async () => {
  const asked: Array<Asked> = []
  const state = { life: 3_600, failure: undefined as undefined | { status: number; body: unknown } }
  let given = 0

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split("?")[0] ?? ""
    const body = await bodyOf(request)
    const form = new URLSearchParams(body)
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { "content-type": "application/json", "metadata-flavor": "Google" })
      response.end(JSON.stringify(value))
    }
    if (path === "/computeMetadata/v1/instance") return json(200, {})
    asked.push({ path, authorization: request.headers.authorization, form, body })
    if (state.failure !== undefined) return json(state.failure.status, state.failure.body)
    const token = { access_token: `ya29.token-${++given}`, expires_in: state.life, token_type: "Bearer" }
    if (path.startsWith("/computeMetadata/")) {
      const isAllowed = request.headers["metadata-flavor"] === "Google"
      return json(isAllowed ? 200 : 403, isAllowed ? token : {})
    }
    if (path === "/sts") {
      const isAllowed = form.get("subject_token") === "subject" && form.get("audience") === "//iam/pool"
      return json(
        isAllowed ? 200 : 400,
        isAllowed
          ? { ...token, issued_token_type: "urn:ietf:params:oauth:token-type:access_token" }
          : { error: "invalid_request", error_description: "subject token" }
      )
    }
    if (path === "/oauth2.googleapis.com/token") {
      const isAllowed = form.get("grant_type") === "refresh_token"
        ? form.get("refresh_token") === "1//refresh"
        : isSigned(form.get("assertion") ?? "")
      return json(
        isAllowed ? 200 : 400,
        isAllowed ? token : { error: "invalid_grant", error_description: "Invalid JWT Signature." }
      )
    }
    if (path.endsWith("robot@a-project.iam.gserviceaccount.com:generateAccessToken")) {
      return json(200, {
        accessToken: token.access_token,
        expireTime: new Date(Date.now() + state.life * 1_000).toISOString()
      })
    }
    return json(404, {})
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    host: `127.0.0.1:${port}`,
    asked,
    state,
    /** The library's transporter, which sends to this server what goes to Google otherwise. */
    transporter: (): gaxios.Gaxios => {
      class Here extends gaxios.Gaxios {
        override request<T>(options?: gaxios.GaxiosOptionsPrepared): Promise<gaxios.GaxiosResponse<T>> {
          const there = new URL(String(options?.url))
          const here = there.origin === url ? there : new URL(`${url}/${there.host}${there.pathname}`)
          return super.request<T>(
            options === undefined ? undefined : { ...options, url: here, retryConfig: { retry: 0 } }
          )
        }
      }
      return new Here()
    },
    close: () =>
      new Promise<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume())
      })
  }
}
