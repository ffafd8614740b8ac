/**
 * An act's key: its name, and twelve hex digits of the SHA-256 of what it asks. Outputs that it uses enter by their
 * digest, so that an act is asked again when something that it needs has changed, and else never. Fallback models are
 * not part of it: whichever model answered, the act has its answer.
 *
 * The form below is written into journals: it must never change for plans that could be written before.
 */
import * as Effect from "effect/Effect"
import type { Text } from "../Act.ts"
import type { PlannedAct } from "../Plan.ts"
import type { OutputPlace } from "../Reference.ts"
import { ofJson } from "./digest.ts"

/** An act alone, or, of a group, all that it plays: its acts, and how often. */
export const keyOf = (act: PlannedAct, digestOf: (act: string) => string): Effect.Effect<string> =>
  Effect.map(
    ofJson(act.acts === undefined ? askedOf(act, digestOf) : groupOf(act, digestOf)),
    (digest) => `${act.name}@${digest.slice(0, 12)}`
  )

const groupOf = ({ acts, each, needs, repeat, result }: PlannedAct, digestOf: (act: string) => string) => ({
  each,
  repeat,
  result,
  acts,
  outputs: Object.fromEntries(needs.map((need) => [need, digestOf(need)]))
})

const askedOf = (
  { builtIn, generation, inputs, live, model, safety, system, tools }: PlannedAct,
  digestOf: (act: string) => string
) => {
  const place = ({ path, ref }: OutputPlace) => ({ output: digestOf(ref), ...(path === undefined ? {} : { path }) })
  const text = (pieces: Text) =>
    pieces.map((piece) =>
      typeof piece === "string" ? piece : {
        ...place(piece),
        ...(piece.or === undefined
          ? {}
          : { or: piece.or.map((other) => typeof other === "string" ? other : place(other)) })
      }
    )
  return {
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
        case "Media":
          return { media: input.sha256, type: input.mediaType }
        case "Link":
          return { link: input.uri, type: input.mediaType }
      }
    }),
    generation,
    safety,
    builtIn,
    tools,
    live
  }
}
