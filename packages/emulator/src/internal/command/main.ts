/** The command by its own name: a wrong command line is answered with the mistake alone, not with pages of help. */
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as NodeCommand from "../../NodeCommand.ts"
import { mistake, NodeCommandFailure } from "../../NodeCommandFailure.ts"
import { plain } from "./plain.ts"

const name = "effect-gemini-emulator"

const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(plain([
        ...event.errors.map((error) => `${name}: ${error.message}`),
        ...(event.commandPath.at(-1) === "exec" && event.errors.some(({ _tag }) => _tag === "UnrecognizedOption")
          ? [`  what belongs to the program stands behind --: ${name} exec -- COMMAND`]
          : []),
        `  usage: ${event.helpDoc.usage}`,
        `  ${event.commandPath.join(" ")} --help says more`
      ].join("\n")))
      : CliOutput.defaultPresenter.present(event)
})

/** Runs it on the arguments after its name. A failure has been told on stderr; its code is meant for the process. */
export const main = (
  args: ReadonlyArray<string>,
  version: string
): Effect.Effect<void, NodeCommandFailure, Command.Environment> =>
  Command.runWith(NodeCommand.make(name), { version })(args).pipe(
    Effect.catch((error) => {
      if (error._tag === "EmulatorCommandFailure") return Effect.fail(error)
      if (error._tag !== "ShowHelp") return Effect.fail(mistake(error.message))
      return error.errors.length === 0 ? Effect.void : Effect.fail(mistake(""))
    }),
    Effect.tapError(({ text }) => text === "" ? Effect.void : Console.error(plain(`${name}: ${text}`))),
    Effect.provide(presenter)
  )
