/** Bytes that say where they stand, so that a piece in a wrong place is seen, made as fast as they are needed. */
import { createHash } from "node:crypto"

export const pieceSize = 65_536

/** The piece at an offset, which is a multiple of its size. */
export const pieceAt = (offset: number, total: number): Uint8Array => {
  const length = Math.min(pieceSize, total - offset)
  const bytes = Buffer.alloc(length, "effect-gemini files ")
  for (let at = 0; at + 8 <= length; at += 4096) bytes.writeDoubleLE(offset + at, at)
  return bytes
}

/** The pieces behind an offset, the first of which may be the rest of one. */
export function* pieces(total: number, from = 0): Generator<Uint8Array> {
  const within = from % pieceSize
  if (within > 0) yield pieceAt(from - within, total).subarray(within)
  for (let offset = from + (pieceSize - within) % pieceSize; offset < total; offset += pieceSize) {
    yield pieceAt(offset, total)
  }
}

export const hashOf = (total: number): string => {
  const hash = createHash("sha256")
  for (const piece of pieces(total)) hash.update(piece)
  return hash.digest("hex")
}
