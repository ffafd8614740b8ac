/**
 * What a part may not say, though it is one: nothing, or that a file is of no type at all.
 *
 * Reports: google-gemini/deprecated-generative-ai-python#697 and glowingjade/obsidian-smart-composer#218 (an empty text
 * of the user, 2025), agentjido/req_llm#433 and mscraftsman/generative-ai#134 (a YouTube link as octets, 2025-11 to
 * 2026-02). An empty text that the model said before, and an empty system instruction, were taken in recordings of 2025
 * and 2026.
 */
import type { Content, Part } from "./request.ts"

const isEmptyText = (part: Part): boolean =>
  part.text === "" && (part.thoughtSignature === undefined || part.thoughtSignature === "")

const isYouTube = (uri: string | undefined): boolean =>
  uri !== undefined && /^https:\/\/(?:(?:www|m|music)\.)?(?:youtube\.com|youtu\.be)\//.test(uri)

export const judge = (contents: ReadonlyArray<Content>): string | undefined => {
  for (const { parts = [], role } of contents) {
    if (role !== "model" && parts.some(isEmptyText)) {
      return "Unable to submit request because it has an empty text parameter. Add a value to the parameter and try " +
        "again. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
    }
    for (const { fileData } of parts) {
      if (fileData?.mimeType === "application/octet-stream" && isYouTube(fileData.fileUri)) {
        return "Unsupported MIME type: application/octet-stream"
      }
    }
  }
  return undefined
}
