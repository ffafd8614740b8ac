/**
 * Where runs lie: in a folder of this machine, or in the PostgreSQL of a fleet, whose workers play them. The database's
 * address has a password in it, so it comes from the environment or a file, never from the command line.
 */
import * as FileJournal from "effect-gemini-journal/FileJournal"
import type * as Journal from "effect-gemini-journal/Journal"
import * as FileRuns from "effect-gemini-narrative/FileRuns"
import type { RunError } from "effect-gemini-narrative/RunError"
import type * as Runs from "effect-gemini-narrative/Runs"
import * as ByteSize from "effect/ByteSize"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CommandFailed } from "../CommandFailed.ts"

export const postgresFile = Flag.String("postgres-file").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription(
    "the file with the address of the fleet's PostgreSQL; default: GEMINI_FX_POSTGRES, if it is set"
  ),
  Flag.optional
)

export const flags = {
  folder: Flag.String("directory").pipe(
    Flag.withAlias("d"),
    Flag.withDescription("the folder of the runs; default: GEMINI_FX_RUNS, else .runs"),
    Flag.optional
  ),
  postgresFile
}

export interface Where {
  readonly folder: Option.Option<string>
  readonly postgresFile: Option.Option<string>
}

export type Place =
  | { readonly _tag: "Folder"; readonly folder: string; readonly isUsual: boolean }
  | {
    readonly _tag: "Fleet"
    readonly url: Redacted.Redacted
    /** The flag that names it again; empty where the environment does. */
    readonly flag: string
  }

const usual = Config.String("GEMINI_FX_RUNS").pipe(Config.withDefault(".runs"))
const address = Config.option(Config.Redacted("GEMINI_FX_POSTGRES"))

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** An address is one line; nobody's is longer, in bytes. */
const longest = 4_096

const checked = (url: string, from: string): Effect.Effect<Redacted.Redacted, CommandFailed> =>
  /^postgres(?:ql)?:\/\/[^\s/]+/.test(url) && URL.canParse(url)
    ? Effect.succeed(Redacted.make(url))
    : Effect.fail(usage(`${from}: expected an address such as postgres://user:password@host:5432/database`))

const fromFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const refuse = (why: string) => usage(`--postgres-file ${path}: ${why}`)
  const info = yield* Effect.option(fs.stat(path))
  if (Option.isNone(info)) return yield* refuse("there is no such file, or it may not be read")
  const { size, type } = info.value
  if (type !== "File" || ByteSize.toBigInt(size) > longest) {
    return yield* refuse("expected a file that holds one address, and nothing else")
  }
  const text = yield* Effect.mapError(fs.readFileString(path), () => refuse("it cannot be read"))
  return yield* checked(text.trim(), `--postgres-file ${path}`)
})

/** The fleet's database, if one is named. */
export const fleet = Effect.fnUntraced(function*(file: Option.Option<string>) {
  if (Option.isSome(file)) {
    return { _tag: "Fleet", url: yield* fromFile(file.value), flag: ` --postgres-file ${file.value}` } as const
  }
  const found = yield* address
  if (Option.isNone(found)) return undefined
  return { _tag: "Fleet", url: yield* checked(Redacted.value(found.value), "GEMINI_FX_POSTGRES"), flag: "" } as const
})

/** Where the runs lie that are meant: a flag wins over the environment, and a fleet there over a folder. */
export const choose = Effect.fnUntraced(function*(flags: Where) {
  const { folder, postgresFile } = flags
  if (Option.isSome(folder) && Option.isSome(postgresFile)) {
    return yield* usage("--directory is a folder of this machine and --postgres-file a fleet's database: choose one")
  }
  const found = Option.isSome(folder) ? undefined : yield* fleet(postgresFile)
  if (found !== undefined) return found
  const otherwise = yield* usual
  const chosen = Option.getOrElse(folder, () => otherwise)
  return { _tag: "Folder", folder: chosen, isUsual: chosen === otherwise } as const
})

/** As a person reads it. */
export const said = (place: Place): string => place._tag === "Folder" ? place.folder : "the fleet's database"

/** What a command line needs to name the place again; empty if it is the one that is looked at anyway. */
export const named = (place: Place): string =>
  place._tag === "Fleet" ? place.flag : place.isUsual ? "" : ` -d ${place.folder}`

/** A cluster is loaded where one is used: it would cost half a second of every command's start. */
const cluster = Effect.promise(() => import("effect-gemini-narrative/ClusterRuns"))

export const layer = (
  place: Place
): Layer.Layer<Journal.Journal | Runs.Runs, RunError, FileSystem.FileSystem> =>
  place._tag === "Folder"
    ? Layer.merge(FileJournal.layer({ directory: place.folder }), FileRuns.layer({ directory: place.folder }))
    : Layer.unwrap(
      Effect.map(cluster, (ClusterRuns) => ClusterRuns.layerNodeClient({ url: place.url, maxConnections: 4 }))
    ).pipe(Layer.provide(Logger.layer([])))
