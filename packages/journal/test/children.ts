/** Processes that append, as a test drives them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import type { Job } from "./appender.ts"

export interface Child {
  readonly pid: number
  /** Whole lines that it said so far. */
  readonly said: ReadonlyArray<string>
  readonly signal: (name: "SIGSTOP" | "SIGCONT" | "SIGKILL") => Effect.Effect<void>
  readonly ended: Effect.Effect<void>
  /** Ends when a line says so; dies with what was said if that takes a minute. */
  readonly says: (line: RegExp, from?: number) => Effect.Effect<void>
}

export const start = (job: Job): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [`${import.meta.dirname}/appender.ts`, JSON.stringify(job)], {
          stdio: ["ignore", "pipe", "pipe"]
        })
        const said: Array<string> = []
        const errors: Array<string> = []
        let rest = ""
        child.stdout.on("data", (data: Buffer) => {
          const lines = (rest + data.toString()).split("\n")
          rest = lines.pop() ?? ""
          said.push(...lines)
        })
        child.stderr.on("data", (data: Buffer) => void errors.push(data.toString()))
        const exit = new Promise<void>((resolve) => child.once("close", () => resolve()))
        return { child, said, errors, exit }
      }),
      ({ child, exit }) =>
        Effect.promise(() => {
          child.kill("SIGCONT")
          child.kill("SIGKILL")
          return exit
        })
    ),
    ({ child, errors, exit, said }): Child => {
      const says = (line: RegExp, from = 0): Effect.Effect<void> =>
        Effect.suspend(() =>
          said.slice(from).some((text) => line.test(text))
            ? Effect.void
            : Effect.andThen(Effect.sleep(1), says(line, from))
        )
      return {
        pid: child.pid ?? 0,
        said,
        signal: (name) => Effect.sync(() => void child.kill(name)),
        ended: Effect.promise(() => exit),
        says: (line, from) =>
          Effect.timeoutOrElse(says(line, from), {
            duration: "60 seconds",
            orElse: () => Effect.die(new Error(`never said ${line}: ${said.slice(-5).join()} ${errors.join("")}`))
          })
      }
    }
  )

/** What it was told is written, in order. */
export const acknowledged = (child: Child): ReadonlyArray<string> =>
  child.said.flatMap((line) => line.startsWith("ack ") ? [line.slice(4)] : [])
