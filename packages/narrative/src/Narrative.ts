/**
 * A narrative: acts in TOML, each played by a model of its own, each able to use the
 * outputs of others.
 *
 * `fromFile` and `parse` check the whole before anything is sent and report every problem with its line; `execute`
 * plays it and returns every act's result; `executeStream` tells each event while it happens.
 *
 * @since 0.1.0
 */
import type { GeminiClient } from "effect-gemini/GeminiClient"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { Act } from "./Act.ts"
import type { ActResult, Totals } from "./ActResult.ts"
import type { ActTools } from "./ActTools.ts"
import type { Decision } from "./Decision.ts"
import * as Check from "./internal/check.ts"
import type { UnplacedProblem } from "./internal/decode.ts"
import * as Execute from "./internal/execute.ts"
import type { FileContent } from "./internal/media.ts"
import * as NamedFile from "./internal/namedFile.ts"
import { type ActFailed, NarrativeInvalid, type Problem } from "./NarrativeError.ts"
import type { NarrativeEvent } from "./NarrativeEvent.ts"
import type { Asked } from "./RunEngine.ts"
import * as TomlPlace from "./TomlPlace.ts"

/**
 * A narrative that was checked and can be played.
 *
 * @category models
 * @since 0.1.0
 */
export interface Narrative {
  /** The name of the file, as messages show it. */
  readonly file: string
  readonly title: string
  /** The text of the file. */
  readonly text: string
  /** The values that were given for its variables. */
  readonly variables: Readonly<Record<string, string | number | boolean>>
  /** The acts in the order of the file. */
  readonly acts: ReadonlyArray<Act>
}

/**
 * What a narrative's text is read with: its name and its variables.
 *
 * @category options
 * @since 0.1.0
 */
export interface ParseOptions {
  /** The name of the file in messages. Default `narrative.toml`. */
  readonly file?: string | undefined
  /**
   * The functions that the program gives, by name: acts may name no others. Left out, that is not checked here, but when
   * the narrative is played.
   */
  readonly tools?: ReadonlyArray<string> | undefined
  /** Values of the narrative's variables. Strings are converted to the declared type. */
  readonly variables?: Readonly<Record<string, string | number | boolean>> | undefined
}

/**
 * What a narrative's file is read with: its variables, and where its files may lie.
 *
 * @category options
 * @since 0.1.0
 */
export interface FileOptions extends Omit<ParseOptions, "file"> {
  /**
   * Folders beside the narrative's own whose files it may name. A file elsewhere is refused, even behind a link: a
   * narrative that somebody else wrote must not choose which of your files are sent.
   */
  readonly inputsFrom?: ReadonlyArray<string> | undefined
}

/**
 * How a narrative is played.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** One model for every act, in place of their own. */
  readonly model?: string | undefined
  /**
   * How many acts may run at once. Default 1: one after the other in the order of the
   * file (an act later only if it needs one that comes later). With more, an act starts
   * as soon as the acts that it needs have finished.
   */
  readonly concurrency?: number | undefined
  /** The functions that acts name under `tools`. */
  readonly tools?: ActTools | undefined
  /** Decides about acts that have to be approved. Without it such an act fails. */
  readonly approve?: ((asked: Asked) => Effect.Effect<Decision>) | undefined
  /** Results of an earlier run (`ActFailed.results`): these acts are not played again. */
  readonly results?: ReadonlyArray<ActResult> | undefined
}

/**
 * What `execute` returns.
 *
 * @category models
 * @since 0.1.0
 */
export interface NarrativeResult {
  readonly title: string
  /** The results in the order of the file. */
  readonly acts: ReadonlyArray<ActResult>
  readonly totals: Totals
}

const invalid = Effect.fnUntraced(function*(file: string, text: string, found: ReadonlyArray<UnplacedProblem>) {
  const placeOf = yield* TomlPlace.of(text)
  const problems = found.map(({ find, hint, path, what, within }): Problem => {
    const place = path.length === 0 ? undefined : placeOf(path, find, within)
    const key = path.reduce<string>(
      (out, segment) => typeof segment === "number" ? `${out}[${segment}]` : out === "" ? segment : `${out}.${segment}`,
      ""
    )
    return { ...place, key, what, ...(hint === undefined ? {} : { hint }) }
  })
  // Problems come in the order of the file, those that concern the whole file first.
  return new NarrativeInvalid({
    file,
    problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  })
})

