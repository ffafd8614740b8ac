/**
 * `gemini-fx check FILE…`: everything that is wrong with narratives, and nothing is sent.
 */
import type { Act } from "effect-gemini-narrative/Act"
import * as Narrative from "effect-gemini-narrative/Narrative"
import type { NarrativeInvalid } from "effect-gemini-narrative/NarrativeError"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import * as Lookalikes from "./lookalikes.ts"
import * as Screen from "./Screen.ts"
import { json as toJson } from "./Shown.ts"
import { plural } from "./table.ts"
import * as Variables from "./variables.ts"

type Checked = Result.Result<Narrative.Narrative, NarrativeInvalid>

/** The acts that ask a model, those of groups as well. */
const all = (acts: ReadonlyArray<Act>): ReadonlyArray<Act> =>
  acts.flatMap((act) => act.acts === undefined ? [act] : all(act.acts))

/** Hints about what can be played, but is probably not what was meant. */
export const notes = (narrative: Narrative.Narrative): ReadonlyArray<string> => [
  ...Lookalikes.lookalikes(narrative).map((found) => Lookalikes.say(narrative.file, found)),
  ...all(narrative.acts).flatMap(({ model, name }) => {
    if (model === undefined || ModelCatalog.known.models.has(model)) return []
    const near = ModelCatalog.nearMatches(ModelCatalog.known, model)
    return near.length === 0 ? [] : [
      `${narrative.file}: act "${name}" asks ${model}, which this version does not know (did you mean ${near[0]}?)`
    ]
  })
]

const asJson = (file: string, checked: Checked): object =>
  Result.isFailure(checked) ? { file, ok: false, problems: checked.failure.problems } : {
    file,
    ok: true,
    title: checked.success.title,
    acts: checked.success.acts.map(({ model, name, needs }) => ({ name, model: model ?? null, needs })),
    notes: notes(checked.success)
  }

const summary = ({ acts, file }: Narrative.Narrative): string => {
  const models = new Set(all(acts).map(({ model }) => model ?? GeminiConfig.defaultModel))
  return `${file}: nothing is wrong; ${plural(acts.length, "act")} on ${[...models].join(", ")}\n`
}

export const checkCommand = Command.make(
  "check",
  {
    files: Argument.String("file").pipe(
      Argument.withDescription("the narratives, in TOML"),
      Argument.variadic({ min: 1 })
    ),
    variables: Flags.variables,
    inputsFrom: Flags.inputsFrom,
    json: Flags.json("write a JSON array, one object a file")
  },
  Effect.fnUntraced(function*({ files, inputsFrom, json, variables: given }) {
    const screen = yield* Screen.make
    const variables = yield* Variables.values(given)
    const checked = yield* Effect.forEach(files, (file) =>
      Effect.map(
        Effect.result(Narrative.fromFile(file, { variables, inputsFrom })),
        (result) => ({ file, result })
      ))
    const wrong = checked.flatMap(({ result }) => Result.isFailure(result) ? [result.failure] : [])
    if (json) yield* screen.write(`${toJson(checked.map(({ file, result }) => asJson(file, result)), 2)}\n`)
    else {
      for (const { result } of checked) {
        if (Result.isFailure(result)) continue
        yield* screen.write(summary(result.success))
        for (const note of notes(result.success)) yield* screen.note(note)
      }
    }
    if (wrong.length === 0) return
    const problems = wrong.reduce((sum, { problems }) => sum + problems.length, 0)
    return yield* new CommandFailed({
      exitCode: 2,
      text: json ? "" : `${wrong.map(({ message }) => message).join("\n")}\n${plural(problems, "problem")}`,
      isPlain: true
    })
  })
).pipe(
  Command.withDescription("Say everything that is wrong with narratives; nothing is sent"),
  Command.withExamples([
    { command: "gemini-fx check story.toml", description: "Every problem with its line" },
    { command: "gemini-fx check stories/*.toml --json", description: "For a program, all files at once" }
  ])
)
