/** The commands of a question alone, which start without those of narratives, runs and batches. */
import * as Command from "effect/cli/Command"
import type * as Effect from "effect/Effect"
import type { CommandFailed } from "../CommandFailed.ts"
import { invoke } from "../invocation.ts"
import { askCommand } from "./askCommand.ts"
import { countCommand } from "./countCommand.ts"
import { embedCommand } from "./embedCommand.ts"

const questions = Command.make("gemini-fx").pipe(Command.withSubcommands([askCommand, countCommand, embedCommand]))

export const run = (
  args: ReadonlyArray<string>,
  version: string
): Effect.Effect<void, CommandFailed, Command.Environment> => invoke(args, Command.runWith(questions, { version }))
