/** The SHA-256 of a source, read piece by piece. */
import { sha256 } from "@noble/hashes/sha2.js"
import * as Effect from "effect/Effect"
import type { GeminiError } from "../../GeminiError.ts"
import type { OpenSource } from "./source.ts"

/** The hash in hexadecimal digits, and how many bytes there were. */
export const of = <E>(
  source: OpenSource<E>
): Effect.Effect<{ readonly hex: string; readonly size: number }, GeminiError | E> =>
  Effect.scoped(Effect.gen(function*() {
    const hash = sha256.create()
    const next = yield* source.at(0)
    let size = 0
    for (;;) {
      const piece = yield* next
      if (piece === undefined) break
      hash.update(piece)
      size += piece.length
    }
    const hex = Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("")
    return { hex, size }
  }))
