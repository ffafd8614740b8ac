/** Images of an act: by file, URL or base64 → a part, or what is wrong. */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Part from "effect-gemini/Part"

// The image types that Gemini reads (documentation of November 2026), by file extension.
const types: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heif"
}

export interface Wrong {
  readonly key: "image" | "image_url" | "image_base64" | "media_type"
  readonly what: string
  readonly hint?: string
}

type Outcome = Result.Result<{ readonly from: string; readonly part: Part.Part }, Wrong>

const fail = (key: Wrong["key"], what: string, hint?: string): Outcome =>
  Result.fail({ key, what, ...(hint === undefined ? {} : { hint }) })

const byExtension = (name: string): string | undefined => types[name.slice(name.lastIndexOf(".") + 1).toLowerCase()]

const known = Array.from(new Set(Object.values(types))).join(", ")

const checkType = (mediaType: string | undefined): Wrong | undefined =>
  mediaType === undefined || Object.values(types).includes(mediaType)
    ? undefined
    : { key: "media_type", what: `"${mediaType}" is not an image type that Gemini reads`, hint: `one of ${known}` }

export const fromUrl = (url: string, mediaType: string | undefined): Outcome => {
  const wrong = checkType(mediaType)
  if (wrong !== undefined) return Result.fail(wrong)
  if (url.startsWith("data:")) return fail("image_url", "a data: URL is not fetched", "use image_base64 and media_type")
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !["https:", "http:", "gs:"].includes(parsed.protocol)) {
    return fail("image_url", `${JSON.stringify(url)} is not a URL`, "an https: or gs: address that Google can read")
  }
  const type = mediaType ?? byExtension(parsed.pathname)
  return type === undefined
    ? fail("image_url", "its name does not tell what kind of image it is", `add media_type, one of ${known}`)
    : Result.succeed({ from: url, part: Part.imageUrl(url, type) })
}

export const fromBase64 = (data: string, mediaType: string | undefined): Outcome => {
  const wrong = checkType(mediaType)
  if (wrong !== undefined) return Result.fail(wrong)
  if (mediaType === undefined) return fail("image_base64", "media_type is missing", `add media_type, one of ${known}`)
  const compact = data.replace(/\s+/g, "")
  const bytes = Base64.decode(compact)
  return compact === "" || Result.isFailure(bytes)
    ? fail(
      "image_base64",
      "not base64",
      data.startsWith("data:") ? "leave out everything up to the comma" : "encode the file with: base64 -w0 FILE"
    )
    : Result.succeed({
      from: `${bytes.success.length} bytes`,
      part: { inlineData: { mimeType: mediaType, data: compact } }
    })
}

/** Bytes of a file that was read, or why it could not be. */
export type FileContent = Result.Result<Uint8Array, string>

export const fromFile = (path: string, content: FileContent | undefined, mediaType: string | undefined): Outcome => {
  const wrong = checkType(mediaType)
  if (wrong !== undefined) return Result.fail(wrong)
  if (content === undefined) {
    return fail("image", "files are not read here", "load the narrative with fromFile, or use image_base64")
  }
  if (Result.isFailure(content)) return fail("image", content.failure, "the path is relative to the narrative's folder")
  if (content.success.length === 0) return fail("image", `${path} is empty`)
  const type = mediaType ?? byExtension(path)
  return type === undefined
    ? fail("image", "its name does not tell what kind of image it is", `add media_type, one of ${known}`)
    : Result.succeed({ from: path, part: Part.image(content.success, type) })
}
