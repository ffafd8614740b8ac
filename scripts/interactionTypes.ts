// Writes packages/gemini/src/interactions/types from scripts/interactionTypes.json, the table of the wire's types:
// `node scripts/interactionTypes.ts`; `--check` only says whether they are stale. A new version of `@google/genai` is
// taken over by editing the table. `--against FILE` lists where the table differs from the SDK's `genai.d.ts`.
//
// In the table a type is one line, as the SDK's typings have it: `uri?: string, parts: Part[], size?: A | B`. Every
// field is optional for the schemas, because a received value is taken as it is; only `type`, `event_type` and other
// literals must be what they are. Enums are open.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { against } from "./interactionTypings.ts"

export interface Table {
  readonly source: string
  /** Our name for a type whose own name is another thing here. */
  readonly names: Readonly<Record<string, string>>
  /** The types that a module by hand gives, and that module, as seen from the generated ones. */
  readonly handWritten: Readonly<Record<string, string>>
  readonly modules: Readonly<Record<string, Module>>
  readonly enums: Readonly<Record<string, string>>
}

interface Module {
  readonly about: string
  readonly unions?: Readonly<Record<string, string>>
  readonly objects: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, "..")
const table: Table = JSON.parse(readFileSync(join(import.meta.dirname, "interactionTypes.json"), "utf8"))
const nameOf = (wire: string): string => table.names[wire] ?? wire

const homes = new Map<string, string>()
for (const [module, { objects, unions }] of Object.entries(table.modules)) {
  for (const wire of [...Object.keys(unions ?? {}), ...Object.keys(objects)]) {
    homes.set(wire, table.handWritten[wire] ?? `./${module}.ts`)
  }
}

/** Splits at the top level: not inside brackets. */
const split = (text: string, separator: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let depth = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if ("<(".includes(text[i] ?? "")) depth++
    if (">)".includes(text[i] ?? "")) depth--
    if (depth === 0 && text.startsWith(separator, i)) {
      parts.push(text.slice(from, i))
      from = i + separator.length
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== "")
}

/** What one generated module needs of others. */
class Uses {
  readonly leaves = new Set<string>()
  readonly types = new Map<string, Set<string>>()

  leaf(name: string): string {
    this.leaves.add(name)
    return name
  }

  type(wire: string): string {
    const home = homes.get(wire)
    if (home === undefined) throw new Error(`the table does not know ${wire}`)
    const names = this.types.get(home) ?? new Set()
    this.types.set(home, names.add(nameOf(wire)))
    return nameOf(wire)
  }
}

const enumNames = (wire: string): string =>
  (table.enums[wire] ?? "").split(" ").filter((name) => name !== "…").map((name) => JSON.stringify(name)).join(" | ")

/** The schema of one type, without what a field adds to it. */
const schemaOf = (type: string, uses: Uses): string => {
  const members = split(type, " | ")
  if (members.length > 1) return `Schema.Union([${members.map((member) => schemaOf(member, uses)).join(", ")}])`
  if (type.endsWith("[]")) return `Schema.Array(${schemaOf(type.slice(0, -2), uses)})`
  const map = /^map<(.*)>$/.exec(type)?.[1]
  if (map !== undefined) {
    return map === "any" ? uses.leaf("Struct") : `${uses.leaf("record")}(${schemaOf(map, uses)})`
  }
  if (type.startsWith("\"")) return `Schema.Literal(${type})`
  if (type === "string") return "Schema.String"
  if (type === "number") return uses.leaf("NumberOrString")
  if (type === "boolean") return "Schema.Boolean"
  if (type === "any") return "Schema.Unknown"
  if (Object.hasOwn(table.enums, type)) return `${uses.leaf("openName")}<${enumNames(type)}>()`
  return uses.type(type)
}

const fieldOf = (text: string, uses: Uses): string => {
  const [, name = "", , type = ""] = /^(\w+)(\??): (.*)$/.exec(text) ?? []
  if (name === "") throw new Error(`not a field: ${text}`)
  if (type.startsWith("\"")) return `${name}: Schema.Literal(${type})`
  if (type === "number") return `${name}: ${uses.leaf("numeric")}`
  if (type === "any") return `${name}: Schema.optionalKey(Schema.Unknown)`
  if (Object.hasOwn(table.enums, type)) return `${name}: ${uses.leaf("enumField")}<${enumNames(type)}>()`
  return `${name}: ${uses.leaf("field")}(${schemaOf(type, uses)})`
}

const doc = (sentence: string, category: string): string =>
  `/**\n${sentence === "" ? "" : ` * ${sentence}\n *\n`} * @category ${category}\n * @since 0.2.0\n */`

const renamed = (wire: string): string =>
  nameOf(wire) === wire ? `\`${wire}\` of the wire` : `\`${nameOf(wire)}\`: the wire's \`${wire}\``

const object = (wire: string, text: string, uses: Uses): string => {
  const name = nameOf(wire)
  const literal = /(?:^|, )(?:event_)?type: ("[^"]+")/.exec(text)?.[1]
  const sentence = `${renamed(wire)}${literal === undefined ? "" : `, of the type ${literal}`}.`
  const fields = text.startsWith("(") ? [] : split(text, ", ").filter((it) => it !== "any further fields")
  const schema = text.startsWith("(")
    ? uses.leaf("Struct")
    : `Schema.Struct({\n${fields.map((it) => `  ${fieldOf(it, uses)}`).join(",\n")}\n})`
  return `${doc(sentence, "schemas")}\nexport const ${name} = ${schema}\n\n` +
    `${doc("", "models")}\nexport interface ${name} extends Schema.Schema.Type<typeof ${name}> {}`
}

