/**
 * A file that says that the emulator can be called, and where: its URL and a line break, whole from the first moment.
 * What an earlier start left there is taken away first, so that nobody reads an old URL.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { accessSync, constants, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { mistake, type NodeCommandFailure } from "../../NodeCommandFailure.ts"

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** What stands in the way of a ready file there. Undefined: nothing stands there, or an old one. */
const problem = (file: string): string | undefined => {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  if (!found.isFile()) return "it is not a file"
  if (found.size > 300 || !/^(?:http:\/\/\S+\n)?$/.test(readFileSync(file, "utf8"))) {
    return "it holds something else than a URL"
  }
  return undefined
}

const attempt = (file: string, f: () => void): Effect.Effect<void, NodeCommandFailure> =>
  Effect.try({ try: f, catch: (error) => mistake(`--ready-file ${file}: ${messageOf(error)}`) })

/** Takes away what an earlier start left. */
export const clear = (file: string): Effect.Effect<void, NodeCommandFailure> =>
  attempt(file, () => {
    const why = problem(file)
    if (why !== undefined) throw new Error(why)
    accessSync(dirname(file), constants.W_OK)
    rmSync(file, { force: true })
  })

/** Writes the file; it is removed when the scope closes. */
export const write = (file: string, url: string): Effect.Effect<void, NodeCommandFailure, Scope.Scope> =>
  Effect.andThen(
    attempt(file, () => {
      const beside = `${file}.${process.pid}.tmp`
      writeFileSync(beside, `${url}\n`, { flag: "wx" })
      renameSync(beside, file)
    }),
    Effect.addFinalizer(() => Effect.ignore(attempt(file, () => rmSync(file, { force: true }))))
  )
