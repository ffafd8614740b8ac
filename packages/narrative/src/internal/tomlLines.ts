/**
 * Key path → line. Effect's Toml gives values without positions, so a second parser
 * that keeps them is loaded, and only when there is a problem to point at.
 */
import type * as Ast from "./tomlAst.ts"

const parser: string = "toml-eslint-parser" // a string, not a literal: TypeScript must not look at its types

export type Path = ReadonlyArray<string | number>

/** The line of a path, or of its nearest parent that has one; inside it the line where `find` stands. */
export type LineOf = (path: Path, find?: string) => number | undefined

interface Span {
  readonly start: number
  readonly end: number
}

const id = (path: Path): string => JSON.stringify(path)

const namesOf = (key: Ast.Key): ReadonlyArray<string> => key.keys.map((k) => "name" in k ? k.name : k.value)

const collect = (statements: ReadonlyArray<Ast.KeyValue | Ast.Table>): ReadonlyMap<string, Span> => {
  const spans = new Map<string, Span>()
  const add = (path: Path, { loc }: Ast.Content | Ast.KeyValue | Ast.Table) => {
    if (!spans.has(id(path))) spans.set(id(path), { start: loc.start.line, end: loc.end.line })
  }
  const content = (path: Path, node: Ast.Content): void => {
    add(path, node)
    if (node.type === "TOMLArray") node.elements.forEach((element, i) => content([...path, i], element))
    if (node.type === "TOMLInlineTable") node.body.forEach((entry) => keyValue(path, entry))
  }
  const keyValue = (parent: Path, node: Ast.KeyValue): void => {
    const names = namesOf(node.key)
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

/** Positions of a text; without the parser (a bundle that leaves it out) or without valid TOML there are none. */
export const load = async (text: string): Promise<LineOf> => {
  try {
    const { parseTOML }: Ast.Parser = await import(parser)
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
