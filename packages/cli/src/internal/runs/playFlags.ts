/** Flags of the commands that play a run: `run` and `runs resume`. */
import type { PlayOptions } from "effect-gemini-narrative/Runs"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as AnswerSink from "../ask/AnswerSink.ts"
import * as OutFile from "../ask/outFile.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Lines from "../lines.ts"
import * as Output from "../Output.ts"
import type { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"

export const flags = {
  stream: Flag.Boolean("stream").pipe(
    Flag.withDescription("write the text as it comes, not act by act; with --json one event a line"),
    Flag.withDefault(false)
  ),
  json: Flags.json("write one JSON document instead of text"),
  only: Flag.String("only").pipe(
    Flag.withAlias("act"),
    Flag.withMetavar("act"),
    Flag.withDescription("write only the text of this act to stdout, the rest to stderr; default: all acts"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("write the texts of the acts into this file, or that of --act, or the JSON; default: stdout"),
    Flag.optional
  ),
  quiet: Flag.Boolean("quiet").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("write the texts of the acts alone, when the run has finished; default: off"),
    Flag.withDefault(false)
  ),
  onCut: Flag.Literals("on-cut", ["say", "fail"]).pipe(
    Flag.withDescription("what an act is that was cut at max_output_tokens: said, or the end of the run; default: say"),
    Flag.withDefault("say")
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withAlias("c"),
    Flag.withDescription(
      "acts that may run at once, where none needs the other; text then comes act by act; default: 1"
    ),
    Flag.optional
  ),
  budget: Flag.String("budget").pipe(
    Flag.withMetavar("dollars"),
    Flag.withDescription("what the run may cost, over all its processes together; then it pauses; default: no limit"),
    Flag.optional
  ),
  tokenBudget: Flag.Int("token-budget").pipe(
    Flag.withDescription("the tokens that the run may use, in and out together; then it pauses; default: no limit"),
    Flag.optional
  ),
  onInterrupt: Flag.Literals("on-interrupt", ["finish", "abort"]).pipe(
    Flag.withDescription(
      "what becomes of acts in flight at the first Ctrl-C; the second leaves at once; default: finish"
    ),
    Flag.withDefault("finish")
  ),
  detach: Flag.Boolean("detach").pipe(
    Flag.withDescription("play it in a process of its own, say the run's id and return"),
    Flag.withDefault(false)
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: free, none with the emulator"),
  config: Flags.config,
  where: Place.flags
}

/** The values of `flags`. */
export interface Input {
  readonly stream: boolean
  readonly json: boolean
  readonly only: Option.Option<string>
  readonly out: Option.Option<string>
  readonly quiet: boolean
  readonly concurrency: Option.Option<number>
  readonly budget: Option.Option<string>
  readonly tokenBudget: Option.Option<number>
}

const usage = (text: string) => Result.fail(new CommandFailed({ exitCode: 2, text }))

/** How the run is played, or what is wrong with the flags. */
const checked = (input: Input): Result.Result<PlayOptions, CommandFailed> => {
  const concurrency = Option.getOrUndefined(input.concurrency)
  const money = Option.getOrUndefined(input.budget)?.replace(/^\$/, "")
  const tokens = Option.getOrUndefined(input.tokenBudget)
  if (concurrency !== undefined && concurrency < 1) {
    return usage(`--concurrency: expected at least 1, got ${concurrency}`)
  }
  if (money !== undefined && !/^\d{1,9}(?:\.\d{1,12})?$/.test(money)) {
    return usage(`--budget ${money}: expected dollars, such as 0.50`)
  }
  if (tokens !== undefined && tokens < 1) return usage(`--token-budget: expected at least 1, got ${tokens}`)
  if (input.json && Option.isSome(input.only)) return usage("--only writes a text and --json a document: choose one")
  if (input.quiet && input.json) return usage("--quiet writes texts and --json a document: choose one")
  if (Option.isSome(input.out) && input.json && input.stream) {
    return usage("--out writes one document, and --json with --stream lines as they come: choose one")
  }
  const budget = {
    ...(money === undefined ? {} : { money }),
    ...(tokens === undefined ? {} : { tokens })
  }
  return Result.succeed({
    stream: input.stream,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(Object.keys(budget).length === 0 ? {} : { budget })
  })
}

export const options = (input: Input): Effect.Effect<PlayOptions, CommandFailed> => Effect.fromResult(checked(input))

/** Refuses an act that the narrative does not have. */
export const checkOnly = (
  only: Option.Option<string>,
  acts: ReadonlyArray<string>
): Effect.Effect<void, CommandFailed> =>
  Option.isNone(only) || acts.includes(only.value)
    ? Effect.void
    : Effect.fail(
      new CommandFailed({
        exitCode: 2,
        text: `--only ${only.value}: there is no act of this name; the acts are ${acts.join(", ")}`
      })
    )

export const output = Effect.fnUntraced(function*(
  screen: Screen,
  style: Lines.Style,
  { concurrency, json, only, out, quiet, stream }: Input,
  { defaultModel, isRehearsal }: { readonly defaultModel: string; readonly isRehearsal: boolean }
) {
  const act = Option.getOrUndefined(only)
  if (Option.isSome(out)) {
    const fs = yield* FileSystem.FileSystem
    yield* OutFile.check(out.value)
    const write = (text: string) =>
      OutFile.write(out.value, text).pipe(Effect.provideService(FileSystem.FileSystem, fs))
    return json ? Output.json({ ...screen, write }, false) : Output.file(screen, act, write)
  }
  if (json) return Output.json(screen, stream)
  if (act !== undefined) return Output.only(screen, act)
  if (quiet) return Output.quiet(screen)
  const oneByOne = Option.getOrElse(concurrency, () => 1) === 1
  const answers = yield* AnswerSink.each(screen, style === Lines.coloured)
  return Output.text(screen, style, stream && oneByOne, defaultModel, isRehearsal, answers)
})
