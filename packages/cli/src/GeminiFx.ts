/**
 * The command `gemini-fx`.
 *
 * Exit codes: 0 is success, 1 a failure of the work (an act failed, the server refused),
 * 2 a mistake in the command line, the narrative or the configuration, 130 Ctrl-C.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import type * as Effect from "effect/Effect"
import { askCommand } from "./internal/ask/askCommand.ts"
import { countCommand } from "./internal/ask/countCommand.ts"
import { embedCommand } from "./internal/ask/embedCommand.ts"
import { batchCommand } from "./internal/batch.ts"
import { chatCommand } from "./internal/chat/chatCommand.ts"
import { checkCommand } from "./internal/check.ts"
import type { CommandFailed } from "./internal/CommandFailed.ts"
import { emulatorCommand } from "./internal/emulator.ts"
import { filesCommand } from "./internal/files.ts"
import { historyCommand } from "./internal/history/historyCommand.ts"
import { initCommand } from "./internal/init.ts"
import { invoke } from "./internal/invocation.ts"
import { limitsCommand } from "./internal/limits.ts"
import { liveCommand } from "./internal/live.ts"
import { modelsCommand } from "./internal/models.ts"
import { researchCommand } from "./internal/research/researchCommand.ts"
import { runCommand } from "./internal/run.ts"
import { runsCommand } from "./internal/runs/command.ts"
import { report } from "./internal/runs/show.ts"
import { configCommand } from "./internal/setup/config.ts"
import { doctorCommand } from "./internal/setup/doctor.ts"
import { keysCommand } from "./internal/setup/keys.ts"
import { workerCommand } from "./internal/worker.ts"

/**
 * The command line of `gemini-fx` with its subcommands `ask`, `init`, `check`, `run`, `runs`, `report`, `worker`, `live`, `models`, `files`, `batch`, `research`, `limits`, `keys`, `config`, `doctor` and `emulator`, as
 * data of `effect/cli`. `run` of this module runs it.
 *
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("gemini-fx").pipe(
  Command.withDescription(
    "Gemini from the terminal: questions, research, narratives, Live sessions, models, files, batches, limits and a local server"
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
    report,
    workerCommand,
    liveCommand,
    embedCommand,
    countCommand,
    modelsCommand,
    filesCommand,
    batchCommand,
    researchCommand,
    limitsCommand,
    keysCommand,
    configCommand,
    doctorCommand,
    emulatorCommand
  ])
)

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
): Effect.Effect<void, CommandFailed, Command.Environment> => invoke(args, Command.runWith(command, { version }))
