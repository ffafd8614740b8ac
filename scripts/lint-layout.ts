// The house rules that no linter knows: module names, one word for one thing, rooms and who may import whom, rings of imports, banned words,
// sentences in docstrings and comments, no switches on model names, and maps (READMEs, ARCHITECTURE.md) that name what
// there is. `--root DIR` checks another tree, for the test that plants faults.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { moduleGraph, rings } from "./moduleGraph.ts"

const at = process.argv.indexOf("--root")
const root = at > 0 ? process.argv[at + 1] ?? "" : join(import.meta.dirname, "..")

/**
 * The rooms of each package's `internal/`, from the ground up: a room may import those before it in the list and
 * itself. Rooms in one inner list stand on the same floor and do not import each other.
 */
const floors: Record<string, ReadonlyArray<ReadonlyArray<string>>> = {
  gemini: [["google", "wire"], ["config"], ["telemetry"], ["http", "limiter"], ["budget", "vertex"], ["call"], [
    "resources"
  ], [
    "uploads"
  ], [
    "live"
  ], [
    "members"
  ], [
    "batches",
    "caches",
    "interactions",
    "stores",
    "webhooks"
  ], [
    "research"
  ]],
  emulator: [
    ["door", "google", "log"],
    ["judge"],
    ["vertex"],
    ["answers"],
    ["decisions", "identity", "resources", "rules"],
    ["webhooks"],
    ["interactions"],
    ["live"],
    [
      "server"
    ],
    ["handling"],
    ["cassettes"],
    [
      "spaces"
    ],
    [
      "admin"
    ],
    [
      "command"
    ]
  ]
}

/** The longest ring of imports that may exist, type imports included. Value imports may not form a ring at all. */
const longestRing = 6

/** Phrases at which a reader stops, and what to write instead. */
const riddles = [
  [
    /(?<!\bthere (?:\w+ )?)\b(?:is|are|was|were) no (?!(?:longer|more|less|fewer|larger|smaller|later|sooner|faster|slower|higher|lower)\b)/i,
    "say what it is not (`is not a duration`), or what is expected instead"
  ],
  [
    /^(?:(?:Of|By|To|With|In|At|For) (?:what|which|whom|whose)|What is no|(?:That|Which) (?:is(?! why)|are|was|were|has|have|had|did|does|may|can|must|will|would))\b/,
    "a comment is a whole sentence, or names the thing; a relative clause alone is neither"
  ]
] as const

/**
 * Names that more than one module of a package may give: conventions of Effect, and what is the same thing at another
 * door, such as the deadline that HTTP and Live have each. Any other name stands for one thing.
 */
const several = new Set([
  "Answered",
  "Config",
  "Continuation",
  "Counters",
  "Entry",
  "Input",
  "Limits",
  "Mismatch",
  "Network",
  "Options",
  "Request",
  "ResponseTooLarge",
  "Service",
  "Settings",
  "Status",
  "TimedOut",
  "Timeouts",
  "When"
])

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

/** The classes that a module defines, and the types that it exports; one that only names another's is not its own. */
const definedIn = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(
    /^(?:export (?:declare |abstract )*(?:class|interface|type)|(?:abstract )?class) (\w+)(.*)/gm
  )).flatMap(([, name = "", rest = ""]) => {
    const isAlias = /^(?:<[^=]*>)? = [\w.]+(?:<[\w., ]*>)?$/.test(rest) ||
      new RegExp(`^ extends [\\w.]+\\.${name}\\b`).test(rest)
    return isAlias ? [] : [name]
  })

/** Which module of a package has given a name, by package and name. */
const given = new Map<string, string>()
const give = (file: string, kind: "module" | "name", name: string) => {
  const owner = file.split("/")[1] ?? ""
  const key = `${owner} ${kind} ${kind === "module" ? name.toLowerCase() : name}`
  const first = given.get(key) ?? file
  given.set(key, first)
  if (first !== file && !several.has(name)) {
    report(file, `${first} ${kind === "module" ? "is called" : "defines"} ${name}, too: one word for one thing`)
  }
}

