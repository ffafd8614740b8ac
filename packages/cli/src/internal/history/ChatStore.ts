/**
 * Where chats lie: a journal each, in the folder `chats` of the state folder, and their attachments beside it. Folders
 * have the mode 0700, files 0600. What an append acknowledged outlives kill -9, and a line that was half written is cut off
 * by whoever opens the chat next; two processes never write one chat.
 */
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Clock from "effect/Clock"
import type { ConfigError } from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { dirname, join } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"
import * as Folder from "../folder.ts"
import { stateFolder } from "../setup/places.ts"
import * as Attachments from "./Attachments.ts"
import { type ChatRecord, records as format } from "./ChatRecord.ts"

/** How much is kept: the chats written longest ago go first. */
export const most = { chats: 1_000, bytes: 200_000_000 }

/** A chat as a list has it. */
export interface Found {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly writtenAt: number
  /** Without its attachments. */
  readonly bytes: number
}

export class ChatStore extends Context.Service<ChatStore, {
  /** The folder of all chats. */
  readonly folder: string
  /** What keeps the folder from being used. */
  readonly problem: Effect.Effect<string | undefined>
  /** An id that no chat has. */
  readonly newId: Effect.Effect<string>
  /** All of them, the one written last first. */
  readonly list: Effect.Effect<ReadonlyArray<Found>>
  readonly read: (id: string) => Effect.Effect<ReadonlyArray<ChatRecord>, JournalError>
  readonly journal: Journal.Journal["Service"]
  readonly put: (id: string, bytes: Uint8Array) => Effect.Effect<string, CommandFailed>
  readonly get: (id: string, digest: string) => Effect.Effect<Uint8Array, CommandFailed>
  /** Lets the chat `to` have the attachments of `from`. */
  readonly share: (from: string, to: string) => Effect.Effect<void, CommandFailed>
  readonly remove: (id: string) => Effect.Effect<void, JournalError>
  /** Removes the oldest chats until no more is kept than may be, and returns their ids. */
  readonly tidy: (except: string) => Effect.Effect<ReadonlyArray<string>>
}>()("effect-gemini-cli/ChatStore") {}

/** A record is one turn: an answer with its thoughts, or what tools gave. */
const limits = { record: 32 * 1_048_576, append: 48 * 1_048_576 }

const make = (folder: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const journal = yield* Journal.Journal
    const common = join(dirname(folder), "attachments")
    const at = (id: string) => join(folder, id)
    const withFiles = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>) =>
      Effect.provideService(effect, FileSystem.FileSystem, files)
    const failed = (what: string) => (error: { readonly message: string }) =>
      error instanceof CommandFailed ? error : new CommandFailed({ exitCode: 1, text: `${what}: ${error.message}` })

    // The times and sizes of a thousand journals are looked at without opening one.
    const list = Effect.gen(function*() {
      const names = yield* Effect.orElseSucceed(files.readDirectory(folder), () => [])
      const found: Array<Found> = []
      for (const id of names) {
        const info = yield* Effect.option(files.lstat(join(at(id), "journal.jsonl")))
        if (Option.isNone(info) || info.value.type !== "File") continue
        const writtenAt = Option.match(info.value.mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
        found.push({ id, writtenAt, bytes: Number(info.value.size) })
      }
      return found.sort((a, b) => b.writtenAt - a.writtenAt || (a.id < b.id ? 1 : -1))
    })

    const tidy = Effect.fnUntraced(function*(except: string) {
      const found = yield* list
      let chats = found.length
      let bytes = found.reduce((sum, chat) => sum + chat.bytes, 0)
      let attached = yield* withFiles(Attachments.sweep(common))
      const gone: Array<string> = []
      for (const chat of found.toReversed()) {
        if (chats <= most.chats && bytes + attached <= most.bytes) break
        // A chat that somebody has open stays.
        if (chat.id === except || (yield* Effect.isFailure(journal.remove(chat.id)))) continue
        gone.push(chat.id)
        chats--
        bytes -= chat.bytes
        attached = yield* withFiles(Attachments.sweep(common))
      }
      return gone
    })

    return ChatStore.of({
      folder,
      journal,
      list,
      tidy,
      problem: Effect.gen(function*() {
        const above = yield* Folder.prepare(dirname(folder), "shared")
        return above ?? (yield* Folder.prepare(folder, "private"))
      }).pipe(withFiles),
      newId: Effect.map(
        Effect.all([Clock.currentTimeMillis, Random.nextIntBetween(0, 36 ** 5)]),
        ([now, random]) => `${new Date(now).toISOString().slice(0, 10)}-${random.toString(36).padStart(5, "0")}`
      ),
      read: (id) =>
        Stream.runCollect(journal.read(format, id)).pipe(
          Effect.map((entries) => entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record] : []))
        ),
      put: (id, bytes) =>
        withFiles(Attachments.put(common, at(id), bytes)).pipe(
          Effect.mapError(failed("an attachment cannot be kept"))
        ),
      get: (id, digest) => withFiles(Attachments.get(at(id), digest)),
      share: (from, to) =>
        withFiles(Attachments.share(at(from), at(to))).pipe(
          Effect.mapError(failed("the attachments cannot be kept"))
        ),
      remove: (id) => Effect.andThen(journal.remove(id), withFiles(Attachments.sweep(common)))
    })
  })

/** The chats of the state folder. */
export const layer: Layer.Layer<ChatStore, ConfigError, FileSystem.FileSystem> = Layer.unwrap(
  Effect.map(stateFolder, (state) => {
    const folder = join(state, "chats")
    return Layer.effect(ChatStore, make(folder)).pipe(
      Layer.provide(FileJournal.layer({ directory: folder, limits }))
    )
  })
)
