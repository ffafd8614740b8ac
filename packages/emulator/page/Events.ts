/**
 * What happens in a space, by server-sent events. They are read by `fetch`, since an `EventSource` brings no token; a
 * stream that breaks is opened again, and its reader asks for what it has missed by cursors of its own.
 */
import { signal } from "@preact/signals"
import * as Admin from "./Admin.ts"

/** Why nothing comes; undefined: it is connected. */
export const trouble = signal<string | undefined>("Connecting.")

/** Rises with every change in the log of Live connections. */
export const liveChanges = signal(0)

const pause = (millis: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, millis)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })

/** The kinds of events in a piece of the stream. A line that is cut is kept for the next piece. */
const kindsOf = (lines: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(lines.flatMap((line) => line.startsWith("event:") ? [line.slice(6).trim()] : []))

/** Tells of each kind of event that has come; stops when the signal says so. */
export const follow = async (
  space: string,
  use: (kinds: ReadonlySet<string>) => void,
  stop: AbortSignal
): Promise<void> => {
  for (let failures = 0; !stop.aborted; failures++) {
    try {
      const response = await Admin.open(Admin.inSpace(space, "/events"), { signal: stop })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ""
      for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
        failures = 0
        trouble.value = undefined
        const lines = (rest + piece.value).split("\n")
        rest = lines.pop() ?? ""
        const kinds = kindsOf(lines)
        if (kinds.has("live") || kinds.has("restart")) liveChanges.value++
        use(kinds)
      }
      if (!stop.aborted) trouble.value = "The emulator has ended."
    } catch (error) {
      if (!stop.aborted) trouble.value = Admin.messageOf(error)
    }
    await pause(Math.min(5000, 250 * 2 ** failures), stop)
  }
}
