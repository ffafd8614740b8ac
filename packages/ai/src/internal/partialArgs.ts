/**
 * Streamed call arguments put together. Pure.
 *
 * The pieces are JSON paths and values; a string may come in several. The same pieces give
 * the text of the arguments as far as it is certain, for whoever shows a call as it grows.
 */
import type * as Part from "effect-gemini/Part"

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

  add(piece: Piece): void {
    const path = steps(piece.jsonPath ?? "$")
    let node: Node = this.#args
    path.forEach((step, i) => {
      const next = path[i + 1]
      if (next === undefined) {
        const before = get(node, step)
        const value = valueOf(piece)
        set(node, step, typeof before === "string" && typeof value === "string" ? before + value : value)
        return
      }
      const inner = get(node, step)
      if (isNode(inner)) {
        node = inner
        return
      }
      const made: Node = typeof next === "number" ? [] : {}
      set(node, step, made)
      node = made
    })
    this.#open = piece.willContinue === true
  }

  /** What the text of the arguments has grown by; nothing where it changed further back. */
  delta(): string {
    const text = JSON.stringify(this.#args).replace(/[}\]]+$/, "")
    // The quote of a string that goes on is not certain yet.
    return this.#grow(this.#open ? text.replace(/"$/, "") : text)
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
