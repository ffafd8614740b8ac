/**
 * The line and column of a key in a TOML text, for messages about what is wrong there.
 *
 * Effect's Toml gives values without positions, so a second parser that keeps them is loaded, but only when a message
 * has something to point at.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/**
 * The path of a key: the names of its tables, its positions in lists (from 0) and its own name.
 *
 * @category models
 * @since 0.1.0
 */
export type Path = ReadonlyArray<string | number>

/**
 * A place in a text: line and column, from 1. Columns count UTF-16 units, as editors do.
 *
 * @category models
 * @since 0.3.0
 */
export interface Position {
  readonly line: number
  readonly column: number
}

/**
 * Gives the place of a key, or of its nearest parent that has one. With `find` it is the place inside the key's value where
 * that text stands, inside the first `within` if that is given, too.
 *
 * @category models
 * @since 0.3.0
 */
export type PositionOf = (path: Path, find?: string, within?: string) => Position | undefined

// These types describe the part of toml-eslint-parser 1.0 that positions need. Its own types import those of ESLint,
// which are not installed with it. The name is typed as a string, so that TypeScript does not look for them.
const parser: string = "toml-eslint-parser"

interface Node {
  /** Lines from 1, columns from 0. */
  readonly loc: { readonly start: Position; readonly end: Position }
}

interface KeyValue extends Node {
  readonly type: "TOMLKeyValue"
  readonly key: { readonly keys: ReadonlyArray<{ readonly name: string } | { readonly value: string }> }
  readonly value: Content
}

interface Table extends Node {
  readonly type: "TOMLTable"
  readonly resolvedKey: Path
  readonly body: ReadonlyArray<KeyValue>
}

type Content =
  | (Node & { readonly type: "TOMLValue" })
  | (Node & { readonly type: "TOMLArray"; readonly elements: ReadonlyArray<Content> })
  | (Node & { readonly type: "TOMLInlineTable"; readonly body: ReadonlyArray<KeyValue> })

interface Parser {
  readonly parseTOML: (code: string) => { readonly body: readonly [{ readonly body: ReadonlyArray<KeyValue | Table> }] }
}

interface Span {
  readonly start: Position
  readonly end: Position
}

const id = (path: Path): string => JSON.stringify(path)

const collect = (statements: ReadonlyArray<KeyValue | Table>): ReadonlyMap<string, Span> => {
  const spans = new Map<string, Span>()
  const add = (path: Path, { loc }: Node) => {
    if (!spans.has(id(path))) spans.set(id(path), loc)
  }
  const content = (path: Path, node: Content): void => {
    add(path, node)
    if (node.type === "TOMLArray") node.elements.forEach((element, i) => content([...path, i], element))
    if (node.type === "TOMLInlineTable") node.body.forEach((entry) => keyValue(path, entry))
  }
  const keyValue = (parent: Path, node: KeyValue): void => {
    const names = node.key.keys.map((key) => "name" in key ? key.name : key.value)
    names.forEach((_, i) => add([...parent, ...names.slice(0, i + 1)], node))
    content([...parent, ...names], node.value)
  }
  for (const statement of statements) {
    if (statement.type === "TOMLKeyValue") keyValue([], statement)
    else {
      statement.resolvedKey.forEach((_, i) => add(statement.resolvedKey.slice(0, i + 1), statement))
      statement.body.forEach((entry) => keyValue(statement.resolvedKey, entry))
    }
  }
  return spans
}

/** The place of a text inside a span. */
const inside = (
  lines: ReadonlyArray<string>,
  { end, start }: Span,
  find: string,
  within: string
): Position | undefined => {
  for (let line = start.line; line <= end.line; line++) {
    const text = lines[line - 1] ?? ""
    const from = line === start.line ? start.column : 0
    const whole = text.indexOf(within, from)
    // A text of a quoted value may be written with escapes there, and is looked for alone then.
    const found = text.indexOf(find, whole === -1 ? from : whole)
    if (found !== -1) return { line, column: found + 1 }
  }
  return undefined
}

const load = async (text: string): Promise<PositionOf> => {
  try {
    const { parseTOML }: Parser = await import(parser)
    const whole = text.replace(/^\uFEFF/, "")
    const spans = collect(parseTOML(whole).body[0].body)
    const lines = whole.split("\n")
    return (path, find, within = "") => {
      for (let length = path.length; length > 0; length--) {
        const span = spans.get(id(path.slice(0, length)))
        if (span === undefined) continue
        const found = find === undefined ? undefined : inside(lines, span, find, within)
        return found ?? { line: span.start.line, column: span.start.column + 1 }
      }
      return undefined
    }
  } catch {
    return () => undefined
  }
}

/**
 * The places of the keys in a TOML text. If the parser is missing (a bundle may leave it out) or the text is not valid
 * TOML, every place is undefined.
 *
 * ```ts
 * import * as TomlPlace from "effect-gemini-narrative/TomlPlace"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.map(
 *   TomlPlace.of("[server]\nport = 80\n\n[[routes]]\npath = \"/a\"\n"),
 *   (placeOf) => [placeOf(["server", "port"])?.line, placeOf(["routes", 0, "path"])?.column, placeOf(["server", "host"])?.line]
 * )
 * console.log(await Effect.runPromise(program)) // [ 2, 1, 1 ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (text: string): Effect.Effect<PositionOf> => Effect.promise(() => load(text))