const union = (wire: string, text: string, uses: Uses): string => {
  const name = nameOf(wire)
  const members = split(text, " | ")
  const sentence = `${renamed(wire)}, in any of its forms.`
  const isOpen = members.length > 1 &&
    members.every((member) => !/^(?:string|map<|.*\[\])/.test(member) && homes.has(member)) &&
    wire !== "MediaProcessing" &&
    members.every((member) => isTagged(member))
  const schema = isOpen
    ? `${uses.leaf("openUnion")}([${members.map((member) => schemaOf(member, uses)).join(", ")}])`
    : schemaOf(text, uses)
  if (isOpen) {
    uses.leaf("Unfamiliar")
    return `${doc(sentence, "schemas")}\nexport const ${name}: Schema.Codec<${name}> = ${schema}\n\n` +
      `${doc("", "models")}\nexport type ${name} = ${members.map((it) => uses.type(it)).join(" | ")} | Unfamiliar`
  }
  return `${doc(sentence, "schemas")}\nexport const ${name} = ${schema}\n\n` +
    `${doc("", "models")}\nexport type ${name} = typeof ${name}.Type`
}

const objects = new Map(Object.values(table.modules).flatMap(({ objects }) => Object.entries(objects)))
const isTagged = (wire: string): boolean => /(?:^|, )type: "/.test(objects.get(wire) ?? "")

/** The types of a module, each behind those that it is made of. */
const ordered = ({ objects, unions = {} }: Module): ReadonlyArray<readonly [wire: string, isUnion: boolean]> => {
  const all = new Map([...Object.entries(objects), ...Object.entries(unions)])
  const done = new Set<string>()
  const visit = (wire: string): void => {
    if (done.has(wire)) return
    done.add(wire)
    const text = all.get(wire) ?? ""
    for (const other of all.keys()) if (other !== wire && new RegExp(`\\b${other}\\b`).test(text)) visit(other)
    done.delete(wire)
    done.add(wire)
  }
  for (const wire of all.keys()) visit(wire)
  return Array.from(done, (wire) => [wire, Object.hasOwn(unions, wire)] as const)
}

const leavesOf = new Set(["openUnion", "Unfamiliar"])

const moduleText = (name: string, module: Module): string => {
  const uses = new Uses()
  const parts = ordered(module).filter(([wire]) => !Object.hasOwn(table.handWritten, wire)).map(([wire, isUnion]) =>
    isUnion ? union(wire, module.unions?.[wire] ?? "", uses) : object(wire, module.objects[wire] ?? "", uses)
  )
  const wire = Array.from(uses.leaves).filter((leaf) => !leavesOf.has(leaf)).sort()
  const own = Array.from(uses.leaves).filter((leaf) => leavesOf.has(leaf))
  const imports = [
    `import * as Schema from "effect/Schema"`,
    ...(own.length === 0
      ? []
      : [`import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"`]),
    ...(wire.length === 0 ? [] : [`import { ${wire.join(", ")} } from "../../internal/wire/leaves.ts"`]),
    ...Array.from(uses.types).filter(([home]) => home !== `./${name}.ts`).sort(([a], [b]) => a < b ? -1 : 1).map((
      [home, names]
    ) => `import { ${Array.from(names).sort().join(", ")} } from "${home}"`)
  ]
  return `/**
 * ${module.about}, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows ${table.source}. Change the table.
 *
 * @since 0.2.0
 */
${imports.join("\n")}

${parts.join("\n\n")}
`
}

const readme = `# types

The wire of interactions and of what belongs to them, one module a subject, written by \`scripts/interactionTypes.ts\`
from \`scripts/interactionTypes.json\`: ${
  Object.entries(table.modules).map(([name, { about }]) => `\`${name}\` (${about[0]?.toLowerCase()}${about.slice(1)})`)
    .join(", ")
}.

**Who may import it:** everybody. People look at \`Step\`, \`Delta\`, \`InteractionEvent\` and \`Interaction\` beside this
folder, which are written by hand.

**Invariants.** A received value is checked and never rewritten; what the table does not know is kept.
`

if (import.meta.main) {
  const typings = process.argv.indexOf("--against")
  if (typings > 0) {
    for (const line of against(table, readFileSync(process.argv[typings + 1] ?? "", "utf8"))) console.log(line)
  } else {
    const { execFileSync } = await import("node:child_process")
    const folder = join(root, "packages/gemini/src/interactions/types")
    const isCheck = process.argv.includes("--check")
    const format = (text: string, file: string) =>
      file.endsWith(".md") ? text : execFileSync(join(root, "node_modules/.bin/dprint"), ["fmt", "--stdin", file], {
        input: text,
        encoding: "utf8",
        cwd: root,
        stdio: ["pipe", "pipe", "ignore"]
      })
    const texts = [
      ...Object.entries(table.modules).map(([name, module]) => [`${name}.ts`, moduleText(name, module)] as const),
      ["README.md", readme] as const
    ]
    for (const [file, text] of texts) {
      const path = join(folder, file)
      const formatted = format(text, file)
      if (!isCheck) writeFileSync(path, formatted)
      else if (readFileSync(path, "utf8") !== formatted) {
        console.error(`${path} is stale: run "node scripts/interactionTypes.ts"`)
        process.exitCode = 1
      }
    }
  }
}
