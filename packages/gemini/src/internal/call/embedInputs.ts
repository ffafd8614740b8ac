/** Turns what may be embedded into one entry for each vector, and says whether each vector has come. */
import * as Effect from "effect/Effect"
import type { Embeddings } from "../../call/Answer.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Content from "../../wire/Content.ts"
import type { Inputs } from "../../wire/Embedding.ts"
import type { Part } from "../../wire/Part.ts"

type Item = string | Content.Content

// Array.isArray does not narrow a ReadonlyArray.
const isList = (contents: Inputs): contents is ReadonlyArray<Part> | ReadonlyArray<Item> => Array.isArray(contents)

const hasText = (list: ReadonlyArray<Part> | ReadonlyArray<Item>): list is ReadonlyArray<Item> =>
  list.some((item) => typeof item === "string")

/** The entries. A list of parts is one content, as everywhere. */
export const fromContents = (contents: Inputs): ReadonlyArray<Item> => {
  if (!isList(contents)) return [contents]
  return hasText(contents) ? contents : Content.fromInput(contents)
}

/** One request for each entry, all of them with the same settings. */
export const requests = <Settings extends object>(contents: Inputs, settings: Settings) =>
  fromContents(contents).map((input) => ({
    ...settings,
    content: typeof input === "string" ? { parts: [{ text: input }] } : input
  }))

/** The answer, if it has a vector for each input: some servers fuse several inputs into one vector. */
export const answered = (
  method: string,
  inputs: number,
  answer: Embeddings
): Effect.Effect<Embeddings, GeminiError> => {
  const { attempts, model, vectors } = answer
  const came = vectors.filter(({ length }) => length > 0).length
  if (came === inputs && vectors.length === inputs) return Effect.succeed(answer)
  const expected = `${inputs} vectors for ${inputs} inputs, got ${came}`
  const reason = new Reason.InvalidResponse({ path: "embeddings", expected })
  return Effect.fail(new GeminiError({ method, model, attempts, reason }))
}
