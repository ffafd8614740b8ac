/** Who decides about a plan: a person at the terminal, or the flags of the command. */
import type { PlanDecision } from "effect-gemini/research/ResearchEvent"
import type { ProposedPlan } from "effect-gemini/research/ResearchOptions"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import type * as Terminal from "effect/Terminal"
import * as AnswerSink from "../ask/AnswerSink.ts"
import * as Prompt from "../Prompt.ts"
import type { Screen } from "../Screen.ts"

/** Nobody decides now: the plan waits. */
export class PlanWaits extends Data.TaggedError("PlanWaits")<{
  readonly plan: string
  /** Whether somebody has seen it. */
  readonly isShown: boolean
}> {}

export interface Deciding {
  readonly screen: Screen
  readonly isPainted: boolean
  /** What the flags say. It answers one plan; the next one is asked about. */
  readonly given: PlanDecision | undefined
}

const question = "Enter begins; or say what to change: "

/** The plan as text, and what a person says to it. */
const asked = Effect.fnUntraced(function*({ isPainted, screen }: Deciding, { plan }: ProposedPlan) {
  const sink = yield* AnswerSink.terminal(screen, isPainted)
  yield* screen.write("\n")
  yield* sink.write(plan)
  yield* sink.end
  yield* screen.write("\n")
  const heard = yield* Effect.scoped(Effect.flatMap(Prompt.make, (prompt) => prompt.ask(question)))
  if (heard._tag !== "Line") return yield* new PlanWaits({ plan, isShown: true })
  const text = heard.text.trim()
  return /^(?:|y|yes|ok|go)$/i.test(text)
    ? { _tag: "Approve" as const }
    : { _tag: "Change" as const, text }
})

/** Decides about the plans of one command. `paused` runs the question without the status line. */
export const decide = (
  deciding: Deciding,
  paused: <A, E, R>(question: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): (
  proposed: ProposedPlan
) => Effect.Effect<PlanDecision, PlanWaits | PlatformError, Stdio.Stdio | Terminal.Terminal> => {
  let given = deciding.given
  return Effect.fnUntraced(function*(proposed: ProposedPlan) {
    const decision = given
    given = undefined
    if (decision !== undefined) return decision
    const stdio = yield* Stdio.Stdio
    const isPerson = (yield* stdio.stdinIsTerminal) && (yield* stdio.stdoutIsTerminal)
    if (!isPerson) return yield* new PlanWaits({ plan: proposed.plan, isShown: false })
    return yield* paused(asked(deciding, proposed))
  })
}
