/** The person's own editor on a file that nobody else can read. Meanwhile Ctrl-C is the editor's, as with git. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"

const failed = (text: string) => new CommandFailed({ exitCode: 2, text })

/** The command line of the editor, which may have arguments of its own, such as `code --wait`. */
export const editor: Effect.Effect<string | undefined, Config.ConfigError> = Effect.map(
  Config.all([Config.option(Config.String("VISUAL")), Config.option(Config.String("EDITOR"))]),
  ([visual, plain]) =>
    Option.getOrUndefined(Option.filter(visual, (text) => text !== "")) ??
      Option.getOrUndefined(Option.filter(plain, (text) => text !== ""))
)

const signals = ["SIGINT", "SIGTERM"] as const

/** Ignores signals until what is returned is called. */
const ignoring = (): () => void => {
  const kept = signals.map((signal) => [signal, process.listeners(signal)] as const)
  const ignore = () => undefined
  for (const [signal] of kept) process.removeAllListeners(signal).on(signal, ignore)
  return () => {
    for (const [signal, listeners] of kept) {
      process.off(signal, ignore)
      for (const listener of listeners) process.on(signal, listener)
    }
  }
}

const ends = (command: string, file: string): Effect.Effect<void, CommandFailed> =>
  Effect.callback((resume) => {
    const restore = ignoring()
    const child = process.platform === "win32"
      ? spawn(`${command} "${file}"`, { shell: true, stdio: "inherit" })
      : spawn("/bin/sh", ["-c", `${command} "$1"`, "sh", file], { stdio: "inherit" })
    child.once("close", (code, signal) => {
      restore()
      resume(
        code === 0
          ? Effect.void
          : Effect.fail(failed(`the editor (${command}) ended with ${code ?? signal}; nothing was sent`))
      )
    })
    child.once("error", (error) => {
      restore()
      resume(Effect.fail(failed(`the editor (${command}) cannot be started: ${error.message}`)))
    })
  })

/** The text as the person leaves it. */
export const edit = (command: string, text: string): Effect.Effect<string, CommandFailed> =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-"))),
    (folder) =>
      Effect.gen(function*() {
        const file = join(folder, "question.md")
        yield* Effect.sync(() => writeFileSync(file, text, { mode: 0o600, flag: "wx" }))
        yield* Effect.uninterruptible(ends(command, file))
        return yield* Effect.try({
          try: () => readFileSync(file, "utf8"),
          catch: () => failed(`the editor (${command}) left no file; nothing was sent`)
        })
      }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
