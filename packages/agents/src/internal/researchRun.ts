/**
 * The run of a research: the interaction is its child, which has a journal and an id at the server, and what it tells is
 * recorded here as it comes. A research that goes on tells everything again from the first; what is recorded is passed
 * over.
 */
import * as GeminiAiError from "effect-gemini-ai/GeminiAiError"
import { JournalError } from "effect-gemini-journal/JournalError"
import { GeminiError } from "effect-gemini/GeminiError"
import type { Interactions } from "effect-gemini/interactions/Interactions"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import * as ResearchEvent from "effect-gemini/research/ResearchEvent"
import type { ProposedPlan, ResearchOptions } from "effect-gemini/research/ResearchOptions"
import type { ResearchReport } from "effect-gemini/research/ResearchReport"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { Source, Usage } from "../AgentRecord.ts"
import type { ChildRuns } from "./ChildRuns.ts"
import * as Digests from "./digest.ts"
import { ofJournal } from "./Ledger.ts"

type Plan<E, R> = NonNullable<ResearchOptions<undefined, E, R>["plan"]>
type Progress = ResearchEvent.ResearchProgress

const toJson = Schema.encodeSync(Schema.toCodecJson(ResearchEvent.ResearchProgress))

/** A line of the trace. */
const lineOf = (event: Exclude<Progress, { readonly _tag: "Written" }>): string => {
  switch (event._tag) {
    case "Started":
      return `${event.stage} begins: ${event.interaction.name}${event.isAgain ? ", asked once more" : ""}`
    case "Planned":
      return `plan ${event.revision}: ${event.plan}`
    case "Decided":
      return event.decision._tag === "Approve"
        ? "the plan is approved"
        : `the plan is to change: ${event.decision.text}`
    case "Thought":
      return `thinks: ${event.text}`
    case "Searched":
      return `searches ${event.in}: ${event.queries.join(", ")}`
    case "Read":
      return `reads ${event.urls.join(", ")}`
    case "Used":
      return `uses ${event.tool}`
  }
}

const usageOf = ({ cost, usage }: ResearchReport<unknown>): Usage => ({
  inputTokens: (usage?.promptTokens ?? 0) + (usage?.toolUsePromptTokens ?? 0),
  outputTokens: (usage?.candidatesTokens ?? 0) + (usage?.thoughtsTokens ?? 0),
  cachedTokens: usage?.cachedTokens ?? 0,
  ...(cost.total === undefined ? {} : { dollars: BigDecimal.format(cost.total) })
})

const sourcesOf = ({ sources }: ResearchReport<unknown>): ReadonlyArray<Source> =>
  sources.map(({ title, url }) => ({ title, ...(url === undefined ? {} : { url }) }))

/** Ids of researches have at most 100 letters, and those of runs 128. */
const idOf = (id: string): Effect.Effect<string> =>
  id.length <= 100
    ? Effect.succeed(id)
    : Effect.map(Digests.ofCall(id, null), (digest) => `${id.slice(0, 60)}-${digest.slice(0, 32)}`)

/** Asks people about a plan: the run waits, and a decision about `research.1/plan.2` is one about the second plan. */
const asked =
  (child: string, children: ChildRuns): Plan<AgentError<never>, never> => ({ plan, revision }: ProposedPlan) =>
    Effect.gen(function*() {
      const call = `${child}/plan.${revision}`
      const params = { plan, revision }
      const digest = yield* Digests.ofCall("plan", params)
      const decision = children.decisionOn(call)
      const refused = (why: string) => children.error<never>(new Reason.Refused({ path: "decisions", why }))
      if (decision === undefined) {
        const request = {
          call,
          tool: "plan",
          params,
          kind: "approval",
          digest,
          reason: undefined,
          expires: undefined
        } as const
        return yield* children.error<never>(new Reason.Suspended({ pending: [request] }))
      }
      if (decision.tool !== undefined && decision.tool !== "plan") {
        return yield* refused(`${call} is about a plan, and not about a call of ${decision.tool}`)
      }
      if (decision.digest !== undefined && decision.digest !== digest) {
        return yield* refused(`${call} is about another plan than the one that was looked at`)
      }
      const { verdict } = decision
      if (verdict._tag === "deny") return { _tag: "Change", text: verdict.reason } as const
      if (verdict._tag === "approve" && verdict.params === undefined) return { _tag: "Approve" } as const
      return yield* refused(
        `${call}: a plan is approved as it is; to have it changed deny it, and say how as the reason`
      )
    })

/** What is researched, and what stands in the agent's options of it. */
export interface Research<Output, E, R> extends Omit<ResearchOptions<Output, E, R>, "id" | "plan"> {
  readonly plan: "ask" | Plan<E, R> | undefined
}

const typed = <E>(
  children: ChildRuns,
  error: GeminiError | JournalError | AgentError<never> | E
): AgentError<never> | E => {
  if (error instanceof AgentError) return error
  if (error instanceof GeminiError) {
    const cause = GeminiAiError.fromGeminiError("ResearchAgent", "run")(error)
    return children.error<never>(
      cause.reason._tag === "ContentPolicyError" ? new Reason.Blocked({ cause }) : new Reason.ModelFailed({ cause })
    )
  }
  return error instanceof JournalError ? children.error<never>(ofJournal(error)) : error
}

export const play = <Output, E, R>(
  { plan, ...research }: Research<Output, E, R>,
  children: ChildRuns
): Effect.Effect<ResearchReport<Output>, AgentError<never> | E, R | Interactions> =>
  Effect.gen(function*() {
    const { children: known, childrenBefore } = children.state
    const child = `research.${childrenBefore + 1}`
    const begun = known.find((one) => one.child === child)
    const id = begun?.id ?? (yield* idOf(`${children.id}.${child}`))
    if (begun === undefined) {
      const agent = research.agent ?? DeepResearch.defaultAgent
      yield* children.record([{ _tag: "ChildStarted", child, agent, id }])
    }
    let again = children.records.filter((record) => record._tag === "Progressed" && record.child === child).length
    let report: ResearchReport<Output> | undefined
    const deciding = plan === "ask" ? asked(child, children) : plan
    const options: ResearchOptions<Output, E | AgentError<never>, R> = {
      ...research,
      id,
      ...(deciding === undefined ? {} : { plan: deciding })
    }
    // A research without a form of its output gives none, as its type says then.
    const events = DeepResearch.run<Output, E | AgentError<never>, R>(
      options as typeof options & { readonly outputSchema: Schema.Codec<Output> }
    )
    yield* Stream.runForEach(events, (event) => {
      if (event._tag === "Finished") {
        return Effect.sync(() => {
          report = event.report
        })
      }
      if (event._tag === "Written") {
        return again > 0 ? Effect.void : children.says(event.text)
      }
      if (again > 0) {
        again--
        return Effect.void
      }
      return children.record([{ _tag: "Progressed", child, text: lineOf(event), value: toJson(event) }])
    }).pipe(Effect.mapError((error) => typed<E>(children, error)))
    if (report === undefined) return yield* Effect.die(new Error("a research ended without its report"))
    const { isPartial, usages } = report
    yield* children.ended(child, {
      isPartial,
      steps: usages.length,
      usage: usageOf(report),
      sources: sourcesOf(report)
    })
    return report
  })
