/**
 * The command `gemini-fx`.
 *
 * Exit codes: 0 is success, 1 a failure of the work (an act failed, the server refused),
 * 2 a mistake in the command line, the narrative or the configuration, 130 Ctrl-C.
 *
 * @since 0.1.0
 */
import type { NodeCommandFailure } from "effect-gemini-emulator/NodeCommandFailure"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import type { ConfigError } from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as ArgumentsMeant from "./internal/argumentsMeant.ts"
import { askCommand } from "./internal/ask/askCommand.ts"
import { countCommand } from "./internal/ask/countCommand.ts"
import { embedCommand } from "./internal/ask/embedCommand.ts"
import { batchCommand } from "./internal/batch.ts"
import { chatCommand } from "./internal/chat/chatCommand.ts"
import { checkCommand } from "./internal/check.ts"
import { CommandFailed } from "./internal/CommandFailed.ts"
import { emulatorCommand } from "./internal/emulator.ts"
import { filesCommand } from "./internal/files.ts"
import * as Help from "./internal/help.ts"
import { historyCommand } from "./internal/history/historyCommand.ts"
import { initCommand } from "./internal/init.ts"
import { limitsCommand } from "./internal/limits.ts"
import { liveCommand } from "./internal/live.ts"
import { modelsCommand } from "./internal/models.ts"
import { runCommand } from "./internal/run.ts"
import { runsCommand } from "./internal/runs/command.ts"
import { configCommand } from "./internal/setup/config.ts"
import * as Configured from "./internal/setup/Configured.ts"
import { doctorCommand } from "./internal/setup/doctor.ts"
import { keysCommand } from "./internal/setup/keys.ts"
import { clean } from "./internal/Shown.ts"

/**
 * The command line of `gemini-fx` with its subcommands `ask`, `init`, `check`, `run`, `runs`, `live`, `models`, `files`, `batch`, `limits`, `keys`, `config`, `doctor` and `emulator`, as
 * data of `effect/cli`. `run` of this module runs it.
 *
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("gemini-fx").pipe(
  Command.withDescription(
    "Gemini from the terminal: questions, narratives, Live sessions, models, files, batches, limits and a local server"
  ),
  Command.withExamples([
    { command: "gemini-fx \"What is a neap tide?\"", description: "Ask; the same as gemini-fx ask" },
    {
      command: "gemini-fx init && gemini-fx run story.toml --stream",
      description: "A narrative to begin with, played"
    },
    { command: "gemini-fx runs", description: "What was played, how far it came and what it cost" },
    { command: "echo \"What is a neap tide?\" | gemini-fx live", description: "Ask the Live API" }
  ]),
  Command.withSubcommands([
    askCommand,
    chatCommand,
    historyCommand,
    initCommand,
    checkCommand,
    runCommand,
    runsCommand,
    liveCommand,
    embedCommand,
    countCommand,
    modelsCommand,
    filesCommand,
    batchCommand,
    limitsCommand,
    keysCommand,
    configCommand,
    doctorCommand,
    emulatorCommand
  ])
)

// Log lines are not part of an answer, so they go to stderr; they may quote one, so they are cleaned.
const logger = Logger.layer([Logger.withConsoleError(Logger.map(Logger.formatSimple, clean))])

/**
 * What is still to be printed of a failure, and the exit code. Undefined if the person asked for help: that was
 * printed.
 */
const failureOf = (
  error: CliError.CliError | CommandFailed | ConfigError | NodeCommandFailure | PlatformError
): CommandFailed | undefined => {
  switch (error._tag) {
    case "CommandFailed":
      return error
    case "EmulatorCommandFailure":
      return new CommandFailed({ exitCode: error.exitCode, text: error.text })
    case "ShowHelp":
      return error.errors.length === 0 ? undefined : new CommandFailed({ exitCode: 2, text: "" })
    case "ConfigError":
      return new CommandFailed({ exitCode: 2, text: error.cause.message })
    case "PlatformError":
      // The reader of stdout has gone, as `head` does, so the command ends as after SIGPIPE.
      return error.reason.module === "Stdio"
        ? new CommandFailed({ exitCode: 141, text: "" })
        : new CommandFailed({ exitCode: 1, text: error.message })
    default:
      return new CommandFailed({ exitCode: 2, text: error.message })
  }
}

// These say what is wrong with a configuration, so they run with a wrong one, too.
const aboutSetup = new Set(["config", "doctor", "keys"])
const isAboutSetup = (args: ReadonlyArray<string>): boolean =>
  aboutSetup.has(ArgumentsMeant.commandOf(args) ?? "") ||
  args.some((arg) => /^(?:-h|--help|-v|--version|--completions)\b/.test(arg))

/** Runs with what the person set up behind the environment. */
const configured = <A, E, R>(args: ReadonlyArray<string>, command: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const setup = yield* Configured.load
    if (setup.problems.length > 0 && !isAboutSetup(args)) {
      return yield* new CommandFailed({ exitCode: 2, text: setup.problems.join("\n"), isPlain: true })
    }
    return yield* command.pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, Configured.behind(setup)),
      Effect.provideService(Configured.Configured, setup)
    )
  })

/**
 * Runs the command on the arguments after its name. A failure has already been told on stderr; the `exitCode` of its
 * `CommandFailed` is meant for the process.
 *
 * @category running
 * @since 0.1.0
 */
export const run = (
  args: ReadonlyArray<string>,
  version: string
): Effect.Effect<void, CommandFailed, Command.Environment> =>
  Effect.gen(function*() {
    const { stdinIsTerminal } = yield* Stdio.Stdio
    const names = new Set(command.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name)))
    const meant = ArgumentsMeant.meant(args, names, !(yield* stdinIsTerminal))
    return yield* configured(meant, Command.runWith(command, { version })(meant))
  }).pipe(
    // A defect is one of ours: it is told whole, whatever it quotes.
    Effect.tapCause((cause) => cause.reasons.some(({ _tag }) => _tag === "Die") ? Effect.logError(cause) : Effect.void),
    Effect.provide([Help.layer, CliConfig.layer({ builtIns: Help.flags })]),
    Effect.catch((error) => {
      const failed = failureOf(error)
      return failed === undefined
        ? Effect.void
        : Effect.andThen(
          failed.text === ""
            ? Effect.void
            : Console.error(clean(failed.isPlain === true ? failed.text : `gemini-fx: ${failed.text}`)),
          failed
        )
    }),
    Effect.provide(logger)
  )
