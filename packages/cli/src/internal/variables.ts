/** The values of `--var`: texts, files and stdin. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { textOf } from "./ask/byteType.ts"
import { CommandFailed } from "./CommandFailed.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** Nobody means a longer text, which every act that names the variable would be sent. */
const longest = 16 * 1024 * 1024

/** The text of UTF-8 that a stream brings. */
const read = Effect.fnUntraced(function*<E>(what: string, bytes: Stream.Stream<Uint8Array, E>) {
  let size = 0
  const chunks: Array<Uint8Array> = []
  yield* Stream.runForEach(Stream.takeWhile(bytes, () => size <= longest), (chunk) =>
    Effect.sync(() => {
      size += chunk.length
      chunks.push(chunk)
    }))
  if (size > longest) return yield* usage(`${what}: is larger than 16 MiB`)
  const text = textOf(Buffer.concat(chunks), true)
  // The end of a file's last line is not part of what it says.
  return text === undefined ? yield* usage(`${what}: is not a text of UTF-8`) : text.replace(/\r?\n$/, "")
})

const why = ({ reason: { _tag } }: PlatformError): string =>
  _tag === "NotFound" ? "there is no such file" : _tag === "BadResource" ? "is a folder" : `cannot be read (${_tag})`

const valueOf = Effect.fnUntraced(function*(name: string, value: string) {
  const flag = `--var ${name}=${value}`
  if (value.startsWith("@@")) return value.slice(1)
  if (value === "-") {
    const stdio = yield* Stdio.Stdio
    if (yield* stdio.stdinIsTerminal) return yield* usage(`${flag}: stdin is the terminal; pipe something in`)
    return yield* Effect.catchTag(
      read(`${flag}: stdin`, stdio.stdin),
      "PlatformError",
      (error) => Effect.fail(usage(`${flag}: stdin ${why(error)}`))
    )
  }
  if (!value.startsWith("@")) return value
  const fs = yield* FileSystem.FileSystem
  const path = value.slice(1)
  return yield* Effect.gen(function*() {
    const { type } = yield* fs.stat(path)
    if (type === "Directory") return yield* usage(`${flag}: is a folder`)
    if (type === "CharacterDevice" || type === "BlockDevice") return yield* usage(`${flag}: is a device, not a file`)
    return yield* read(flag, fs.stream(path))
  }).pipe(
    Effect.catchTag(
      "PlatformError",
      (error) => Effect.fail(usage(`${flag}: ${why(error)}; a text that begins with @ is written with @@`))
    )
  )
})

/** An empty value is one, too: `name=`. */
export const values = Effect.fnUntraced(function*(given: ReadonlyArray<string>) {
  const out: Array<readonly [string, string]> = []
  let isTaken = false
  for (const text of given) {
    const at = text.indexOf("=")
    if (at < 1) {
      const name = at === 0 || text === "" ? "name" : text
      return yield* usage(`--var ${text}: a variable is given as --var ${name}=value`)
    }
    const value = text.slice(at + 1)
    if (value === "-" && isTaken) return yield* usage(`--var ${text}: stdin can be read once`)
    isTaken ||= value === "-"
    out.push([text.slice(0, at), yield* valueOf(text.slice(0, at), value)])
  }
  return Object.fromEntries(out)
})
