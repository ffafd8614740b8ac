/** What `--dry-run` prints: each act as it would be sent, variables filled in. Pure. */
import * as Act from "effect-gemini-narrative/Act"
import type { Narrative } from "effect-gemini-narrative/Narrative"
import * as Lines from "./lines.ts"
import { Shown, shown } from "./Shown.ts"

/** Stands where the output of an act will be inserted. */
const placeholder = (act: string): string => `{{${act}}}`

const inputOf = (input: Act.Input): string => {
  switch (input._tag) {
    case "Text":
      return Act.render(input.text, placeholder).trimEnd()
    case "Output":
      return placeholder(input.act)
    case "Image":
      return `[image: ${input.from}]`
    case "Media":
      return `[${input.part.inlineData?.mimeType ?? input.part.fileData?.mimeType ?? "file"}: ${input.from}]`
  }
}

export const preview = (
  narrative: Narrative,
  models: { readonly forAll: string | undefined; readonly byDefault: string },
  style: Lines.Style
): Shown =>
  Shown.join(
    narrative.acts.map((act) => {
      const request = Act.request(act, placeholder, models.forAll ?? act.model)
      const { generationConfig: settings } = request
      return Shown.join([
        Lines.heading(act.name, request.model ?? models.byDefault, style),
        ...(act.system === undefined ? [] : [shown`${style.faint("system:")} ${Act.render(act.system, placeholder)}`]),
        ...(settings === undefined ? [] : [shown`${style.faint("settings:")} ${JSON.stringify(settings)}`]),
        ...act.inputs.map(inputOf)
      ], "\n")
    }),
    "\n\n"
  )
