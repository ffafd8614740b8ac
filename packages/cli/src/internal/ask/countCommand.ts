/** `gemini-fx count`: how many tokens a question has, as the server counts them. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"
import { asked } from "./askCommand.ts"

export const countCommand = Command.make(
  "count",
  {
    ...asked,
    json: Flags.json("writes one JSON document: the tokens, and what they cost as input"),
    quiet: Flags.quiet
  },
  (input) => Effect.flatMap(Effect.promise(() => import("./counting.ts")), ({ count }) => count(input))
).pipe(
  Command.withDescription("Count the tokens of a question, without asking it"),
  Command.withExamples([
    { command: "cat notes.md | gemini-fx count", description: "How many tokens it is, and what it costs as input" },
    { command: "gemini-fx count -a talk.mp4 -m gemini-pro-latest", description: "Of a video" }
  ])
)
