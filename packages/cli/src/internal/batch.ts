/**
 * `gemini-fx batch`: many requests for half the price, out of a file and into one, whatever happens to the terminal.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as Batches from "effect-gemini/batches/Batches"
import * as BatchRun from "effect-gemini/batches/BatchRun"
import type * as RunOptions from "effect-gemini/batches/RunOptions"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { basename } from "node:path"
import * as Age from "./age.ts"
import { BatchBar, said } from "./BatchBar.ts"
import { CommandFailed } from "./CommandFailed.ts"
import * as Explain from "./explain.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { json as toJson } from "./Shown.ts"
import { table } from "./table.ts"

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription("the folder of the runs of batches; default: GEMINI_FX_BATCHES, else .batches"),
  Flag.withFallbackConfig(Config.String("GEMINI_FX_BATCHES")),
  Flag.withDefault(".batches")
)

const named = Argument.String("run").pipe(Argument.withDescription("the run, as `gemini-fx batch status` names it"))

const failed = (error: GeminiError | JournalError | CommandFailed): CommandFailed => {
  if (error._tag === "CommandFailed") return error
  if (error._tag === "GeminiError") return new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) })
  const isMistake = ["NotFound", "InvalidId", "ForeignRecord", "NewerVersion", "Unsafe"].includes(error.reason._tag)
  const hint = error.reason._tag === "NotFound" ? "\n  `gemini-fx batch status` shows the runs that there are" : ""
  return new CommandFailed({ exitCode: isMistake ? 2 : 1, text: `${error.message}${hint}` })
}

const kept = (directory: string): Layer.Layer<Journal.Journal> =>
  FileJournal.layer({ directory }).pipe(Layer.provide(NodeFileSystem.layer))

/** Whether a value is a line of the file. The request goes as it stands there, with fields that are not known here. */
const isLine = Schema.is(Schema.Struct({
  key: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
  request: GenerateContent.GenerateContentRequest
}))

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The rows of a file of JSON lines, as the API itself reads them. A line without a key has its number as its key. */
const rowsOf = (path: string): Stream.Stream<Batches.BatchRow, CommandFailed, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (fs) => fs.stream(path))).pipe(
    Stream.mapError((error: PlatformError) =>
      new CommandFailed({ exitCode: 2, text: `${path} cannot be read: ${error.reason._tag}` })
    ),
    Stream.decodeText,
    Stream.splitLines,
    Stream.mapEffect((text, index): Effect.Effect<ReadonlyArray<Batches.BatchRow>, CommandFailed> => {
      if (text.trim() === "") return Effect.succeed([])
      const line = parsed(text)
      if (!isLine(line)) {
        const expected = `{"key": "a", "request": {"contents": [{"parts": [{"text": "Hello"}]}]}}`
        return Effect.fail(
          new CommandFailed({ exitCode: 2, text: `${path}, line ${index + 1}: expected a line such as ${expected}` })
        )
      }
      const { key = `line-${index + 1}`, request: { systemInstruction, ...request } } = line
      return Effect.succeed([{
        key: String(key),
        request: systemInstruction == null ? request : { ...request, systemInstruction }
      }])
    }),
    Stream.flattenIterable
  )

const resultLine = (result: RunOptions.RunResult): string => {
  const { attempts, key, row, via } = result
  const what = result._tag === "Success"
    ? { response: result.response }
    : { error: { code: result.error.status ?? 500, message: result.error.reason.message } }
  return `${toJson({ key, row, via, attempts, ...what })}\n`
}

/** How many whole results a file has. A line that was being written when the process died is cut off. */
const countOf = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(path))) return 0
  let [lines, bytes, end] = [0, 0, 0]
  yield* Stream.runForEach(fs.stream(path), (piece) =>
    Effect.sync(() => {
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) {
        lines++
        end = bytes + at + 1
      }
      bytes += piece.length
    }))
  if (end < bytes) yield* fs.truncate(path, end)
  return lines
})

