/**
 * The line of a key. Effect's Toml gives values without positions, so a parser that has
 * them is loaded, and only when there is a problem to point at.
 */

// The part of toml-eslint-parser 1.0 that is needed: its own types import ESLint's, which do
// not come with it. The name is no literal, so that TypeScript does not look for them.
const parser: string = "toml-eslint-parser"

interface KeyValue {
  readonly type: "TOMLKeyValue"
  readonly loc: Location
  readonly key: { readonly keys: ReadonlyArray<{ readonly name: string } | { readonly value: string }> }
  readonly value: { readonly type: string; readonly body?: ReadonlyArray<KeyValue> }
}

interface Table {
  readonly type: "TOMLTable"
  readonly loc: Location
  readonly resolvedKey: ReadonlyArray<string | number>
  readonly body: ReadonlyArray<KeyValue>
}

interface Location {
  readonly start: { readonly line: number }
}

interface Parser {
  readonly parseTOML: (code: string) => {
    readonly body: readonly [{ readonly body: ReadonlyArray<KeyValue | Table> }]
  }
}

export type LineOf = (path: ReadonlyArray<string>) => number | undefined

/** Where the parser is missing (a bundle that leaves it out) there are no lines. */
export const load = async (text: string): Promise<LineOf> => {
  const lines = new Map<string, number>()
  const note = (path: ReadonlyArray<string | number>, { start }: Location): void => {
    const id = JSON.stringify(path)
    if (!lines.has(id)) lines.set(id, start.line)
  }
  const entry = (parent: ReadonlyArray<string | number>, node: KeyValue): void => {
    const names = node.key.keys.map((key) => "name" in key ? key.name : key.value)
    names.forEach((_, i) => note([...parent, ...names.slice(0, i + 1)], node.loc))
    if (node.value.type === "TOMLInlineTable") {
      for (const inner of node.value.body ?? []) entry([...parent, ...names], inner)
    }
  }
  try {
    const { parseTOML }: Parser = await import(parser)
    for (const statement of parseTOML(text).body[0].body) {
      if (statement.type === "TOMLKeyValue") entry([], statement)
      else {
        statement.resolvedKey.forEach((_, i) => note(statement.resolvedKey.slice(0, i + 1), statement.loc))
        for (const inner of statement.body) entry(statement.resolvedKey, inner)
      }
    }
  } catch {
    return () => undefined
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return undefined
  }
}
