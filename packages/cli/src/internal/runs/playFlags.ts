/** Flags of the commands that play a run: `run` and `runs resume`. */
import type { PlayOptions } from "effect-gemini-narrative/Runs"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Lines from "../lines.ts"
import * as Output from "../Output.ts"
import type { Screen } from "../Screen.ts"
import * as Find from "./find.ts"

export const flags = {
  stream: Flag.Boolean("stream").pipe(
    Flag.withDescription("write the text as it comes, not act by act; with --json one event a line"),
    Flag.withDefault(false)
  ),
  json: Flags.json("write one JSON document instead of text"),
  only: Flag.String("only").pipe(
    Flag.withMetavar("act"),
    Flag.withDescription("write only the text of this act to stdout, the rest to stderr"),
    Flag.optional
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("acts that may run at once, where none needs the other; text then comes act by act"),
    Flag.optional
  ),
  budget: Flag.String("budget").pipe(
    Flag.withMetavar("dollars"),
    Flag.withDescription("what the run may cost, over all its processes together; then it pauses"),
    Flag.optional
  ),
  tokenBudget: Flag.Int("token-budget").pipe(
    Flag.withDescription("the tokens that the run may use, in and out together; then it pauses"),
    Flag.optional
  ),
  onInterrupt: Flag.Literals("on-interrupt", ["finish", "abort"]).pipe(
    Flag.withDescription("what becomes of acts in flight at the first Ctrl-C; the second leaves at once"),
    Flag.withDefault("finish")
  ),
  detach: Flag.Boolean("detach").pipe(
    Flag.withDescription("play it in a process of its own, say the run's id and return"),
    Flag.withDefault(false)
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: free, none with the emulator"),
  config: Flags.config,
  directory: Find.directory
}

/** The values of `flags`. */
export interface Input {
  readonly stream: boolean
  readonly json: boolean
  readonly only: Option.Option<string>
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

export const output = (
  screen: Screen,
  style: Lines.Style,
  { concurrency, json, only, stream }: Input,
  { defaultModel, isRehearsal }: { readonly defaultModel: string; readonly isRehearsal: boolean }
): Output.Output => {
  if (json) return Output.json(screen, stream)
  if (Option.isSome(only)) return Output.only(screen, only.value)
  const oneByOne = Option.getOrElse(concurrency, () => 1) === 1
  return Output.text(screen, style, stream && oneByOne, defaultModel, isRehearsal)
}
