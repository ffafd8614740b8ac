/**
 * The agents that `interactions` takes, as the typings of `@google/genai` 3.3.0 (2026-11-12) and Google's pages list them.
 */

export interface AgentRow {
  readonly id: string
  /** The `type` of its `agent_config`. */
  readonly config: "deep-research" | "antigravity"
  /** How many questions a research goes after; ours, as Google publishes no number. */
  readonly searches?: number | undefined
  /** Whether it runs only with `background`. */
  readonly isBackground: boolean
  /** The day (ISO, UTC) from which it is not found. */
  readonly retired?: string | undefined
}

const research = (id: string, searches: number): AgentRow => ({
  id,
  config: "deep-research",
  searches,
  isBackground: true
})

/** A foreground run of the second kind is reported in googleapis/python-genai#2985 (2026-09-19). */
export const agents: ReadonlyArray<AgentRow> = [
  research("deep-research-pro-preview-12-2025", 3),
  research("deep-research-preview-04-2026", 3),
  research("deep-research-max-preview-04-2026", 5),
  { id: "antigravity-preview-05-2026", config: "antigravity", isBackground: false, retired: "2026-10-05" },
  { id: "antigravity-preview-09-2026", config: "antigravity", isBackground: false }
]

/** The agent of an id at a time; undefined where there is none. */
export const find = (id: string, now: number): AgentRow | undefined =>
  agents.find((agent) => agent.id === id && (agent.retired === undefined || now < Date.parse(agent.retired)))
