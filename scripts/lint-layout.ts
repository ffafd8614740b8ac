// The house rules that no linter knows: module names, rooms and who may import whom, rings of imports, banned words,
// sentences in docstrings, no switches on model names. `--root DIR` checks another tree, for the test that plants faults.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { moduleGraph, rings } from "./moduleGraph.ts"

const at = process.argv.indexOf("--root")
const root = at > 0 ? process.argv[at + 1] ?? "" : join(import.meta.dirname, "..")

/**
 * The rooms of each package's `internal/`, from the ground up: a room may import those before it in the list and
 * itself. Rooms in one inner list stand on the same floor and do not import each other.
 */
const floors: Record<string, ReadonlyArray<ReadonlyArray<string>>> = {
  gemini: [["google", "wire"], ["config"], ["telemetry"], ["http", "limiter"], ["budget"], ["call"], ["live"], [
    "members"
  ]],
  emulator: [["google", "log"], ["judge"], ["answers"], ["rules"], ["live"], ["server"], ["spaces"]]
}

/** The longest ring of imports that may exist, type imports included. Value imports may not form a ring at all. */
const longestRing = 6

const categories = new Set([
  "combinators",
  "commands",
  "constants",
  "constructors",
  "conversions",
  "errors",
  "folding",
  "getters",
  "guards",
  "layers",
  "metrics",
  "models",
  "options",
  "parsing",
  "predicates",
  "references",
  "running",
  "schemas",
  "services",
  "tools",
  "utility types"
])

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", ":(glob)packages/*/src/**/*.ts"], {
  cwd: root,
  encoding: "utf8"
}).split("\n").filter((file) => file !== "" && existsSync(join(root, file)))
if (files.length === 0) throw new Error(`no source files under ${root}`)

const problems: Array<string> = []
const report = (file: string, problem: string) => problems.push(`${file}: ${problem}`)

/** The docstrings of a module's exports: their text without examples and tags, and their categories. */
const exportsOf = (text: string) => {
  const lines = text.split("\n")
  return lines.flatMap((line, index) => {
    const found = /^export (?:declare |abstract )*(?:const|function|class|interface|type|namespace) (\w+)/.exec(line)
    if (!found) return []
    let from = index
    if (lines[index - 1]?.trimEnd().endsWith("*/")) {
      do from--
      while (from > 0 && !lines[from]?.trimStart().startsWith("/**"))
    }
    const doc = lines.slice(from, index).map((it) =>
      it.replace(/^\s*(?:\/\*\*|\*\/|\*)?\s?/, "").replace(/\*\/\s*$/, "")
    )
    const prose = doc.join("\n").replace(/```[^]*?```/g, "")
    const words = prose.split("\n").filter((it) => !it.trimStart().startsWith("@")).join(" ").trim()
    return [{
      name: found[1] ?? "",
      words,
      categories: Array.from(doc.join("\n").matchAll(/@category (.+)/g), (it) => it[1])
    }]
  })
}

for (const file of files) {
  const text = readFileSync(join(root, file), "utf8")
  const name = basename(file, ".ts")
  const isLibrary = !/^packages\/(bench|examples)\//.test(file)
  const isPublic = isLibrary && !file.includes("/internal/")
  if (isPublic && !/^([A-Z]\w*|index|bin)$/.test(name)) report(file, "a public module is one noun in PascalCase")
  if (isLibrary && /^[a-z]/.test(name) && /^export (?:abstract )?class /m.test(text)) {
    report(file, "a file that exports a class bears its name")
  }
  if (/util|helper|manager|common/i.test(name)) report(file, "name it after what it holds")
  if (/(startsWith|includes|match|test)\(\s*["'/^]*gemini-\d/.test(text)) {
    report(file, "no behaviour may hang on a model-name prefix; put it into dated data")
  }
  if (!isPublic || name === "index" || name === "bin") continue
  if (!text.startsWith("/**")) report(file, "a module opens with a header that says what it is")
  const exported = exportsOf(text)
  // A schema and its type share a name; one sentence at either of them serves both.
  const documented = new Set(exported.filter(({ words }) => /\w/.test(words)).map((it) => it.name))
  for (const exportName of new Set(exported.map((it) => it.name))) {
    if (!documented.has(exportName)) report(file, `${exportName} has no sentence that says what it is`)
  }
  for (const { categories: named } of exported) {
    for (const category of named) {
      if (!categories.has(category ?? "")) report(file, `@category ${category} is none of the list in lint-layout`)
    }
  }
}

const graph = moduleGraph(root, files)
const roomOf = (file: string) => /^packages\/(\w+)\/src\/internal\/(\w+)\//.exec(file)
for (const [from, imports] of graph) {
  const [, owner = "", here = ""] = roomOf(from) ?? []
  const plan = floors[owner]
  if (!plan) continue
  const floor = (room: string) => plan.findIndex((rooms) => rooms.includes(room))
  if (floor(here) < 0) report(from, `the room ${here} stands on no floor in lint-layout`)
  for (const { to } of imports) {
    const [, other = "", there = ""] = roomOf(to) ?? []
    if (other !== owner || there === here) continue
    if (floor(there) >= floor(here)) {
      report(from, `${here} may not import ${there} (${basename(to)}): it stands on a lower floor`)
    }
  }
}
for (const ring of rings(graph, true)) {
  report(ring.join(" → "), "these modules import each other's values in a ring")
}
for (const ring of rings(graph, false)) {
  if (ring.length > longestRing) {
    report(ring.join(", "), `a ring of ${ring.length} modules; ${longestRing} is the longest allowed`)
  }
}

for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
