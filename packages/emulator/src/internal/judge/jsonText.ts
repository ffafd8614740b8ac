/**
 * JSON as Google's front end reads it, and its words where it cannot.
 *
 * It takes more than JSON: trailing commas, single quotes, bare keys. A refusal quotes twenty
 * characters either side of the place and puts a caret under it. Both are those of protobuf's
 * `JsonStreamParser`, whose messages the real API shows.
 */

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string }

/** Parses a body. An empty one is an empty message. */
export const parse = (text: string): Parsed => {
  if (text === "") return { ok: true, value: {} }
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return new JsonReader(text).read()
  }
}

const context = 20

const escapes: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" })
)

/** These patterns always match, and in one step: a body may be a hundred million characters of either kind. */
const blanks = /\s*/y
const plain = /[^"'\\]*/y

class Malformed extends Error {}

class JsonReader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  read(): Parsed {
    try {
      const value = this.value()
      this.space()
      if (this.at < this.text.length) this.fail("Parsing terminated before end of input.")
      return { ok: true, value }
    } catch (error) {
      if (error instanceof Malformed) return { ok: false, message: error.message }
      throw error
    }
  }

  private fail(message: string): never {
    const begin = Math.max(0, this.at - context)
    const segment = this.text.slice(begin, this.at + context)
    const end = this.at >= this.text.length && message.startsWith("Expected") ? "Unexpected end of string. " : ""
    throw new Malformed(
      `Invalid JSON payload received. ${end}${message}\n${segment}\n${" ".repeat(this.at - begin)}^`
    )
  }

  private space(): void {
    blanks.lastIndex = this.at
    blanks.test(this.text)
    this.at = blanks.lastIndex
  }

  private value(): unknown {
    this.space()
    const c = this.text.charAt(this.at)
    if (c === "{") return this.object()
    if (c === "[") return this.array()
    if (c === "\"" || c === "'") return this.string(c)
    if (c === "-" || (c >= "0" && c <= "9")) return this.number()
    for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length
        return value
      }
    }
    return this.fail(/[A-Za-z_$}\],:]/.test(c) ? "Unexpected token." : "Expected a value.")
  }

  private object(): unknown {
    const out: Record<string, unknown> = {}
    this.at++
    for (;;) {
      this.space()
      if (this.text.charAt(this.at) === "}") break
      const key = this.key()
      this.space()
      if (this.text.charAt(this.at) !== ":") this.fail("Expected : between key:value pair.")
      this.at++
      const value = this.value()
      // A plain assignment would set the prototype.
      Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true })
      this.space()
      const c = this.text.charAt(this.at)
      if (c === "}") break
      if (c !== ",") this.fail("Expected , or } after key:value pair.")
      this.at++
    }
    this.at++
    return out
  }

  private key(): string {
    const c = this.text.charAt(this.at)
    if (c === "\"" || c === "'") return this.string(c)
    const bare = /^[A-Za-z_$][\w$]*/.exec(this.text.slice(this.at, this.at + 1024))?.[0]
    if (bare === undefined) return this.fail("Expected an object key or }.")
    this.at += bare.length
    return bare
  }

  private array(): unknown {
    const out: Array<unknown> = []
    this.at++
    for (;;) {
      this.space()
      if (this.text.charAt(this.at) === "]") break
      if (this.at >= this.text.length) this.fail("Expected a value or ] within an array.")
      out.push(this.value())
      this.space()
      const c = this.text.charAt(this.at)
      if (c === "]") break
      if (c !== ",") this.fail("Expected , or ] after array value.")
      this.at++
    }
    this.at++
    return out
  }

  private string(quote: string): string {
    let out = ""
    this.at++
    for (;;) {
      plain.lastIndex = this.at
      plain.test(this.text)
      out += this.text.slice(this.at, plain.lastIndex)
      this.at = plain.lastIndex
      const c = this.text.charAt(this.at)
      if (c === "") return this.fail("Closing quote expected in string.")
      if (c === quote) break
      if (c !== "\\") {
        out += c
        this.at++
        continue
      }
      const escaped = this.text.charAt(this.at + 1)
      if (escaped === "") return this.fail("Closing quote expected in string.")
      if (escaped === "u") {
        const hex = this.text.slice(this.at + 2, this.at + 6)
        if (hex.length < 4) this.fail("Illegal hex string.")
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail("Invalid escape sequence.")
        out += String.fromCharCode(Number.parseInt(hex, 16))
        this.at += 6
        continue
      }
      out += escapes.get(escaped) ?? escaped
      this.at += 2
    }
    this.at++
    return out
  }

  private number(): number {
    const digits = /^[-+.\dxeE]+/.exec(this.text.slice(this.at, this.at + 400))?.[0] ?? ""
    if (/^-?0[\dx]/.test(digits)) this.fail("Octal/hex numbers are not valid JSON values.")
    const value = Number(digits)
    if (Number.isNaN(value)) this.fail("Unable to parse number.")
    if (!Number.isFinite(value)) this.fail("Number exceeds the range of double.")
    this.at += digits.length
    return value
  }
}
