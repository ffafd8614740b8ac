/** What stands around every command: who is told of a failure, with which exit code, and what the person set up. */
import type { NodeCommandFailure } from "effect-gemini-emulator/NodeCommandFailure"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import type { ConfigError } from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Logger from "effect/Logger"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as ArgumentsMeant from "./argumentsMeant.ts"
import { CommandFailed } from "./CommandFailed.ts"
import * as Help from "./help.ts"
import * as Configured from "./setup/Configured.ts"
import { clean } from "./Shown.ts"
import { wrapped } from "./WordWrap.ts"

type Failure = CliError.CliError | CommandFailed | ConfigError | NodeCommandFailure | PlatformError

// Log lines are not part of an answer, so they go to stderr; they may quote one, so they are cleaned.
const logger = Logger.layer([Logger.withConsoleError(Logger.map(Logger.formatSimple, clean))])

/**
 * What is still to be printed of a failure, and the exit code. Undefined if the person asked for help: that was
 * printed.
 */
const failureOf = (error: Failure): CommandFailed | undefined => {
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

/** At a terminal a message ends its rows between words, but for one that editors read. */
const shownOf = ({ isPlain, text }: CommandFailed): string => {
  if (isPlain === true) return clean(text)
  const { columns, isTTY } = process.stderr
  return isTTY ? wrapped(`gemini-fx: ${text}`, (columns || 80) - 1).text : clean(`gemini-fx: ${text}`)
}

/** The arguments with the command that they mean. */
export const meant = (args: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, never, Stdio.Stdio> =>
  Effect.gen(function*() {
    const { stdinIsTerminal } = yield* Stdio.Stdio
    return ArgumentsMeant.meant(args, !(yield* stdinIsTerminal))
  })

/** Runs what the arguments mean. A failure has been told when this fails. */
export const invoke = <R>(
  args: ReadonlyArray<string>,
  command: (args: ReadonlyArray<string>) => Effect.Effect<void, Failure, R>
): Effect.Effect<void, CommandFailed, R | FileSystem.FileSystem | Stdio.Stdio> =>
  Effect.flatMap(meant(args), (words) => configured(words, command(words))).pipe(
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
            : Console.error(shownOf(failed)),
          failed
        )
    }),
    Effect.provide(logger)
  )
