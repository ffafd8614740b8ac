/**
 * The names of what the server keeps: which part of a path or an address names a resource, and which names an answer
 * brings. Pure. The forms are those of 28 November 2026 (the REST reference and `@google/genai` 3.3).
 */

/** Collections whose resources are called `collection/ID`. Whatever lies below such a name has the same maker. */
const named = [
  "files",
  "cachedContents",
  "batches",
  "batchPredictionJobs",
  "fileSearchStores",
  "tunedModels",
  "generatedFiles",
  "corpora"
]

/** Collections whose answers give an id without the collection. */
const identified = [
  "interactions",
  "agents",
  "environments",
  "voices",
  "triggers",
  "webhooks",
  "credentials"
]

const id = "[^/?#:\\s]+"

/** A name at the start of a path, or after the API version of an address. */
const path = new RegExp(
  `^(?:(?:${[...named, ...identified].join("|")})/${id}|models/${id}/operations/${id}|operations/${id})`
)

/** The part of an address before the path: `https://host/upload/v1beta/`, or a gateway's own prefix. */
const address = /^https?:\/\/[^/?#]+\/(?:[^?#]*?\/)?v\d\w*\//

/** The part before a name on Vertex, or a slash. */
const project = /^(?:\/|projects\/[^/]+\/locations\/[^/]+\/)/

/** The longest name that is remembered. Google's names are shorter, and foreign ones would fill the memory. */
const longest = 512

/** The longest address that is looked at. */
const longestAddress = 1 << 14

/** An id is percent-encoded in a path, and stands as it is in an answer. */
const decoded = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/**
 * The resource that a path, a name or an address of the API is about, without what lies below it
 * (`fileSearchStores/S/documents/D` gives `fileSearchStores/S`) and without a verb (`files/F:download`). `undefined`
 * for a collection, or an address that lies elsewhere.
 */
export const nameOf = (text: string): string | undefined => {
  if (text.length > longestAddress) return undefined
  const isAddress = text.includes("://")
  const rest = isAddress ? text.replace(address, "") : text.replace(project, "")
  const name = rest === text && isAddress ? undefined : path.exec(rest)?.[0]
  return name === undefined || name.length > longest ? undefined : decoded(name)
}

/** The collection that a path is about: `interactions` for `interactions/ID/cancel`, `voices` for `voices?page_size=1`. */
export const collectionOf = (path: string): string => /^\/?([A-Za-z_]*)/.exec(path)?.[1] ?? ""

type Record = Readonly<{ readonly [key: string]: unknown }>

const isRecord = (value: unknown): value is Record =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const own = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined

const at = (value: unknown, ...keys: ReadonlyArray<string>): unknown => keys.reduce(own, value)

const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** The most entries that a page holds. */
const most = 1_000

const resource = (value: unknown): ReadonlyArray<unknown> => [
  own(value, "name"),
  own(value, "uri"),
  own(value, "downloadUri")
]

/** An operation names itself and, once it is done, what it has made. */
const operation = (value: unknown): ReadonlyArray<unknown> => {
  const response = own(value, "response")
  const output = at(value, "metadata", "output")
  const videos = [
    ...list(at(response, "generateVideoResponse", "generatedSamples")),
    ...list(own(response, "generatedVideos"))
  ]
  return [
    at(value, "metadata", "name"),
    at(value, "metadata", "tunedModel"),
    own(response, "name"),
    own(response, "parent"),
    own(response, "documentName"),
    own(response, "responsesFile"),
    own(output, "responsesFile"),
    ...videos.map((sample) => at(sample, "video", "uri"))
  ]
}

const idsIn = (collection: string, value: unknown): ReadonlyArray<unknown> => {
  const under = (found: unknown, within = collection) => typeof found === "string" ? `${within}/${found}` : undefined
  return [
    under(own(value, "id")),
    collection === "voices" ? under(own(value, "key")) : undefined,
    under(own(value, "environment_id"), "environments"),
    under(own(value, "interaction_id"), "interactions"),
    // Media that an interaction made lies in files. Steps of the caller's own input may name anything.
    ...list(own(value, "steps")).filter((step) => own(step, "type") === "model_output")
      .flatMap((step) => list(own(step, "content")).map((content) => own(content, "uri")))
  ]
}

/**
 * The resources that exist, as an answer to a request of this path says. Only those fields are read in which the server
 * itself names what it keeps, because a text that a model wrote may hold any name.
 */
export const namesIn = (path: string, answer: unknown): ReadonlyArray<string> => {
  const collection = collectionOf(path)
  const isIdentified = identified.includes(collection)
  const items = [collection, "files", "operations", "documents"]
  const values = [answer, own(answer, "file"), own(answer, "interaction"), ...new Set(items)].flatMap((value) =>
    typeof value === "string" ? list(own(answer, value)).slice(0, most) : [value]
  )
  const found = new Set<string>()
  for (const value of values) {
    const said = isIdentified ? idsIn(collection, value) : [...resource(value), ...operation(value)]
    for (const text of said) {
      const name = typeof text === "string" ? nameOf(text) : undefined
      if (name !== undefined) found.add(name)
    }
  }
  return [...found]
}

/** The name of what a create made, out of its answer. */
export const nameMade = (path: string, answer: unknown): string | undefined => {
  const collection = collectionOf(path)
  if (identified.includes(collection)) {
    const made = own(own(answer, "interaction") ?? answer, "id") ?? (collection === "voices" ? own(answer, "key") : "")
    return typeof made === "string" ? nameOf(`${collection}/${made}`) : undefined
  }
  const made = own(own(answer, "file") ?? answer, "name")
  return typeof made === "string" ? nameOf(made) : undefined
}
