/**
 * How deliveries are signed: with a secret that the project shares (Standard Webhooks, HMAC-SHA256), or as a token of
 * Google's (RS256), whose claims hold the event.
 */
import * as Crypto from "node:crypto"

/** The signatures of a delivery, one for each secret that is in force. */
export const shared = (
  secrets: ReadonlyArray<string>,
  of: { readonly id: string; readonly timestamp: number; readonly body: string }
): string =>
  secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
    const mac = Crypto.createHmac("sha256", key).update(`${of.id}.${of.timestamp}.${of.body}`).digest("base64")
    return `v1,${mac}`
  }).join(" ")

/** A pair of keys, and the name under which the list has the public one. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: Crypto.KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

const make = (): Promise<SigningKey> =>
  new Promise((resolve, reject) => {
    Crypto.generateKeyPair("rsa", { modulusLength: 2048 }, (error, publicKey, privateKey) => {
      if (error !== null) return reject(error)
      const { e, n } = publicKey.export({ format: "jwk" })
      const kid = Crypto.createHash("sha1").update(String(n)).digest("hex")
      resolve({ kid, privateKey, jwk: { kty: "RSA", alg: "RS256", use: "sig", kid, n, e } })
    })
  })

/** A key takes a while to make, so all spaces begin with the same ones. */
const made: Array<Promise<SigningKey>> = []

/** The key of a generation: 0 is the first one, and each rotation goes to the next. */
export const key = (generation: number): Promise<SigningKey> => {
  while (made.length <= generation) made.push(make())
  return made[generation] ?? make()
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A signed token. */
export const token = ({ kid, privateKey }: SigningKey, claims: Readonly<Record<string, unknown>>): string => {
  const signed = `${encoded({ alg: "RS256", kid, typ: "JWT" })}.${encoded(claims)}`
  return `${signed}.${Crypto.sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`
}
