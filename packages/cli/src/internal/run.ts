/**
 * `gemini-fx run FILE`: plays a narrative and writes its text.
 */
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { basename } from "node:path"
import { CommandFailed } from "./CommandFailed.ts"
import * as Explain from "./explain.ts"
import * as Flags from "./flags.ts"
import * as Lanes from "./lanes.ts"
import * as Lines from "./lines.ts"
import * as Lookalikes from "./lookalikes.ts"
import * as Output from "./Output.ts"
import { preview } from "./preview.ts"
import { Progress } from "./Progress.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { shown } from "./Shown.ts"
import * as State from "./state.ts"

const flags = {
  file: Argument.String("file").pipe(Argument.withDescription("the narrative, in TOML")),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("one model for every act"),
    Flag.optional
  ),
  stream: Flag.Boolean("stream").pipe(
    Flag.withDescription("write the text as it comes, not act by act; with --json one event a line"),
    Flag.withDefault(false)
  ),
  json: Flags.json("write one JSON document instead of text"),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("acts that may run at once, where none needs the other; text then comes act by act"),
    Flag.withDefault(1)
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("check it and print what would be sent; sends nothing"),
    Flag.withDefault(false)
  ),
  variables: Flags.variables,
  inputsFrom: Flags.inputsFrom,
  emulator: Flag.Boolean("emulator").pipe(
    Flag.withDescription("rehearse with the embedded emulator, also where an API key is set"),
    Flag.withDefault(false)
  ),
  tier: Flags.tier("the quota tier to keep; default: free, none with the emulator"),
  config: Flags.config,
  state: Flag.String("state").pipe(
    Flag.withDescription("keeps results in this file; acts that have one there are not played again"),
    Flag.optional
  )
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** Keeps the status line going while the effect runs, and wipes it however that ends. */
const showing = <A, E, R>(screen: Screen.Screen, effect: Effect.Effect<A, E, R>) => {
  if (!screen.isLive) return effect
  const draw = Effect.repeat(screen.refresh, Schedule.spaced("100 millis"))
  return Effect.scoped(Effect.andThen(Effect.forkScoped(draw), effect)).pipe(
    Effect.ensuring(Effect.ignore(screen.hide)),
    Effect.onInterrupt(() => Effect.ignore(screen.note("\ninterrupted")))
  )
}

export const runCommand = Command.make(
  "run",
  flags,
  Effect.fnUntraced(function*(input) {
    if (input.concurrency < 1) return yield* usage(`--concurrency: expected at least 1, got ${input.concurrency}`)
    const model = Option.getOrUndefined(input.model)
    const modelId = model === undefined ? undefined : ModelId.parse(model)
    if (modelId !== undefined && Result.isFailure(modelId)) return yield* usage(`--model: ${modelId.failure}`)
    const fs = yield* FileSystem.FileSystem
    for (const folder of input.inputsFrom) {
      const info = yield* Effect.option(fs.stat(folder))
      if (Option.isNone(info)) return yield* usage(`--inputs-from ${folder}: there is no such folder`)
      if (info.value.type !== "Directory") {
        return yield* usage(`--inputs-from ${folder}: this is not a folder; name the one that the images lie in`)
      }
    }
    const variables = yield* Flags.values(input.variables)
    const narrative = yield* Effect.mapError(
      Narrative.fromFile(input.file, {
        variables,
        inputsFrom: input.inputsFrom
      }),
      (error) => {
        const { length } = error.problems
        const many = length === 1 ? "" : `\n${length} problems; nothing was sent`
        return new CommandFailed({ exitCode: 2, text: `${error.message}${many}`, isPlain: true })
      }
    )
    const screen = yield* Screen.make
    for (const found of Lookalikes.lookalikes(narrative)) yield* screen.note(Lookalikes.say(input.file, found))
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const stdio = yield* Stdio.Stdio
    const style = canColor && (yield* stdio.stdoutIsTerminal) ? Lines.coloured : Lines.plain
    const options = yield* Flags.options(input)
    const defaultModel = options.defaultModel ?? GeminiConfig.defaultModel
    if (input.dryRun) {
      return yield* screen.write(shown`${preview(narrative, { forAll: model, byDefault: defaultModel }, style)}\n`)
    }

    const state = Option.isSome(input.state) ? yield* State.open(input.state.value) : State.none
    const server = yield* Server.choose(options, input.emulator)
    const output = input.json
      ? Output.json(screen, narrative.title, input.stream)
      : Output.text(screen, style, input.stream && input.concurrency === 1, defaultModel)
    yield* output.server(server.says)
    yield* output.kept(state.results)

    const progress = new Progress(narrative.acts.length, state.results.length, defaultModel)
    yield* screen.show((now, columns) => progress.line(now, columns))
    const { concurrency } = input
    const title = `gemini-fx run ${basename(input.file)}, process ${process.pid}`
    const events = Stream.unwrap(
      Effect.as(
        Lanes.tell(server.name, title),
        Narrative.executeStream(narrative, { model, concurrency, results: state.results })
      )
    )
    const play = events.pipe(
      Stream.runForEach(Effect.fnUntraced(function*(event) {
        progress.on(event, yield* Clock.currentTimeMillis)
        yield* output.on(event)
        if (event._tag === "ActFinished") yield* state.keep(event.result)
      })),
      Effect.provide(server.layer)
    )
    yield* showing(screen, play).pipe(
      Effect.catchTag("ActFailed", (error) =>
        Effect.andThen(
          output.failed(error),
          new CommandFailed({
            exitCode: 1,
            text: Explain.actFailed(error, narrative.acts.length, state !== State.none)
          })
        ))
    )
    yield* state.done
  })
).pipe(
  Command.withDescription("Play a narrative: acts in TOML, each by a model of its own"),
  Command.withExamples([
    { command: "gemini-fx run story.toml --stream", description: "Play it, writing the text as it comes" },
    { command: "gemini-fx run story.toml --dry-run --var topic=tides", description: "See what would be sent" }
  ])
)
