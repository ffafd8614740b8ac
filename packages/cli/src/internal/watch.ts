/**
 * A picture that is drawn anew while it changes, on the terminal's other screen: when it is left,
 * the terminal is as it was.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Queue from "effect/Queue"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import type { Size } from "./frame.ts"
import type { Shown } from "./Shown.ts"

const enter = "\x1b[?1049h\x1b[?25l"
const leave = "\x1b[?25h\x1b[?1049l"

/** Draws over the old picture, line by line, in one synchronised step, so that nothing is blank in between. */
const paint = (lines: ReadonlyArray<Shown>): string =>
  `\x1b[?2026h\x1b[H${lines.map(({ text }) => `${text}\x1b[K`).join("\r\n")}\x1b[J\x1b[?2026l`

/**
 * Shows the picture until `q` or Esc is pressed; Ctrl-C interrupts. `picture` is asked twice a second, and at once when
 * the terminal changes its size.
 */
export const watch = <E, R>(
  picture: (size: Size, now: number) => Effect.Effect<ReadonlyArray<Shown>, E, R>
): Effect.Effect<void, E | PlatformError, R | Stdio.Stdio | Terminal.Terminal> =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const terminal = yield* Terminal.Terminal
    const write = (text: string) => Stream.run(Stream.make(text), stdio.stdout({ endOnDone: false }))

    let shown = ""
    const draw = Effect.gen(function*() {
      // 0 means that the terminal does not tell its size.
      const size = { columns: (yield* terminal.columns) || 80, rows: (yield* terminal.rows) || 24 }
      const text = paint(yield* picture(size, yield* Clock.currentTimeMillis))
      const next = `${size.columns} ${size.rows} ${text}`
      if (next === shown) return
      shown = next
      yield* write(text)
    })

    yield* Effect.acquireRelease(write(enter), () => Effect.ignore(write(leave)))
    const sizes = yield* terminal.size
    const keys = (yield* stdio.stdinIsTerminal) ? yield* terminal.readInput : undefined
    const drawing = Effect.forever(
      Effect.andThen(draw, Effect.raceFirst(Effect.sleep("500 millis"), Effect.ignore(Queue.take(sizes))))
    )
    // In raw mode Ctrl-C is a key like others.
    const quitting: Effect.Effect<void, Cause.Done> = keys === undefined
      ? Effect.never
      : Effect.flatMap(Queue.take(keys), ({ key }) => {
        if (key.ctrl && key.name === "c") return Effect.interrupt
        return key.name === "q" || key.name === "escape" ? Effect.void : quitting
      })
    // If the input ends, that does not count as a key: the picture stays.
    yield* Effect.raceFirst(drawing, Effect.catch(quitting, () => Effect.never))
  }).pipe(Effect.scoped)
