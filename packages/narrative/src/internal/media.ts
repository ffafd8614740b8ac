/** Makes parts of an act's files, which come from a disk, by an address or in base64, or says what is wrong with them. */
import * as Part from "effect-gemini/wire/Part"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as ImageType from "./imageType.ts"
import * as MediaType from "./mediaType.ts"
import type { FileProblem, NamedFile } from "./namedFile.ts"

export interface Wrong {
  readonly key: MediaType.FileKind | "text_file" | "url" | "image_url" | "image_base64" | "media_type"
  readonly what: string
  readonly hint?: string
}

type Outcome = Result.Result<{ readonly from: string; readonly part: Part.Part }, Wrong>

const fail = (key: Wrong["key"], what: string, hint?: string): Outcome =>
  Result.fail({ key, what, ...(hint === undefined ? {} : { hint }) })

const known = ImageType.all.join(", ")

const checkType = (mediaType: string | undefined): Wrong | undefined =>
  mediaType === undefined || ImageType.all.includes(mediaType)
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
  const type = mediaType ?? ImageType.ofName(parsed.pathname)
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

/** A file that was read, or why it could not be. */
export type FileContent = Result.Result<NamedFile, FileProblem>

export const fromFile = (
  kind: Exclude<MediaType.FileKind, "text">,
  path: string,
  content: FileContent | undefined,
  mediaType: string | undefined
): Outcome => {
  const wrong = kind === "image" ? checkType(mediaType) : undefined
  if (wrong !== undefined) return Result.fail(wrong)
  if (content === undefined) {
    const hint = kind === "image"
      ? "load the narrative with fromFile, or use image_base64"
      : "load the narrative with fromFile, or use url"
    return fail(kind, "files are not read here", hint)
  }
  if (Result.isFailure(content)) return Result.fail({ key: kind, ...content.failure })
  const file = content.success
  const agrees = kind === "image"
    ? mediaType === undefined || ImageType.agrees(file.mediaType, mediaType)
    : mediaType === undefined || mediaType === file.mediaType
  if (!agrees) {
    return fail("media_type", `${path} is ${file.mediaType} by its bytes, not ${mediaType}`, "leave media_type out")
  }
  return Result.succeed({
    from: path,
    part: { inlineData: { mimeType: mediaType ?? file.mediaType, data: file.data } }
  })
}

/** A file of any kind that Google fetches, or a video of YouTube. */
export const fromAddress = (url: string, mediaType: string | undefined): Outcome => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !["https:", "http:", "gs:"].includes(parsed.protocol)) {
    return fail("url", `${JSON.stringify(url)} is not a URL`, "an https: or gs: address that Google can read")
  }
  if (mediaType !== undefined && !/^[a-z]+\/[\w.+-]+$/i.test(mediaType)) {
    return fail("media_type", `"${mediaType}" is not a media type`, "such as application/pdf")
  }
  const type = mediaType ?? MediaType.ofUrl(parsed)
  return type === undefined
    ? fail(
      "url",
      "its name does not tell what kind of file it is",
      "add media_type; for a page of the web set url_context = true and name it in the prompt"
    )
    : Result.succeed({ from: url, part: Part.file(url, type) })
}
