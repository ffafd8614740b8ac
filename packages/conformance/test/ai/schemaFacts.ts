/**
 * What Gemini is known to refuse in a schema, from public reports and the documentation alone: it knows nothing of how we
 * make schemas. Each fact names where it was seen.
 */

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value)
const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

type Report = (path: string, why: string) => void

const collect = (rule: (report: Report) => void): ReadonlyArray<string> => {
  const lines: Array<string> = []
  rule((path, why) => lines.push(`${path}: ${why}`))
  return lines
}

/** Fields of `Schema` (Discovery v1beta, 2026-03-27). Any other is "Unknown name". */
const openApiFields = new Set(
  ("type format title description nullable enum items minItems maxItems properties required minProperties " +
    "maxProperties minimum maximum minLength maxLength pattern example anyOf propertyOrdering default").split(" ")
)
const openApiTypes = new Set(["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"])
const openApiFormats: Readonly<Record<string, ReadonlyArray<string>>> = {
  // google-gemini/gemini-cli#3178: "only 'enum' and 'date-time' are supported for STRING type".
  STRING: ["enum", "date-time"],
  // The documentation's list (ai.google.dev/api/caching#Schema).
  NUMBER: ["float", "double"],
  INTEGER: ["int32", "int64"]
}

const openApiNode = (schema: unknown, path: string, report: Report, isRoot: boolean): void => {
  if (!isNode(schema)) return report(path, "is no message")
  for (const key of Object.keys(schema)) if (!openApiFields.has(key)) report(path, `Unknown name "${key}"`)
  const { anyOf, enum: listed, format, items, properties, required, type } = schema
  const alternatives = list(anyOf)
  if (type === undefined) {
    // danny-avila/LibreChat#6971.
    if (alternatives.length === 0) report(path, "type must be specified when not using any_of")
  } else if (typeof type !== "string" || !openApiTypes.has(type)) {
    // taylorwilsdon/google_workspace_mcp#1099: a list of types.
    report(path, `type is no name of a type: ${JSON.stringify(type)}`)
  }
  if (format !== undefined && !openApiFormats[String(type)]?.includes(String(format))) {
    report(path, `format ${JSON.stringify(format)} of ${String(type)}`)
  }
  if (listed !== undefined) {
    // diegosouzapw/OmniRoute#760: "only allowed for STRING type".
    if (type !== "STRING") report(path, "enum: only allowed for STRING type")
    // elastic/kibana#286302.
    if (list(listed).length === 0) report(path, "enum: should be non-empty")
    for (const value of list(listed)) {
      // sbroenne/mcp-server-excel#607, thClaws/thClaws#172.
      if (typeof value !== "string" || value === "") report(path, `enum holds ${JSON.stringify(value)}`)
    }
  }
  if (format === "enum" && listed === undefined) {
    report(path, "enum: should be non-empty for STRING type with enum format")
  }
  // NousResearch/hermes-agent#38972: items, minItems and maxItems belong to lists, and a list has items.
  if ((type === "ARRAY") !== (items !== undefined)) report(path, "items and ARRAY go together")
  if (type !== "ARRAY" && (schema["minItems"] !== undefined || schema["maxItems"] !== undefined)) {
    report(path, "minItems and maxItems belong to ARRAY")
  }
  const names = isNode(properties) ? Object.keys(properties) : []
  // anomalyco/opencode#11889.
  if (type !== "OBJECT" && (properties !== undefined || required !== undefined)) report(path, "only allowed for OBJECT")
  // browser-use/browser-use#7; recordings of 2026 have an outermost one.
  if (type === "OBJECT" && names.length === 0 && !isRoot) report(path, "properties should be non-empty")
  for (const name of list(required)) {
    // MarkusPfundstein/mcp-obsidian#105.
    if (!names.includes(String(name))) report(path, `required: ${String(name)} is not defined`)
  }
  for (const [name, property] of isNode(properties) ? Object.entries(properties) : []) {
    openApiNode(property, `${path}.${name}`, report, false)
  }
  if (items !== undefined) openApiNode(items, `${path}[]`, report, false)
  alternatives.forEach((member, i) => openApiNode(member, `${path}|${i}`, report, false))
}

/** What is refused of a schema in `parameters` or `responseSchema`; empty if nothing is. */
export const openApi = (schema: unknown): ReadonlyArray<string> =>
  collect((report) => openApiNode(schema, "", report, true))

/** Keywords of `responseJsonSchema` (documented, 2026-08). */
const jsonKeywords = new Set(
  ("$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum " +
    "anyOf oneOf properties additionalProperties required propertyOrdering").split(" ")
)

const jsonNode = (schema: unknown, path: string, report: Report, definitions: Node): void => {
  if (typeof schema === "boolean") return
  if (!isNode(schema)) return report(path, "is no schema")
  for (const key of Object.keys(schema)) if (!jsonKeywords.has(key)) report(path, `"${key}" is not known`)
  const { $ref, enum: listed, properties, required } = schema
  if ($ref !== undefined) {
    // The documentation: beside a reference no other keyword but those that begin with $.
    if (Object.keys(schema).some((key) => !key.startsWith("$"))) report(path, "something stands beside $ref")
    const name = String($ref).replace("#/$defs/", "")
    if (!Object.hasOwn(definitions, name)) report(path, `$ref ${String($ref)} leads nowhere`)
    if (!/^#\/\$defs\/[\w.-]+$/.test(String($ref))) report(path, `$ref ${String($ref)} is no name of $defs`)
  }
  if (listed !== undefined) {
    if (list(listed).length === 0) report(path, "enum: should be non-empty")
    for (const value of list(listed)) {
      // anomalyco/opencode#46676; the documentation: strings and numbers.
      if (value === "" || !["string", "number"].includes(typeof value)) {
        report(path, `enum holds ${JSON.stringify(value)}`)
      }
    }
  }
  const names = isNode(properties) ? Object.keys(properties) : []
  for (const name of list(required)) {
    if (!names.includes(String(name))) report(path, `required: ${String(name)} is not defined`)
  }
  for (const [name, property] of isNode(properties) ? Object.entries(properties) : []) {
    jsonNode(property, `${path}.${name}`, report, definitions)
  }
  for (const key of ["items", "additionalProperties"]) {
    if (schema[key] !== undefined) jsonNode(schema[key], `${path}.${key}`, report, definitions)
  }
  for (const key of ["anyOf", "oneOf", "prefixItems"]) {
    list(schema[key]).forEach((member, i) => jsonNode(member, `${path}.${key}[${i}]`, report, definitions))
  }
}

/** What is refused of a schema in `parametersJsonSchema` or `responseJsonSchema`; empty if nothing is. */
export const jsonSchema = (schema: unknown): ReadonlyArray<string> =>
  collect((report) => {
    const definitions = isNode(schema) && isNode(schema["$defs"]) ? schema["$defs"] : {}
    jsonNode(schema, "", report, definitions)
    for (const [name, definition] of Object.entries(definitions)) {
      jsonNode(definition, `$defs.${name}`, report, definitions)
    }
  })
