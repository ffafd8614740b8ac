/**
 * What `--help`, `--version` and a wrong command line show. Help begins with examples, because a person who asks for it
 * looks first for a line to change; the rest is Effect's.
 */
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import type { HelpDoc } from "effect/cli/HelpDoc"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import * as Completions from "./completions.ts"
import * as Lines from "./lines.ts"
import { clean, Shown, shown } from "./Shown.ts"

const environment: ReadonlyArray<readonly [name: string, says: string]> = [
  ["GEMINI_API_KEY", "the key of your project; without one an embedded server answers and nothing leaves this machine"],
  ["GEMINI_BASE_URL", "another server than Google's"],
  ["GEMINI_FX_CONFIG", "the folder of config.toml and keys.json; default: ~/.config/gemini-fx"],
  ["GEMINI_FX_MODEL", "the model that answers where none is named; gemini-fx config show lists all settings"],
  ["GEMINI_FX_RUNS", "the folder of runs, where -d is not given; default: .runs"],
  ["GEMINI_FX_STATE", "the folder that remembers quotas and chats; default: ~/.local/state/gemini-fx"],
  ["GOOGLE_GENAI_USE_VERTEXAI", "true: Vertex AI answers, for GOOGLE_CLOUD_PROJECT in GOOGLE_CLOUD_LOCATION"],
  ["NO_COLOR", "no colours"]
]

const examples = ({ examples = [] }: HelpDoc, { faint, strong }: Lines.Style): Shown =>
  examples.length === 0 ? shown`` : shown`${strong("EXAMPLES")}
${
    Shown.join(
      examples.map(({ command, description }) =>
        description === undefined ? shown`  ${command}` : shown`  ${command}\n      ${faint(description)}`
      ),
      "\n"
    )
  }

`

const variables = ({ strong }: Lines.Style): Shown => {
  const width = Math.max(...environment.map(([name]) => name.length))
  return shown`

${strong("ENVIRONMENT")}
${environment.map(([name, says]) => `  ${name.padEnd(width)}    ${says}`).join("\n")}`
}

/** What every flag is where it is not given. Those of others say so in their words; an option that is left out is off. */
const withDefaults = (flags: HelpDoc["flags"]): HelpDoc["flags"] =>
  flags.map((flag) => {
    const description = Option.getOrElse(flag.description, () => "")
    return flag.type !== "boolean" || /default/i.test(description)
      ? flag
      : { ...flag, description: Option.some(`${description}; default: off`) }
  })

const lengthOf = (text: string): number => stripVTControlCharacters(text).length

/** Where the text that is seen has so many characters, sequences not counted. */
const placeOf = (line: string, length: number): number => {
  let at = length
  while (at < line.length && lengthOf(line.slice(0, at)) < length) at++
  return at
}

/** The two halves of a row, such as a flag and what it does. */
const halves = (line: string): readonly [left: string, right: string] | undefined => {
  const left = /^( {2,}\S.*? {2,})\S/.exec(stripVTControlCharacters(line))?.[1]
  if (left === undefined) return undefined
  const at = placeOf(line, left.length)
  return [line.slice(0, at), line.slice(at)]
}

const wrappedAt = (text: string, width: number): ReadonlyArray<string> => {
  const rows: Array<string> = []
  for (const word of text.split(" ")) {
    const row = rows.at(-1)
    if (row !== undefined && lengthOf(row) + 1 + lengthOf(word) <= width) rows[rows.length - 1] = `${row} ${word}`
    else rows.push(word)
  }
  return rows
}

/**
 * Help within the columns of a terminal: the second half of a row goes on below itself, or, where the first one takes
 * more than half of them, all second halves of the table stand below the first.
 */
export const fitted = (text: string, columns: number): string =>
  text.split("\n\n").map((block) => {
    const lines = block.split("\n")
    const isLong = (line: string) => lengthOf(line) > columns
    const isBelow = lines.some((line) => isLong(line) && lengthOf(halves(line)?.[0] ?? "") > columns / 2)
    return lines.flatMap((line) => {
      const [left = "", right = ""] = halves(line) ?? []
      if (right === "" || (!isBelow && !isLong(line))) return [line]
      const indent = isBelow ? 6 : lengthOf(left)
      const rows = wrappedAt(right, columns - indent).map((row) => `${" ".repeat(indent)}${row}`)
      return isBelow ? [left.trimEnd(), ...rows] : [`${left}${rows[0]?.trimStart() ?? ""}`, ...rows.slice(1)]
    }).join("\n")
  }).join("\n\n")

const help = Effect.fnUntraced(function*(doc: HelpDoc, path: ReadonlyArray<string>) {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const style = canColor ? Lines.coloured : Lines.plain
  const formatter = CliOutput.defaultFormatter({ colors: canColor, globalFlags: path.length > 1 ? "summary" : "full" })
  const rest = formatter.formatHelpDoc({ ...doc, flags: withDefaults(doc.flags), examples: [] })
  const text = `${examples(doc, style).text}${rest}${path.length > 1 ? "" : variables(style).text}`
  // A pipe has no columns.
  yield* Console.log(process.stdout.isTTY ? fitted(text, (process.stdout.columns || 80) - 1) : text)
})

/** What to write instead, where the mistake tells what was meant. */
const instead = (error: CliError.CliError): ReadonlyArray<string> => {
  if (error._tag === "UnknownSubcommand" && error.subcommand.endsWith(".toml")) {
    return [`  to play it: gemini-fx run ${error.subcommand}`]
  }
  if (error._tag === "UnknownSubcommand" && error.parent?.length === 1) {
    return [`  to ask it: gemini-fx ask ${error.subcommand}`]
  }
  return []
}

// A wrong command line is answered with the mistake alone, not with pages of help.
export const layer = CliOutput.layerPresenter({
  present: (event) => {
    switch (event._tag) {
      case "Help":
        return help(event.helpDoc, event.commandPath)
      case "InvalidInvocation":
        return Console.error(clean([
          ...event.errors.map((error) => `gemini-fx: ${error.message}`),
          ...event.errors.flatMap(instead),
          `  usage: ${event.helpDoc.usage}`,
          `  ${event.commandPath.join(" ")} --help says more`
        ].join("\n")))
      case "Version":
        return CliOutput.defaultPresenter.present(event)
    }
  }
})

/** Effect's flags for every command, but with completions that know models, files and runs. */
export const flags: ReadonlyArray<GlobalFlag.BuiltIn> = GlobalFlag.BuiltIns.map((flag) =>
  flag === GlobalFlag.Completions ? Completions.flag : flag
)
