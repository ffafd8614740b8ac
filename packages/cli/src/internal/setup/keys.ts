/** `gemini-fx keys`: the API key in a file of its own, so that it need not stand in the shell's settings. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Prompt from "effect/cli/Prompt"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import { Configured } from "./Configured.ts"
import * as KeyFile from "./KeyFile.ts"
import { shortened } from "./places.ts"
import { keySource } from "./sources.ts"

const refused = (text: string) => new CommandFailed({ exitCode: 2, text })

/** Nobody reads a key from more than this. */
const most = 4_096

/** The key, from the hidden line of a terminal or from a pipe. */
const asked = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) {
    return yield* Prompt.Hidden({ message: "API key (it is not shown)" }).pipe(
      Prompt.run,
      Effect.map((text) => Redacted.make(Redacted.value(text).trim())),
      // The cursor stands in the line of the question.
      Effect.catch(() => Effect.andThen(Console.error(""), new CommandFailed({ exitCode: 130, text: "" })))
    )
  }
  let text = ""
  yield* stdio.stdin.pipe(
    Stream.decodeText,
    Stream.takeWhile((piece) => (text += piece).length <= most),
    Stream.runDrain
  )
  return Redacted.make(text.trim())
})

// What stands on a command line is in the shell's history and in the list of processes.
const given = Argument.String("nothing").pipe(
  Argument.withDescription("nothing: the key is asked for, or comes from a pipe"),
  Argument.variadic({ min: 0 })
)

const set = Command.make(
  "set",
  { given },
  Effect.fnUntraced(function*({ given }) {
    if (given.length > 0) {
      return yield* refused(
        "a key is not given on the command line, where the shell's history would keep it\n" +
          "  gemini-fx keys set asks for it; gemini-fx keys set < key.txt reads it"
      )
    }
    const screen = yield* Screen.make
    const { keyFile } = yield* Configured
    const key = yield* asked
    const problem = KeyFile.problem(Redacted.value(key))
    if (problem !== undefined) return yield* refused(problem)
    yield* KeyFile.write(keyFile, key)
    yield* screen.write(`kept in ${shortened(keyFile)}, which only you can read\n`)
    const source = yield* keySource
    if (source._tag === "Environment") {
      yield* screen.note(`${source.variable} is set and wins over it: unset ${source.variable} to use this key`)
    }
  })
).pipe(
  Command.withDescription("Keep the API key in a file that only you can read"),
  Command.withExamples([
    { command: "gemini-fx keys set", description: "Asks for it, and does not show it" },
    { command: "pass show gemini | gemini-fx keys set", description: "From another program" }
  ])
)

const remove = Command.make(
  "remove",
  {},
  Effect.fnUntraced(function*() {
    const screen = yield* Screen.make
    const files = yield* FileSystem.FileSystem
    const { keyFile } = yield* Configured
    const isThere = yield* Effect.orElseSucceed(files.exists(keyFile), () => false)
    if (!isThere) return yield* screen.write(`there is no key in ${shortened(keyFile)}\n`)
    yield* Effect.mapError(
      files.remove(keyFile),
      ({ reason }) => refused(`${keyFile} cannot be removed: ${reason._tag}`)
    )
    yield* screen.write(`removed ${shortened(keyFile)}\n`)
  })
).pipe(
  Command.withDescription("Remove the key that was kept"),
  Command.withExamples([{
    command: "gemini-fx keys remove",
    description: "The key itself stays valid: Google ends it"
  }])
)

const list = Command.make(
  "list",
  { json: Flags.json("write a JSON object; the key is not in it") },
  Effect.fnUntraced(function*({ json }) {
    const screen = yield* Screen.make
    const { keyFile } = yield* Configured
    const source = yield* keySource
    if (json) {
      const from = source._tag === "Environment" ? source.variable : source._tag === "File" ? keyFile : null
      return yield* screen.write(`${toJson({ isSet: from !== null, from, file: keyFile }, 2)}\n`)
    }
    yield* screen.write(
      source._tag === "Environment"
        ? `the key is that of ${source.variable}\n`
        : source._tag === "File"
        ? `the key is that of ${shortened(keyFile)}\n`
        : source._tag === "Refused"
        ? `${source.why}, so its key is not used\n`
        : "there is no key: gemini-fx keys set keeps one, and without one an embedded server answers\n"
    )
  })
).pipe(
  Command.withDescription("Say where the key comes from; it is never shown"),
  Command.withExamples([{ command: "gemini-fx keys list", description: "The environment, or the file" }])
)

export const keysCommand = Command.make("keys").pipe(
  Command.withDescription("Keep the API key in a file that only you can read"),
  Command.withExamples([{ command: "gemini-fx keys set", description: "Asks for it, and does not show it" }]),
  Command.withSubcommands([set, list, remove])
)
