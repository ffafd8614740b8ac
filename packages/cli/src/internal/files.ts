/**
 * `gemini-fx files`: what the server keeps for 48 hours, to be named in requests.
 */
import * as Files from "effect-gemini/files/Files"
import * as UploadHandle from "effect-gemini/files/UploadHandle"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as FileWire from "effect-gemini/wire/File"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./CommandFailed.ts"
import * as Explain from "./explain.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { json as toJson } from "./Shown.ts"
import { table } from "./table.ts"
import * as UploadBar from "./UploadBar.ts"

const failed = (error: GeminiError) => new CommandFailed({ exitCode: 1, text: Explain.fileError(error) })

const json = Flags.json("write JSON, the files as the server describes them")

const name = Argument.String("name").pipe(Argument.withDescription("files/ID, or ID alone"))

const rowOf = (file: FileWire.File): ReadonlyArray<string> => [
  file.name,
  file.displayName ?? "",
  file.mimeType ?? "",
  file.sizeBytes == null ? "-" : UploadBar.bytes(Number(file.sizeBytes)),
  FileWire.stateOf(file) ?? "",
  (file.expirationTime ?? "").replace(/\.\d+/, "")
]

const head = ["name", "display name", "type", "size", "state", "expires"]

interface Asking {
  readonly screen: Screen.Screen
  readonly files: Files.FilesService
}

/** Chooses the server, says which it is (on stderr if the answer is for programs), and asks it. */
const asking = <E, R>(
  isForPrograms: boolean,
  isEmulated: boolean,
  use: (asking: Asking) => Effect.Effect<void, E, R>
) =>
  Effect.gen(function*() {
    const screen = yield* Screen.make
    const server = yield* Server.choose({}, isEmulated)
    yield* isForPrograms ? screen.note(server.says) : screen.write(`${server.says}\n\n`)
    yield* Files.Files.use((files) => use({ screen, files })).pipe(Effect.provide(server.files))
  })

const listed = (screen: Screen.Screen, files: ReadonlyArray<FileWire.File>, asJson: boolean) =>
  screen.write(
    asJson ? `${toJson(files, 2)}\n` : files.length === 0 ? "there are none\n" : `${table(head, files.map(rowOf))}\n`
  )

/** Draws the bar while the transfer runs, ten times a second. */
const drawn = <A, E, R>(screen: Screen.Screen, bar: UploadBar.UploadBar, transfer: Effect.Effect<A, E, R>) =>
  Effect.andThen(
    screen.show((now) => bar.line(now)),
    Effect.raceFirst(
      transfer,
      Effect.forever(Effect.andThen(Effect.ignore(screen.refresh), Effect.sleep("100 millis")))
    )
  ).pipe(Effect.ensuring(Effect.ignore(screen.hide)))

/** The handle that an earlier run kept. */
const keptHandle = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(path))) return undefined
  const text = yield* fs.readFileString(path)
  return yield* Effect.mapError(
    Schema.decodeUnknownEffect(Schema.fromJsonString(UploadHandle.UploadHandle))(text),
    () => new CommandFailed({ exitCode: 2, text: `${path} holds no upload: remove it to begin anew` })
  )
})

const upload = Command.make(
  "upload",
  {
    file: Argument.String("file").pipe(Argument.withDescription("the file to upload")),
    mimeType: Flag.String("mime-type").pipe(
      Flag.withDescription("the type, if the end of the file's name does not say it; default: by the name"),
      Flag.optional
    ),
    displayName: Flag.String("display-name").pipe(
      Flag.withDescription("what people see; default: the file's"),
      Flag.optional
    ),
    name: Flag.String("name").pipe(
      Flag.withDescription("files/ID of your choice; default: a random one"),
      Flag.optional
    ),
    wait: Flag.Boolean("wait").pipe(
      Flag.withDescription("waits until the file is ACTIVE, which takes a video some seconds"),
      Flag.withDefault(false)
    ),
    handle: Flag.String("handle").pipe(
      Flag.withDescription(
        "keeps in this file how to go on; the same command then does so after a break; default: nowhere"
      ),
      Flag.optional
    ),
    emulator: Flags.emulator,
    json
  },
  ({ displayName, emulator, file, handle, json, mimeType, name, wait }) =>
    asking(
      json,
      emulator,
      Effect.fnUntraced(function*({ files, screen }: Asking) {
        const fs = yield* FileSystem.FileSystem
        const bar = new UploadBar.UploadBar(file.split(/[\\/]/).at(-1) ?? file, yield* Clock.currentTimeMillis)
        const kept = Option.isSome(handle) ? yield* keptHandle(handle.value) : undefined
        const progress = kept === undefined
          ? files.uploadProgress(file, {
            displayName: Option.getOrElse(displayName, () => file.split(/[\\/]/).at(-1)),
            mimeType: Option.getOrUndefined(mimeType),
            name: Option.getOrUndefined(name)
          })
          : files.resumeProgress(kept, file)
        let made: Files.KeptFile | undefined
        let isKept = kept !== undefined
        const transfer = Stream.runForEach(progress, (at): Effect.Effect<void, PlatformError> => {
          bar.on(at.sent, at.size)
          made = at.file
          if (isKept || Option.isNone(handle)) return Effect.void
          isKept = true
          // Whoever reads it could write into the upload.
          return fs.writeFileString(handle.value, `${toJson(at.handle)}\n`, { mode: 0o600 })
        })
        yield* drawn(screen, bar, transfer).pipe(
          Effect.catchTag("GeminiError", (error) => Effect.fail(failed(error)))
        )
        if (Option.isSome(handle)) yield* Effect.ignore(fs.remove(handle.value))
        if (made === undefined) return
        const ready = wait ? yield* Effect.mapError(files.awaitActive(made.handle), failed) : made
        yield* json
          ? screen.write(`${toJson(ready.file, 2)}\n`)
          : screen.write(`${table(head, [rowOf(ready.file)])}\n\nuri: ${ready.file.uri ?? ""}\n`)
      })
    )
).pipe(
  Command.withDescription("Upload a file; after a break it goes on where the server is"),
  Command.withExamples([{
    command: "gemini-fx files upload talk.mp4 --wait",
    description: "Upload it, and wait until the server has read it"
  }])
)

