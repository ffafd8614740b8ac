/**
 * Numbers that look random and follow from a seed alone.
 */

export interface Dice {
  /** A number from 0 to 1, with 0 and without 1. */
  readonly next: () => number
  /** A whole number from `low` to `high`, both included. */
  readonly int: (low: number, high: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A | undefined
  /** A text of so many letters from an alphabet; without one, from that of base64url. */
  readonly letters: (count: number, alphabet?: string) => string
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** FNV-1a over UTF-16 code units. */
export const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/** mulberry32: its 2^32 states are plenty, because nobody relies on generated answers. */
export const make = (seed: string): Dice => {
  let state = hash(seed)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    int,
    pick: (items) => items[int(0, items.length - 1)],
    letters: (count, alphabet = base64url) => {
      let out = ""
      for (let i = 0; i < count; i++) out += alphabet.charAt(int(0, alphabet.length - 1))
      return out
    }
  }
}