const duration = (name: string, text: Option.Option<string>) =>
  Effect.gen(function*() {
    if (Option.isNone(text)) return undefined
    const read = Age.parse(text.value)
    return read ?? (yield* new CommandFailed({
      exitCode: 2,
      text: `--${name} ${text.value}: expected a time such as 6h, 2d or 30m`
    }))
  })

const drawn = <A, E, R>(screen: Screen.Screen, bar: BatchBar, work: Effect.Effect<A, E, R>) =>
  Effect.andThen(
    screen.show(() => bar.line()),
    Effect.raceFirst(
      work,
      Effect.forever(Effect.andThen(Effect.ignore(screen.refresh), Effect.sleep("200 millis")))
    )
  ).pipe(Effect.ensuring(Effect.ignore(screen.hide)))

const runFile = Command.make(
  "run",
  {
    file: Argument.String("file").pipe(Argument.withDescription("JSON lines: {\"key\": …, \"request\": {…}} each")),
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription(
        `the model of all requests; default: GEMINI_FX_MODEL, else ${GeminiConfig.defaultModel}`
      ),
      Flag.withFallbackConfig(Config.String("GEMINI_FX_MODEL")),
      Flag.withDefault(GeminiConfig.defaultModel)
    ),
    out: Flag.String("out").pipe(
      Flag.withDescription("where the results go, a line each; default: FILE with .results.jsonl at its end"),
      Flag.optional
    ),
    id: Flag.String("id").pipe(
      Flag.withDescription("the name of the run; default: that of the file"),
      Flag.optional
    ),
    deadline: Flag.String("deadline").pipe(
      Flag.withDescription(
        "by when all results are needed, such as 6h; what is late goes at the standard price; default: none"
      ),
      Flag.optional
    ),
    lead: Flag.String("lead").pipe(
      Flag.withDescription("how long before the deadline that begins; default: 30m"),
      Flag.optional
    ),
    tier: Flags.tier("the quota tier to keep where rows go at the standard price; default: GEMINI_FX_TIER, else free"),
    emulator: Flags.emulator,
    directory
  },
  Effect.fnUntraced(function*({ deadline, directory, emulator, file, id, lead, model, out, tier }) {
    const screen = yield* Screen.make
    const fs = yield* FileSystem.FileSystem
    const server = yield* Server.choose(Option.isNone(tier) ? {} : { tier: tier.value }, emulator)
    const [within, before] = [yield* duration("deadline", deadline), yield* duration("lead", lead)]
    const name = Option.getOrElse(
      id,
      () => basename(file).replace(/\.jsonl?$/, "").replace(/[^A-Za-z0-9._~@-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "")
    )
    const path = Option.getOrElse(out, () => `${file.replace(/\.jsonl?$/, "")}.results.jsonl`)
    yield* screen.note(server.says)
    const from = yield* countOf(path)
    const bar = new BatchBar(basename(file))
    // The embedded server is done within seconds.
    const pauses = Server.isEmbedded(server) ? { interval: "250 millis", maxInterval: "1 second" } as const : {}
    const results = BatchRun.run({
      id: name,
      model,
      rows: rowsOf(file),
      from,
      deadline: within,
      lead: before,
      ...pauses,
      onProgress: (progress) => Effect.sync(() => bar.on(progress))
    })
    yield* Effect.scoped(Effect.flatMap(fs.open(path, { flag: "a", mode: 0o600 }), (to) =>
      drawn(
        screen,
        bar,
        Stream.runForEach(Stream.chunks(results), (some) =>
          to.writeAll(new TextEncoder().encode(some.map(resultLine).join(""))))
      ))).pipe(
        Effect.catchTags({
          GeminiError: (error) => Effect.fail(failed(error)),
          JournalError: (error) => Effect.fail(failed(error))
        }),
        Effect.onInterrupt(() => Effect.sync(() => screen.now(`the same command goes on with ${name}`))),
        Effect.provide(Layer.mergeAll(server.layer, server.batches, kept(directory)))
      )
    const progress = yield* Effect.mapError(Effect.provide(BatchRun.status(name), kept(directory)), failed)
    yield* screen.write(`${said(progress)}\n${path}\n`)
  })
).pipe(
  Command.withDescription("Run a file of requests through batches; after a break the same command goes on"),
  Command.withExamples([{
    command: "gemini-fx batch run questions.jsonl --deadline 1d",
    description: "Half the price; what has no result half an hour before the deadline goes at the standard one"
  }])
)

