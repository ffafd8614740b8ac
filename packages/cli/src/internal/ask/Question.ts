/**
 * What is asked: the words of the command line, what comes over stdin, or what is written in an editor. Words and stdin
 * come together, stdin first: `cat notes.md | gemini-fx "What follows from this?"`.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stdio from "effect/Stdio"
import { CommandFailed } from "../CommandFailed.ts"
import type { Screen } from "../Screen.ts"
import { type Attachment, readOptional } from "./Attachment.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

export interface Question {
  readonly text: string
  /** What came over stdin, where it is not text. */
  readonly attached: Attachment | undefined
}

/** All that comes over stdin. Who does not know that it is waited for is told. */
const piped = Effect.fnUntraced(function*(screen: Screen) {
  const stdio = yield* Stdio.Stdio
  const hint = yield* Effect.forkChild(Effect.andThen(
    Effect.sleep("1500 millis"),
    Effect.ignore(screen.note("reading stdin until it ends; with </dev/null nothing is read"))
  ))
  return yield* Effect.ensuring(readOptional(stdio.stdin), Fiber.interrupt(hint))
})

/** Said where no question is there, perhaps of what is attached. */
export const nothing = (about: string | undefined): string =>
  about === undefined
    ? "nothing is asked: gemini-fx \"What is a neap tide?\", or pipe something in; `gemini-fx ask --help` says more"
    : `nothing is asked about ${about}: say in words what you want to know of it`

export const read = Effect.fnUntraced(function*(
  words: ReadonlyArray<string>,
  options: {
    readonly screen: Screen
    /** Whether the person asked for the editor. */
    readonly isEdited: boolean
    /** Whether `-a -` has taken stdin. */
    readonly isStdinTaken: boolean
    /** What is attached, for the message where nothing is asked. */
    readonly about: string | undefined
    /** Whether something is asked without words, too: there are attachments and a system instruction. */
    readonly isEnough: boolean
  }
) {
  const stdio = yield* Stdio.Stdio
  const isTerminal = yield* stdio.stdinIsTerminal
  const said = words.join(" ").trim()
  if (!isTerminal && !options.isStdinTaken && !options.isEdited) {
    const attached = yield* piped(options.screen)
    if (attached !== undefined) {
      const question: Question = attached.content._tag === "Text"
        ? { text: [attached.content.text.trim(), said].filter((text) => text !== "").join("\n\n"), attached: undefined }
        : { text: said, attached }
      if (question.text === "" && !options.isEnough && attached.content._tag === "Text") {
        return yield* usage(nothing(options.about))
      }
      return question
    }
  }
  const isAsking = said === "" && !options.isEnough
  if (!options.isEdited && !isAsking) {
    const question: Question = { text: said, attached: undefined }
    return question
  }
  const { edit, editor } = yield* Effect.promise(() => import("./editor.ts"))
  const command = yield* editor
  const canEdit = isTerminal && (yield* stdio.stdoutIsTerminal)
  if (command === undefined || !canEdit) {
    if (!options.isEdited) return yield* usage(nothing(options.about))
    return yield* usage(
      command === undefined
        ? "--edit: set EDITOR to the editor that you want, such as EDITOR=nano"
        : "--edit: an editor needs a terminal on stdin and stdout"
    )
  }
  const text = (yield* edit(command, said === "" ? "" : `${said}\n`)).trim()
  if (text === "") return yield* usage("the question is empty; nothing was sent")
  const question: Question = { text, attached: undefined }
  return question
})
