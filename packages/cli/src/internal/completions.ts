/**
 * `--completions SHELL`: Effect's script for the shell, which besides commands and flags knows models, files, folders and
 * runs. Names of models are offered and not demanded, because new ones come without a release of this command. Runs are
 * looked up by the shell itself when the key is pressed, so that no process has to start.
 */
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as Completions from "effect/cli/Completions"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Stands in the script for the runs until `filled` puts the shell's own look-up there. */
const placeholder = "gemini-fx-runs"

const file = { _tag: "Path", pathType: "file" } as const
const folder = { _tag: "Path", pathType: "directory" } as const
const models = { _tag: "Choice", values: [...ModelCatalog.known.models.keys()].toSorted() } as const
const runs = { _tag: "Choice", values: ["last", placeholder] } as const

const flagTypes: ReadonlyMap<string, Completions.FlagType> = /* @__PURE__ */ new Map<string, Completions.FlagType>([
  ["model", models],
  ["config", file],
  ["out", file],
  ["in", file],
  ["adopt", file],
  ["handle", file],
  ["recorded", folder],
  ["directory", folder],
  ["inputs-from", folder]
])

const argumentTypes: ReadonlyMap<string, Completions.ArgumentType> = /* @__PURE__ */ new Map<
  string,
  Completions.ArgumentType
>([["file", file], ["files", file], ["run", runs]])

const described = (command: Completions.CommandDescriptor): Completions.CommandDescriptor => ({
  ...command,
  flags: command.flags.map((flag) => ({
    ...flag,
    type: flag.type._tag === "String" ? flagTypes.get(flag.name) ?? flag.type : flag.type
  })),
  arguments: command.arguments.map((argument) => ({
    ...argument,
    type: argument.type._tag === "String" ? argumentTypes.get(argument.name) ?? argument.type : argument.type
  })),
  subcommands: command.subcommands.map(described)
})

// An id of a run is a name without anything that a shell would read; other files of the folder are passed over.
const posix =
  "$(command ls -1 -- \"${GEMINI_FX_RUNS:-.runs}\" 2>/dev/null | command grep -E \"^[A-Za-z0-9][A-Za-z0-9._-]*$\")"
const fish = "(command ls -1 -- (set -q GEMINI_FX_RUNS; and echo $GEMINI_FX_RUNS; or echo .runs) 2>/dev/null)"
const powershell =
  "(Get-ChildItem -Name -Directory -ErrorAction SilentlyContinue $(if ($env:GEMINI_FX_RUNS) { $env:GEMINI_FX_RUNS } else { '.runs' }))"

const filled = (script: string, shell: Completions.Shell): string => {
  switch (shell) {
    case "bash":
      return script.replaceAll(`'${placeholder}'`, () => posix)
    case "zsh":
      return script.replaceAll(placeholder, () => posix)
    case "fish":
      return script.replaceAll(placeholder, () => fish)
    case "powershell":
      return script.replaceAll(`'${placeholder}'`, () => powershell)
  }
}

/** The script for a command tree. */
export const script = (command: Completions.CommandDescriptor, shell: Completions.Shell): string =>
  filled(Completions.generate(command.name, shell, described(command)), shell)

export const flag: typeof GlobalFlag.Completions = GlobalFlag.Action({
  flag: GlobalFlag.Completions.flag,
  run: (shell, { command }) =>
    Option.isNone(shell) ? Effect.void : Console.log(script(Completions.fromCommand(command), shell.value))
})
