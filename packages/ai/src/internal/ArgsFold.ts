/**
 * Streamed call arguments put together. Pure.
 *
 * The pieces are JSON paths and values; a string may come in several. The same pieces give
 * the text of the arguments as far as it is certain, for whoever shows a call as it grows.
 * Paths are the server's word: one that no arguments of a function have is left out.
 */
import type * as Part from "effect-gemini/wire/Part"

type Node = { [key: string]: unknown } | Array<unknown>
type Step = string | number
type Piece = typeof Part.PartialArg.Type

const stepPattern = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g

/** The steps of `$.a.b[0]['c d']`. */
export const steps = (jsonPath: string): ReadonlyArray<Step> =>
  Array.from(
    jsonPath.matchAll(stepPattern),
    ([, name, index, single, double]) =>
      index === undefined ? name ?? (single ?? double ?? "").replace(/\\(.)/g, "$1") : Number(index)
  )

/** What is longer is written again when it has grown by a thirty-second. */
const short = 4096

/** Deeper arguments fill the stack of whoever writes them as JSON. */
const deepest = 200

/** Places of an array that may be left empty: each is written as a null. */
const widestGap = 1_000

/** Whether a step leads somewhere from there: an array has places alone, and few that are empty. */
const isPlace = (node: Node, step: Step): boolean =>
  !Array.isArray(node) || (typeof step === "number" && step <= node.length + widestGap)

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null

const get = (node: Node, step: Step): unknown => Object.hasOwn(node, String(step)) ? Reflect.get(node, step) : undefined

// Defined, not assigned: a path may be called __proto__.
const set = (node: Node, step: Step, value: unknown): void => {
  Object.defineProperty(node, step, { value, writable: true, enumerable: true, configurable: true })
}

const valueOf = (piece: Piece): unknown => {
  if (typeof piece.stringValue === "string") return piece.stringValue
  if (piece.numberValue !== undefined && piece.numberValue !== null) return Number(piece.numberValue)
  if (typeof piece.boolValue === "boolean") return piece.boolValue
  return null
}

export class ArgsFold {
  readonly #args: Record<string, unknown> = {}
  #shown = ""
  #open = false
  /** How long the text was when it was last written, and the values that came since. */
  #written = 0
  #grown = 0

  add(piece: Piece): void {
    this.#open = piece.willContinue === true
    this.#grown += 1 + (piece.stringValue?.length ?? 0)
    const path = steps(piece.jsonPath ?? "$")
    if (path.length > deepest) return
    let node: Node = this.#args
    for (const [i, step] of path.entries()) {
      if (!isPlace(node, step)) return
      const before = get(node, step)
      const next = path[i + 1]
      if (next === undefined) {
        const value = valueOf(piece)
        return set(node, step, typeof before === "string" && typeof value === "string" ? before + value : value)
      }
      if (isNode(before)) {
        node = before
        continue
      }
      const made: Node = typeof next === "number" ? [] : {}
      set(node, step, made)
      node = made
    }
  }

  /**
   * What the text of the arguments has grown by; nothing where it changed further back. All of
   * it is written each time: what is long is not written for each piece.
   */
  delta(): string {
    if (this.#written > short && this.#grown < this.#written >> 5) return ""
    const whole = JSON.stringify(this.#args)
    this.#grown = 0
    this.#written = whole.length
    let end = whole.length
    while (whole[end - 1] === "}" || whole[end - 1] === "]") end--
    const text = whole.slice(0, end)
    // The quote of a string that goes on is not certain yet.
    return this.#grow(this.#open ? text.endsWith("\"") ? text.slice(0, -1) : text : text)
  }

  /** The rest of the text. */
  end(): string {
    return this.#grow(JSON.stringify(this.#args))
  }

  args(): Record<string, unknown> {
    return this.#args
  }

  #grow(text: string): string {
    if (!text.startsWith(this.#shown)) return ""
    const delta = text.slice(this.#shown.length)
    this.#shown = text
    return delta
  }
}
