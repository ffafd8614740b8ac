/**
 * Narratives as runs: each has an id, survives its process, can be watched, stopped, resumed and forked.
 *
 * A run plays what it was started with. An act whose answer is recorded is never asked again; an act in flight when the
 * process dies may be asked once more for each death, which is at most `concurrency` acts of a run. Such an act is marked
 * `mayHaveRun`, and its lost attempt is charged to the run's budget as its estimate.
 *
 * What may pass (an outage, a spent quota or budget, a deadline) pauses a run with its cause; `resume` asks that act
 * alone. What is final (blocked, invalid, empty) is the act's result.
 *
 * `FileRuns.layer` keeps runs in files of one machine; `layer` takes any journal; `layerMemory` is for tests.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Narrative from "effect-gemini-narrative/Narrative"
 * import * as Runs from "effect-gemini-narrative/Runs"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const runs = yield* Runs.Runs
 *   const story = yield* Narrative.parse("[[acts]]\nname = \"draft\"\nprompt = \"Say hello\"")
 *   const playing = yield* runs.start(story, { id: "story-1", budget: { money: "0.10" } })
 *   const { standing, totals } = yield* playing.end
 *   return [standing, totals.totalTokens, (yield* runs.results("story-1"))[0]?.text]
 * }).pipe(Effect.scoped)
 *
 * program.pipe(Effect.provide([Runs.layerMemory(), FetchGemini.layerConfig()]), Effect.runPromise)
 * ```
 *
 * @since 0.2.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { GeminiClient } from "effect-gemini/GeminiClient"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ActResult } from "./ActResult.ts"
import type { ActTools } from "./ActTools.ts"
import type { Decision } from "./Decision.ts"
import * as JournalRuns from "./internal/journalRuns.ts"
import type { Narrative } from "./Narrative.ts"
import type { OnFailure, Plan } from "./Plan.ts"
import type { RunError } from "./RunError.ts"
import type { RunEvent } from "./RunEvent.ts"
import type { FailureCause, RunBudget, RunTotals, Standing } from "./RunRecord.ts"
import type { RunState } from "./RunState.ts"

/**
 * How a run is played. All of it is recorded when the run starts, and holds for its resumptions unless they say
 * otherwise.
 *
 * @category options
 * @since 0.2.0
 */
export interface PlayOptions {
  /** How many acts may run at once. Default 1. */
  readonly concurrency?: number | undefined
  /** What the run may cost, over all its processes together. Default: no bound. */
  readonly budget?: RunBudget | undefined
  /** The functions that acts name under `tools`, in this process. An act that needs others pauses the run. */
  readonly tools?: ActTools | undefined
  /** Whether answers come as streams, so that watchers in this process see text as it comes. Default false. */
  readonly stream?: boolean | undefined
}

/**
 * How a run is started.
 *
 * @category options
 * @since 0.2.0
 */
export interface StartOptions extends PlayOptions {
  /**
   * The run's id: 1 to 128 letters, digits and `. _ ~ @ -`. Default: the title's words and six letters or digits by
   * chance.
   */
  readonly id?: string | undefined
  /** One model for every act, in place of their own. */
  readonly model?: string | undefined
  /** The model of acts that name none. Left out, it is the client's at the time when the act is asked. */
  readonly defaultModel?: string | undefined
  /** What becomes of the run when an act that does not say so itself fails for good. Default `stop`. */
  readonly onFailure?: OnFailure | undefined
}

/**
 * How a run is resumed.
 *
 * @category options
 * @since 0.2.0
 */
export interface ResumeOptions extends PlayOptions {
  /**
   * A newer text to go on with: acts whose key is the same keep their answers, the others and what depends on them are
   * asked.
   */
  readonly adopt?: Narrative | undefined
  /** With `adopt`: one model for every act. Default: that of the start. */
  readonly model?: string | undefined
  /** With `adopt`: the model of acts that name none. Default: that of the start. */
  readonly defaultModel?: string | undefined
}

/**
 * What a run came to so far: totals and names. The texts are in `results`.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunSummary {
  readonly id: string
  readonly title: string
  readonly file: string
  readonly standing: Standing
  /** How many acts the plan has, and how many of them are answered. */
  readonly acts: number
  readonly answered: number
  readonly failed: ReadonlyArray<string>
  readonly skipped: ReadonlyArray<string>
  readonly totals: RunTotals
  /** The acts that stand in the way of a paused run, and why. */
  readonly causes: ReadonlyArray<{ readonly act: string; readonly cause: FailureCause }>
  /** From when it is worth resuming, in milliseconds since the epoch, where that is known. */
  readonly until: number | undefined
  /** Whether it is paused because somebody stopped it. */
  readonly isStopped: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  /** The process that wrote last. It may have ended since. */
  readonly pid: number | undefined
}

