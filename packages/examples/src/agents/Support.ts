/**
 * A support bot: triage hands a customer over to billing, which looks at the order and wants to pay it back. A person decides
 * that. Meanwhile the process ends, and another one goes on when the person has decided.
 */
import * as Agent from "effect-gemini-agents/Agent"
import * as Approval from "effect-gemini-agents/Approval"
import * as Team from "effect-gemini-agents/Team"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Trace from "effect-gemini-agents/Trace"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"

const tools = Toolkit.make(
  Tool.make("find_order", {
    description: "What was paid for an order, in cents",
    parameters: Schema.Struct({ order: Schema.String }),
    success: Schema.Struct({ cents: Schema.Int, item: Schema.String })
  }).annotate(Tool.Readonly, true),
  Tool.make("refund", {
    description: "Pays cents back",
    parameters: Schema.Struct({ order: Schema.String, cents: Schema.Int }),
    success: Schema.String,
    needsApproval: true
    // The bank knows a payment by the key of its call, so it may be asked again after a crash.
  }).annotate(ToolPolicy.AfterCrash, "rerun")
)

const handlers = tools.toLayer({
  find_order: () => Effect.succeed({ cents: 4_200, item: "a lamp" }),
  refund: ({ cents }) => Effect.map(ToolPolicy.CurrentCall, (call) => `paid ${cents} back, receipt ${call?.key ?? ""}`)
})

const triage = Agent.make({ name: "triage", instructions: "You are triage. Find out who can help, and hand over." })

const billing = Agent.make({
  name: "billing",
  description: "Orders, invoices and refunds.",
  instructions: "You are billing. Look an order up before you pay anything back.",
  toolkit: tools
})

const technical = Agent.make({
  name: "technical",
  description: "Things that do not work.",
  instructions: "You are technical. You help people to mend things."
})

export const support = Team.handoff({
  name: "support",
  start: "triage",
  agents: { triage, billing, technical },
  edges: { triage: ["billing", "technical"], technical: ["triage"] }
})

export const id = "support-1"

/** The first process: it ends when a person is to decide. */
export const ask = Agent.run(support, "My lamp A-17 came broken. I want my money back.", { id }).pipe(
  Effect.flatMap(({ text }) => Console.log(text)),
  Effect.catchReason("AgentError", "Suspended", ({ pending }) =>
    Effect.forEach(
      pending,
      ({ call, params, tool }) =>
        Console.log(`process ${process.pid} waits for ${call}: ${tool} ${JSON.stringify(params)}`)
    )),
  Effect.provide(handlers)
)

/** The second process: it knows the run's id and what was decided. */
const decide = (call: string) =>
  Agent.resume(support, id, [Approval.approve(call, { by: "ada", tool: "refund" })]).pipe(Effect.provide(handlers))

/** `first` plays `ask` in a process of its own, which is gone when it returns. */
export const program = (first: Effect.Effect<void>, directory: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    yield* first
    const waiting = yield* Effect.flip(Agent.resume(support, id).pipe(Effect.provide(handlers)))
    const [request] = waiting.reason._tag === "Suspended" ? waiting.reason.pending : []
    if (request === undefined) return yield* waiting
    yield* Console.log(`process ${process.pid}: ada approves ${request.call}`)
    const answer = yield* decide(request.call)
    yield* Console.log(answer.text)
    for (const run of [id, `${id}.triage.1`, `${id}.billing.1`]) {
      const trace = yield* Trace.read(run)
      yield* Console.log(`\n${run}\n${Trace.print(trace)}`)
      yield* files.writeFileString(`${directory}/${run}.html`, Trace.html(trace, { title: run }))
    }
    yield* Console.log(`\nthe traces as pages: ${directory}/${id}*.html`)
  })

export const rules: ReadonlyArray<Rule.Rule> = [
  {
    name: "triage",
    when: { system: { contains: "You are triage" } },
    plan: [{ say: "That is one for billing.", handOff: "billing" }]
  },
  {
    name: "billing",
    when: { system: { contains: "You are billing" } },
    plan: [
      { think: "First the order.", call: { name: "find_order", args: { order: "A-17" } } },
      { call: { name: "refund", args: { order: "A-17", cents: "{{ result.find_order.cents }}" } } },
      { say: "You get {{ call.refund.cents }} cents back for {{ result.find_order.item }}: {{ result.refund }}." }
    ]
  }
]
