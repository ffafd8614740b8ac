/** Runs the command in this process: its files, environment and streams are the test's. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { run } from "effect-gemini-cli/GeminiFx"
import * as ByteSize from "effect/ByteSize"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"
import * as Runtime from "effect/Runtime"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface Setting {
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly isTerminal?: boolean | undefined
  /** Whether that terminal has colours. */
  readonly hasColours?: boolean | undefined
  readonly stdin?: Stream.Stream<string | Uint8Array> | undefined
  /** Whether the files are those of the disk, not `files`. */
  readonly isOnDisk?: boolean | undefined
  /** The folder of runs, which is on the disk in any case. Default: one that ends with the command. */
  readonly runs?: string | undefined
}

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly files: ReadonlyMap<string, string | Uint8Array>
}

const bytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content

const regular: Omit<FileSystem.File.Info, "size"> = {
  type: "File",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0n,
  ino: Option.none(),
  mode: 0o644,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  blksize: Option.none(),
  blocks: Option.none()
}

const notThere = Effect.fail(
  PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" })
)

/** An open file of which only what overrides this is done. */
const closed: FileSystem.File = {
  [FileSystem.FileTypeId]: FileSystem.FileTypeId,
  stat: notThere,
  seek: () => notThere,
  sync: Effect.void,
  read: () => notThere,
  readAlloc: () => notThere,
  truncate: () => notThere,
  write: () => notThere,
  writeAll: () => notThere
}

const inMemory = (files: Map<string, string | Uint8Array>) => {
  const read = (path: string) => {
    const content = files.get(path.replace(`${process.cwd()}/`, ""))
    return content === undefined
      ? Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" }))
      : Effect.succeed(content)
  }
  const size = (content: string | Uint8Array) => ByteSize.bytes(bytes(content).length)
  return FileSystem.layerNoop({
    realPath: (path) => path === "." ? Effect.succeed(process.cwd()) : Effect.as(read(path), path),
    stat: (path) => Effect.map(read(path), (content) => ({ ...regular, size: size(content) })),
    stream: (path) => Stream.map(Stream.fromEffect(read(path)), bytes),
    exists: (path) => Effect.succeed(files.has(path)),
    readFile: (path) => Effect.map(read(path), bytes),
    readFileString: (path) => Effect.map(read(path), (content) => new TextDecoder().decode(bytes(content))),
    writeFile: (path, content) =>
      path.startsWith("nowhere/")
        ? Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "writeFile" }))
        : Effect.sync(() => void files.set(path, content)),
    writeFileString: (path, text) =>
      path.startsWith("nowhere/")
        ? Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "writeFile" }))
        : Effect.sync(() => void files.set(path, text)),
    open: (path) =>
      Effect.sync(() => {
        files.set(path, "")
        return {
          ...closed,
          writeAll: (content: Uint8Array) => Effect.sync(() => void files.set(path, content))
        }
      }),
    makeDirectory: () => Effect.void,
    readDirectory: () => Effect.succeed([]),
    rename: (from, to) =>
      Effect.map(read(from), (content) => {
        files.set(to, content)
        files.delete(from)
      }),
    remove: (path) => Effect.sync(() => void files.delete(path))
  })
}

/** Runs are on the disk, where their lock is; all else is in memory. */
const runsOnDisk = (
  runs: string,
  memory: FileSystem.FileSystem,
  disk: FileSystem.FileSystem
): FileSystem.FileSystem => {
  const at = (path: string) => path === runs || path.startsWith(`${runs}/`) ? disk : memory
  return {
    ...disk,
    realPath: (path) => at(path).realPath(path),
    stat: (path) => at(path).stat(path),
    lstat: (path) => at(path).lstat(path),
    chmod: (path, mode) => at(path).chmod(path, mode),
    stream: (path, options) => at(path).stream(path, options),
    exists: (path) => at(path).exists(path),
    truncate: (path, length) => at(path).truncate(path, length),
    readFile: (path) => at(path).readFile(path),
    readFileString: (path, encoding) => at(path).readFileString(path, encoding),
    writeFile: (path, content, options) => at(path).writeFile(path, content, options),
    writeFileString: (path, text, options) => at(path).writeFileString(path, text, options),
    open: (path, options) => at(path).open(path, options),
    makeDirectory: (path, options) => at(path).makeDirectory(path, options),
    readDirectory: (path, options) => at(path).readDirectory(path, options),
    rename: (from, to) => at(from).rename(from, to),
    remove: (path, options) => at(path).remove(path, options),
    watch: (path, options) => at(path).watch(path, options)
  }
}

const geminiIn = (args: ReadonlyArray<string>, setting: Setting, runs: string): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const files = new Map(Object.entries(setting.files ?? {}))
    let stdout = ""
    let stderr = ""
    const out = (text: string | Uint8Array) => {
      stdout += new TextDecoder().decode(bytes(text))
    }
    const err = (text: string | Uint8Array) => {
      stderr += new TextDecoder().decode(bytes(text))
    }
    const sink = (write: (text: string | Uint8Array) => void) => () =>
      Sink.forEach((text: string | Uint8Array) => Effect.sync(() => write(text)))
    const isTerminal = Effect.succeed(setting.isTerminal ?? false)
    const console: Console.Console = {
      ...globalThis.console,
      log: (...parts) => out(`${parts.join(" ")}\n`),
      error: (...parts) => err(`${parts.join(" ")}\n`)
    }
    const exit = yield* run(args, "0.1.0").pipe(
      Effect.provide(
        Layer.mergeAll(
          setting.isOnDisk === true ? Layer.empty : Layer.effect(
            FileSystem.FileSystem,
            Effect.map(
              Effect.all([FileSystem.FileSystem, Effect.provide(FileSystem.FileSystem, inMemory(files))]),
              ([disk, memory]) => runsOnDisk(runs, memory, disk)
            )
          ),
          Stdio.layerTest({
            stdin: Stream.map(setting.stdin ?? Stream.empty, bytes),
            stdout: sink(out),
            stderr: sink(err),
            stdoutIsTerminal: isTerminal,
            stderrIsTerminal: isTerminal
          })
        ).pipe(Layer.provideMerge(NodeServices.layer))
      ),
      Effect.provideService(Console.Console, console),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canColor: setting.hasColours ?? false,
        canAnimate: setting.isTerminal ?? false,
        canPrompt: false
      }),
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromUnknown({ GEMINI_FX_RUNS: runs, ...setting.env })
      ),
      Effect.exit
    )
    let exitCode = 0
    Runtime.defaultTeardown(exit, (code) => {
      exitCode = code
    })
    if (Exit.isFailure(exit) && exit.cause.reasons.some((reason) => reason._tag === "Die")) {
      return yield* Effect.die(exit.cause)
    }
    return { exitCode, stdout, stderr, files }
  })

export const gemini = (args: ReadonlyArray<string>, setting: Setting = {}): Effect.Effect<Outcome> =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-runs-"))),
    (own) => geminiIn(args, setting, setting.runs ?? own),
    (own) => Effect.sync(() => rmSync(own, { recursive: true }))
  )
