/**
 * A certificate of this emulator alone: an elliptic key of its own (P-256), signed by itself, for the names by which it
 * may be called. Node verifies certificates and makes keys, but writes no certificate; the libraries that do weigh more
 * than the whole command, for the one form that is needed here.
 *
 * Its form is RFC 5280's for a server that is nobody's authority, so that strict checks take it too (OpenSSL's
 * `-x509_strict`, which Python 3.13 asks for).
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"
import * as Der from "./der.ts"

export interface Certificate {
  /** PEM. */
  readonly cert: string
  /** PEM. It stays in memory. */
  readonly key: string
}

const day = 86_400_000

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${
    Buffer.from(der).toString("base64").replace(/.{1,64}/g, "$&\n")
  }-----END CERTIFICATE-----\n`

/** The sixteen bytes of an IPv6 address, whose two halves around `::` are filled up with zeros. */
const groups = (address: string): ReadonlyArray<number> => {
  const [left = "", right] = address.replace(/%.*$/, "").replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, ...four) => {
      const [a = 0, b = 0, c = 0, d = 0] = four.map(Number)
      return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`
    }
  ).split("::")
  const parts = (half: string | undefined) => half ? half.split(":").map((part) => parseInt(part, 16)) : []
  const [head, tail] = [parts(left), parts(right)]
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail].flatMap((
    it
  ) => [it >> 8, it & 0xff])
}

const alternative = (name: string): Buffer => {
  const bare = name.replace(/^\[(.*)\]$/, "$1")
  switch (isIP(bare)) {
    case 4:
      return Der.context(7, false, Uint8Array.from(bare.split(".").map(Number)))
    case 6:
      return Der.context(7, false, Uint8Array.from(groups(bare)))
    default:
      return Der.context(2, false, Buffer.from(bare, "latin1"))
  }
}

const signature = Der.sequence(Der.oid("1.2.840.10045.4.3.2")) // ecdsa-with-SHA256

const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  Der.sequence(Der.oid(id), ...(isCritical ? [Der.boolean(true)] : []), Der.octets(value))

/**
 * It is valid from a day before `now`, for clocks that are behind, and for 825 days, the most that Apple's programs
 * take. `now` is in milliseconds since the epoch.
 */
export const make = (names: Iterable<string>, now: number): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const spki = publicKey.export({ type: "spki", format: "der" })
  // The point itself, 65 bytes, is the last of the key's form; its digest names the key (RFC 5280, 4.2.1.2).
  const keyId = createHash("sha1").update(spki.subarray(-65)).digest()
  const name = Der.sequence(
    Der.set(Der.sequence(Der.oid("2.5.4.3"), Der.text("effect-gemini-emulator of this machine")))
  )
  const body = Der.sequence(
    Der.context(0, true, Der.positive(Uint8Array.of(2))), // version 3
    Der.positive(Buffer.concat([Uint8Array.of(1), randomBytes(15)])),
    signature,
    name,
    Der.sequence(Der.time(now - day), Der.time(now + 824 * day)),
    name,
    spki,
    Der.context(
      3,
      true,
      Der.sequence(
        extension("2.5.29.19", true, Der.sequence()), // basic constraints: not an authority
        extension("2.5.29.15", true, Der.bits(Uint8Array.of(0x80), 7)), // key usage: digital signature
        extension("2.5.29.37", false, Der.sequence(Der.oid("1.3.6.1.5.5.7.3.1"))), // of a server
        extension("2.5.29.14", false, Der.octets(keyId)),
        extension("2.5.29.35", false, Der.sequence(Der.context(0, false, keyId))),
        extension("2.5.29.17", false, Der.sequence(...Array.from(names, alternative)))
      )
    )
  )
  const signed = Der.sequence(body, signature, Der.bits(sign("sha256", body, privateKey)))
  return { cert: pem(signed), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() }
}
