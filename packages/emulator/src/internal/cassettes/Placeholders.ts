/**
 * What stands in a cassette in place of secrets: `REDACTED_KEY_1`. The same secret has the same placeholder in the whole
 * cassette. Nothing in the file is derived from the secret, so that nobody can try out values until one fits.
 */

export const prefix = "REDACTED_"

const form = /REDACTED_([A-Z_]+)_(\d+)/g

/** Whether a text is nothing but a placeholder. */
export const isOne = (text: string): boolean => /^REDACTED_[A-Z_]+_\d+$/.test(text)

export interface Placeholders {
  readonly of: (kind: string, secret: string) => string
  /** Goes on counting behind the placeholders that a text holds. */
  readonly seen: (text: string) => void
}

export const make = (): Placeholders => {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  return {
    of: (kind, secret) => {
      const key = `${kind}\n${secret}`
      const old = known.get(key)
      if (old !== undefined) return old
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      const made = `${prefix}${kind}_${count}`
      known.set(key, made)
      return made
    },
    seen: (text) => {
      for (const [, kind = "", count] of text.matchAll(form)) {
        counts.set(kind, Math.max(counts.get(kind) ?? 0, Number(count)))
      }
    }
  }
}

/**
 * The text with its placeholders counted anew, in the order in which they stand there. Two requests with the same secrets
 * in the same places are equal then, whatever else their cassettes held before.
 */
export const renumbered = (text: string): string => {
  const names = new Map<string, string>()
  return text.replace(form, (whole, kind: string) => {
    const known = names.get(whole)
    if (known !== undefined) return known
    const made = `${prefix}${kind}_#${names.size + 1}`
    names.set(whole, made)
    return made
  })
}