/**
 * A run that this process plays, until the scope closes.
 *
 * @category models
 * @since 0.2.0
 */
export interface Playing {
  readonly id: string
  /**
   * The run's end: finished, failed, paused or cancelled, as the summary says. Fails only if the run could not be kept
   * (`StorageFull`), or somebody else took it over.
   */
  readonly end: Effect.Effect<RunSummary, RunError>
  /** Begins no further act and pauses the run. Acts in flight end first, or are aborted, to be asked again by `resume`. */
  readonly stop: (inFlight: "finish" | "abort") => Effect.Effect<void>
}

/**
 * One run of a list. If it cannot be read, because it is damaged, of a newer version or not a narrative's, `summary` says
 * why, and the list goes on.
 *
 * @category models
 * @since 0.2.0
 */
export interface ListedRun {
  readonly id: string
  readonly summary: Result.Result<RunSummary, RunError>
}

/**
 * The service that starts, resumes, watches and removes runs.
 *
 * @category models
 * @since 0.2.0
 */
export interface Service {
  /** Starts a run. When it returns the run is recorded and plays in the scope. Fails with `Exists` if the id is taken. */
  readonly start: (
    narrative: Narrative,
    options?: StartOptions
  ) => Effect.Effect<Playing, RunError, GeminiClient | Scope.Scope>
  /**
   * Goes on with a run. One that is finished stays so. Fails with `Busy` while another process plays it, and with
   * `Refused` if it failed for good or was cancelled, unless a newer text is adopted.
   */
  readonly resume: (
    id: string,
    options?: ResumeOptions
  ) => Effect.Effect<Playing, RunError, GeminiClient | Scope.Scope>
  /** Cancels a run, in whatever process it is played: requests in flight are aborted, and it cannot be resumed. */
  readonly cancel: (id: string) => Effect.Effect<RunSummary, RunError>
  /**
   * Decides about an act that waits for approval, in whatever process the run is played, or while none does: `resume` then
   * goes on. A decision is final. Fails with `Refused` if the act does not wait for one.
   */
  readonly decide: (id: string, act: string, decision: Decision) => Effect.Effect<void, RunError>
  readonly get: (id: string) => Effect.Effect<RunState, RunError>
  /** What the run plays: text, variables, acts. */
  readonly plan: (id: string) => Effect.Effect<Plan, RunError>
  /** The answers so far, in the order of the file. */
  readonly results: (id: string) => Effect.Effect<ReadonlyArray<ActResult>, RunError>
  /**
   * The run as one page of HTML that needs nothing else: when what ran, waited and died, tokens and cost by act and model,
   * prompts, answers and images. What models and people wrote is escaped, and the page may run no script.
   */
  readonly report: (id: string) => Effect.Effect<string, RunError>
  /** Runs whose id begins with `prefix`, sorted by id. */
  readonly list: (prefix?: string) => Stream.Stream<ListedRun, RunError>
  /**
   * The events from the number `from` (default 0), and then each one as it happens, in whatever process, until the run is
   * finished, failed or cancelled. While it is paused the stream waits for its resumption.
   */
  readonly events: (id: string, from?: number) => Stream.Stream<RunEvent, RunError>
  /**
   * Makes a new run of the same plan with the same answers, except for the act and what depends on it, and returns its
   * id. `resume` plays it.
   */
  readonly fork: (
    id: string,
    act: string,
    options?: { readonly id?: string | undefined }
  ) => Effect.Effect<string, RunError>
  /** Removes runs with all they keep; see `Journal.PruneOptions`. */
  readonly prune: (options: Journal.PruneOptions) => Effect.Effect<Journal.Pruned, RunError>
  /** Removes one run. Fails with `Busy` while a process plays it. */
  readonly remove: (id: string) => Effect.Effect<void, RunError>
}

/**
 * Narratives as runs, wherever they are kept.
 *
 * @category services
 * @since 0.2.0
 */
export class Runs extends Context.Service<Runs, Service>()("effect-gemini-narrative/Runs") {}

/**
 * Runs over the `Journal` of the context.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Runs, never, Journal.Journal> = /* @__PURE__ */ Layer.effect(
  Runs,
  JournalRuns.make()
)

/**
 * Runs in the memory of this process.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerMemory = (options: Journal.Options = {}): Layer.Layer<Runs> =>
  Layer.provide(layer, Journal.layerMemory(options))
