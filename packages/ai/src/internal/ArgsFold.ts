/**
 * Puts the pieces of a streamed call's arguments together. Pure.
 *
 * The pieces are JSON paths and values, and a string may come in several pieces. From the same pieces comes the text of
 * the arguments as far as it is certain, for a program that shows a call as it grows. The paths are the server's: a
 * path that cannot lead anywhere in a function's arguments is left out.
 */
import type * as Part from "effect-gemini/wire/Part"

type Node = { [key: string]: unknown } | Array<unknown>
type Step = string | number
type Piece = typeof Part.PartialArg.Type

const stepPattern = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g

/** The steps of a path such as `$.a.b[0]['c d']`. */
export const steps = (jsonPath: string): ReadonlyArray<Step> =>
  Array.from(
    jsonPath.matchAll(stepPattern),
    ([, name, index, single, double]) =>
      index === undefined ? name ?? (single ?? double ?? "").replace(/\\(.)/g, "$1") : Number(index)
  )

/** The text of longer arguments is written again only when it has grown by a thirty-second. */
const short = 4096

/** Deeper arguments would overflow the stack of the program that writes them as JSON. */
const deepest = 200

/** How many empty places an array may have before its next value; each is written as a null. */
const widestGap = 1_000

/** Whether a step leads anywhere from this node. An array has only numbered places, and few of them may be empty. */
const isPlace = (node: Node, step: Step): boolean =>
  !Array.isArray(node) || (typeof step === "number" && step <= node.length + widestGap)

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null

const get = (node: Node, step: Step): unknown => Object.hasOwn(node, String(step)) ? Reflect.get(node, step) : undefined

// The value is defined, not assigned, because a path may be called __proto__.
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
  /** How long the text was when it was last written, and how many values have come since. */
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
   * What the text of the arguments has grown by, or an empty text if it changed further back. Each time all of it is
   * written, so long arguments are not written for every piece.
   */
  delta(): string {
    if (this.#written > short && this.#grown < this.#written >> 5) return ""
    const whole = JSON.stringify(this.#args)
    this.#grown = 0
    this.#written = whole.length
    let end = whole.length
    while (whole[end - 1] === "}" || whole[end - 1] === "]") end--
    const text = whole.slice(0, end)
    // A string that still goes on has no certain end, so its closing quote is left out.
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
