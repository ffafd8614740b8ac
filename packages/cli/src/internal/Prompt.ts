/**
 * A person's lines at a terminal: node's readline, with its editing and history. While an answer is being written, what
 * is typed does not show; it stands at the next prompt.
 *
 * Reading lines holds the terminal in raw mode, so Ctrl-C arrives as a key and not as a signal. It takes back what is
 * typed, interrupts what runs, or, at an empty prompt, ends.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { clean } from "./Shown.ts"

export type Heard =
  | { readonly _tag: "Line"; readonly text: string }
  /** Ctrl-D. */
  | { readonly _tag: "Ended" }
  /** Ctrl-C. */
  | { readonly _tag: "Interrupted" }

export interface Prompt {
  /** The next line, or what was pasted as several. `sign` stands before it; default: `> `. */
  readonly next: (sign?: string) => Effect.Effect<Heard>
  /** A line that answers this question: one that is typed from now on, whatever was typed before. */
  readonly ask: (question: string) => Effect.Effect<Heard>
  /** Runs the effect until it is done or until Ctrl-C, and says whether it was done. */
  readonly untilInterrupted: <E, R>(effect: Effect.Effect<void, E, R>) => Effect.Effect<boolean, E, R>
  /** Writes a line of its own. If the prompt stands there, the line goes above it. */
  readonly aside: <E, R>(write: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
}

/** What readline shows, as long as it may show anything. */
class Echo extends Writable {
  isShown = false
  get columns(): number {
    return process.stdout.columns
  }
  override _write(chunk: Uint8Array | string, _: string, done: (error?: Error | null) => void): void {
    if (this.isShown) process.stdout.write(chunk)
    // This is called at once: if a piece waited, it would be judged by a later state.
    done()
  }
}

const usual = "> "

/** Lets the terminal say what is pasted, so that lines of it are not answered one by one. */
const pasteOn = "\x1b[?2004h"
const pasteOff = "\x1b[?2004l"

const build = () => {
  const echo = new Echo()
  const lines = createInterface({ input: process.stdin, output: echo, terminal: true, prompt: usual })
  // A terminal that knows no sequences shows them.
  const tellsPaste = (process.env["TERM"] ?? "dumb") !== "dumb"
  const resize = () => echo.emit("resize")
  process.stdout.on("resize", resize)

  const early: Array<string> = []
  let isEnded = false
  let hear: ((heard: Heard) => void) | undefined
  let isPasting = false
  let pasted: Array<string> = []
  let interrupt: (() => void) | undefined

  const tell = (heard: Heard): void => {
    const told = hear
    hear = undefined
    if (echo.isShown && tellsPaste) process.stdout.write(pasteOff)
    echo.isShown = false
    told?.(heard)
  }
  const begin = (sign: string, resume: (heard: Heard) => void) => {
    hear = resume
    pasted = []
    isPasting = false
    echo.isShown = true
    if (tellsPaste) process.stdout.write(pasteOn)
    lines.setPrompt(sign)
    lines.prompt(true)
  }
  const end = () => {
    // Somebody else ends this line, and what follows begins a line of its own.
    hear = undefined
    echo.isShown = false
    process.stdout.write(`${tellsPaste ? pasteOff : ""}\n`)
  }
  /** Takes what is typed out of the line, unseen. */
  const cleared = (): string => {
    const { line } = lines
    const { isShown } = echo
    echo.isShown = false
    lines.write(null, { ctrl: true, name: "e" })
    lines.write(null, { ctrl: true, name: "u" })
    echo.isShown = isShown
    return line
  }
  const onKey = (_: string | undefined, key: { readonly name?: string } | undefined) => {
    if (key?.name === "paste-start") isPasting = true
    if (key?.name === "paste-end") isPasting = false
  }
  process.stdin.on("keypress", onKey)
  lines.on("line", (text) => {
    if (isPasting && hear !== undefined) pasted.push(text)
    else if (hear === undefined) early.push(text)
    else {
      const all = [...pasted, text].join("\n")
      pasted = []
      tell({ _tag: "Line", text: all })
    }
  })
  lines.on("SIGINT", () => {
    if (interrupt !== undefined) return interrupt()
    if (hear === undefined) return
    const wasPasted = pasted.length > 0
    pasted = []
    lines.write(null, { ctrl: true, name: "e" })
    process.stdout.write("^C\n")
    if (lines.line === "" && !wasPasted) return tell({ _tag: "Interrupted" })
    cleared()
    lines.prompt()
  })
  lines.on("close", () => {
    isEnded = true
    if (hear === undefined) return
    process.stdout.write("\n")
    tell({ _tag: "Ended" })
  })

  const prompt: Prompt = {
    next: (sign = usual) =>
      Effect.callback<Heard>((resume) => {
        const typed = early.shift()
        if (typed !== undefined) {
          process.stdout.write(`${sign}${clean(typed)}\n`)
          return resume(Effect.succeed({ _tag: "Line", text: typed }))
        }
        if (isEnded) return resume(Effect.succeed({ _tag: "Ended" }))
        begin(sign, (heard) => resume(Effect.succeed(heard)))
        return Effect.sync(end)
      }),
    ask: (question) =>
      Effect.callback<Heard>((resume) => {
        if (isEnded) return resume(Effect.succeed({ _tag: "Ended" }))
        // What is half typed was not meant as the answer; it stands at the next prompt.
        const half = cleared()
        const restored = () => {
          if (half !== "") lines.write(half)
        }
        begin(question, (heard) => {
          restored()
          resume(Effect.succeed(heard))
        })
        return Effect.sync(() => {
          end()
          cleared()
          restored()
        })
      }),
    untilInterrupted: (effect) =>
      Effect.suspend(() => {
        const pressed = Deferred.makeUnsafe<void>()
        interrupt = () => Deferred.doneUnsafe(pressed, Effect.void)
        return Effect.raceFirst(Effect.as(effect, true), Effect.as(Deferred.await(pressed), false)).pipe(
          Effect.ensuring(Effect.sync(() => {
            interrupt = undefined
          }))
        )
      }),
    aside: (write) =>
      Effect.suspend(() => {
        if (hear === undefined) return write
        process.stdout.write("\r\x1b[K")
        return Effect.tap(write, () => Effect.sync(() => lines.prompt(true)))
      })
  }
  const close = () => {
    process.stdout.off("resize", resize)
    process.stdin.off("keypress", onKey)
    lines.close()
  }
  return { prompt, close }
}

/** The terminal is the prompt's until the scope ends. */
export const make: Effect.Effect<Prompt, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(Effect.sync(build), ({ close }) => Effect.sync(close)),
  ({ prompt }) => prompt
)
