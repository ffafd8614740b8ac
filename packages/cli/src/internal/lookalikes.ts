/**
 * Braces in a text that look like a reference and are none, such as `{{outline.chapters}}` or `${topic}`: they go to
 * the model as they are written, which is hardly ever meant. Pure.
 */
import type { Act, Text } from "effect-gemini-narrative/Act"
import type { Narrative } from "effect-gemini-narrative/Narrative"

// Nobody means a longer one, and the search has to end.
const pattern = /\{\{[^{}\n]{1,80}\}\}|\$\{[A-Za-z_][\w.-]{0,80}\}|(?<![{$])\{[A-Za-z_][\w-]{0,80}\}(?!\})/g

export interface Lookalike {
  readonly act: string
  readonly text: string
}

const literals = (text: Text | undefined): ReadonlyArray<string> =>
  (text ?? []).filter((piece) => typeof piece === "string")

const ofAct = (act: Act, isName: (name: string) => boolean): ReadonlyArray<Lookalike> => {
  const texts = [act.system, ...act.inputs.map((input) => input._tag === "Text" ? input.text : undefined)]
  const found = texts.flatMap(literals).flatMap((text) => text.match(pattern) ?? [])
  // Single braces are common in prompts about programs, so they count only around a name of this narrative.
  const meant = found.filter((text) => text.startsWith("{{") || isName(text.replace(/^\$?\{|\}$/g, "")))
  return Array.from(new Set(meant), (text) => ({ act: act.name, text }))
}

export const lookalikes = (narrative: Narrative): ReadonlyArray<Lookalike> => {
  const names = new Set(narrative.acts.map((act) => act.name))
  const found = (act: Act): ReadonlyArray<Lookalike> => [
    ...ofAct(act, (name) => names.has(name)),
    ...(act.acts ?? []).flatMap(found)
  ]
  return narrative.acts.flatMap(found)
}

export const say = (file: string, { act, text }: Lookalike): string =>
  `${file}: act "${act}" holds ${text}, which looks like a reference but goes to the model as it is ` +
  "(a reference is {{name}} with the name of an act or variable; for braces as text write \\{{)"