const list = Command.make(
  "list",
  { emulator: Flags.emulator, json },
  ({ emulator, json }) =>
    asking(
      json,
      emulator,
      Effect.fnUntraced(function*({ files, screen }: Asking) {
        const all = yield* Effect.mapError(Stream.runCollect(files.list()), failed)
        yield* listed(screen, all.map(({ file }) => file), json)
      })
    )
).pipe(
  Command.withDescription("List the files of the project"),
  Command.withExamples([{ command: "gemini-fx files list", description: "Names, sizes and when they go" }])
)

const get = Command.make(
  "get",
  { name, emulator: Flags.emulator, json },
  ({ emulator, json, name }) =>
    asking(
      json,
      emulator,
      Effect.fnUntraced(function*({ files, screen }: Asking) {
        const { file } = yield* Effect.mapError(files.get(name), failed)
        yield* json ? screen.write(`${toJson(file, 2)}\n`) : listed(screen, [file], false)
      })
    )
).pipe(
  Command.withDescription("Show one file"),
  Command.withExamples([{
    command: "gemini-fx files get files/abc123 --json",
    description: "All that the API says of it"
  }])
)

const remove = Command.make(
  "delete",
  { names: name.pipe(Argument.variadic({ min: 1 })), emulator: Flags.emulator },
  ({ emulator, names }) =>
    asking(
      false,
      emulator,
      Effect.fnUntraced(function*({ files, screen }: Asking) {
        for (const name of names) {
          yield* Effect.mapError(files.delete(name), failed)
          yield* screen.write(`deleted ${name}\n`)
        }
      })
    )
).pipe(
  Command.withDescription("Delete files"),
  Command.withExamples([{ command: "gemini-fx files delete files/abc123 files/def456", description: "Two at once" }])
)

const download = Command.make(
  "download",
  {
    name,
    out: Flag.String("out").pipe(
      Flag.withDescription("where to write it; - is stdout. Default: a file called ID"),
      Flag.optional
    ),
    emulator: Flags.emulator,
    force: Flag.Boolean("force").pipe(Flag.withDescription("overwrites a file that is there"), Flag.withDefault(false))
  },
  ({ emulator, force, name, out }) =>
    asking(
      true,
      emulator,
      Effect.fnUntraced(function*({ files, screen }: Asking) {
        const fs = yield* FileSystem.FileSystem
        const { file } = yield* Effect.mapError(files.get(name), failed)
        // The server's name has no part in the path: only letters, digits and dashes of an id do.
        const path = Option.getOrElse(out, () => file.name.replace(/^files\//, "").replace(/[^A-Za-z0-9-]/g, "_"))
        if (path === "-") {
          const stdio = yield* Stdio.Stdio
          return yield* Stream.run(Stream.mapError(files.download(name), failed), stdio.stdout({ endOnDone: false }))
        }
        if (!force && (yield* fs.exists(path))) {
          return yield* new CommandFailed({ exitCode: 2, text: `${path} is there already: --force overwrites it` })
        }
        const bar = new UploadBar.UploadBar(path, yield* Clock.currentTimeMillis)
        const size = file.sizeBytes == null ? undefined : Number(file.sizeBytes)
        let done = 0
        const bytes = files.download(name).pipe(
          Stream.mapError(failed),
          Stream.tap((piece) =>
            Effect.sync(() => {
              done += piece.length
              bar.on(done, size)
            })
          )
        )
        // What is broken off leaves no file that looks whole.
        const part = `${path}.part`
        yield* drawn(screen, bar, Stream.run(bytes, fs.sink(part))).pipe(
          Effect.andThen(fs.rename(part, path)),
          Effect.onError(() => Effect.ignore(fs.remove(part)))
        )
        yield* screen.note(`${path}: ${UploadBar.bytes(done)}`)
      })
    )
).pipe(
  Command.withDescription("Download a file that the API generated; it gives uploaded ones to nobody"),
  Command.withExamples([{
    command: "gemini-fx files download files/abc123 --out video.mp4",
    description: "Into a file; - is stdout"
  }])
)

export const filesCommand = Command.make("files").pipe(
  Command.withDescription("Upload, list, show, delete and download files of the API"),
  Command.withExamples([{
    command: "gemini-fx files upload talk.mp4 --wait",
    description: "Upload it, and wait until the server has read it"
  }, { command: "gemini-fx files list", description: "What the project has" }]),
  Command.withSubcommands([upload, list, get, remove, download])
)
