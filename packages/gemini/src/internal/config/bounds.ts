/** Bounds on what is taken in from a server. Compressed bytes are counted as they are after decompression. */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Bounds } from "../../GeminiConfig.ts"

const MiB = 1 << 20

export const defaults: Readonly<Record<keyof Bounds, number>> = {
  body: 256 * MiB,
  event: 128 * MiB,
  errorBody: MiB / 4,
  frame: 32 * MiB
}

/** No engine of today holds longer texts (V8: 2^29 - 24 characters), and a body becomes one text. */
export const longest = 0x1fffffe8

export const of = (bounds: Bounds | undefined, what: keyof Bounds): number => bounds?.[what] ?? defaults[what]

export const exceeded = (what: Reason.ResponseTooLarge["what"], limit: number): Reason.ResponseTooLarge =>
  new Reason.ResponseTooLarge({ what, limit })
