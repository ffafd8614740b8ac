/** The real command in a process of its own, without a terminal. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { bin } from "./Terminal.ts"

export interface Line {
  readonly text: string
  /** When it was read, in milliseconds since the epoch. */
  readonly at: number
}

export interface Command {
  readonly child: ChildProcess
  readonly lines: ReadonlyArray<Line>
  readonly stderr: () => string
  /** The exit code, or the signal that ended it. */
  readonly ended: Effect.Effect<number | NodeJS.Signals | null>
  /** Returns once stderr holds the text. */
  readonly says: (text: string) => Effect.Effect<void>
  /** Returns once stdout has such a line. */
  readonly writes: (pattern: RegExp) => Effect.Effect<void>
}

const without = {
  GEMINI_API_KEY: "",
  GOOGLE_API_KEY: "",
  GEMINI_BASE_URL: "",
  GOOGLE_GEMINI_BASE_URL: "",
  GEMINI_FX_STATE: undefined
}

/** It is killed with the scope. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  options: { readonly cwd?: string; readonly execArgv?: ReadonlyArray<string> } = {}
): Effect.Effect<Command, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [...options.execArgv ?? [], bin, ...args], {
        cwd: options.cwd,
        env: { ...process.env, ...without, ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      const lines: Array<Line> = []
      let changed: () => void = () => undefined
      let rest = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const all = (rest + text).split("\n")
        rest = all.pop() ?? ""
        for (const line of all) lines.push({ text: line, at: Date.now() })
        changed()
      })
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
        changed()
      })
      const end = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.once("close", (code, signal) => resolve(code ?? signal))
      })
      const until = (holds: () => boolean) =>
        Effect.callback<void>((resume) => {
          changed = () => {
            if (holds()) resume(Effect.void)
          }
          changed()
        })
      return {
        child,
        lines,
        stderr: () => stderr,
        ended: Effect.promise(() => end),
        says: (text: string) => until(() => stderr.includes(text)),
        writes: (pattern: RegExp) => until(() => lines.some((line) => pattern.test(line.text)))
      }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )
