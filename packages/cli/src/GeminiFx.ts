/**
 * The command `gemini-fx`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { runCommand } from "./internal/run.ts"

/**
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make("gemini-fx").pipe(
  Command.withDescription("Gemini from the terminal: narratives, and a local server to try them on"),
  Command.withSubcommands([runCommand])
)
