/**
 * Plays a run in this process and shows it, until it is over, paused or stopped; `run` and `runs resume` are this with
 * another beginning.
 *
 * The first Ctrl-C begins no further act and ends or aborts those in flight; the second leaves at once. A reader of the
 * output who goes, and a terminal that is closed, stop the run as well. Whatever ends it, the answers are kept.
 */
import type { ActResult } from "effect-gemini-narrative/ActResult"
import * as Totals from "effect-gemini-narrative/ActResult"
import type { NarrativeEvent } from "effect-gemini-narrative/NarrativeEvent"
import type { RunError } from "effect-gemini-narrative/RunError"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Clock from "effect/Clock"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { PlatformError } from "effect/PlatformError"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as Interrupts from "../interrupts.ts"
import type { Output } from "../Output.ts"
import { isPart, Progress } from "../Progress.ts"
import type { Screen } from "../Screen.ts"
import * as Find from "./find.ts"
import { isEnd, scenes } from "./follow.ts"
import { withKept } from "./narrativeRun.ts"
import * as Place from "./Place.ts"

export interface Options<R> {
  readonly screen: Screen
  readonly output: Output
  /** What becomes of acts in flight at the first Ctrl-C. */
  readonly onInterrupt: "finish" | "abort"
  /** Whether an act that was cut at its most tokens ends the run. */
  readonly onCut: "say" | "fail"
  readonly defaultModel: string
  readonly place: Place.Place
  /** Results that are there before. */
  readonly kept: ReadonlyArray<ActResult>
  /** The first event that is shown. */
  readonly from: number
  readonly acts: number
  readonly begin: Effect.Effect<Runs.Playing, RunError | ConfigError | PlatformError | CommandFailed, R>
}

const isCut = (event: NarrativeEvent): boolean =>
  event._tag === "ActFinished" && event.result.finishReason === "MAX_TOKENS"

/** Draws the status line until the scope ends, and wipes it then. */
const drawing = (screen: Screen) =>
  screen.isLive
    ? Effect.andThen(
      Effect.addFinalizer(() => Effect.ignore(screen.hide)),
      Effect.forkScoped(Effect.repeat(screen.refresh, Schedule.spaced("100 millis")))
    )
    : Effect.void

export const play = Effect.fnUntraced(function*<R>(options: Options<R>) {
  const { acts, from, kept, onInterrupt, output, place, screen } = options
  const runs = yield* Runs.Runs
  const begunAt = yield* Clock.currentTimeMillis
  const playing = yield* options.begin
  const { id } = playing
  yield* output.kept(kept)

  const progress = new Progress(acts, kept.filter(({ act }) => !isPart(act)).length, options.defaultModel)
  yield* screen.show((now, columns) => progress.line(now, columns))
  yield* drawing(screen)
  const showing: Effect.Effect<void, CommandFailed | PlatformError> = runs.events(id, from).pipe(
    Stream.takeUntil(isEnd),
    // That this process goes on with it is known to who called it.
    Stream.filter((event) => event._tag !== "Opened" || event.pid !== process.pid),
    Stream.mapError(Find.failed),
    Stream.runForEach(Effect.fnUntraced(function*(event) {
      const now = yield* Clock.currentTimeMillis
      for (const scene of yield* Effect.mapError(scenes(runs, id, event, now), Find.failed)) {
        if (scene._tag === "Remark") yield* output.remark(scene.line)
        else {
          progress.on(scene.event, now)
          yield* output.on(scene.event)
          if (options.onCut === "fail" && isCut(scene.event)) {
            return yield* new CommandFailed({
              exitCode: 1,
              text: `act "${scene.event.act}" was cut at max_output_tokens; the run is stopped\n` +
                `  with more of them in the file: gemini-fx runs resume ${id} --adopt FILE\n` +
                `  with the cut text as it is: ${again}`
            })
          }
        }
      }
    }))
  )
  const told = yield* Effect.forkScoped(showing)
  const end = Effect.mapError(playing.end, Find.failed)
  const isFleet = place._tag === "Fleet"
  const again = `gemini-fx runs resume ${id}${Place.named(place)}`

  /** How many acts are kept, and how to go on. */
  const howToGoOn = (summary: Runs.RunSummary): string =>
    summary.standing === "paused"
      ? `${summary.answered} of ${summary.acts} acts are kept\n  to go on: ${again}`
      : `${summary.answered} of ${summary.acts} acts; the run is ${summary.standing}`

  const stopping = (inFlight: "finish" | "abort") =>
    Effect.gen(function*() {
      yield* playing.stop(inFlight)
      const summary = yield* end
      yield* Effect.ignore(Fiber.join(told))
      return summary
    })
  /** A fleet's run is played by its workers, whoever looks. */
  const left = screen.note(
    `no longer watched; the fleet goes on with it\n  to watch it: gemini-fx runs watch ${id}${Place.named(place)}\n` +
      `  to end it:   gemini-fx runs cancel ${id}${Place.named(place)}`
  )
  const interrupted = Effect.scoped(Effect.gen(function*() {
    yield* Interrupts.leaving(() =>
      screen.now(`left at once; what was in flight may be asked again\n  to go on: ${again}`)
    )
    const { acts } = yield* runs.get(id)
    const names = acts.flatMap(({ act, status }) => status === "asked" ? [act] : [])
    if (onInterrupt === "finish" && names.length > 0) {
      yield* screen.note(
        `stopping when ${names.join(", ")} ${names.length > 1 ? "have" : "has"} ended; ` +
          "Ctrl-C again leaves at once"
      )
    }
    const summary = yield* stopping(onInterrupt)
    yield* screen.note(`interrupted: ${howToGoOn(summary)}`)
  }))
  /** The reader of the output has gone, or the terminal: nobody waits for the acts in flight. */
  const unheard = Effect.gen(function*() {
    yield* Fiber.interrupt(told)
    if (isFleet) return
    yield* playing.stop("abort")
    const summary = yield* end
    if (summary.standing === "paused") yield* Effect.ignore(screen.note(`stopped: ${howToGoOn(summary)}`))
  })

  /** A run that was over before has nothing more to show. */
  const shown = Effect.gen(function*() {
    const { next } = yield* Effect.mapError(runs.get(id), Find.failed)
    if (next > from) yield* Fiber.join(told)
  })
  const summary = yield* Effect.raceFirst(
    Effect.tap(end, () => shown),
    Effect.andThen(Fiber.join(told), Effect.never)
  ).pipe(
    Effect.raceFirst(Effect.andThen(Interrupts.hungUp, Effect.fail(new CommandFailed({ exitCode: 129, text: "" })))),
    Effect.tapError((error) =>
      error._tag === "PlatformError" || error.exitCode === 129 || options.onCut === "fail"
        ? Effect.ignore(unheard)
        : Effect.void
    ),
    Effect.onInterrupt(() => Effect.ignore(isFleet ? left : interrupted))
  )
  const results = yield* Effect.mapError(runs.results(id), Find.failed)
  const run = withKept(yield* Effect.mapError(runs.get(id), Find.failed), results)
  const now = yield* Clock.currentTimeMillis
  // The time between two processes of a run is nobody's waiting.
  const totals = { ...Totals.totals(results), duration: Math.max(0, now - begunAt) }
  yield* output.ended({ run, state: summary.standing, results, totals })
  if (summary.standing === "finished") return
  return yield* new CommandFailed({ exitCode: 1, text: Explain.runEnded(run, again, now) })
}, Effect.scoped)
