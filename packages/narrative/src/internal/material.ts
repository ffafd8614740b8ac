/** What an act's texts refer to, read from where the outputs lie; and the bytes of its files. */
import * as Effect from "effect/Effect"
import type { Text } from "../Act.ts"
import type { PlannedAct } from "../Plan.ts"
import type { Contents } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import * as Base64 from "./base64.ts"
import * as Texts from "./contents.ts"
import { ofText } from "./digest.ts"
import type { Frame, Output } from "./Frame.ts"
import type { Gather } from "./perform.ts"
import type * as Template from "./template.ts"

/** An output of a text that is at hand. */
export const outputOf = (text: string, list: string | undefined): Effect.Effect<Output> =>
  Effect.map(ofText(list ?? text), (sha256) => ({
    sha256,
    content: { text },
    ...(list === undefined ? {} : { list: { text: list } })
  }))

/** The names that a text refers to. */
export const namesOf = (text: Text): ReadonlyArray<string> =>
  text.flatMap((piece) =>
    typeof piece === "string"
      ? []
      : [piece.ref, ...(piece.or ?? []).flatMap((other) => typeof other === "string" ? [] : [other.ref])]
  )

const namesIn = ({ inputs, system }: PlannedAct): ReadonlyArray<string> => [
  ...(system === undefined ? [] : namesOf(system)),
  ...inputs.flatMap((input) => input._tag === "Text" ? namesOf(input.text) : input._tag === "Output" ? [input.act] : [])
]

/** What the names stand for, seen from a frame. */
export const environment = Effect.fnUntraced(function*(
  contents: Contents,
  frame: Frame,
  names: Iterable<string>
): Effect.fn.Return<Template.Environment, RunError> {
  const values = new Map<string, Template.OutputValue>()
  for (const name of new Set(names)) {
    const output = frame.find(name)
    if (output === undefined) continue
    values.set(name, {
      text: yield* Texts.textOf(contents, output.content),
      ...(output.list === undefined ? {} : { list: yield* Texts.textOf(contents, output.list) }),
      ...(output.isAbsent === true ? { isAbsent: true } : {})
    })
  }
  return (name) => values.get(name)
})

/** Files that are in memory anyway are taken from there, others are read each time that they are sent. */
export const gather = (contents: Contents, frame: Frame, files: ReadonlyMap<string, string> | undefined): Gather =>
  Effect.fnUntraced(function*(act) {
    const valueOf = yield* environment(contents, frame, namesIn(act))
    const bytes = new Map<string, string>()
    for (const input of act.inputs) {
      if (input._tag !== "Image" && input._tag !== "Media" || bytes.has(input.sha256)) continue
      const known = files?.get(input.sha256)
      bytes.set(input.sha256, known ?? Base64.encode(yield* contents.get(input.sha256)))
    }
    return { valueOf, imageOf: (sha256) => bytes.get(sha256) ?? "" }
  })
