/** The few forms of ASN.1's DER that a certificate needs (X.690). */

const tagged = (tag: number, ...content: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

export const sequence = (...content: ReadonlyArray<Uint8Array>): Buffer => tagged(0x30, ...content)

export const set = (...content: ReadonlyArray<Uint8Array>): Buffer => tagged(0x31, ...content)

/** A number by its bytes, the most significant one first. It is positive, so its first bit is kept clear. */
export const positive = (bytes: Uint8Array): Buffer => {
  const from = bytes.findIndex((byte) => byte !== 0)
  const short = from < 0 ? Uint8Array.of(0) : bytes.subarray(from)
  return tagged(0x02, (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Uint8Array.of(0), short]))
}

export const boolean = (value: boolean): Buffer => tagged(0x01, Uint8Array.of(value ? 0xff : 0))

export const octets = (...content: ReadonlyArray<Uint8Array>): Buffer => tagged(0x04, ...content)

/** Whole bytes of bits, of which so many at the end are not used. */
export const bits = (content: Uint8Array, unused = 0): Buffer => tagged(0x03, Uint8Array.of(unused), content)

export const text = (value: string): Buffer => tagged(0x0c, Buffer.from(value, "utf8"))

/** `1.2.840.10045.4.3.2`, for instance. */
export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const base128 = (value: number): ReadonlyArray<number> => {
    const digits = [value & 0x7f]
    for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift(left & 0x7f | 0x80)
    return digits
  }
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** Up to 2049 a certificate writes the year with two digits, later with four (RFC 5280, 4.1.2.5). */
export const time = (millis: number): Buffer => {
  const digits = new Date(millis).toISOString().replace(/\.\d+|[-:T]/g, "")
  return digits < "2050" ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

/** Something with a context's own number, constructed (as a `[0]` with parts) or not. */
export const context = (number: number, isConstructed: boolean, ...content: ReadonlyArray<Uint8Array>): Buffer =>
  tagged(0x80 | (isConstructed ? 0x20 : 0) | number, ...content)
