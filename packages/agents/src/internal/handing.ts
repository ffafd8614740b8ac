/** A run that goes from one agent of a team to the next, along the edges between them. */
import * as Tool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AgentError } from "../AgentError.ts"
import { Changed, HandoffLimit } from "../AgentErrorReason.ts"
import type { After, Agent } from "../AgentOptions.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Carry } from "../Handoff.ts"
import * as StepCall from "../StepCall.ts"
import type { ChildRuns, Input } from "./ChildRuns.ts"
import * as Compact from "./compact.ts"
import * as Handover from "./Handover.ts"
import * as Names from "./names.ts"

type Taking = Agent<string, unknown, unknown, unknown, unknown, unknown>

export interface Route {
  readonly agents: Readonly<Record<string, Taking>>
  readonly start: string
  readonly edges: Readonly<Record<string, ReadonlyArray<string> | undefined>>
  readonly carry: Carry
  readonly limit: number
}

/** Such a name is part of a child's id and of the tool that hands over to it. */
const isKey = (name: string): boolean => Names.isKey(name) && Names.isKey(Handover.nameOf(name))

const Message = Schema.Struct({
  message: Schema.optionalKey(Schema.String.annotate({ description: "What the next one is to know or to do." }))
})

const schemaOf = (carry: Carry): Schema.Codec<unknown, unknown> =>
  typeof carry === "object" || typeof carry === "function" ? carry : carry === "nothing" ? Tool.EmptyParams : Message

/** The agents with the tools by which they hand over. Throws a RangeError if that cannot be. */
export const members = ({ agents, carry, edges, limit, start }: Route): Route["agents"] => {
  const isThere = (name: string) => Object.hasOwn(agents, name)
  const wrong = Object.keys(agents).find((name) => !isKey(name))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} cannot be an agent's name in a team`)
  const lost = [start, ...Object.entries(edges).flatMap(([from, to = []]) => [from, ...to])].find((it) => !isThere(it))
  if (lost !== undefined) throw new RangeError(`the team has no agent ${JSON.stringify(lost)}`)
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError("`limit` is a count from 1")
  const schema = schemaOf(carry)
  if (Tool.getJsonSchemaFromSchema(schema).type !== "object") throw new RangeError("`carry` is a schema of an object")
  return Object.fromEntries(
    Object.entries(agents).map(([name, agent]) => {
      const to = edges[name] ?? []
      if (to.length === 0) return [name, agent]
      if (to.includes(name)) throw new RangeError(`${name} cannot hand over to itself`)
      if (agent.handing === undefined) {
        throw new RangeError(`${name} is a team, so it calls no tools and hands over to nobody`)
      }
      return [name, agent.handing(Handover.make(to.map((it) => [it, agents[it]?.description]), schema))]
    })
  )
}

/** The calls of a run that do not hand it over. */
const isBusy = (records: ReadonlyArray<AgentRecord>, agents: Route["agents"]): boolean => {
  const names = new Set(Object.keys(agents).map(Handover.nameOf))
  return Handover.own(records).some((record) =>
    record._tag === "Answered" && record.use === "calls" &&
    StepCall.callsOf(record.step, record.messages).some(({ name }) => !names.has(name))
  )
}

const lineOf = (name: string, to: string, { carried }: Handover.HandedOver): string => {
  const text = messageOf(carried)
  return `${name} handed over to ${to}${text === undefined ? "" : `: ${Compact.shortened(text)}`}`
}

const messageOf = (carried: Schema.Json): string | undefined => {
  const message: unknown = Reflect.get(Object(carried), "message")
  return typeof message === "string" && message !== "" ? message : undefined
}

/** What an agent said and did, as text: signatures and thoughts are its own model's. */
const transcriptOf = (name: string, { records, to }: Handover.HandedOver): ReadonlyArray<string> => {
  // Hints are about answers that are left out here, and a summary is shorter than what it stands for.
  const whole = Handover.own(records).filter(({ _tag }) => _tag !== "Hinted" && _tag !== "Compacted")
  const transfer = Handover.nameOf(to)
  const lines: Array<string> = []
  for (const { content } of AgentState.fold(whole).messages.slice(1)) {
    if (typeof content === "string") continue
    for (const part of content) {
      switch (part.type) {
        case "text":
          lines.push(`${name}: ${Compact.shortened(part.text.trim())}`)
          break
        case "file":
          lines.push(`${name}: a file (${part.mediaType})`)
          break
        case "tool-call":
          if (part.name !== transfer) lines.push(`${name} called ${part.name}(${Compact.shortened(part.params)})`)
          break
        case "tool-result":
          if (part.name !== transfer) lines.push(`${part.name} gave ${Compact.shortened(part.result)}`)
          break
      }
    }
  }
  return lines
}

interface Hop {
  readonly from: string
  readonly to: string
  /** Whether the agent that handed over did nothing else, and did so in this process. */
  readonly isIdle: boolean
}

/** Whether the last one is made again, and since it was made nobody did anything. */
const isBackAndForth = (hops: ReadonlyArray<Hop>): boolean => {
  const last = hops.at(-1)
  for (const hop of hops.slice(0, -1).toReversed()) {
    if (last?.isIdle !== true) return false
    if (hop.from === last.from && hop.to === last.to) return true
    if (!hop.isIdle) return false
  }
  return false
}

export const play =
  ({ agents, carry, limit, start }: Route) =>
  ({ json }: Input<string>, children: ChildRuns): Effect.Effect<unknown, AgentError, unknown> =>
    Effect.gen(function*() {
      const asked = typeof json === "string" ? json : JSON.stringify(json)
      const hops: Array<Hop> = []
      const said: Array<string> = []
      let name = start
      let input = asked
      let after: After | undefined
      while (true) {
        const agent = Object.hasOwn(agents, name) ? agents[name] : undefined
        if (agent === undefined) {
          return yield* children.error(new Changed({ what: `the agent ${name} of the team is not there any more` }))
        }
        const { isOld, outcome } = yield* children.member(agent, input, after, name)
        if (!(outcome instanceof Handover.HandedOver)) return outcome.value
        const { to } = outcome
        hops.push({ from: name, to, isIdle: !isOld && !isBusy(outcome.records, agents) })
        const why = isBackAndForth(hops) ? "BackAndForth" : hops.length > limit ? "TooMany" : undefined
        if (why !== undefined) {
          const path = [start, ...hops.map((hop) => hop.to)]
          return yield* children.error(new HandoffLimit({ why, limit, path }))
        }
        switch (carry) {
          case "nothing":
            break
          case "transcript":
            said.push(...transcriptOf(name, outcome), lineOf(name, to, outcome))
            input = `${asked}\n\nWhat was said and done before you:\n${said.join("\n")}`
            break
          case "verbatim":
            input = `${lineOf(name, to, outcome)}\nYou are ${to}: go on.`
            after = outcome
            break
          default:
            input = `${asked}\n\n${name} handed over to ${to}, with:\n${JSON.stringify(outcome.carried)}`
        }
        name = to
      }
    })
