/**
 * `gemini-fx init`: a narrative to begin with. It is written only where nothing is yet.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import { json as toJson } from "./Shown.ts"

/** Shows what most narratives need: a variable, a reference, a model of an act's own, a setting. */
export const starter = `title = "A small story"

[variables]
topic = "tides"                        # gemini-fx run FILE --var topic=volcanoes

[[acts]]
name = "outline"
model = "gemini-flash-lite-latest"
prompt = "List three surprising facts about {{topic}}, one line each."

[[acts]]
name = "story"                         # {{outline}} is what that act wrote
prompt = """
Write a story of 150 words for children about {{topic}}.
Use these facts:

{{outline}}
"""
generation = { temperature = 0.9, max_output_tokens = 1000 }

[[acts]]
name = "title"
model = "gemini-flash-lite-latest"
prompt = "Give this story a title of at most five words:\\n\\n{{story}}"
`

export const initCommand = Command.make(
  "init",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("the file to write"),
      Argument.withDefault("story.toml")
    ),
    json: Flags.json("write a JSON object that names the file")
  },
  Effect.fnUntraced(function*({ file, json }) {
    const screen = yield* Screen.make
    const fs = yield* FileSystem.FileSystem
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) {
      return yield* new CommandFailed({
        exitCode: 2,
        text: `${file} is there already, and it stays as it is: give another name, as in gemini-fx init ${
          file.replace(/(\.toml)?$/, "-2.toml")
        }`
      })
    }
    // Nothing is written over, also if somebody else makes the file at this moment.
    yield* Effect.mapError(
      fs.writeFileString(file, starter, { flag: "wx" }),
      ({ reason }) =>
        new CommandFailed({
          exitCode: 2,
          text: reason._tag === "NotFound"
            ? `${file}: the folder is not there`
            : reason._tag === "PermissionDenied"
            ? `${file}: you may not write there`
            : `${file}: cannot be written (${reason._tag})`
        })
    )
    yield* screen.write(
      json ? `${toJson({ file })}\n` : `wrote ${file}: three acts, each uses what the one before wrote
  to check it:  gemini-fx check ${file}
  to play it:   gemini-fx run ${file} --stream
`
    )
  })
).pipe(
  Command.withDescription("Write a narrative to begin with"),
  Command.withExamples([
    { command: "gemini-fx init", description: "Write story.toml" },
    { command: "gemini-fx init tides.toml", description: "Write it under another name" }
  ])
)