const syntaxError = (file: string, message: string): NarrativeInvalid => {
  const [, what = message, line, column] = /^(.*) at line (\d+), column (\d+)$/.exec(message) ?? []
  return new NarrativeInvalid({
    file,
    problems: [{
      ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
      key: "",
      what: `not valid TOML: ${what}`,
      hint: /newline/.test(what)
        ? "close the quotes, or write \"\"\" before and after several lines"
        : "a key, = and a value: texts in quotes, lists in [ ], tables in { }"
    }]
  })
}

const decodeToml = (text: string, file: string): Effect.Effect<unknown, NarrativeInvalid> =>
  Effect.fromResult(Result.mapError(Toml.parse(text), (error) => syntaxError(file, error.message)))

const build = Effect.fnUntraced(function*(
  text: string,
  raw: unknown,
  file: string,
  options: ParseOptions,
  files: ReadonlyMap<string, FileContent>
): Effect.fn.Return<Narrative, NarrativeInvalid> {
  const { acts, found, title } = Check.check(raw, {
    variables: options.variables ?? {},
    tools: options.tools,
    fileOf: (kind, path) => files.get(`${kind} ${path}`)
  })
  if (found.length > 0) return yield* yield* invalid(file, text, found)
  return { file, title: title ?? file, text, variables: options.variables ?? {}, acts }
})

/**
 * Reads a narrative from TOML text. Fails with every problem in it at once. Files need `fromFile`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = Effect.fnUntraced(function*(
  text: string,
  options: ParseOptions = {}
): Effect.fn.Return<Narrative, NarrativeInvalid> {
  const file = options.file ?? "narrative.toml"
  const raw = yield* decodeToml(text, file)
  return yield* build(text, raw, file, options, new Map())
})

/** The largest narrative, in bytes: nobody writes a larger one by hand. */
const largest = 64 * 1024 * 1024

/**
 * Reads a narrative from its file, together with the files that it names. Fails with every problem at once, missing
 * files included. Each is a regular file of at most 20 MiB below the narrative's folder or `inputsFrom`, and of the kind
 * that its bytes say.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFile = Effect.fnUntraced(function*(
  path: string,
  options: FileOptions = {}
): Effect.fn.Return<Narrative, NarrativeInvalid, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const unreadable = (what: string) => new NarrativeInvalid({ file: path, problems: [{ key: "", what }] })
  const orWhy = Effect.mapError((error: PlatformError) => unreadable(NamedFile.why(error)))
  const info = yield* orWhy(fs.stat(path))
  // A pipe is allowed, because the shell may have made the one that the caller names: `<(make-story)`.
  const noun = info.type === "FIFO" ? undefined : NamedFile.notRegular(info)
  if (noun !== undefined) return yield* unreadable(noun)
  if (ByteSize.toBigInt(info.size) > largest) return yield* unreadable(`is larger than ${NamedFile.shown(largest)}`)
  const text = yield* orWhy(fs.readFileString(path))
  const raw = yield* decodeToml(text, path)
  const files = new Map<string, FileContent>()
  const read = yield* NamedFile.reader(paths.dirname(path), options.inputsFrom ?? [])
  for (const named of Check.filesOf(raw)) {
    const key = `${named.kind} ${named.path}`
    if (!files.has(key)) files.set(key, yield* read(named.kind, named.path))
  }
  return yield* build(text, raw, path, options, files)
})

/**
 * Plays a narrative as a stream of typed events. The last one is `NarrativeFinished`; an act that fails ends the
 * stream with `ActFailed`. Ending the stream early aborts the act's request.
 *
 * @category running
 * @since 0.1.0
 */
export const executeStream = (
  narrative: Narrative,
  options: Options = {}
): Stream.Stream<NarrativeEvent, ActFailed, GeminiClient> => Execute.stream(narrative, options)

/**
 * Plays a narrative with unary calls and returns every act's result.
 *
 * @category running
 * @since 0.1.0
 */
export const execute = (
  narrative: Narrative,
  options: Options = {}
): Effect.Effect<NarrativeResult, ActFailed, GeminiClient> => Execute.run(narrative, options)
