/** Reads the beginning of a JSON text as the value that it is so far. Pure. */

/** A value, and whether its end has been seen. */
export interface Partial {
  readonly value: unknown
  readonly complete: boolean
  /** The last entry of an array or object, which may still be incomplete. */
  readonly last?: { readonly key: string | number; readonly partial: Partial }
}

const space = /\s*/y
const scalar = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

class PartialReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Partial | undefined {
    switch (this.#next()) {
      case "{":
        return this.#object()
      case "[":
        return this.#array()
      case "\"":
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #next(): string | undefined {
    space.lastIndex = this.#at
    space.exec(this.#text)
    this.#at = space.lastIndex
    return this.#text[this.#at]
  }

  #object(): Partial {
    const out: Record<string, unknown> = {}
    let last: Partial["last"]
    this.#at++
    while (true) {
      const next = this.#next()
      if (next === "}") {
        this.#at++
        return { value: out, complete: true }
      }
      if (next === ",") {
        this.#at++
        continue
      }
      const key = next === "\"" ? this.#string() : undefined
      if (key?.complete !== true || this.#next() !== ":") break
      this.#at++
      const partial = this.value()
      if (partial === undefined) break
      const name = String(key.value)
      // The value is defined, not assigned, because a key may be __proto__.
      Object.defineProperty(out, name, { value: partial.value, enumerable: true, configurable: true, writable: true })
      last = { key: name, partial }
      if (!partial.complete) break
    }
    return { value: out, complete: false, ...(last === undefined ? {} : { last }) }
  }

  #array(): Partial {
    const out: Array<unknown> = []
    let last: Partial["last"]
    this.#at++
    while (true) {
      const next = this.#next()
      if (next === "]") {
        this.#at++
        return { value: out, complete: true }
      }
      if (next === ",") {
        this.#at++
        continue
      }
      const partial = this.value()
      if (partial === undefined) break
      last = { key: out.length, partial }
      out.push(partial.value)
      if (!partial.complete) break
    }
    return { value: out, complete: false, ...(last === undefined ? {} : { last }) }
  }

  #string(): Partial {
    const start = this.#at
    for (let i = start + 1; i < this.#text.length; i++) {
      if (this.#text[i] === "\\") i++
      else if (this.#text[i] === "\"") {
        this.#at = i + 1
        return { value: JSON.parse(this.#text.slice(start, i + 1)), complete: true }
      }
    }
    const open = this.#text.slice(start)
    this.#at = this.#text.length
    // An escape or a surrogate pair of which only a part has come is left out.
    const certain = open.replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, "").replace(/\\u[dD][89abAB][0-9a-fA-F]{2}$/, "")
    return { value: JSON.parse(`${certain.replace(/[\uD800-\uDBFF]$/, "")}"`), complete: false }
  }

  #scalar(): Partial | undefined {
    scalar.lastIndex = this.#at
    const [text] = scalar.exec(this.#text) ?? []
    if (text === undefined) return undefined
    this.#at = scalar.lastIndex
    // A number at the end of the text may still go on.
    return this.#at === this.#text.length && /\d$/.test(text)
      ? undefined
      : { value: JSON.parse(text), complete: true }
  }
}

/** Parses the beginning of a text. The value is undefined while nothing is certain, and for text that is not JSON. */
export const parse = (text: string): Partial | undefined => {
  try {
    return new PartialReader(text).value()
  } catch {
    return undefined
  }
}
