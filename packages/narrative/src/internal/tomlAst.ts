/**
 * The part of toml-eslint-parser 1.0 that positions need. Its own types import ESLint's,
 * which are not installed with it, so they do not compile without skipLibCheck.
 */

interface Node {
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
}

export interface Key extends Node {
  readonly keys: ReadonlyArray<{ readonly name: string } | { readonly value: string }>
}

export interface KeyValue extends Node {
  readonly type: "TOMLKeyValue"
  readonly key: Key
  readonly value: Content
}

export interface Table extends Node {
  readonly type: "TOMLTable"
  readonly resolvedKey: ReadonlyArray<string | number>
  readonly body: ReadonlyArray<KeyValue>
}

export type Content =
  | (Node & { readonly type: "TOMLValue" })
  | (Node & { readonly type: "TOMLArray"; readonly elements: ReadonlyArray<Content> })
  | (Node & { readonly type: "TOMLInlineTable"; readonly body: ReadonlyArray<KeyValue> })

export interface Parser {
  readonly parseTOML: (code: string) => {
    readonly body: readonly [{ readonly body: ReadonlyArray<KeyValue | Table> }]
  }
}
