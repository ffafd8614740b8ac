/**
 * The smallest media that decode: a one-colour PNG, a short tone as PCM.
 */
import type { Dice } from "../Dice.ts"

const base64 = (bytes: Uint8Array): string => {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = (c & 1) === 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

const crc32 = (bytes: Uint8Array): number => {
  let c = 0xffffffff
  for (const byte of bytes) c = (crcTable[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

const adler32 = (bytes: Uint8Array): number => {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return ((b << 16) | a) >>> 0
}

const uint32 = (n: number): ReadonlyArray<number> => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff]

const chunk = (type: string, data: ReadonlyArray<number>): ReadonlyArray<number> => {
  const body = [...type].map((letter) => letter.charCodeAt(0)).concat(data)
  return [...uint32(data.length), ...body, ...uint32(crc32(Uint8Array.from(body)))]
}

/** A PNG of 8 bit RGB in one stored deflate block, so that no compressor is needed. */
export const png = (width: number, height: number, dice: Dice): string => {
  const colour = [dice.int(0, 255), dice.int(0, 255), dice.int(0, 255)]
  const row = [0, ...Array.from({ length: width }, () => colour).flat()]
  const raw = Array.from({ length: height }, () => row).flat()
  const size = [raw.length & 0xff, raw.length >>> 8]
  const stored = [0x78, 0x01, 1, ...size, ...size.map((byte) => byte ^ 0xff), ...raw]
  return base64(Uint8Array.from([
    0x89,
    0x50,
    0x4e,
    0x47,
    0x0d,
    0x0a,
    0x1a,
    0x0a,
    ...chunk("IHDR", [...uint32(width), ...uint32(height), 8, 2, 0, 0, 0]),
    ...chunk("IDAT", [...stored, ...uint32(adler32(Uint8Array.from(raw)))]),
    ...chunk("IEND", [])
  ]))
}

/** A tone of so many milliseconds: s16le, mono, 24 kHz. */
export const tone = (millis: number, hertz: number): string => {
  const samples = Math.round(24 * millis)
  const bytes = new Uint8Array(samples * 2)
  for (let i = 0; i < samples; i++) {
    const value = Math.round(8000 * Math.sin((2 * Math.PI * hertz * i) / 24_000))
    bytes[2 * i] = value & 0xff
    bytes[2 * i + 1] = (value >> 8) & 0xff
  }
  return base64(bytes)
}

/** A tone whose pitch the dice choose. */
export const pcm = (millis: number, dice: Dice): string => tone(millis, dice.int(220, 660))
