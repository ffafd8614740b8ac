/**
 * What a deep research tells on its way: the plan, what it thinks, searches and reads, the report as it is written, and
 * at the end the whole report.
 *
 * Everything but the end is plain JSON, as the journal keeps it, so a research that goes on in another process tells it
 * again from the first.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { ResourceHandle } from "../resources/ResourceHandle.ts"
import type { ResearchReport } from "./ResearchReport.ts"

/**
 * The three kinds of interactions of a research: the agent plans, it works, or a model puts the report into a form.
 *
 * @category models
 * @since 0.2.0
 */
export type ResearchStage = "plan" | "research" | "output"

const stage = /* @__PURE__ */ Schema.Literals(["plan", "research", "output"])

/**
 * What a person says to a plan: go, or change it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PlanDecision = /* @__PURE__ */ Schema.Union([
  Schema.TaggedStruct("Approve", {}),
  Schema.TaggedStruct("Change", { text: Schema.String })
])

/**
 * @category models
 * @since 0.2.0
 */
export type PlanDecision = typeof PlanDecision.Type

/**
 * What happens before the end.
 *
 * - `Started`: the server has named an interaction. With it another process could go on. `isAgain`: it was asked once
 *   more, because the process died before it heard the name; the first may have been charged.
 * - `Planned`: a plan to decide about, the `revision`-th of this research, from 1. `Decided` is the decision.
 * - `Thought`: the summary of a thought. `Searched`: queries to Google, or to files. `Read`: addresses. `Used`: another
 *   tool, by its name in the steps.
 * - `Written`: a piece of the report, or of the plan.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResearchProgress = /* @__PURE__ */ Schema.Union([
  Schema.TaggedStruct("Started", { stage, interaction: ResourceHandle, isAgain: Schema.Boolean }),
  Schema.TaggedStruct("Planned", { plan: Schema.String, revision: Schema.Int }),
  Schema.TaggedStruct("Decided", { decision: PlanDecision }),
  Schema.TaggedStruct("Thought", { text: Schema.String }),
  Schema.TaggedStruct("Searched", {
    in: Schema.Literals(["google", "files", "maps"]),
    queries: Schema.Array(Schema.String)
  }),
  Schema.TaggedStruct("Read", { urls: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("Used", { tool: Schema.String }),
  Schema.TaggedStruct("Written", { stage, text: Schema.String })
])

/**
 * @category models
 * @since 0.2.0
 */
export type ResearchProgress = typeof ResearchProgress.Type

/**
 * An event: progress, and at the end `Finished`, once, with the report.
 *
 * @category models
 * @since 0.2.0
 */
export type ResearchEvent<Output = undefined> = ResearchProgress | {
  readonly _tag: "Finished"
  readonly report: ResearchReport<Output>
}
