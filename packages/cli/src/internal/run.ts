/**
 * `gemini-fx run FILE`: plays a narrative as a run, which has an id and survives this process, and writes its text.
 */
import * as Forecast from "effect-gemini-narrative/Forecast"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Plan from "effect-gemini-narrative/Plan"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import { basename } from "node:path"
import { notes } from "./check.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { detach } from "./detach.ts"
import * as Flags from "./flags.ts"
import * as Lanes from "./lanes.ts"
import * as Lines from "./lines.ts"
import { preview } from "./preview.ts"
import { clientOf } from "./runs/clientOf.ts"
import * as Find from "./runs/find.ts"
import * as Place from "./runs/Place.ts"
import { play } from "./runs/play.ts"
import * as PlayFlags from "./runs/playFlags.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { json as toJson, shown } from "./Shown.ts"
import * as Variables from "./variables.ts"

const flags = {
  file: Argument.String("file").pipe(Argument.withDescription("the narrative, in TOML")),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("one model for every act; default: the acts' own, else GEMINI_FX_MODEL"),
    Flag.optional
  ),
  variables: Flags.variables,
  inputsFrom: Flags.inputsFrom,
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("check it and print what would be sent; sends nothing"),
    Flag.withDefault(false)
  ),
  id: Flag.String("id").pipe(Flag.withDescription("the run's id; default: one is made of the title"), Flag.optional),
  onFailure: Flag.Literals("on-failure", ["stop", "skip"]).pipe(
    Flag.withDescription(
      "when an act fails for good: stop the run, or leave out only what needs that act; default: stop"
    ),
    Flag.withDefault("stop")
  ),
  ...PlayFlags.flags,
  // Files of results were kept by this flag before there were runs.
  state: Flag.String("state").pipe(Flag.withHidden, Flag.optional)
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** Refuses folders of images that are none, before anything is read. */
const checkFolders = Effect.fnUntraced(function*(folders: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  for (const folder of folders) {
    const info = yield* Effect.option(fs.stat(folder))
    if (Option.isNone(info)) return yield* usage(`--inputs-from ${folder}: there is no such folder`)
    if (info.value.type !== "Directory") {
      return yield* usage(`--inputs-from ${folder}: this is not a folder; name the one that the images lie in`)
    }
  }
})

/** An id that this command knows before the run is there: words of the title, and letters by chance. */
const freshId = Effect.fnUntraced(function*(title: string) {
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 24)
  const letters = (yield* Random.nextIntBetween(0, 36 ** 6)).toString(36).padStart(6, "0")
  return `${words.replace(/-+$/, "") || "run"}-${letters}`
})

export const runCommand = Command.make(
  "run",
  flags,
  Effect.fnUntraced(function*(input) {
    if (Option.isSome(input.state)) {
      return yield* usage(
        "--state is gone, because every run is kept now: after a failure `gemini-fx runs resume last` goes on, " +
          `and \`gemini-fx runs\` lists them; nothing was sent, and ${input.state.value} was left as it is`
      )
    }
    const playOptions = yield* PlayFlags.options(input)
    const model = Option.getOrUndefined(input.model)
    const modelId = model === undefined ? undefined : ModelId.parse(model)
    if (modelId !== undefined && Result.isFailure(modelId)) return yield* usage(`--model: ${modelId.failure}`)
    yield* checkFolders(input.inputsFrom)
    if (input.detach && input.variables.some((given) => given.endsWith("=-"))) {
      return yield* usage("--detach: a process of its own has no stdin; put the text in a file: --var name=@file")
    }
    const variables = yield* Variables.values(input.variables)
    const narrative = yield* Effect.mapError(
      Narrative.fromFile(input.file, { variables, inputsFrom: input.inputsFrom, tools: [] }),
      (error) => {
        const { length } = error.problems
        const many = length === 1 ? "" : `\n${length} problems; nothing was sent`
        return new CommandFailed({ exitCode: 2, text: `${error.message}${many}`, isPlain: true })
      }
    )
    yield* PlayFlags.checkOnly(input.only, narrative.acts.map(({ name }) => name))
    const screen = yield* Screen.make
    for (const note of notes(narrative)) yield* screen.note(note)
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const stdio = yield* Stdio.Stdio
    const style = canColor && (yield* stdio.stdoutIsTerminal) ? Lines.coloured : Lines.plain
    const shared = yield* Flags.options(input)
    const defaultModel = shared.defaultModel ?? GeminiConfig.defaultModel
    if (input.dryRun) {
      const { plan } = yield* Plan.make(narrative, { model })
      const forecast = Forecast.of(plan, { defaultModel, tier: shared.tier })
      const models = { forAll: model, byDefault: defaultModel }
      return yield* screen.write(shown`${preview(narrative, models, forecast, style)}\n`)
    }

    const { onFailure, onInterrupt } = input
    const place = yield* Place.choose(input.where)
    const server = place._tag === "Fleet" ? Server.fleet : yield* Server.choose(shared, input.emulator)
    yield* Find.over(
      place,
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const given = Option.getOrUndefined(input.id)
        if (input.detach) {
          const id = given ?? (yield* freshId(narrative.title))
          yield* Find.checkFree(id)
          if (place._tag === "Fleet") {
            yield* Effect.scoped(
              Effect.provide(
                runs.start(narrative, { ...playOptions, id, model, defaultModel, onFailure }),
                server.layer
              )
            )
            if (input.json) return yield* screen.write(`${toJson({ id })}\n`)
            yield* screen.write(`${id}\n`)
            return yield* screen.note(
              `the fleet plays it; to watch it: gemini-fx runs watch ${id}${Place.named(place)}`
            )
          }
          const args = (yield* stdio.args).filter((arg) => arg !== "--detach")
          const pid = yield* detach(given === undefined ? [...args, "--id", id] : args, Find.exists(id))
          if (input.json) return yield* screen.write(`${toJson({ id, pid })}\n`)
          yield* screen.write(`${id}\n`)
          return yield* screen.note(
            `process ${pid ?? "?"} plays it; to watch it: gemini-fx runs watch ${id}${Place.named(place)}`
          )
        }
        const output = yield* PlayFlags.output(screen, style, input, {
          defaultModel,
          isRehearsal: Server.isEmbedded(server)
        })
        const title = `gemini-fx run ${basename(input.file)}, process ${process.pid}`
        const begin = Effect.gen(function*() {
          if (place._tag === "Folder") yield* Lanes.tell(server.name, title)
          const playing = yield* runs.start(narrative, { ...playOptions, id: given, model, defaultModel, onFailure })
          yield* output.begins(server.says, playing.id)
          return playing
        })
        yield* Effect.provide(
          play({
            screen,
            output,
            onInterrupt,
            onCut: input.onCut,
            defaultModel,
            place,
            kept: [],
            from: 0,
            acts: narrative.acts.length,
            begin
          }),
          clientOf(server, narrative.acts, model)
        )
      })
    )
  })
).pipe(
  Command.withDescription("Play a narrative: acts in TOML, each by a model of its own"),
  Command.withExamples([
    { command: "gemini-fx run story.toml --stream", description: "Play it, writing the text as it comes" },
    { command: "gemini-fx run story.toml --dry-run --var topic=tides", description: "See what would be sent" },
    { command: "gemini-fx run story.toml --only final > final.md", description: "Only what the act `final` wrote" },
    { command: "gemini-fx run story.toml --detach", description: "In a process of its own, which can be watched" }
  ])
)
