/**
 * A run played again from its records: the model's answers, the tools' results, times and ids come from them, and the
 * agent's own code decides everything else. It must write the same records, or the first difference is named.
 *
 * No network, no key and no handlers are needed, so a failure of production becomes a test by copying its journal.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Replay from "effect-gemini-agents/Replay"
 * import * as Effect from "effect/Effect"
 *
 * const clerk = Agent.make({ name: "clerk", instructions: "Be short." })
 * const program = Replay.run(clerk, [
 *   { _tag: "Begun", at: 0, agent: "clerk", input: "Hello", instructions: "Be short.", tools: {}, bounds: {} },
 *   { _tag: "Asked", step: 2 }
 * ])
 *
 * const { at, path } = await Effect.runPromise(Effect.flip(program))
 * console.log(at, path) // 1 step
 * ```
 *
 * @since 0.1.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Agent } from "./AgentOptions.ts"
import type { AgentRecord } from "./AgentRecord.ts"
import * as AgentState from "./AgentState.ts"
import type { Diverged } from "./Diverged.ts"
import * as History from "./internal/history.ts"
import { pathOf } from "./internal/Unended.ts"
import type { Recorded, Replayed, ReplayOptions } from "./Replayed.ts"
import * as StepCall from "./StepCall.ts"

/** The calls of a run that are runs of workers, as the journal has these. */
const workersOf = (
  journal: Journal.Journal["Service"],
  id: string,
  records: ReadonlyArray<AgentRecord>
): Effect.Effect<ReadonlyArray<string>, JournalError> => {
  const calls = records.flatMap((record) =>
    record._tag === "Answered" && record.use === "calls"
      ? StepCall.callsOf(record.step, record.messages).map(({ call, name }) => pathOf(name, call))
      : []
  )
  return calls.length === 0
    ? Effect.succeed([])
    : Effect.map(Stream.runCollect(journal.list(`${id}.`)), (below) => {
      const ids = new Set(below.map((run) => run.id))
      return calls.filter((call) => ids.has(`${id}.${call}`))
    })
}

/**
 * A run and those of its children and workers, as the journal has them. One without records is left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (id: string): Effect.Effect<Recorded, JournalError, Journal.Journal> =>
  Effect.gen(function*() {
    const journal = yield* Journal.Journal
    const records = (yield* History.read(journal, id)).map(({ record }) => record)
    const below = [
      ...AgentState.fold(records).children.map(({ child, id }) => [child, id] as const),
      ...(yield* workersOf(journal, id, records)).map((worker) => [worker, `${id}.${worker}`] as const)
    ]
    const runs: Record<string, Recorded> = {}
    for (const [name, of] of below) {
      const recorded = yield* Effect.catchIf(read(of), isMissing, () => Effect.succeed({ records: [], runs: {} }))
      if (recorded.records.length > 0) runs[name] = recorded
    }
    return { records, runs }
  })

const isMissing = ({ reason }: JournalError): boolean => reason._tag === "NotFound"

/**
 * Plays the records again. Fails with `Diverged` at the first record that the agent would write otherwise. Checks of the
 * agent run as they are; what they need is `C`. The runs of a team's children must be given, as `read` gives them; of a
 * manager's workers those that are given are played again too, and of the others their calls' results stand.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <I, A, T, E, R, C>(
  agent: Agent<I, A, T, E, R, C>,
  records: ReadonlyArray<AgentRecord>,
  options: ReplayOptions = {}
): Effect.Effect<Replayed<A>, Diverged, C> => agent.replay(records, options)
