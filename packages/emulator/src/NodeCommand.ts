/**
 * The command `effect-gemini-emulator` as data of `effect/cli`, so that other commands can have it below them:
 * `gemini-fx emulator` is this one.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { type CommandFlags, flags } from "./internal/command/flags.ts"
import type { NodeCommandFailure } from "./NodeCommandFailure.ts"

/**
 * A local Gemini API until Ctrl-C, by this name; below it `exec`, which runs a program against one.
 *
 * @category commands
 * @since 0.2.0
 */
export const make = <const Name extends string>(
  name: Name
): Command.Command<Name, CommandFlags, CommandFlags, NodeCommandFailure | CliError.CliError, never> => {
  const parent = Command.make(name).pipe(
    Command.withSharedFlags(flags),
    Command.withHandler((given) =>
      Effect.flatMap(Effect.promise(() => import("./internal/command/serve.ts")), ({ serve }) => serve(given))
    )
  )
  const exec = Command.make("exec", {
    command: Argument.String("COMMAND").pipe(
      Argument.withDescription("the program and its arguments, behind --"),
      Argument.variadic({ min: 1 })
    )
  }, ({ command }) =>
    Effect.gen(function*() {
      const given = yield* parent
      const { exec } = yield* Effect.promise(() => import("./internal/command/exec.ts"))
      return yield* exec(given, command)
    })).pipe(
      Command.withDescription("Runs a program against an emulator of its own, and says what was refused"),
      Command.withExamples([{
        command: `${name} exec -- pytest -q`,
        description: "With GEMINI_BASE_URL, GEMINI_API_KEY and SSL_CERT_FILE set; ends with its code"
      }])
    )
  const file = Argument.String("FILE").pipe(Argument.withDescription("a cassette"))
  const list = Command.make(
    "list",
    { file },
    ({ file }) => Effect.flatMap(Effect.promise(() => import("./internal/command/tapes.ts")), ({ list }) => list(file))
  ).pipe(
    Command.withDescription("A line for each exchange"),
    Command.withExamples([{ command: `${name} cassette list weather.jsonl`, description: "What it holds" }])
  )
  const check = Command.make(
    "check",
    { file },
    ({ file }) =>
      Effect.gen(function*() {
        const { redact, redactField } = yield* parent
        const { check } = yield* Effect.promise(() => import("./internal/command/tapes.ts"))
        return yield* check(file, { patterns: redact, paths: redactField })
      })
  ).pipe(
    Command.withDescription("Looks for secrets that are left in it; ends with 1 if there are any"),
    Command.withExamples([{ command: `${name} cassette check weather.jsonl`, description: "Before it is committed" }])
  )
  const scenario = Command.make(
    "scenario",
    {
      file,
      output: Flag.String("output").pipe(
        Flag.withAlias("o"),
        Flag.withDescription("a new .toml or .json file to write them to; default: stdout, as TOML"),
        Flag.optional
      )
    },
    ({ file, output }) =>
      Effect.flatMap(
        Effect.promise(() => import("./internal/command/tapes.ts")),
        ({ scenario }) => scenario(file, output)
      )
  ).pipe(
    Command.withDescription("Rules to edit, made of what it holds"),
    Command.withExamples([{
      command: `${name} cassette scenario weather.jsonl -o rules.toml`,
      description: "For --scenario rules.toml"
    }])
  )
  const cassette = Command.make("cassette").pipe(
    Command.withDescription("Looks at a cassette"),
    Command.withExamples([{ command: `${name} cassette list weather.jsonl`, description: "What it holds" }]),
    Command.withSubcommands([list, check, scenario])
  )
  return parent.pipe(
    Command.withDescription("A local Gemini API, for clients in any language"),
    Command.withExamples([
      { command: name, description: "Until Ctrl-C; the address is on the first line" },
      { command: `${name} --port 8790 --quotas free`, description: "With the quotas of a tier" },
      {
        command: `${name} --cassette weather.jsonl --mode once --upstream https://generativelanguage.googleapis.com`,
        description: "Records what the first run asks, without its secrets, and plays it from then on"
      },
      { command: `${name} --scenario rules.toml exec -- pytest -q`, description: "As long as the tests run" }
    ]),
    Command.withSubcommands([exec, cassette])
  )
}
