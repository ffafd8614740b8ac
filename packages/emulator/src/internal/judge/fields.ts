/**
 * Checks the fields of a request against the field table, as Google's JSON front end does: every violation is
 * collected, with its snake_case path.
 *
 * The same walk gives the request in one spelling (lowerCamelCase, lists as lists, nulls left out), so that the code
 * that answers it need not know the others.
 */
import type { FieldViolation } from "../../GoogleError.ts"
import * as Gemini from "./fieldTable.ts"
import * as Vertex from "./vertexFieldTable.ts"

/** The fields of a part that are its data. */
export const partData = [
  "text",
  "inlineData",
  "functionCall",
  "functionResponse",
  "fileData",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
  "audioTranscription"
] as const

/** The oneofs of messages: of each group at most one field may be set. */
const oneofs: ReadonlyMap<string, { readonly name: string; readonly of: ReadonlySet<string> }> =
  /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
    Part: { name: "data", of: new Set<string>(partData) },
    CachedContent: { name: "expiration", of: new Set(["expireTime", "ttl"]) },
    CustomMetadata: { name: "value", of: new Set(["stringValue", "stringListValue", "numericValue"]) },
    FunctionResponsePart: { name: "data", of: new Set(["inlineData", "fileData"]) },
    BidiGenerateContentClientMessage: {
      name: "message_type",
      of: new Set(["setup", "clientContent", "realtimeInput", "toolResponse", "contextUpdate"])
    },
    VoiceConfig: { name: "voice_config", of: new Set(["prebuiltVoiceConfig", "replicatedVoiceConfig", "voice"]) }
  }))

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type Spellings = ReadonlyMap<string, readonly [camel: string, kind: string, snake: string]>

/** The fields of one API, and the package of its messages. */
interface Table {
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly enums: Readonly<Record<string, ReadonlyArray<string>>>
  readonly proto: string
  readonly lookups: Map<string, Spellings>
}

/** Which API's fields a body has. */
export type Api = "gemini" | "vertex"

const tables: Readonly<Record<Api, Table>> = {
  gemini: { ...Gemini, proto: "google.ai.generativelanguage", lookups: new Map() },
  vertex: { ...Vertex, proto: "google.cloud.aiplatform", lookups: new Map() }
}

/** The fields of a message under both of their spellings. */
const lookup = ({ lookups, messages }: Table, message: string): Spellings => {
  const known = lookups.get(message)
  if (known !== undefined) return known
  const made = new Map<string, readonly [string, string, string]>()
  const fields = Object.hasOwn(messages, message) ? messages[message] : undefined
  for (const [camel, kind] of Object.entries(fields ?? {})) {
    const snake = snakeCase(camel)
    made.set(camel, [camel, kind, snake])
    made.set(snake, [camel, kind, snake])
  }
  lookups.set(message, made)
  return made
}

export interface ReadBody {
  readonly violations: ReadonlyArray<FieldViolation>
  /** The request in lowerCamelCase. It means something only if there are no violations. */
  readonly value: Readonly<Record<string, unknown>>
}

/** Where a value stands: its own path, that of its parent, and the name that it was given. */
interface FieldPosition {
  readonly path: string
  readonly parent: string
  readonly name: string
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const base64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/

const isBase64 = (text: string): boolean => base64.test(text) && text.replace(/=+$/, "").length % 4 !== 1

const isNumeric = (value: unknown): boolean =>
  typeof value === "number" ||
  (typeof value === "string" && (/^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ||
    value === "NaN" || value === "Infinity" || value === "-Infinity"))

const isInteger = (value: unknown, bits: 32 | 64): boolean => {
  if (!isNumeric(value)) return false
  const n = Number(value)
  return Number.isInteger(n) && (bits === 64 ? Math.abs(n) <= 2 ** 63 : n >= -(2 ** 31) && n < 2 ** 31)
}

/** How deep protobuf's JSON parser goes. */
const deepest = 100

class Walk {
  private depth = 0
  readonly violations: Array<FieldViolation> = []
  private readonly version: string
  private readonly table: Table

  constructor(version: string, table: Table) {
    this.version = version
    this.table = table
  }

  private violate(field: string, description: string): void {
    this.violations.push(field === "" ? { description } : { field, description })
  }

  private badName(parent: string, name: string, why: string): void {
    const at = parent === "" ? "" : ` at '${parent}'`
    this.violate(parent, `Invalid JSON payload received. Unknown name "${name}"${at}: ${why}`)
  }

  private badValue(path: string, type: string, said: string): void {
    this.violate(path, `Invalid value${path === "" ? "" : ` at '${path}'`} (${type}), ${said}`)
  }

  private proto(name: string): string {
    return `type.googleapis.com/${this.table.proto}.${this.version}.${name}`
  }

  message(type: string, value: Readonly<Record<string, unknown>>, path: string): Readonly<Record<string, unknown>> {
    if (this.depth >= deepest) {
      const key = path.slice(path.lastIndexOf(".") + 1)
      this.violate("", `Invalid JSON payload received. Message too deep. Max recursion depth reached for key '${key}'`)
      return {}
    }
    this.depth++
    const fields = lookup(this.table, type)
    const oneof = oneofs.get(type)
    const out: Record<string, unknown> = {}
    let taken = false
    for (const [name, given] of Object.entries(value)) {
      const field = fields.get(name)
      if (field === undefined) {
        this.badName(path, name, "Cannot find field.")
        continue
      }
      const [camel, kind, snake] = field
      if (given === null && kind !== "any") continue
      if (oneof?.of.has(camel) === true) {
        if (taken) {
          this.badValue(path, "oneof", `oneof field '${oneof.name}' is already set. Cannot set '${name}'`)
          continue
        }
        taken = true
      }
      const own = path === "" ? snake : `${path}.${snake}`
      out[camel] = this.field(kind, given, { path: own, parent: path, name })
    }
    this.depth--
    return out
  }

