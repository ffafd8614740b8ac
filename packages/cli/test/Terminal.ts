import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"

export const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

export const isInstalled = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0

export const skipReason = "script of util-linux is not installed"

/** `script` gives the command a terminal of its own; what goes in are keys, what comes out is the screen. */
export class Terminal {
  readonly child: ChildProcess
  /** What was shown since `shows` last returned. */
  screen = ""
  /** Every character that the terminal got. */
  all = ""
  #changed: () => void = () => undefined

  constructor(args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) {
    const command = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(" ")
    this.child = spawn("script", ["-qefc", command, "/dev/null"], {
      env: { ...process.env, TERM: "xterm", ...env },
      stdio: ["pipe", "pipe", "ignore"]
    })
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.screen += text
      this.all += text
      this.#changed()
    })
  }

  readonly type = (keys: string) => Effect.sync(() => void this.child.stdin?.write(keys))

  /** Until the screen shows it, after what was shown before. */
  readonly shows = (pattern: RegExp): Effect.Effect<string> =>
    Effect.callback<string>((resume) => {
      this.#changed = () => {
        const shown = stripVTControlCharacters(this.screen)
        if (!pattern.test(shown)) return
        this.#changed = () => undefined
        this.screen = ""
        resume(Effect.succeed(shown))
      }
      this.#changed()
    })

  readonly ended: Effect.Effect<number | null> = Effect.callback((resume) => {
    this.child.once("close", (code) => resume(Effect.succeed(code)))
  })
}
