/**
 * Tells before sending whether a request would be refused for a lost thought signature. Pure.
 *
 * In the current turn (all that follows the user's last message) the first call of every step must carry its signature;
 * the other calls of a step have none.
 */
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import type { Content } from "effect-gemini/wire/Content"
import type * as Part from "effect-gemini/wire/Part"
import type { Placed } from "./promptToContents.ts"

/** The signature that is documented for calls that Gemini did not make (2026). */
export const dummy = "skip_thought_signature_validator"

export interface Missing {
  /** The call's function. */
  readonly name: string
  /** Place of the message in the prompt, from 0. */
  readonly message: number
  /** Where the signature would stand in the request. */
  readonly path: string
}

const parts = (content: Content): ReadonlyArray<Part.Part> => content.parts ?? []

const isSpeech = (content: Content): boolean =>
  content.role === "user" && !parts(content).some((part) => part.functionResponse)

const isSigned = (part: Part.Part): boolean => typeof part.thoughtSignature === "string" && part.thoughtSignature !== ""

/** Whether the model is known to demand signatures: by the list, or because it has signed. */
export const isDemanded = (model: string, placed: ReadonlyArray<Placed>): boolean =>
  ModelCatalog.signed.has(model.replace(/^models\//, "")) ||
  placed.some(({ content }) => parts(content).some((part) => part.functionCall && isSigned(part)))

/**
 * The place of the first call that needs a signature. Calls that the server answered itself need none: their results
 * stand in the same content.
 */
const firstCall = (content: Content): number => {
  const all = parts(content)
  return all.some((part) => part.functionResponse) ? -1 : all.findIndex((part) => part.functionCall)
}

const current = (placed: ReadonlyArray<Placed>): number => placed.findLastIndex(({ content }) => isSpeech(content)) + 1

/** Finds the first call of the current turn that lost its signature. */
export const missing = (placed: ReadonlyArray<Placed>): Missing | undefined => {
  for (let i = current(placed); i < placed.length; i++) {
    const at = placed[i]
    if (at === undefined || at.content.role !== "model") continue
    const index = firstCall(at.content)
    const part = parts(at.content)[index]
    if (part === undefined || isSigned(part)) continue
    return {
      name: part.functionCall?.name ?? "",
      message: at.message,
      path: `contents[${i}].parts[${index}].thoughtSignature`
    }
  }
  return undefined
}

/** Marks the calls of the current turn that Gemini did not make as not its own. */
export const mark = (placed: ReadonlyArray<Placed>): ReadonlyArray<Placed> => {
  const start = current(placed)
  return placed.map((entry, i) => {
    const { content, own } = entry
    if (i < start || own || content.role !== "model") return entry
    const index = firstCall(content)
    return {
      ...entry,
      content: {
        ...content,
        parts: parts(content).map((part, at) =>
          at === index && !isSigned(part) ? { ...part, thoughtSignature: dummy } : part
        )
      }
    }
  })
}
