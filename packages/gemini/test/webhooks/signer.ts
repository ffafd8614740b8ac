/** Signs deliveries as Google does, by node:crypto: nothing of what is tested. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto"
import { createServer, type RequestListener } from "node:http"

/** The time of the tests, in seconds: 29 November 2026. */
export const noon = 1_796_040_000

export interface Delivery {
  readonly headers: Record<string, string>
  readonly body: string
}

export const bodyOf = (id: string, type = "batch.succeeded"): string =>
  JSON.stringify({
    type,
    version: "v1",
    timestamp: "2026-11-29T12:00:00Z",
    data: { id, output_file_uri: "gs://bucket/results.jsonl", user_metadata: { group: "nightly" } }
  })

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString("base64")}`
export const [secret, formerSecret, foreignSecret] = [secretOf(1), secretOf(2), secretOf(3)]

const macOf = (key: string, id: string, at: number, body: string): string =>
  `v1,${createHmac("sha256", Buffer.from(key.slice(6), "base64")).update(`${id}.${at}.`).update(body).digest("base64")}`

/** A delivery to a webhook of the project; two secrets sign it while they rotate. */
export const byHmac = (
  id: string,
  { at = noon, body = bodyOf(id), secrets = [secret] }: {
    readonly at?: number
    readonly body?: string
    readonly secrets?: ReadonlyArray<string>
  } = {}
): Delivery => ({
  headers: {
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": secrets.map((key) => macOf(key, id, at, body)).join(" ")
  },
  body
})

export const audience = "https://example.com/gemini"

export interface Pair {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Record<string, unknown>
}

export const pairOf = (kid: string, modulusLength = 2048): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength })
  return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" } }
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token of any header and claims. */
export const tokenOf = (header: object, claims: object, signature: (signed: string) => Buffer): string => {
  const signed = `${encoded(header)}.${encoded(claims)}`
  return `${signed}.${signature(signed).toString("base64url")}`
}

export const rs256 = ({ privateKey }: Pair) => (signed: string): Buffer =>
  signBytes("sha256", Buffer.from(signed), privateKey)

/** A delivery to a webhook of one call. `claims` replaces claims; undefined takes one away. */
export const byToken = (
  pair: Pair,
  id: string,
  { at = noon, body = bodyOf(id), claims = {}, header = {} }: {
    readonly at?: number
    readonly body?: string
    readonly claims?: object
    readonly header?: object
  } = {}
): Delivery => {
  const all = {
    aud: audience,
    iss: "https://generativelanguage.googleapis.com",
    iat: at,
    exp: at + 3_600,
    ...JSON.parse(body),
    ...claims
  }
  return {
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(at),
      "webhook-signature": tokenOf({ alg: "RS256", typ: "JWT", kid: pair.kid, ...header }, all, rs256(pair))
    },
    body
  }
}

/** A server of key lists on 127.0.0.1 that says what `listener` says, and how often it was asked. */
export const keyServer = (
  listener: RequestListener
): Effect.Effect<{ readonly url: string; readonly asked: () => number }, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly url: string; readonly asked: () => number; readonly close: () => void }>((resume) => {
        let asked = 0
        const server = createServer((request, response) => {
          asked++
          listener(request, response)
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(Effect.succeed({
            url: `http://127.0.0.1:${port}/.well-known/jwks.json`,
            asked: () => asked,
            close: () => {
              server.closeAllConnections()
              server.close()
            }
          }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ asked, url }) => ({ url, asked })
  )

/** Answers with the keys of these pairs. */
export const listing = (pairs: () => ReadonlyArray<Pair>): RequestListener => (_, response) => {
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify({ keys: pairs().map(({ jwk }) => jwk) }))
}
