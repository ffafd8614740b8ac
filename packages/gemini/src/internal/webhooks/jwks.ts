/** A list of public keys (RFC 7517), fetched and read within bounds. */
import * as Bytes from "effect/Bytes"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Bare from "../resources/bare.ts"
import { canonicalUrl } from "./base64.ts"

/** Google's lists have a handful of keys, and a few kB. */
const mostBytes = 256 * 1024
const mostKeys = 64

/** A modulus of 2,048 to 8,192 bits: smaller ones are weak, and larger ones cost time for nothing. */
const leastModulus = 256
const mostModulus = 1_024

const Jwk = Schema.Struct({
  kid: Schema.String,
  kty: Schema.Literal("RSA"),
  n: Schema.String,
  e: Schema.String,
  use: Schema.optionalKey(Schema.Literal("sig")),
  alg: Schema.optionalKey(Schema.Literal("RS256"))
})
const isJwk = Schema.is(Jwk)

const isFit = ({ e, kid, n }: typeof Jwk.Type): boolean => {
  const modulus = canonicalUrl(n)?.length ?? 0
  const exponent = canonicalUrl(e)?.length ?? 0
  return kid.length <= 256 && modulus >= leastModulus && modulus <= mostModulus && exponent >= 1 && exponent <= 4
}

/** The algorithm is ours, whatever a key or a token says. */
export const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const

const imported = (
  { subtle }: Crypto,
  jwk: typeof Jwk.Type
): Promise<readonly [kid: string, key: CryptoKey] | undefined> =>
  subtle.importKey("jwk", { kty: "RSA", n: jwk.n, e: jwk.e }, rs256, false, ["verify"]).then(
    (key) => [jwk.kid, key] as const,
    () => undefined
  )

/** The keys of a list that can sign; others in it are passed over, and of two with one id the first counts. */
const read = (text: string): Effect.Effect<ReadonlyMap<string, CryptoKey>, string> =>
  Effect.suspend(() => {
    let list: unknown
    try {
      list = JSON.parse(text)
    } catch {
      return Effect.fail("NOT_JSON")
    }
    const keys = typeof list === "object" && list !== null && "keys" in list ? list.keys : undefined
    if (!Array.isArray(keys)) return Effect.fail("NOT_JWKS")
    const fit = keys.slice(0, mostKeys).filter((key: unknown): key is typeof Jwk.Type => isJwk(key) && isFit(key))
    return Effect.map(
      Effect.flatMap(WebCrypto, (crypto) => Effect.promise(() => Promise.all(fit.map((key) => imported(crypto, key))))),
      (all) => new Map(all.filter((entry) => entry !== undefined).toReversed())
    )
  })

/** The keys at an address, or a code that says why there are none. */
export const fetched = (
  client: HttpClient.HttpClient,
  url: string
): Effect.Effect<ReadonlyMap<string, CryptoKey>, string> =>
  Effect.gen(function*() {
    const response = yield* Effect.mapError(
      Bare.send(client, { method: "webhookKeys" }, {
        httpMethod: "GET",
        url,
        headers: { accept: "application/json" }
      }),
      ({ reason }) =>
        reason._tag === "Network" ? reason.code ?? "NETWORK" : reason._tag === "TimedOut" ? "TIMEOUT" : "REDIRECT"
    )
    if (response.status !== 200) return yield* Effect.fail(`HTTP_${response.status}`)
    const chunks: Array<Uint8Array> = []
    let size = 0
    yield* response.stream.pipe(
      Stream.mapError(() => "NETWORK"),
      Stream.runForEach((chunk) => {
        size += chunk.length
        if (size > mostBytes) return Effect.fail("TOO_LARGE")
        chunks.push(chunk)
        return Effect.void
      })
    )
    return yield* read(new TextDecoder().decode(Bytes.concat(chunks)))
  })
