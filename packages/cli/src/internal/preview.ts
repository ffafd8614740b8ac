/** What `--dry-run` prints: each act as it would be sent, variables filled in, and what can be known of the whole. Pure. */
import * as Act from "effect-gemini-narrative/Act"
import * as Condition from "effect-gemini-narrative/Condition"
import type { Forecast, ModelForecast, Range } from "effect-gemini-narrative/Forecast"
import type { Narrative } from "effect-gemini-narrative/Narrative"
import * as Reference from "effect-gemini-narrative/Reference"
import * as Lines from "./lines.ts"
import { Shown, shown } from "./Shown.ts"
import { table } from "./table.ts"

const inputOf = (input: Act.Input): string => {
  switch (input._tag) {
    case "Text":
      return Reference.printText(input.text).trimEnd()
    case "Output":
      return `{{${input.act}}}`
    case "Image":
      return `[image: ${input.from}]`
    case "Media":
      return `[${input.part.inlineData?.mimeType ?? input.part.fileData?.mimeType ?? "file"}: ${input.from}]`
  }
}

/** How often an act or a group is played. */
const flowOf = ({ each, repeat }: Act.Act): string | undefined => {
  if (repeat !== undefined) return `until ${Condition.print(repeat.until)}, at most ${repeat.max} times`
  if (each === undefined) return undefined
  const list = "values" in each.list ? `${each.list.values.length} values` : Reference.print(each.list)
  return `for each ${each.as} of ${list}${"values" in each.list ? "" : `, at most ${each.max}`}`
}

interface Models {
  readonly forAll: string | undefined
  readonly byDefault: string
}

const actOf = (
  act: Act.Act,
  models: Models,
  style: Lines.Style,
  around: ReadonlyArray<Shown> = []
): ReadonlyArray<Shown> => {
  const flow = flowOf(act)
  const before = [
    ...around,
    ...(act.when === undefined ? [] : [shown`${style.faint("only when:")} ${Condition.print(act.when)}`]),
    ...(flow === undefined ? [] : [shown`${style.faint("again:")} ${flow}`]),
    ...(act.approve === undefined
      ? []
      : [shown`${style.faint("approved by a person:")} ${Reference.printText(act.approve)}`])
  ]
  if (act.acts !== undefined) {
    const [alone] = act.acts
    // A single act that is repeated is one act to its reader.
    return act.acts.length === 1 && alone?.name === act.name
      ? actOf(alone, models, style, before)
      : [
        Shown.join([style.strong(`== ${act.name}`), ...before], "\n"),
        ...act.acts.flatMap((inner) => actOf(inner, models, style))
      ]
  }
  const request = Act.request(act, (name) => `{{${name}}}`, models.forAll ?? act.model)
  const { generationConfig: settings, safetySettings, tools = [] } = request
  const functions = (act.tools ?? []).map((name) => ({ function: name }))
  return [Shown.join([
    Lines.heading(act.name, request.model ?? models.byDefault, style),
    ...before,
    ...(act.live === true ? [style.faint("over the Live API")] : []),
    ...(act.system === undefined ? [] : [shown`${style.faint("system:")} ${Reference.printText(act.system)}`]),
    ...(settings === undefined ? [] : [shown`${style.faint("settings:")} ${JSON.stringify(settings)}`]),
    ...(safetySettings ? [shown`${style.faint("safety:")} ${JSON.stringify(safetySettings)}`] : []),
    ...((tools ?? []).length + functions.length === 0
      ? []
      : [shown`${style.faint("tools:")} ${JSON.stringify([...(tools ?? []), ...functions])}`]),
    ...act.inputs.map(inputOf)
  ], "\n")]
}

const range = ({ least, most }: Range): string => least === most ? `${most}` : `${least} to ${most}`

const count = (n: number): string => n.toLocaleString("en-US")

const row = (model: ModelForecast): ReadonlyArray<string> => [
  model.model,
  range(model.requests),
  count(model.inputTokens),
  model.answerTokens === undefined ? "-" : count(model.answerTokens),
  model.dollars === undefined ? "no price" : Lines.money(model.dollars, false)
]

/** What is known of the whole before anything is sent. */
const forecastOf = (forecast: Forecast, style: Lines.Style): Shown =>
  Shown.join([
    style.strong("what can be known before"),
    ...forecast.stages.map((acts, i) =>
      shown`  ${style.faint(`${i + 1}.`)} ${acts.join(", ")}${
        acts.length > 1 ? style.faint(" side by side, with --concurrency") : ""
      }`
    ),
    shown``,
    ...table(["model", "requests", "tokens in", "out at most", "at least"], forecast.models.map(row)).split("\n").map((
      line
    ) => shown`  ${line}`),
    shown`  ${
      style.faint(
        `at least ${Lines.money(forecast.dollars, false)}${forecast.isPartial ? " and what has no price" : ""}; ` +
          "what acts will write, and the input that is made of it, comes on top"
      )
    }`,
    ...forecast.waits.map((wait) => shown`  ${wait}`)
  ], "\n")

export const preview = (narrative: Narrative, models: Models, forecast: Forecast, style: Lines.Style): Shown =>
  Shown.join([
    ...narrative.acts.flatMap((act) => actOf(act, models, style)),
    forecastOf(forecast, style)
  ], "\n\n")
