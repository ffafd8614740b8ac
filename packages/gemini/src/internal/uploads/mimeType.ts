/**
 * The MIME type of what is uploaded: by the end of its name, from the tables of the package `mime`; and which types the
 * API cannot read.
 */
import mime from "mime"

/** Types that the API names in another way than the tables (REST reference A.3, November 2026). */
const named: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/x-aac": "audio/aac",
  "audio/x-flac": "audio/flac",
  "video/quicktime": "video/mov",
  "video/x-msvideo": "video/avi",
  "video/x-ms-wmv": "video/wmv",
  "application/x-javascript": "text/javascript"
}))

/** The type by the name or path of a file; undefined if its end says nothing. */
export const ofName = (name: string): string | undefined => {
  // JSON Lines is what batches read, and the tables do not have it.
  if (/\.jsonl$/i.test(name)) return "application/jsonl"
  const found = mime.getType(name) ?? undefined
  return found === undefined ? undefined : named.get(found) ?? found
}

/**
 * What the API can read among `application/…` (document types of the REST reference A.3, texts, and JSON Lines for
 * batches). All of `text/…`, `image/…`, `audio/…` and `video/…` may be sent, because new ones of them come every year;
 * SVG is the known exception.
 */
const readable =
  /^application\/(?:pdf|json|jsonl|x-ndjson|x-ipynb\+json|xml|\w+\+xml|rtf|yaml|x-yaml|toml|sql|x-sql|x-sh|x-php|x-python(?:-code)?|javascript|typescript|ecmascript|x-typescript|msword|vnd\.openxmlformats-officedocument\.[\w.]+|vnd\.ms-(?:powerpoint|excel|word)|vnd\.oasis\.opendocument\.\w+|vnd\.google-apps\.\w+)$/

/** Whether the API cannot read a type, so that its bytes need not be sent. */
export const isUnreadable = (type: string): boolean => {
  const essence = type.split(";")[0]?.trim().toLowerCase() ?? ""
  if (/^(?:text|audio|video)\//.test(essence)) return false
  if (essence.startsWith("image/")) return essence === "image/svg+xml"
  return !readable.test(essence)
}

/** Whether it can be written as a MIME type at all, so that a header can carry it. */
export const isType = (type: string): boolean =>
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w-]+=(?:[\w.+-]+|"[\w .+-]*"))*$/.test(type) && type.length <= 256
