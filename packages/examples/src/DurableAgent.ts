/**
 * An agent inside a durable workflow. The engine delivers an Activity again when the process died in the middle of it;
 * the agent's run then goes on from its own journal: what it had found out is not asked again, and what it had done is
 * not done again. The two know nothing of each other but an id.
 */
import * as Agent from "effect-gemini-agents/Agent"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"

export const tools = Toolkit.make(
  Tool.make("find_order", {
    description: "What was paid for an order, in cents",
    parameters: Schema.Struct({ order: Schema.String }),
    success: Schema.Int
  }).annotate(Tool.Readonly, true),
  Tool.make("refund", {
    description: "Pays cents back",
    parameters: Schema.Struct({ order: Schema.String, cents: Schema.Int }),
    success: Schema.String
    // The bank knows a repeated request by the key of its call, `ToolPolicy.CurrentCall`.
  }).annotate(ToolPolicy.AfterCrash, "rerun")
)

export const clerk = Agent.make({
  name: "clerk",
  instructions: "You settle complaints. Refund an order once, and in full.",
  toolkit: tools,
  bounds: { steps: 10, money: "0.10" }
})

/** Goes on with the run of that id, or begins it: an Activity cannot know which time it is delivered. */
const settled = (id: string, complaint: string) =>
  Agent.resume(clerk, id).pipe(
    Effect.catchReason(
      "AgentError",
      "JournalFailed",
      (reason, error) =>
        reason.cause.reason._tag === "NotFound" ? Agent.run(clerk, complaint, { id }) : Effect.fail(error)
    )
  )

export const Settle = Workflow.make("Settle", {
  payload: { order: Schema.String, complaint: Schema.String },
  success: Schema.String,
  error: Schema.String,
  idempotencyKey: ({ order }) => order
})

/** Needs a WorkflowEngine, a Journal, a LanguageModel and the handlers of the tools. */
export const SettleLive = Settle.toLayer(Effect.fnUntraced(function*({ complaint, order }, executionId) {
  const answer = Activity.make({
    name: "the agent",
    success: Schema.String,
    error: Schema.String,
    execute: settled(`settle-${executionId}`, `${order}: ${complaint}`).pipe(
      Effect.map(({ text }) => text),
      Effect.mapError((error) => error.message)
    )
  })
  return yield* answer
}))
