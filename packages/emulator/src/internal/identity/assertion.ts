/**
 * JSON Web Tokens of logins: those that a service account signs to get an access token, and those that the emulator gives
 * out as an identity.
 */
import * as Crypto from "node:crypto"
import * as Json from "../json.ts"

export interface Claims {
  readonly issuer: string
  readonly subject: string
  readonly scopes: ReadonlyArray<string>
  /** The audience of an identity token, which is asked for in place of an access token. */
  readonly targetAudience: string | undefined
}

/** Either what a service account says, or what is wrong with how it says so. */
export type ReadAssertion = { readonly claims: Claims; readonly wrong?: undefined } | { readonly wrong: string }

const piece = (text: string): unknown => Json.parse(Buffer.from(text, "base64url").toString("utf8"))

const frame =
  "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat " +
  "and exp values in the JWT claim."

/** Seconds that clocks may differ. */
const skew = 300
const longest = 3_600

const isSigned = (signed: string, signature: string, key: string): boolean => {
  try {
    return Crypto.verify("RSA-SHA256", Buffer.from(signed), key, Buffer.from(signature, "base64url"))
  } catch {
    return false
  }
}

/**
 * Reads the assertion of a service account. `accounts` are the public keys (PEM) of those that there are, by their mail
 * addresses. Undefined: every account is there, and no signature is checked.
 */
export const read = (
  token: string,
  accounts: Readonly<Record<string, string>> | undefined,
  now: number
): ReadAssertion => {
  const [head = "", body = "", signature = "", more] = token.split(".")
  const header = piece(head)
  const claims = piece(body)
  if (more !== undefined || !Json.isObject(header) || !Json.isObject(claims)) {
    return { wrong: "Invalid JWT: Failed to parse." }
  }
  const issuer = Json.text(claims["iss"]) ?? ""
  const issued = Json.number(claims["iat"])
  const expires = Json.number(claims["exp"])
  const seconds = now / 1000
  if (
    issued === undefined || expires === undefined || expires - issued > longest + skew ||
    Math.abs(seconds - issued) > longest || expires < seconds - skew
  ) return { wrong: frame }
  if (issuer === "") return { wrong: "Invalid JWT: iss field missing." }
  if (accounts !== undefined) {
    const key = Object.hasOwn(accounts, issuer) ? accounts[issuer] : undefined
    if (key === undefined) return { wrong: "Invalid grant: account not found" }
    if (!isSigned(`${head}.${body}`, signature, key)) return { wrong: "Invalid JWT Signature." }
  }
  const scope = Json.text(claims["scope"]) ?? ""
  return {
    claims: {
      issuer,
      subject: Json.text(claims["sub"]) ?? issuer,
      scopes: scope.split(" ").filter((each) => each !== ""),
      targetAudience: Json.text(claims["target_audience"])
    }
  }
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** An identity token in form; nobody can check its signature, since no key of it is published. */
export const identity = (audience: string, email: string, now: number, lifetime: number): string => {
  const seconds = Math.floor(now / 1000)
  const claims = {
    aud: audience,
    azp: email,
    email,
    email_verified: true,
    iss: "https://accounts.google.com",
    sub: email,
    iat: seconds,
    exp: seconds + Math.floor(lifetime / 1000)
  }
  return `${encoded({ alg: "RS256", typ: "JWT", kid: "emulator" })}.${encoded(claims)}.${encoded("unsigned")}`
}
