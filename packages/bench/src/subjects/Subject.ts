/** What every client under measurement can do, and what it says it received. */
import { orderOf } from "../harness/bodies.ts"

export interface Subject {
  /** Streams an answer to its end, and calls `onFirst` at the first decoded chunk. */
  readonly stream: (model: string, contents: Contents, onFirst?: () => void) => Promise<Tally>
  /**
   * Streams an interaction to its end; its chunks are the pieces of text. The base URL names the model, because the body
   * is not read by the server: `/models/MODEL:interactions`.
   */
  readonly events?: (model: string) => Promise<Tally>
  /** Sends `fileOf(model)`; the bytes are those that the server says it has. */
  readonly upload?: (model: string) => Promise<Tally>
  /** Reads the file of this name to its end. */
  readonly download?: (model: string) => Promise<Tally>
  readonly unary: (model: string, contents: Contents) => Promise<Tally>
  readonly close: () => Promise<void>
}

export type Contents = Array<{ role: "user" | "model"; parts: Array<{ text: string }> }>

/** The base URL of an interaction's request. */
export const eventsUrl = (url: string, model: string): string => `${url}/models/${model}:interactions`

const files = new Map<string, Blob>()

/** A file of the size that a model's name orders. */
export const fileOf = (model: string): Blob => {
  const known = files.get(model) ??
    new Blob([Buffer.alloc(orderOf(model).size, "a byte of a file ")], { type: "text/plain" })
  files.set(model, known)
  return known
}

/** What came, so that it can be checked for completeness: chunks, and bytes of text (the texts are ASCII). */
export interface Tally {
  chunks: number
  bytes: number
}

export const hello: Contents = [{ role: "user", parts: [{ text: "Tell me a story about a lighthouse keeper." }] }]

/** A chat of a thousand turns of about 400 bytes each. */
export const chat: Contents = Array.from({ length: 1000 }, (_, i) => ({
  role: i % 2 === 0 ? "user" : "model",
  parts: [{ text: `Turn ${i}: ${"and then the lamp went out and she climbed the stairs. ".repeat(7)}` }]
}))