/** The comments of a file and its texts in quotes, each on one line. */
const commentsOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/\/\*\*([^]*?)\*\/|((?:^[ \t]*\/\/.*\n)+)|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gm),
    ([all, doc, lines]) => (doc ?? lines ?? all).replace(/^[ \t]*(?:\*|\/\/) ?/gm, "").replace(/\s+/g, " ").trim()
  )

/** The tables of a file that are looked into by any name. */
const tablesOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/^(?:export )?const (\w+): (?:Readonly<|Partial<)*Record<string,/gm),
    ([, table = ""]) => table
  )

const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]))
const tables = new Set(Array.from(sources.values()).flatMap((text) => tablesOf(text.replace(/^const .*/gm, ""))))

for (const [file, text] of sources) {
  const name = basename(file, ".ts")
  const isLibrary = !/^packages\/(bench|examples)\//.test(file)
  const own = new Set(isLibrary ? tablesOf(text) : [])
  for (
    const [line, alias, table = ""] of text.matchAll(/^.*?(?<![\w.])([A-Z]\w*\.)?(\w+)(?:\?\.)?\[(?!["'`\d\]]).*$/gm)
  ) {
    const isTable = alias === undefined ? own.has(table) : tables.has(table)
    if (isTable && !line.includes(`Object.hasOwn(${alias ?? ""}${table}, `)) {
      report(
        file,
        `${table}[…] finds what every object has, such as "constructor": make it a Map, or ask Object.hasOwn`
      )
    }
  }
  for (const comment of commentsOf(text)) {
    for (const [phrase, instead] of riddles) {
      const found = phrase.exec(comment)
      if (found) report(file, `"${comment.slice(found.index, found.index + 40)}": ${instead}`)
    }
  }
  const isPublic = isLibrary && !file.includes("/internal/")
  if (isPublic && !/^([A-Z]\w*|index|bin)$/.test(name)) report(file, "a public module is one noun in PascalCase")
  if (isLibrary && /^[a-z]/.test(name) && /^export (?:abstract )?class /m.test(text)) {
    report(file, "a file that exports a class bears its name")
  }
  if (isLibrary && name !== "index") {
    give(file, "module", name)
    for (const defined of definedIn(text)) give(file, "name", defined)
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

/** The folders below a `src/`. Each has a README that names its modules, so that a stranger finds the right one. */
const rooms = Map.groupBy(files.filter((file) => /\/src\/.+\//.test(file)), dirname)
for (const [room, modules] of rooms) {
  const map = join(room, "README.md")
  if (!existsSync(join(root, map))) {
    report(map, "each room has a README: what lives here, who may import it, what always holds")
    continue
  }
  const text = readFileSync(join(root, map), "utf8")
  const missing = modules.map((file) => basename(file, ".ts")).filter((name) => !text.includes(`\`${name}\``))
  if (missing.length > 0) report(map, `it does not say what these modules are: ${missing.join(", ")}`)
}

const pages = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" })
for (const page of pages.split("\n").filter((file) => file !== "" && existsSync(join(root, file)))) {
  const prose = readFileSync(join(root, page), "utf8").replace(/```[^]*?```/g, "").replace(/\s+/g, " ")
  const [phrase, instead] = riddles[0]
  const found = phrase.exec(prose)
  if (found) report(page, `"${prose.slice(found.index, found.index + 40)}": ${instead}`)
}

if (existsSync(join(root, "ARCHITECTURE.md"))) {
  const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], {
    cwd: root,
    encoding: "utf8"
  })
  const known = new Set(tracked.split("\n").map((file) => basename(file)))
  const named = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").matchAll(/[\w/.-]*\b\w[\w-]*\.ts\b/g)
  for (const file of new Set(Array.from(named, ([path]) => basename(path)))) {
    if (!known.has(file)) report("ARCHITECTURE.md", `it names ${file}, and there is no such file`)
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
