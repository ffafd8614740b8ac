/** The agent whose runs are played by the loop. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Agent, BeginOptions, Listened } from "../AgentOptions.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import type { Answer } from "../Answer.ts"
import type { Diverged } from "../Diverged.ts"
import type { Replayed } from "../Replayed.ts"
import type { HandedOver, Handover } from "./Handover.ts"
import type { Json } from "./output.ts"
import * as Player from "./Player.ts"
import type { Spec } from "./spec.ts"
import * as TeamRun from "./TeamRun.ts"
import * as Toolbox from "./Toolbox.ts"

export const agent = <I, A, T, E, R, C, D extends string>(
  spec: Spec<I, A, T, E, R>,
  input: Json<I>,
  approvals: ReadonlyArray<D> | undefined,
  replay: (
    records: ReadonlyArray<AgentRecord>,
    tools: Toolbox.Tools,
    handover: Handover | undefined
  ) => Effect.Effect<Replayed<A>, Diverged, C>
): Agent<I, A, T, E, R, C, D> => {
  const { description, handover, name, version } = spec
  const begin = (input: I, { after, bounds, id, tell }: Listened<BeginOptions>) =>
    Effect.map(Player.begin(spec, input, { after, bounds, id, tell }), toAnswer)
  return {
    name,
    approvals,
    description,
    version,
    inputToJson: input.to,
    beginFrom: (json, options) => {
      const decoded = input.from(json)
      return Result.isSuccess(decoded)
        ? begin(decoded.success, options)
        : Effect.fail(Player.refused(name, options.id ?? "", "input", decoded.failure))
    },
    begin,
    turn: (id, input, { bounds, tell }) => Effect.map(Player.turn(spec, id, input, { bounds, tell }), toAnswer),
    goOn: (id, decisions, { bounds, records, tell }) =>
      Effect.map(Player.resume(spec, id, decisions, { bounds, records, tell }), toAnswer),
    replay: (records, { tools = {} }) => replay(records, tools, handover),
    employing: (tools, workers, more) =>
      agent(
        {
          ...spec,
          toolbox: Effect.flatMap(spec.toolbox, (own) => Effect.map(workers, (theirs) => Toolbox.joined(own, theirs)))
        },
        input,
        approvals === undefined || more === undefined ? undefined : [...approvals, ...more],
        (records, known, handover) => replay(records, { ...tools, ...known }, handover)
      ),
    handing: (handover) => {
      const toolbox = Effect.map(
        spec.toolbox,
        ({ handle, tools }) => ({ handle, tools: { ...tools, ...handover.tools } })
      )
      return agent<I, A, T, E | HandedOver, R, C, D>(
        { ...spec, toolbox, handover, handedOver: (handed) => handed },
        input,
        approvals,
        (records, known) => replay(records, { ...handover.tools, ...known }, handover)
      )
    }
  }
}

const toAnswer = <A>({ isPartial, ledger, text, value }: Player.Played<A>): Answer<A> =>
  TeamRun.answerOf(ledger, value, text, isPartial)
