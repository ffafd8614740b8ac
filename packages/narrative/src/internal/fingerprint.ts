/**
 * An act's key: its name, and twelve hex digits of the SHA-256 of what it asks. Outputs that it uses enter by their
 * digest, so that an act is asked again when something that it needs has changed, and else never. Fallback models are
 * not part of it: whichever model answered, the act has its answer.
 *
 * The form below is written into journals: it must never change for plans that could be written before.
 */
import * as Effect from "effect/Effect"
import type { PlannedAct } from "../Plan.ts"
import { ofJson } from "./digest.ts"

type Piece = string | { readonly ref: string }

export const keyOf = (
  { generation, inputs, model, name, system }: PlannedAct,
  digestOf: (act: string) => string
): Effect.Effect<string> => {
  const text = (pieces: ReadonlyArray<Piece>) =>
    pieces.map((piece) => typeof piece === "string" ? piece : { output: digestOf(piece.ref) })
  const asked = {
    model,
    system: system === undefined ? undefined : text(system),
    inputs: inputs.map((input) => {
      switch (input._tag) {
        case "Text":
          return { text: text(input.text) }
        case "Output":
          return { output: digestOf(input.act) }
        case "Image":
          return { image: input.sha256, type: input.mediaType }
        case "Link":
          return { link: input.uri, type: input.mediaType }
      }
    }),
    generation
  }
  return Effect.map(ofJson(asked), (digest) => `${name}@${digest.slice(0, 12)}`)
}
