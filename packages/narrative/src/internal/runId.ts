/** Ids of runs that were given none: the title's words, and six letters or digits by chance. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
const longest = 32

const slug = (title: string): string =>
  title.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, longest).replace(/^-+|-+$/g, "")

export const make = (title: string): Effect.Effect<string> =>
  Effect.map(
    Effect.forEach(Array.from({ length: 6 }), () => Random.nextIntBetween(0, alphabet.length)),
    (numbers) => {
      const chance = numbers.map((n) => alphabet[n] ?? "a").join("")
      const words = slug(title)
      return words === "" ? `run-${chance}` : `${words}-${chance}`
    }
  )
