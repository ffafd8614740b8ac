/**
 * The models of the examples. Those of a pair say and call the same; only the names of tools and their parameters are each
 * program's own.
 */
import type * as Rule from "effect-gemini-emulator/Rule"

type Plan = NonNullable<Rule.Rule["plan"]>

const persona = (name: string, plan: Plan): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

/** Triage hands over to the agent whose name in the program is given. */
export const handoff = (history: string): ReadonlyArray<Rule.Rule> => [
  persona("triage", [{ handOff: history }]),
  // One library gives the call that handed over as a step of the agent that goes on, and the other does not.
  { name: "history", when: { system: { contains: "You are a history tutor." } }, reply: "It was sealed in 1215." }
]

/** What an agent is to do is the parameter `task`, and what a tool gave is at `result` of its response. */
export const supervisor = (task: string, result: string): ReadonlyArray<Rule.Rule> => [
  persona("a personal assistant", [
    {
      call: [
        { name: "schedule_event", args: { [task]: "Meet the design team on Tuesday at two." } },
        { name: "manage_email", args: { [task]: "Remind the design team of the new mockups." } }
      ]
    },
    { say: `{{ result.schedule_event${result} }} {{ result.manage_email${result} }}` }
  ]),
  persona("a calendar assistant", [
    { call: { name: "create_event", args: { title: "Design", start: "2026-12-01T14:00:00" } } },
    { say: `{{ result.create_event${result} }}.` }
  ]),
  persona("an email assistant", [
    { call: { name: "send_email", args: { to: ["design@example.com"], subject: "Mockups", body: "Look at them." } } },
    { say: `{{ result.send_email${result} }}.` }
  ])
]

/** The calls by which the planner has its topics researched, and where in its response a tool's result is. */
export const planner = (
  calls: ReadonlyArray<Readonly<Record<string, unknown>>>,
  result: string
): ReadonlyArray<Rule.Rule> => [
  {
    name: "planner, with findings",
    when: { system: { contains: "You are a planner." }, after: "research" },
    reply: ({ body }) => findings(body)
  },
  persona("a planner", [{ call: calls.map((args) => ({ name: "research", args })) }]),
  persona("a researcher", [
    { call: { name: "lookup", args: { topic: "{{ text }}" } } },
    { say: `{{ text }} {{ result.lookup${result} }}` }
  ])
]

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce((here, key) => Reflect.get(Object(here), key), value)

const listOf = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** What researchers found, however many calls brought it, without the headings that a program gives it. */
const findings = (body: unknown): string =>
  listOf(at(body, "contents"))
    .flatMap((content) => listOf(at(content, "parts")))
    .flatMap((part) => {
      const output = at(part, "functionResponse", "response")
      return output === undefined ? [] : [...JSON.stringify(output).matchAll(/(caching reuses|streaming sends)[\w ]*/g)]
    })
    .map(([finding]) => finding)
    .join("; ")
