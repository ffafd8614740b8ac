/** Where an answer goes as it comes: painted to a terminal, as it is into a pipe, or nowhere until it is whole. */
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import type { Screen } from "../Screen.ts"
import { wrapped } from "../WordWrap.ts"
import { faint } from "./paints.ts"

type Written = Effect.Effect<void, PlatformError>

export interface AnswerSink {
  readonly write: (text: string) => Written
  /** The rest, and the end of the last line. */
  readonly end: Written
}

/** Wider rows are hard to read. */
const widest = 120

/** The width of rows of text: one column stays free, where a terminal would wrap by itself. */
export const rowWidth = (columns: number): number => Math.min(widest, Math.max(20, (columns || 80) - 1))

/** Sinks of a terminal, one an answer. `isPainted`: with the colours of Markdown; else as the model wrote it. */
const terminals = Effect.fnUntraced(function*(screen: Screen, isPainted: boolean) {
  const { columns } = yield* Terminal.Terminal
  // A pipe needs no parser.
  const { Markdown } = yield* Effect.promise(() => import("./Markdown.ts"))
  return (): AnswerSink => {
    const markdown = new Markdown(0, isPainted)
    return {
      write: (text) => Effect.flatMap(columns, (count) => screen.write(markdown.push(text, rowWidth(count)))),
      end: Effect.suspend(() => screen.write(markdown.end()))
    }
  }
})

export const terminal = (screen: Screen, isPainted: boolean) =>
  Effect.map(terminals(screen, isPainted), (make) => make())

export const pipe = (screen: Screen): AnswerSink => {
  let last = "\n"
  return {
    write: (text) => {
      last = text.at(-1) ?? last
      return screen.write(text)
    },
    end: Effect.suspend(() => last === "\n" ? Effect.void : screen.write("\n"))
  }
}

export const none: AnswerSink = { write: () => Effect.void, end: Effect.void }

/** Lines about the answer, on stderr: faint beside it at a terminal, and wrapped at words. */
export const aside = Effect.fnUntraced(function*(screen: Screen, canColor: boolean) {
  const stdio = yield* Stdio.Stdio
  const { columns } = yield* Terminal.Terminal
  if (!canColor || !(yield* stdio.stderrIsTerminal)) return screen.note
  return (line: string): Written =>
    Effect.flatMap(columns, (count) => screen.note(wrapped(line, rowWidth(count), faint)))
})

/** A sink for each of several answers: wrapped at words at a terminal, and with colours if it has them. */
export const each = Effect.fnUntraced(function*(screen: Screen, canColor: boolean) {
  const stdio = yield* Stdio.Stdio
  return (yield* stdio.stdoutIsTerminal) ? yield* terminals(screen, canColor) : () => pipe(screen)
})