  private field(kind: string, value: unknown, place: FieldPosition): unknown {
    if (kind.endsWith("[]")) return this.list(kind.slice(0, -2), value, place)
    if (Array.isArray(value) && kind !== "any" && !kind.startsWith("map ")) {
      this.badName(place.parent, place.name, "Proto field is not repeating, cannot start list.")
      return undefined
    }
    return this.single(kind, value, place)
  }

  /** Takes a single value where a list is due for a list of one. */
  private list(kind: string, value: unknown, place: FieldPosition): ReadonlyArray<unknown> {
    if (!Array.isArray(value)) return [this.single(kind, value, place)]
    return value.flatMap((item: unknown, i) => {
      if (item === null) return []
      const at = { ...place, path: `${place.path}[${i}]` }
      return Array.isArray(item) ? this.list(kind, item, at) : [this.single(kind, item, at)]
    })
  }

  private single(kind: string, value: unknown, place: FieldPosition): unknown {
    if (kind === "any") return value
    if (kind === "struct") {
      if (!isRecord(value)) {
        this.badValue(place.path, "type.googleapis.com/google.protobuf.Struct", JSON.stringify(value))
      }
      return value
    }
    if (kind.startsWith("map ")) return this.map(kind.slice(4), value, place)
    if (Object.hasOwn(this.table.messages, kind)) {
      if (isRecord(value)) return this.message(kind, value, place.path)
      this.badValue(place.path, this.proto(kind), JSON.stringify(value))
      return undefined
    }
    if (isRecord(value)) {
      this.badValue(place.parent, snakeCase(place.name), "Starting an object on a scalar field")
      return undefined
    }
    return kind.startsWith("enum ") ? this.enumeration(kind.slice(5), value, place) : this.scalar(kind, value, place)
  }

  private map(kind: string, value: unknown, place: FieldPosition): unknown {
    if (!isRecord(value)) {
      if (Array.isArray(value)) {
        this.badValue(place.parent, "Map", `Cannot bind a list to map for field '${place.name}'.`)
      } else {
        this.badValue(place.path, "Map", JSON.stringify(value))
      }
      return undefined
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, entry], i) => {
        const path = `${place.path}[${i}].value`
        return [key, this.field(kind, entry, { path, parent: `${place.path}[${i}]`, name: "value" })]
      })
    )
  }

  /** Reads an enum by its name, in any case and with dashes for underscores, or by its number. */
  private enumeration(name: string, value: unknown, place: FieldPosition): unknown {
    if (isInteger(value, 32)) return value
    if (typeof value === "string") {
      const upper = value.toUpperCase().replaceAll("-", "_")
      // The description of 2026-03-27 has SERVICE_TIER_FLEX for what is `flex` since 2026-08-31.
      const wanted = name === "ServiceTier" ? upper.replace(/^SERVICE_TIER_/, "") : upper
      const names = Object.hasOwn(this.table.enums, name) ? this.table.enums[name] : undefined
      const found = names?.find((known) => known.toUpperCase() === wanted)
      if (found !== undefined) return found
    }
    this.badValue(place.path, this.proto(name), JSON.stringify(value))
    return undefined
  }

  private scalar(kind: string, value: unknown, place: FieldPosition): unknown {
    const bad = (type: string, said = JSON.stringify(value)): undefined => {
      this.badValue(place.path, type, said)
      return undefined
    }
    switch (kind) {
      case "string":
        return typeof value === "string" ? value : bad("TYPE_STRING")
      case "bool":
        if (value === "true" || value === "false") return value === "true"
        return typeof value === "boolean" ? value : bad("TYPE_BOOL")
      case "int32":
        return isInteger(value, 32) ? Number(value) : bad("TYPE_INT32")
      case "int64":
        return isInteger(value, 64) ? String(value) : bad("TYPE_INT64")
      case "float":
        return isNumeric(value) ? Number(value) : bad("TYPE_FLOAT")
      case "double":
        return isNumeric(value) ? Number(value) : bad("TYPE_DOUBLE")
      case "bytes":
        if (typeof value !== "string") return bad("TYPE_BYTES")
        return isBase64(value) ? value : bad("TYPE_BYTES", `Base64 decoding failed for ${JSON.stringify(value)}`)
      case "duration":
        return typeof value === "string" && /^-?\d+(?:\.\d{1,9})?s$/.test(value)
          ? value
          : bad(
            "type.googleapis.com/google.protobuf.Duration",
            `Field '${place.name}', Illegal duration format; duration must end with 's'`
          )
      case "timestamp":
        return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
          ? value
          : bad(
            "type.googleapis.com/google.protobuf.Timestamp",
            `Field '${place.name}', Invalid time format: ${String(value)}`
          )
      default:
        return value
    }
  }
}

/** Reads `value` as the message `type` (a name of the API's field table). */
export const read = (type: string, value: unknown, version: string, api: Api = "gemini"): ReadBody => {
  if (!isRecord(value)) {
    return {
      violations: [{
        description: "Invalid JSON payload received. Unknown name \"\": Root element must be a message."
      }],
      value: {}
    }
  }
  const walk = new Walk(version, tables[api])
  const read = walk.message(type, value, "")
  return { violations: walk.violations, value: read }
}
