/** The whole report out of what the journal holds. */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Cost from "../../Cost.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import type { ResearchSettings } from "../../research/ResearchOptions.ts"
import type { ResearchReport, ResearchUsage, WrittenReport } from "../../research/ResearchReport.ts"
import * as UsageSum from "../interactions/usageSum.ts"
import type { ResearchLog } from "./ResearchLog.ts"
import * as Kept from "./researchRecord.ts"
import * as Shaping from "./shaping.ts"

/** What the interactions of a research used, in their order. */
export const usagesOf = ({ ended }: Kept.ResearchState): ReadonlyArray<ResearchUsage> =>
  ended.flatMap(({ of, stage, usage }) => usage === undefined ? [] : [{ stage, of, usage }])

export const costOf = (
  usages: ReadonlyArray<ResearchUsage>,
  { pricedAs, prices }: Pick<ResearchSettings, "pricedAs" | "prices">
): Cost.Cost =>
  Cost.all(usages.map(({ of, stage, usage }) =>
    Cost.of(
      stage === "output" ? of : pricedAs ?? of,
      { usageMetadata: Interaction.usageMetadata(usage) ?? {} },
      prices === undefined ? {} : { prices }
    )
  ))

/** The written report of an interaction that ended. */
export const writtenOf = (
  log: Pick<ResearchLog, "get">,
  ended: Kept.EndedStage
): Effect.Effect<WrittenReport, JournalError> => log.get(Kept.report, ended.report)

/** The report without its form. The research has to have one. */
export const plainOf = (
  id: string,
  log: Pick<ResearchLog, "get">,
  state: Kept.ResearchState,
  settings: Pick<ResearchSettings, "pricedAs" | "prices"> = {}
): Effect.Effect<ResearchReport | undefined, JournalError> =>
  Effect.suspend(() => {
    const ended = Kept.lastOf(state, "research")
    if (ended === undefined) return Effect.undefined
    const usages = usagesOf(state)
    const total = usages.reduce<ResearchUsage["usage"] | undefined>(
      (sum, { usage }) => UsageSum.added(sum, usage),
      undefined
    )
    return Effect.map(writtenOf(log, ended), (written) => ({
      ...written,
      id,
      query: state.begun?.query ?? "",
      interaction: ended.interaction.name,
      isPartial: ended.status !== "completed",
      plan: state.plan,
      output: undefined,
      usage: total === undefined ? undefined : Interaction.usage({ usage: total }),
      usages,
      cost: costOf(usages, settings),
      searches: state.searches
    }))
  })

/** The report in the form that was asked for. */
export const formed = <Output>(
  report: ResearchReport,
  text: string,
  schema: Schema.Codec<Output>
): Effect.Effect<ResearchReport<Output>, GeminiError> => {
  const output = Shaping.read(schema, text)
  if (Result.isSuccess(output)) return Effect.succeed({ ...report, output: output.success })
  const reason = new Reason.InvalidResponse({ path: "output", expected: output.failure.slice(0, 400) })
  return Effect.fail(new GeminiError({ method: "deepResearch", attempts: [], reason }))
}