const stateOf = ({ isCancelled, isFinished, open }: RunOptions.RunProgress): string =>
  isFinished ? "finished" : isCancelled ? "cancelled" : open.length === 0 ? "begun" : "under way"

const status = Command.make(
  "status",
  {
    run: named.pipe(Argument.optional),
    json: Flags.json("write JSON, all that is known of the runs"),
    directory
  },
  Effect.fnUntraced(function*({ directory, json, run }) {
    const screen = yield* Screen.make
    const all = yield* Effect.gen(function*() {
      const journal = yield* Journal.Journal
      const names = Option.isSome(run)
        ? [run.value]
        : (yield* Stream.runCollect(journal.list(BatchRun.prefix))).map(({ id }) => id.slice(BatchRun.prefix.length))
      return yield* Effect.forEach(
        names,
        (name) => Effect.map(BatchRun.status(name), (progress) => ({ run: name, ...progress }))
      )
    }).pipe(Effect.mapError(failed), Effect.provide(kept(directory)))
    if (json) return yield* screen.write(`${toJson(all, 2)}\n`)
    if (all.length === 0) return yield* screen.write("there are none\n")
    const row = (progress: (typeof all)[number]) => [progress.run, stateOf(progress), said(progress)]
    yield* screen.write(`${table(["run", "state", "rows"], all.map(row))}\n`)
    for (const { open, run: id } of Option.isSome(run) ? all : []) {
      for (const { batch = "not made yet", displayName, rows } of open) {
        yield* screen.write(`${id}: ${displayName}, ${rows} rows, ${batch}\n`)
      }
    }
  })
).pipe(
  Command.withDescription("Show how far the runs of batches are"),
  Command.withExamples([{ command: "gemini-fx batch status questions", description: "One run, with its open jobs" }])
)

const results = Command.make(
  "results",
  {
    run: named,
    from: Flag.Int("from").pipe(
      Flag.withDescription("passes over so many results; default: 0"),
      Flag.withDefault(0)
    ),
    directory
  },
  Effect.fnUntraced(function*({ directory, from, run }) {
    const screen = yield* Screen.make
    yield* BatchRun.results(run, { from }).pipe(
      Stream.mapError(failed),
      Stream.runForEach((result) => screen.write(resultLine(result))),
      Effect.provide(kept(directory))
    )
  })
).pipe(
  Command.withDescription("Write the results that a run has by now, a line of JSON each"),
  Command.withExamples([{ command: "gemini-fx batch results questions", description: "Also while it runs" }])
)

const cancel = Command.make(
  "cancel",
  { run: named, emulator: Flags.emulator, directory },
  Effect.fnUntraced(function*({ directory, emulator, run }) {
    const screen = yield* Screen.make
    const server = yield* Server.choose({}, emulator)
    yield* screen.note(server.says)
    const progress = yield* BatchRun.cancel(run).pipe(
      Effect.mapError(failed),
      Effect.provide(Layer.merge(server.batches, kept(directory)))
    )
    yield* screen.write(`cancelled ${run}: ${said({ ...progress, open: [] })}\n`)
  })
).pipe(
  Command.withDescription("Cancel the jobs of a run; its results stay"),
  Command.withExamples([{ command: "gemini-fx batch cancel questions", description: "Nobody can go on with it then" }])
)

export const batchCommand = Command.make("batch").pipe(
  Command.withDescription("Run files of requests through batches, for half the price"),
  Command.withExamples([{
    command: "gemini-fx batch run questions.jsonl",
    description: "Results in questions.results.jsonl; after a break the same command goes on"
  }, { command: "gemini-fx batch status", description: "How far each run is" }]),
  Command.withSubcommands([runFile, status, results, cancel])
)
