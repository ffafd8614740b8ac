/** Texts that are too large for a record lie beside the journal, by their SHA-256. */
import { Corrupt } from "effect-gemini-journal/JournalErrorReason"
import * as Effect from "effect/Effect"
import type { Contents } from "../RunEngine.ts"
import { RunError } from "../RunError.ts"
import type { Content } from "../RunRecord.ts"

/** The largest text in a record, in bytes of UTF-8. */
export const largestInline = 65_536

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Whether a text is surely short enough: a UTF-16 unit is at most three bytes. */
const isShort = (text: string): boolean => text.length * 3 <= largestInline

export const keep = (contents: Contents, text: string): Effect.Effect<Content, RunError> => {
  if (isShort(text)) return Effect.succeed({ text })
  const bytes = encoder.encode(text)
  return bytes.length <= largestInline
    ? Effect.succeed({ text })
    : Effect.map(contents.put(bytes), (sha256) => ({ sha256, bytes: bytes.length }))
}

export const textOf = (contents: Pick<Contents, "get">, content: Content): Effect.Effect<string, RunError> =>
  "text" in content
    ? Effect.succeed(content.text)
    : Effect.flatMap(contents.get(content.sha256), (bytes) =>
      Effect.try({
        try: () => decoder.decode(bytes),
        catch: () => {
          const description = `the text ${content.sha256} is not UTF-8`
          return new RunError({ method: "read", reason: new Corrupt({ description }) })
        }
      }))
