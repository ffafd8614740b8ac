/**
 * `--detach`: the same command in a process of its own, which goes on when the terminal is closed. This one waits until
 * the run is there, so that every mistake is still told here.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { CommandFailed } from "./CommandFailed.ts"

/** The same from src and from dist. */
const bin = fileURLToPath(new URL(`../bin${extname(import.meta.url)}`, import.meta.url))

/**
 * Starts the command and returns its process's number once `isThere`. If the process ends before that, its words and its
 * exit code are this command's.
 */
export const detach = Effect.fnUntraced(function*<E, R>(
  args: ReadonlyArray<string>,
  isThere: Effect.Effect<boolean, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "gemini-fx-" }))
  const words = join(folder, "stderr")
  const child = yield* Effect.sync(() => {
    const stderr = openSync(words, "wx", 0o600)
    const child = spawn(process.execPath, [...process.execArgv, bin, ...args], {
      detached: true,
      stdio: ["ignore", "ignore", stderr]
    })
    closeSync(stderr)
    return child
  })
  const ended = Effect.callback<never, CommandFailed>((resume) => {
    const fail = (text: string, code: number) =>
      resume(Effect.fail(new CommandFailed({ exitCode: code, text, isPlain: true })))
    child.once("error", ({ message }) => fail(`gemini-fx: no process could be started: ${message}`, 1))
    child.once("exit", (code, signal) =>
      resume(Effect.flatMap(
        Effect.orElseSucceed(fs.readFileString(words), () => ""),
        (said) =>
          Effect.fail(
            new CommandFailed({
              exitCode: code ?? 1,
              text: said.trimEnd() === ""
                ? `gemini-fx: the process ended before the run began (${signal ?? code})`
                : said.trimEnd(),
              isPlain: true
            })
          )
      )))
  })
  const there: Effect.Effect<void, E, R> = Effect.flatMap(
    isThere,
    (yes) => yes ? Effect.void : Effect.andThen(Effect.sleep("50 millis"), there)
  )
  yield* Effect.raceFirst(there, ended)
  child.unref()
  return child.pid
}, Effect.scoped)
