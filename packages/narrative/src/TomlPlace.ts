/**
 * The line of a key in a TOML text, for messages about what is wrong there.
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
 * Gives the line (from 1) of a key, or of its nearest parent that has one. With `find` it is the line inside the key's
 * value where that text stands.
 *
 * @category models
 * @since 0.1.0
 */
export type LineOf = (path: Path, find?: string) => number | undefined

// These types describe the part of toml-eslint-parser 1.0 that positions need. Its own types import those of ESLint,
// which are not installed with it. The name is typed as a string, so that TypeScript does not look for them.
const parser: string = "toml-eslint-parser"

interface Node {
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
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
  readonly start: number
  readonly end: number
}

const id = (path: Path): string => JSON.stringify(path)

const collect = (statements: ReadonlyArray<KeyValue | Table>): ReadonlyMap<string, Span> => {
  const spans = new Map<string, Span>()
  const add = (path: Path, { loc }: Node) => {
    if (!spans.has(id(path))) spans.set(id(path), { start: loc.start.line, end: loc.end.line })
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

const load = async (text: string): Promise<LineOf> => {
  try {
    const { parseTOML }: Parser = await import(parser)
    const spans = collect(parseTOML(text.replace(/^\uFEFF/, "")).body[0].body)
    const lines = text.split("\n")
    return (path, find) => {
      for (let length = path.length; length > 0; length--) {
        const span = spans.get(id(path.slice(0, length)))
        if (span === undefined) continue
        if (find === undefined) return span.start
        const inside = lines.slice(span.start - 1, span.end).findIndex((line) => line.includes(find))
        return inside === -1 ? span.start : span.start + inside
      }
      return undefined
    }
  } catch {
    return () => undefined
  }
}

/**
 * The lines of the keys in a TOML text. If the parser is missing (a bundle may leave it out) or the text is not valid
 * TOML, every line is undefined.
 *
 * ```ts
 * import * as TomlPlace from "effect-gemini-narrative/TomlPlace"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.map(
 *   TomlPlace.of("[server]\nport = 80\n\n[[routes]]\npath = \"/a\"\n"),
 *   (lineOf) => [lineOf(["server", "port"]), lineOf(["routes", 0, "path"]), lineOf(["server", "host"])]
 * )
 * console.log(await Effect.runPromise(program)) // [ 2, 5, 1 ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (text: string): Effect.Effect<LineOf> => Effect.promise(() => load(text))
