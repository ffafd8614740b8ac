/** The run of a team played again: its program decides, and each child gives what its own records give when replayed. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Answer } from "../Answer.ts"
import { Diverged } from "../Diverged.ts"
import type { Recorded, Replayed, ReplayOptions } from "../Replayed.ts"
import { HandedOver, own } from "./Handover.ts"
import { Ledger } from "./Ledger.ts"
import * as Replayer from "./Replayer.ts"
import { Script } from "./Script.ts"
import * as SharedLog from "./SharedLog.ts"
import * as Spans from "./spans.ts"

/** What a child is played again from: its agent, what it is given now, and how its end is read. */
export interface Part<B> {
  readonly agent: string
  /** What the child's records must begin with; `undefined` if that is not known before. */
  readonly input: Result.Result<Schema.Json, string>
  readonly replay: (
    recorded: Recorded,
    tools: ReplayOptions["tools"],
    id: string
  ) => Effect.Effect<B, Diverged, unknown>
}

/** The end of a run that was replayed, as it was told to the run above it. */
export const outcomeOf = <A>(
  { records }: Recorded,
  { values }: Replayed<A>,
  id: string
): Answer<A> | HandedOver | undefined => {
  const state = AgentState.fold(records)
  const { end, sources, steps, usage } = state
  if (end?._tag !== "Finished") return undefined
  if (end.handoff !== undefined) return new HandedOver(end.handoff, end.value, { id, records, state })
  const [value] = values.slice(-1)
  if (value === undefined) return undefined
  return {
    value,
    text: end.text,
    id,
    steps,
    usage,
    cost: usage.dollars,
    sources,
    isPartial: end.isPartial === true,
    records
  }
}

/** What a run was given, in the turn that counts. */
export const inputOf = (records: ReadonlyArray<AgentRecord>): unknown => {
  const begun = own(records).find((record) => record._tag === "Begun")
  return begun?._tag === "Begun" ? begun.input : undefined
}

/** The children of one session. */
export class ReplayedChildren {
  readonly #script: Script
  readonly #options: ReplayOptions

  constructor(script: Script, options: ReplayOptions) {
    this.#script = script
    this.#options = options
  }

  /** Why a child failed that the team went on without, if it did in this session. */
  failure(child: string): { readonly why: string; readonly error: AgentError<never> | undefined } | undefined {
    const ended = this.#script.rest.find((record) => record._tag === "ChildEnded" && record.child === child)
    if (ended?._tag !== "ChildEnded" || !ended.isFailure) return undefined
    const { why = "it failed" } = ended
    const records = this.#options.runs?.[child]?.records ?? []
    // Only a stop of its own is in a child's records, and what the child took is told with that alone.
    const isStopped = records.at(-1)?._tag === "Stopped"
    const reason = new Reason.Refused({ path: "replay", why })
    return {
      why,
      error: isStopped ? new AgentError<never>({ agent: child, id: "replay", reason, records }) : undefined
    }
  }

  /** What a child gave. One that had not ended before gives it where the team's records have its end. */
  play<B>(child: string, { ended, id }: Pick<AgentState.Child, "ended" | "id">, part: Part<B>): Effect.Effect<B> {
    const { input, replay } = part
    const recorded = this.#options.runs?.[child]
    const diverged = (path: string, expected: unknown, found: unknown): Effect.Effect<never> =>
      Effect.die(new Diverged({ at: this.#script.place, path: `${child}/${path}`, expected, found }))
    return Effect.gen({ self: this }, function*() {
      if (ended === undefined) yield* this.#script.childEnds(child)
      if (recorded === undefined) return yield* diverged("runs", "the records of the child", undefined)
      const was = inputOf(recorded.records)
      const is = Result.isSuccess(input) ? input.success : input.failure
      if (JSON.stringify(was) !== JSON.stringify(is)) return yield* diverged("input", was, is)
      // What the checks of its agent need is in the context of the replay.
      const played = replay(recorded, this.#options.tools, id) as Effect.Effect<B, Diverged>
      return yield* Effect.catch(
        played,
        ({ at, expected, found, path }) => Effect.die(new Diverged({ at, path: `${child}/${path}`, expected, found }))
      )
    })
  }
}

/** How a team's program is played over a ledger, and what its answer is. */
type Program<A> = (
  ledger: Ledger,
  input: Schema.Json,
  children: ReplayedChildren
) => Effect.Effect<Answer<A>, unknown, never>

/** The id of the run that began the last child: the children's ids are made of it. */
const idOf = (records: ReadonlyArray<AgentRecord>): string => {
  const last = records.findLast((record) => record._tag === "ChildStarted")
  return last?._tag === "ChildStarted" && last.id.endsWith(`.${last.child}`)
    ? last.id.slice(0, -(last.child.length + 1))
    : "replay"
}

export const run = <A>(
  name: string,
  program: Program<A>,
  records: ReadonlyArray<AgentRecord>,
  options: ReplayOptions
): Effect.Effect<Replayed<A>, Diverged> =>
  Effect.gen(function*() {
    yield* Replayer.sameAgent(name, records)
    const values: Array<A> = []
    const written: Array<AgentRecord> = []
    for (const { at, end } of Replayer.sessionsOf(records)) {
      const script = new Script(records, at, end)
      const ledger = new Ledger({
        agent: name,
        id: idOf(records.slice(0, end)),
        journal: script.journal("replay"),
        records: records.slice(0, at),
        tell: undefined
      })
      const exit = yield* program(ledger, ledger.state.input, new ReplayedChildren(script, options)).pipe(
        Spans.unseen,
        Effect.provideService(SharedLog.Root, SharedLog.replayed(() => records.slice(0, script.place))),
        Effect.exit
      )
      const answer = yield* Replayer.judged(exit, script)
      written.push(...records.slice(written.length, at), ...script.written, ...script.rest)
      if (answer !== undefined) values.push(answer.value)
    }
    return { values, records: written }
  })

/** The run of an agent that is a program: what it does besides its children is not known, so its records stand for it. */
export const given = <A>(
  name: string,
  from: (value: unknown) => Result.Result<A, string>,
  records: ReadonlyArray<AgentRecord>
): Effect.Effect<Replayed<A>, Diverged> =>
  Effect.map(Replayer.sameAgent(name, records), () => ({
    values: records.flatMap((record) => {
      const value = record._tag === "Finished" ? from(record.value) : undefined
      return value !== undefined && Result.isSuccess(value) ? [value.success] : []
    }),
    records
  }))
