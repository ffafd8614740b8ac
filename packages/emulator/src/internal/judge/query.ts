/**
 * The query of a request: what every Google method takes, and the method's own fields.
 */
import type { FieldViolation } from "../../GoogleError.ts"
import { snakeCase } from "./fields.ts"

/** Common to all methods, by the API's description; each may also be written with a `$`. */
const common = [
  "access_token",
  "alt",
  "callback",
  "fields",
  "key",
  "oauth_token",
  "prettyPrint",
  "quotaUser",
  "uploadType",
  "upload_protocol"
]

const paged = ["pageSize", "pageToken"]

const own: Readonly<Record<string, ReadonlyArray<string>>> = {
  "models.list": paged,
  "tunedModels.list": [...paged, "filter"],
  "interactions.get": ["include_input", "last_event_id", "stream"],
  "webhooks.list": paged,
  "webhooks.update": ["update_mask"],
  "batches.list": [...paged, "filter", "returnPartialSuccess"],
  "batchPredictionJobs.list": [...paged, "filter", "readMask"],
  "files.list": paged,
  "fileSearchStores.list": paged,
  "fileSearchStores.delete": ["force"],
  "documents.list": paged,
  "documents.delete": ["force"],
  "caches.list": paged,
  "caches.update": ["updateMask"],
  "operations.list": [...paged, "filter", "returnPartialSuccess"]
}

const bothSpellings = (names: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(names.flatMap((name) => [name, snakeCase(name)]))

/** What a method without fields of its own takes. */
let plain: ReadonlySet<string> | undefined

export const violations = (method: string, query: URLSearchParams): ReadonlyArray<FieldViolation> => {
  if (query.size === 0) return []
  const more = Object.hasOwn(own, method) ? own[method] : undefined
  const known = more === undefined ? plain ??= bothSpellings(common) : bothSpellings([...common, ...more])
  return [...new Set(query.keys())].filter((name) => !name.startsWith("$") && !known.has(name)).map((name) => ({
    description: `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. ` +
      `Field '${name}' could not be found in request message.`
  }))
}
