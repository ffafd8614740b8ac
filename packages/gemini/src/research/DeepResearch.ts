/**
 * Deep research: an agent of Google's plans, searches and reads for minutes, and writes a report with its sources.
 *
 * The research keeps what it did in the Journal of the context: the interaction's name, the last event, the plan, what
 * was told. Where the process dies, the same call with the same `id` goes on (so does `resume`, which needs no question):
 * it asks for no interaction twice that the server has named, and tells everything again from the first, as it was told.
 * Who stops reading stops listening, and the agent goes on. Without a Journal it is kept in memory.
 *
 * - With `plan` the agent proposes a plan, which somebody approves or changes before it begins.
 * - With `outputSchema` a model puts the report into a form when it is written.
 * - Beyond its `deadline` or `budget` it is cancelled.
 *
 * ```ts
 * import * as DeepResearch from "effect-gemini/research/DeepResearch"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Interactions from "effect-gemini/interactions/Interactions"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as FileJournal from "effect-gemini-journal/FileJournal"
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const apiKey = Redacted.make(process.env.GEMINI_API_KEY ?? "")
 *
 * const Gemini = Interactions.layer().pipe(
 *   Layer.provide([
 *     FetchGemini.layer({ apiKey }),
 *     Layer.provide(ResourceHttp.layer({ apiKey }), FetchHttpClient.layer)
 *   ])
 * )
 *
 * const program = DeepResearch.run({
 *   id: "tides",
 *   query: "How are tides predicted today, and by whom?",
 *   plan: ({ plan }) => Effect.as(Effect.log(plan), { _tag: "Approve" })
 * }).pipe(
 *   Stream.runForEach((event) =>
 *     event._tag === "Finished"
 *       ? Effect.log(event.report.text, event.report.sources.length)
 *       : event._tag === "Searched"
 *       ? Effect.log(event.queries)
 *       : Effect.void
 *   ),
 *   Effect.provide([Gemini, FileJournal.layer({ directory: "./runs" }).pipe(Layer.provide(NodeServices.layer))])
 * )
 * ```
 *
 * It needs the package `effect-gemini-journal`.
 *
 * @since 0.2.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import type { Interactions } from "../interactions/Interactions.ts"
import * as Begin from "../internal/research/begin.ts"
import * as Finished from "../internal/research/finished.ts"
import * as ResearchLog from "../internal/research/ResearchLog.ts"
import * as Kept from "../internal/research/researchRecord.ts"
import type { ResourceHandle } from "../resources/ResourceHandle.ts"
import type { ResearchEvent, ResearchStage } from "./ResearchEvent.ts"
import type { ResearchOptions, ResearchSettings } from "./ResearchOptions.ts"
import type { ResearchReport } from "./ResearchReport.ts"

/** The start of the ids of its runs in the Journal, by which `Journal.prune` finds those that are old. */
export const prefix: string = ResearchLog.prefix

/**
 * The agent that is asked if none is named.
 *
 * @category constants
 * @since 0.2.0
 */
export const defaultAgent: string = Begin.defaultAgent

/**
 * Begins the research of this id, or goes on with it. The stream's last event is `Finished`; one that is finished gives
 * the same events again. A failure leaves it as it stands, to be gone on with, unless it came to its end: failed at the
 * server, cancelled, or beyond its deadline or budget.
 *
 * @category constructors
 * @since 0.2.0
 */
export function run<E = never, R = never>(
  options: ResearchOptions<undefined, E, R> & { readonly outputSchema?: undefined }
): Stream.Stream<ResearchEvent, GeminiError | JournalError | E, R | Interactions>
export function run<Output, E = never, R = never>(
  options: ResearchOptions<Output, E, R> & { readonly outputSchema: Schema.Codec<Output> }
): Stream.Stream<ResearchEvent<Output>, GeminiError | JournalError | E, R | Interactions>
export function run<Output, E, R>(
  options: ResearchOptions<Output, E, R>
): Stream.Stream<ResearchEvent<Output | undefined>, GeminiError | JournalError | E, R | Interactions> {
  return Begin.begun(options)
}

/**
 * Goes on with a research by its id alone. What is not kept has to be given again: who decides about the plan, the
 * schema of the output, tools and their headers. Fails with NotFound if there is none of this id.
 *
 * @category constructors
 * @since 0.2.0
 */
export function resume<E = never, R = never>(
  id: string,
  settings?: ResearchSettings<undefined, E, R> & { readonly outputSchema?: undefined }
): Stream.Stream<ResearchEvent, GeminiError | JournalError | E, R | Interactions | Journal.Journal>
export function resume<Output, E = never, R = never>(
  id: string,
  settings: ResearchSettings<Output, E, R> & { readonly outputSchema: Schema.Codec<Output> }
): Stream.Stream<ResearchEvent<Output>, GeminiError | JournalError | E, R | Interactions | Journal.Journal>
export function resume<Output, E, R>(
  id: string,
  settings: ResearchSettings<Output, E, R> = {}
): Stream.Stream<
  ResearchEvent<Output | undefined>,
  GeminiError | JournalError | E,
  R | Interactions | Journal.Journal
> {
  return Begin.resumed(id, settings)
}

/**
 * How far a research is.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResearchStatus {
  readonly id: string
  readonly query: string
  readonly agent: string
  /**
   * The state in a word. `awaiting`: its plan waits for a decision. `begun`: nothing was asked yet. The last four are ends without a report.
   */
  readonly state:
    | "begun"
    | "planning"
    | "awaiting"
    | "researching"
    | "shaping"
    | "finished"
    | "failed"
    | "cancelled"
    | "deadline"
    | "budget"
  /** The interaction that is under way. */
  readonly open: { readonly stage: ResearchStage; readonly interaction: ResourceHandle | undefined } | undefined
  /** The last plan. */
  readonly plan: string | undefined
  readonly searches: number
  /** The report, when the agent has written it; its form is left out. */
  readonly report: ResearchReport | undefined
  /** Why it came to no report. */
  readonly message: string | undefined
}

/**
 * How far a research is by its Journal, whoever runs it. `pricedAs` and `prices` are for the cost of its report.
 *
 * @category getters
 * @since 0.2.0
 */
export const status = (
  id: string,
  options: Pick<ResearchSettings, "pricedAs" | "prices"> = {}
): Effect.Effect<ResearchStatus, JournalError, Journal.Journal> =>
  Effect.flatMap(Journal.Journal, (journal) => {
    const log = ResearchLog.seen(journal, id)
    return Effect.flatMap(
      Stream.runFold(log.before, () => Kept.nothing, Kept.step),
      (state) =>
        Effect.map(Finished.plainOf(id, log, state, options), (report): ResearchStatus => ({
          id,
          query: state.begun?.query ?? "",
          agent: state.begun?.agent ?? "",
          state: Kept.stateOf(state),
          open: state.open && { stage: state.open.stage, interaction: state.open.handle },
          plan: state.plan,
          searches: state.searches,
          report,
          message: state.stopped?.message
        }))
    )
  })

/**
 * Cancels a research that nobody runs at the moment (else it fails with Busy), at the server, too.
 *
 * @category constructors
 * @since 0.2.0
 */
export const cancel = (
  id: string
): Effect.Effect<ResearchStatus, GeminiError | JournalError, Journal.Journal | Interactions> =>
  Effect.andThen(Begin.cancelled(id), status(id))
