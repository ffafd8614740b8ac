/** The agents that processes play in which a test dies: one alone, and teams, with the personas of their models. */
import * as Agent from "effect-gemini-agents/Agent"
import * as Team from "effect-gemini-agents/Team"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Schema from "effect/Schema"

const n = Schema.Struct({ n: Schema.Int })

export const toolkit = Toolkit.make(
  // The other side knows a repeated request by its key.
  Tool.make("keyed", { description: "Does it by its key", parameters: n, success: Schema.String })
    .annotate(ToolPolicy.AfterCrash, "rerun"),
  Tool.make("once", { description: "Does it once", parameters: n, success: Schema.String }),
  Tool.make("asked", { description: "Does it if allowed", parameters: n, success: Schema.String, needsApproval: true })
)

export const clerk = Agent.make({ name: "clerk", instructions: "Do it twelve times.", toolkit, bounds: { steps: 30 } })

const named = (name: string) => Agent.make({ name, instructions: `You are ${name}.`, toolkit })

const [ada, bob, cid, eve, dot] = [named("ada"), named("bob"), named("cid"), named("eve"), named("dot")]
const boss = Agent.make({ name: "boss", instructions: "You are boss." })

/** What is played under a name: the agent, and a model for each of its agents. */
export const crew = {
  manager: Team.manager(boss, { ada, bob, cid }),
  handoff: Team.handoff({
    name: "desk",
    start: "eve",
    agents: { eve, ada, dot },
    edges: { eve: ["ada"], ada: ["dot"] },
    carry: "transcript"
  }),
  verbatim: Team.handoff({
    name: "desk",
    start: "eve",
    agents: { eve, ada, dot },
    edges: { eve: ["ada"], ada: ["dot"] },
    carry: "verbatim"
  }),
  all: Team.all({ ada, broken: named("broken"), bob }, {
    name: "some",
    atLeast: 2,
    combine: ({ ada, bob, broken }) => [ada, broken, bob].map(({ _tag }) => _tag).join(" ")
  }),
  approvals: Team.sequence(ada, Team.all({ dot, bob }, { name: "both", combine: ({ bob, dot }) => `${dot} ${bob}` }))
    .named("office")
} as const

export type Kind = keyof typeof crew

const does = (...names: ReadonlyArray<"keyed" | "once" | "asked">) => ({
  call: names.map((name) => ({ name, args: { n: 1 } }))
})

const transfer = (to: string) => ({ name: `transfer_to_${to}`, args: {} })
const task = (name: string) => ({ name, args: { task: "do it" } })

type Steps = NonNullable<Rule.Rule["plan"]>

const persona = (name: string, plan: Steps): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

const plans: Record<Kind, Readonly<Record<string, Steps>>> = {
  manager: {
    boss: [{ call: [task("ada"), task("bob"), task("cid")] }, {
      say: "{{ result.ada }}, {{ result.bob }}, {{ result.cid }}"
    }],
    ada: [does("keyed", "once"), { say: "ada did" }],
    bob: [does("keyed"), { say: "bob did" }],
    cid: [does("once"), { say: "cid did" }]
  },
  handoff: {
    eve: [does("keyed"), { call: [transfer("ada"), { name: "once", args: { n: 2 } }] }],
    ada: [does("keyed", "once"), { call: [transfer("dot")] }],
    dot: [does("keyed"), { say: "dot did" }]
  },
  verbatim: {
    eve: [does("keyed"), { call: [transfer("ada"), { name: "once", args: { n: 2 } }] }],
    ada: [does("keyed", "once"), { call: [transfer("dot")] }],
    dot: [does("keyed"), { say: "dot did" }]
  },
  all: {
    ada: [does("keyed", "once"), { say: "ada did" }],
    bob: [does("once"), { say: "bob did" }],
    broken: [{ misbehave: "empty" }]
  },
  approvals: {
    ada: [does("keyed"), { say: "ada did" }],
    dot: [does("asked"), { say: "dot did" }],
    bob: [does("once", "asked"), { say: "bob did" }]
  }
}

export const rulesOf = (kind: Kind): ReadonlyArray<Rule.Rule> =>
  Object.entries(plans[kind]).map(([name, plan]) => persona(name, plan))
