/** Snippets that texts share. Each is checked once by itself, and again wherever it is used, for what it refers to. */
import * as Result from "effect/Result"
import * as File from "../NarrativeFile.ts"
import { decode, type UnplacedProblem } from "./decode.ts"
import type { FileContent } from "./media.ts"
import { nearest } from "./nearest.ts"
import * as Template from "./template.ts"

/** A partial's text; undefined if it is broken, which was said. */
export type Partials = ReadonlyMap<string, string | undefined>

export const fileOf = (raw: unknown): string | undefined => {
  if (typeof raw !== "object" || raw === null || !Object.hasOwn(raw, "file")) return undefined
  const file: unknown = Reflect.get(raw, "file")
  return typeof file === "string" ? file : undefined
}

export const resolve = (
  declared: Readonly<Record<string, unknown>>,
  files: (path: string) => FileContent | undefined,
  report: (problem: UnplacedProblem) => void
): Partials => {
  const texts = new Map<string, string | undefined>()
  for (const [name, raw] of Object.entries(declared)) {
    const path = ["partials", name]
    texts.set(name, undefined)
    if (!Template.namePattern.test(name)) {
      report({ path, what: `"${name}" cannot be a name`, hint: "a letter, then letters, digits, _ or -" })
    } else if (typeof raw === "string") texts.set(name, raw)
    else {
      const { found, value } = decode(File.Partial, raw, path, () => File.Partial.fields)
      for (const problem of found) {
        report(
          problem.what === "expected a table" ? { ...problem, what: "expected a text, or { file = \"…\" }" } : problem
        )
      }
      if (value === undefined || found.length > 0) continue
      const { file } = value
      const content = file === undefined ? undefined : files(file)
      if (file === undefined) report({ path, what: "says nothing", hint: "a text, or { file = \"…\" }" })
      else if (content === undefined) {
        report({ path, what: "files are not read here", hint: "load the narrative with fromFile, or write the text" })
      } else if (Result.isFailure(content)) report({ path: [...path, "file"], ...content.failure })
      else texts.set(name, content.success.data)
    }
  }
  for (const [name, text] of texts) {
    if (text === undefined) continue
    const way = cycle(name, texts)
    if (way !== undefined) {
      report({
        path: ["partials", name],
        what: `the partials hold each other: ${way.join(" holds ")}`,
        hint: "take one of these out"
      })
    }
    for (const token of Template.tokens(text)) {
      if (token._tag !== "Partial" || texts.has(token.name)) continue
      report({ path: ["partials", name], find: token.written, ...unknown(token.name, texts) })
    }
  }
  return texts
}

export const unknown = (name: string, partials: Partials): { readonly what: string; readonly hint: string } => {
  const near = nearest(name, partials.keys())
  const known = [...partials.keys()]
  return {
    what: `there is no partial "${name}"`,
    hint: near !== undefined
      ? `did you mean "${near}"?`
      : known.length === 0
      ? "the narrative has no [partials]"
      : `the partials are ${known.join(", ")}`
  }
}

/** The way by which a partial holds itself. */
const cycle = (start: string, texts: Partials): ReadonlyArray<string> | undefined => {
  const seen = new Set<string>()
  const open: Array<ReadonlyArray<string>> = [[start]]
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    for (const token of Template.tokens(texts.get(way.at(-1) ?? "") ?? "")) {
      if (token._tag !== "Partial") continue
      if (token.name === start) return [...way, start]
      if (seen.has(token.name)) continue
      seen.add(token.name)
      open.push([...way, token.name])
    }
  }
  return undefined
}
