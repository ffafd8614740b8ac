/** `gemini-fx doctor`: what an issue needs to say of a machine, without secrets. It is loaded when it is asked for. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

export const doctorCommand = Command.make(
  "doctor",
  {
    offline: Flag.Boolean("offline").pipe(
      Flag.withDescription("ask no server"),
      Flag.withDefault(false)
    ),
    emulator: Flags.emulator,
    json: Flags.json("write a JSON object")
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./examination.ts")), ({ examine }) => examine(input))
).pipe(
  Command.withDescription("Say what is installed, which server answers, and what is wrong: a report without secrets"),
  Command.withExamples([
    { command: "gemini-fx doctor", description: "To look at, or to paste into an issue" },
    { command: "gemini-fx doctor --offline", description: "Without asking the server" }
  ])
)
