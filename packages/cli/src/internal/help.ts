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

const help = Effect.fnUntraced(function*(doc: HelpDoc, path: ReadonlyArray<string>) {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const style = canColor ? Lines.coloured : Lines.plain
  const formatter = CliOutput.defaultFormatter({ colors: canColor, globalFlags: path.length > 1 ? "summary" : "full" })
  const rest = formatter.formatHelpDoc({ ...doc, examples: [] })
  yield* Console.log(`${examples(doc, style).text}${rest}${path.length > 1 ? "" : variables(style).text}`)
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
