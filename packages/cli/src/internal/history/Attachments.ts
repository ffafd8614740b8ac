/**
 * Bytes that chats name by their SHA-256, each kept once. A chat has a folder of hard links into the common `attachments`
 * folder, so the file system itself counts who needs a file, and the count is right also after kill -9. What has no link
 * but its own belongs to no chat. Where there are no hard links the chat has a copy.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"

export const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

/** The folder of a chat's links. */
const within = (chat: string): string => join(chat, "attachments")

const exists = (error: PlatformError): boolean => error.reason._tag === "AlreadyExists"

/** Writes a file that gets its name when it is whole. */
const whole = Effect.fnUntraced(function*(path: string, bytes: Uint8Array) {
  const files = yield* FileSystem.FileSystem
  const part = `${path}.${process.pid}.part`
  yield* files.writeFile(part, bytes, { mode: 0o600 }).pipe(
    Effect.andThen(files.rename(part, path)),
    Effect.tapError(() => Effect.ignore(files.remove(part)))
  )
})

const isFile = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (files) => Effect.match(files.lstat(path), { onFailure: () => false, onSuccess: ({ type }) => type === "File" })
  )

/** Keeps bytes for a chat, whose folder is there, and returns their digest. */
export const put = Effect.fnUntraced(function*(common: string, chat: string, bytes: Uint8Array) {
  const files = yield* FileSystem.FileSystem
  const digest = digestOf(bytes)
  const [shared, own] = [join(common, digest), join(within(chat), digest)]
  yield* files.makeDirectory(within(chat), { mode: 0o700, recursive: true })
  if (yield* isFile(own)) return digest
  const kept = Effect.gen(function*() {
    yield* files.makeDirectory(common, { mode: 0o700, recursive: true })
    if (!(yield* isFile(shared))) yield* whole(shared, bytes)
    yield* files.link(shared, own)
  })
  // A copy serves as well, such as when another process swept the common folder in between.
  yield* Effect.catch(kept, (error) => exists(error) ? Effect.void : whole(own, bytes))
  return digest
})

/** The bytes of a digest, checked against it. */
export const get = Effect.fnUntraced(function*(chat: string, digest: string) {
  const files = yield* FileSystem.FileSystem
  const bytes = yield* Effect.option(files.readFile(join(within(chat), digest)))
  if (Option.isNone(bytes) || digestOf(bytes.value) !== digest) {
    return yield* new CommandFailed({
      exitCode: 1,
      text: `an attachment of this chat is ${Option.isNone(bytes) ? "gone" : "damaged"} (${digest.slice(0, 12)}…): ` +
        "/undo takes its question back"
    })
  }
  return bytes.value
})

/** Lets another chat have the same attachments. */
export const share = Effect.fnUntraced(function*(from: string, to: string) {
  const files = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(files.readDirectory(within(from)), () => [])
  if (names.length === 0) return
  yield* files.makeDirectory(within(to), { mode: 0o700, recursive: true })
  for (const name of names.filter(isDigest)) {
    const [source, target] = [join(within(from), name), join(within(to), name)]
    yield* Effect.catch(
      files.link(source, target),
      (error) => exists(error) ? Effect.void : Effect.flatMap(files.readFile(source), (bytes) => whole(target, bytes))
    )
  }
})

/** Removes what no chat has a link to, and returns how many bytes are left. */
export const sweep = Effect.fnUntraced(function*(common: string) {
  const files = yield* FileSystem.FileSystem
  let left = 0
  for (const name of yield* Effect.orElseSucceed(files.readDirectory(common), () => [])) {
    const info = yield* Effect.option(files.lstat(join(common, name)))
    if (Option.isNone(info) || info.value.type !== "File" || !isDigest(name)) continue
    if (Option.getOrElse(info.value.nlink, () => 2) <= 1) yield* Effect.ignore(files.remove(join(common, name)))
    else left += Number(info.value.size)
  }
  return left
})
