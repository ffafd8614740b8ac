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
import type { Agent } from "./AgentOptions.ts"
import type { AgentRecord } from "./AgentRecord.ts"
import * as AgentState from "./AgentState.ts"
import type { Diverged } from "./Diverged.ts"
import * as History from "./internal/history.ts"
import type { Recorded, Replayed, ReplayOptions } from "./Replayed.ts"

/**
 * A run and those of its children, as the journal has them. A child without records is left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (id: string): Effect.Effect<Recorded, JournalError, Journal.Journal> =>
  Effect.gen(function*() {
    const journal = yield* Journal.Journal
    const records = (yield* History.read(journal, id)).map(({ record }) => record)
    const runs: Record<string, Recorded> = {}
    for (const { child, id: of } of AgentState.fold(records).children) {
      const recorded = yield* Effect.catchIf(read(of), isMissing, () => Effect.succeed({ records: [], runs: {} }))
      if (recorded.records.length > 0) runs[child] = recorded
    }
    return { records, runs }
  })

const isMissing = ({ reason }: JournalError): boolean => reason._tag === "NotFound"

/**
 * Plays the records again. Fails with `Diverged` at the first record that the agent would write otherwise. Checks of the
 * agent run as they are; what they need is `C`.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <I, A, T, E, R, C>(
  agent: Agent<I, A, T, E, R, C>,
  records: ReadonlyArray<AgentRecord>,
  options: ReplayOptions = {}
): Effect.Effect<Replayed<A>, Diverged, C> => agent.replay(records, options)
