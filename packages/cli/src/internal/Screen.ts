/**
 * Text on stdout and, where stderr is a terminal, a status line on stderr one row below it.
 *
 * The status line is wiped before text is written and drawn again after it. It is drawn
 * below the cursor with IND and DECSC/DECRC, so that the cursor never leaves its place in
 * the text: no flicker, and nothing to restore but the line itself.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { fstatSync, writeSync } from "node:fs"
import * as Lines from "./lines.ts"
import { clean, type Shown } from "./Shown.ts"
import { wrapped } from "./WordWrap.ts"

export interface Screen {
  /** Writes to stdout. A string is cleaned of everything that a terminal would obey. */
  readonly write: (text: string | Shown) => Effect.Effect<void, PlatformError>
  /** Writes a line of its own to stderr. A string is cleaned, and at a terminal wrapped at words. */
  readonly note: (line: string | Shown) => Effect.Effect<void, PlatformError>
  /** Writes lines to stderr at once, for a process that leaves. */
  readonly now: (lines: string) => void
  /** Whether there is a terminal for a status line. */
  readonly isLive: boolean
  /**
   * From now on the status line says what this function returns, which is asked at each drawing and told how many
   * columns there are. Empty: there is no line.
   */
  readonly show: (line: (now: number, columns: number) => string) => Effect.Effect<void>
  /** Draws the status line again. */
  readonly refresh: Effect.Effect<void, PlatformError>
  /** Wipes the status line for good. */
  readonly hide: Effect.Effect<void, PlatformError>
}

const wipe = "\x1b[J"
const below = (line: string): string => `\x1bD\x1b[A\x1b7\x1b[B\r${line}\x1b[K\x1b8`

/** Whether stdout goes into a file, and so surely not to the terminal in the end. */
const writesFile = (): boolean => {
  try {
    return fstatSync(1).isFile()
  } catch {
    return false
  }
}

export const make = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const stdoutIsTerminal = yield* stdio.stdoutIsTerminal
  // What is piped into `tee` or `head` comes back to the same terminal, where it would run into the status line.
  const stderrIsTerminal = yield* stdio.stderrIsTerminal
  // A dumb terminal would show the sequences that draw the line.
  const isDumb = process.env["TERM"] === "dumb"
  const isLive = stderrIsTerminal && !isDumb && (stdoutIsTerminal || writesFile())
  // 0: stdout is a pipe, or the terminal does not say.
  const columnCount = Effect.map(terminal.columns, (columns) => columns || process.stderr.columns || 80)
  const sharesTerminal = isLive && stdoutIsTerminal
  let status: ((now: number, columns: number) => string) | undefined
  let column = 0

  const to = (sink: ReturnType<Stdio.Stdio["stdout"]>) => (text: string) => Stream.run(Stream.make(text), sink)
  const stdout = to(stdio.stdout({ endOnDone: false }))
  const stderr = to(stdio.stderr({ endOnDone: false }))

  const moved = (text: string) => {
    const end = text.lastIndexOf("\n")
    column = (end === -1 ? column : 0) + CliOutput.displayWidth(text.slice(end + 1))
  }
  const draw = Effect.gen(function*() {
    if (status === undefined) return
    const columns = yield* columnCount
    const line = status(yield* Clock.currentTimeMillis, columns - 1)
    // At the edge of a full row the terminal has not wrapped yet: moving there would lose a character.
    if (line !== "" && (column === 0 || column % columns !== 0)) yield* stderr(below(Lines.fit(line, columns - 1)))
  })
  const around = (text: Effect.Effect<void, PlatformError>) =>
    status === undefined ? text : Effect.andThen(stderr(wipe), Effect.andThen(text, draw))

  return {
    isLive,
    write: (written) => {
      const text = typeof written === "string" ? clean(written) : written.text
      if (text === "") return Effect.void
      if (!sharesTerminal) return stdout(text)
      return around(Effect.suspend(() => {
        moved(text)
        return stdout(text)
      }))
    },
    note: (line) =>
      around(Effect.gen(function*() {
        const lead = column === 0 ? "" : "\n"
        column = 0
        const width = stderrIsTerminal ? (yield* columnCount) - 1 : 0
        const text = typeof line === "string" ? wrapped(line, width) : line
        yield* stderr(`${lead}${text.text}\n`)
      })),
    now: (lines) => {
      try {
        writeSync(2, `${isLive ? wipe : ""}${column === 0 ? "" : "\n"}${clean(lines)}\n`)
      } catch {
        // Nobody reads it any more.
      }
    },
    show: (line) =>
      Effect.sync(() => {
        if (isLive) status = line
      }),
    refresh: draw,
    hide: Effect.suspend(() => {
      if (status === undefined) return Effect.void
      status = undefined
      return stderr(wipe)
    })
  } satisfies Screen
})
