/**
 * A file of a prompt as a wire part: bytes, base64, a `data:` URL, a name of the Files API, or an address. Pure.
 */
import type * as Part from "effect-gemini/wire/Part"
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import type { InputDetails } from "../GeminiMetadata.ts"
import * as MediaType from "./mediaType.ts"

/** The fields of a part that `effect/ai` has no place for, from its options. */
export const given = (details: InputDetails | null | undefined): Part.Part => ({
  ...details?.fields,
  ...(details?.mediaResolution ? { mediaResolution: details.mediaResolution } : {}),
  ...(details?.videoMetadata ? { videoMetadata: details.videoMetadata } : {}),
  ...(details?.thoughtSignature ? { thoughtSignature: details.thoughtSignature } : {})
})

const unescaped = (text: string): string => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The type and the data, in base64, of a `data:` URL; only what is before its comma is looked at for the type. */
const inlined = (data: string): { readonly type: string; readonly data: string } | undefined => {
  const comma = data.startsWith("data:") ? data.indexOf(",") : -1
  if (comma === -1) return undefined
  const head = data.slice("data:".length, comma)
  const [type = ""] = head.split(";", 1)
  const body = unescaped(data.slice(comma + 1))
  return { type, data: /;\s*base64$/i.test(head) ? body : Base64.encode(new TextEncoder().encode(body)) }
}

const isAddress = (data: string): boolean => /^(?:https?|gs):\/\//.test(data)

// The Files API names a file so, and takes it by its address only (ai.google.dev/gemini-api/docs/files, 2026).
const fileName = /^files\/[a-z0-9-]{1,40}$/
const filesApi = "https://generativelanguage.googleapis.com/v1beta/"

/**
 * The type of what stands at an address, if it is known: the server looks for itself, and refuses a type that says
 * nothing ("Unsupported MIME type: application/octet-stream", agentjido/req_llm#433).
 */
const typed = (mimeType: string): { readonly mimeType?: string } =>
  mimeType === "" || mimeType === "application/octet-stream" || mimeType.includes("*") ? {} : { mimeType }

export const filePart = (part: Prompt.FilePart): Part.Part => {
  const { inlineData, ...details } = given(part.options.google)
  const inline = (data: Uint8Array | string, mediaType: string) => ({
    inlineData: {
      ...inlineData,
      mimeType: MediaType.ofData(mediaType, data),
      data: typeof data === "string" ? data : Base64.encode(data)
    },
    ...details
  })
  if (part.data instanceof Uint8Array) return inline(part.data, part.mediaType)
  const data = part.data instanceof URL ? part.data.href : part.data
  const url = inlined(data)
  if (url !== undefined) return inline(url.data, url.type || part.mediaType)
  const address = fileName.test(data) ? filesApi + data : part.data instanceof URL || isAddress(data) ? data : undefined
  return address === undefined
    ? inline(data, part.mediaType)
    : { fileData: { ...typed(MediaType.ofAddress(part.mediaType, address)), fileUri: address }, ...details }
}
