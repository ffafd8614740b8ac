/** Deep research as an agent: what it does is told as it comes, and the report has its sources. */
import * as Agent from "effect-gemini-agents/Agent"
import * as ResearchAgent from "effect-gemini-agents/ResearchAgent"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export const researcher = ResearchAgent.make({ name: "researcher", budget: { tokens: 5_000_000 } })

export const program = Agent.stream(researcher, "How are tides predicted?", { id: "tides-1" }).pipe(
  Stream.runForEach((event) =>
    event._tag === "Done"
      ? Console.log(`\n${event.answer.text}`)
      : event._tag === "Record" && event.record._tag === "Progressed"
      ? Console.log(event.record.text.replace(/\s+/g, " ").slice(0, 100))
      : Effect.void
  )
)

/** The embedded server has a research of its own. */
export const rules: ReadonlyArray<Rule.Rule> = []
