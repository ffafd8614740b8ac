/** Files of the Gemini API in requests to Vertex AI, which cannot read them. Pure. */
import type { Difference } from "../http/apiDifferences.ts"

/** The files of the Gemini API, which Vertex AI cannot read: `files/abc`, or its address. */
const geminiFile = /^(?:https:\/\/generativelanguage\.googleapis\.com\/[^?]*)?\bfiles\/[a-z0-9-]+$/

/** The first file of the Gemini API in contents. */
export const find = (contents: unknown, at = "contents"): Difference | undefined => {
  if (!Array.isArray(contents)) return undefined
  for (const [index, content] of contents.entries()) {
    const parts: unknown = typeof content === "object" && content !== null ? Reflect.get(content, "parts") : undefined
    if (!Array.isArray(parts)) continue
    for (const [place, part] of parts.entries()) {
      const data: unknown = typeof part === "object" && part !== null ? Reflect.get(part, "fileData") : undefined
      const uri: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "fileUri") : undefined
      if (typeof uri !== "string" || !geminiFile.test(uri)) continue
      return {
        field: `${at}[${index}].parts[${place}].fileData.fileUri`,
        instead: "it is a file of the Gemini API: put it into Cloud Storage and give its gs:// URI, or send it inline"
      }
    }
  }
  return undefined
}
