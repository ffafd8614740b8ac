/**
 * Deep research as an agent: an agent of Google's plans, searches and reads for minutes, and its report is the answer, with
 * what it cites and where. It is run, streamed, resumed and put into teams like any other agent.
 *
 * What it does on its way is recorded (`Progressed`), so that traces show it. Where the process dies, `Agent.resume` goes on
 * with the interaction that the server has under way, by its id: it is asked once more only if the process died before it
 * heard that id, and `Started` says so then. Without a `Journal` in the context it is kept in memory.
 *
 * With `plan: "ask"` people decide about its plan as they do about calls: the run is Suspended, an approval lets it go, and a
 * denial's reason says what to change in the plan.
 *
 * A research is bounded by its `budget` and `deadline`. `Bounds.time` says how long a run waits for it: it goes on at the
 * server, to be resumed.
 *
 * ```ts
 * import * as ResearchAgent from "effect-gemini-agents/ResearchAgent"
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Team from "effect-gemini-agents/Team"
 * import * as ResearchReport from "effect-gemini/research/ResearchReport"
 *
 * const research = ResearchAgent.make({ name: "research", budget: { tokens: 2_000_000 } })
 * const editor = Agent.make({ name: "editor", instructions: "You make a page of a report. Keep its sources." })
 *
 * const page = Team.sequence(research, ResearchReport.toMarkdown, editor)
 * console.log(page.name) // research-editor
 * ```
 *
 * @since 0.1.0
 */
import type { Interactions } from "effect-gemini/interactions/Interactions"
import type { PlanDecision } from "effect-gemini/research/ResearchEvent"
import type { ProposedPlan, ResearchDocument, ResearchSettings } from "effect-gemini/research/ResearchOptions"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Agent } from "./Agent.ts"
import { Changed } from "./AgentErrorReason.ts"
import type { Bounds } from "./Bounds.ts"
import * as Names from "./internal/names.ts"
import * as Output from "./internal/output.ts"
import * as Player from "./internal/Player.ts"
import * as ResearchRun from "./internal/researchRun.ts"
import * as TeamRun from "./internal/TeamRun.ts"

/**
 * What a research gives: its text in Markdown, the stretches that rest on sources, the sources, and `output`, the same in
 * the form of `outputSchema`. `ResearchReport.toMarkdown` writes it with marks, as the answer's `text` is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report<out Output = undefined> extends ResearchReport.WrittenReport {
  readonly query: string
  /** The interaction that wrote it, which a follow-up names in `previous_interaction_id`. */
  readonly interaction: string
  /** The plan that was approved, where one was asked for. */
  readonly plan?: string
  readonly searches: number
  readonly output: Output
}

/**
 * What a research agent is made of: a name, who researches, and what `DeepResearch` takes.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Output = undefined, E = never, R = never>
  extends Omit<ResearchSettings<Output, E, R>, "plan">
{
  /** Lower-case letters, digits and `-`, beginning with a letter: part of ids and span names. */
  readonly name: string
  readonly description?: string | undefined
  readonly version?: string | undefined
  /** Which agent of Google's researches. Default: `DeepResearch.defaultAgent`. */
  readonly agent?: string | undefined
  readonly documents?: ReadonlyArray<ResearchDocument> | undefined
  /** How long it may work, from its beginning or from the approval of its plan. Default 65 minutes. */
  readonly deadline?: Duration.Input | undefined
  /** Asks for a plan first, and people about it (`ask`), or a program. Without it the research begins at once. */
  readonly plan?: "ask" | ((plan: ProposedPlan) => Effect.Effect<PlanDecision, E, R>) | undefined
}

const schemaOf = <Output>(output: Schema.Codec<Output> | undefined) =>
  Schema.Struct({
    ...ResearchReport.WrittenReport.fields,
    query: Schema.String,
    interaction: Schema.String,
    plan: Schema.optionalKey(Schema.String),
    searches: Schema.Int,
    // Without a form of the output its type is `undefined`.
    output: output ?? (Schema.Undefined as Schema.Codec<unknown> as Schema.Codec<Output>)
  })

const moneyProblem = ({ money }: Bounds = {}): string | undefined =>
  money === undefined
    ? undefined
    : "what a research spends is not known before: bound it by its `budget`, which is looked at on the way"

/**
 * A research agent. It takes a question, and needs the service `Interactions`. What the server or the research's own bounds
 * refuse ends its run with ModelFailed.
 *
 * Throws a RangeError if the name cannot be one.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make<E = never, R = never>(
  options: Options<undefined, E, R> & { readonly outputSchema?: undefined }
): Agent<string, Report, never, E, R | Interactions, never, "plan">
export function make<Output, E = never, R = never>(
  options: Options<Output, E, R> & { readonly outputSchema: Schema.Codec<Output> }
): Agent<string, Report<Output>, never, E, R | Interactions, never, "plan">
export function make<Output, E, R>(
  { description, name, version, ...research }: Options<Output, E, R>
): Agent<string, Report<Output>, never, E, R | Interactions, never, "plan"> {
  Names.checked(name, "an agent")
  const input = Output.textJson<string>()
  const team = TeamRun.make<string, Report<Output>, never, E, R | Interactions, "plan">({
    name,
    description,
    version,
    inputToJson: input.to,
    output: Output.json<Report<Output>, unknown>(schemaOf(research.outputSchema)),
    textOf: ResearchReport.toMarkdown,
    play: ({ json }, children) => {
      const query = input.from(json)
      if (Result.isFailure(query)) {
        return Effect.fail(children.error<never>(new Changed({ what: `the input of the research (${query.failure})` })))
      }
      return Effect.map(
        ResearchRun.play({ ...research, query: query.success, plan: research.plan }, children),
        ({ citations, images, interaction, output, plan, query, searches, sources, text }): Report<Output> => ({
          text,
          citations,
          sources,
          images,
          query,
          interaction,
          searches,
          output,
          ...(plan === undefined ? {} : { plan })
        })
      )
    }
  }, research.plan === "ask" ? ["plan"] : [])
  const bounded = <A, E1, R1>(
    id: string,
    bounds: Bounds | undefined,
    run: Effect.Effect<A, E1, R1>
  ) => {
    const problem = moneyProblem(bounds)
    return problem === undefined ? run : Effect.fail(Player.refused(name, id, "bounds.money", problem))
  }
  return {
    ...team,
    begin: (query, options) => bounded(options.id ?? "", options.bounds, team.begin(query, options)),
    beginFrom: (json, options) => bounded(options.id ?? "", options.bounds, team.beginFrom(json, options)),
    turn: (id, query, options) => bounded(id, options.bounds, team.turn(id, query, options)),
    goOn: (id, decisions, options) => bounded(id, options.bounds, team.goOn(id, decisions, options))
  }
}
