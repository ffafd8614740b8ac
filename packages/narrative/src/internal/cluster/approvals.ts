/**
 * Decisions about acts as durable deferreds, under the keys of the acts: whoever decides completes one, and the run that
 * waits for it goes on, on whichever worker.
 */
import * as Effect from "effect/Effect"
import * as DurableDeferred from "effect/workflow/DurableDeferred"
import { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { Decision } from "../../Decision.ts"
import type { DecisionSign } from "../decisionFile.ts"
import { NarrativeRun } from "./narrativeRun.ts"

const approvalOf = (key: string) => DurableDeferred.make(`approval/${key}`, { success: Decision })

/** Milliseconds between two looks while other acts of the run are in flight. */
const poll = 1_000

export const give = (id: string, key: string, decision: Decision): Effect.Effect<void, never, WorkflowEngine> =>
  Effect.gen(function*() {
    const approval = approvalOf(key)
    const token = yield* DurableDeferred.tokenFromPayload(approval, { workflow: NarrativeRun, payload: { run: id } })
    yield* DurableDeferred.succeed(approval, { token, value: decision })
  })

/** What a run that is played waits for. */
export interface Approvals {
  readonly sign: DecisionSign
  /**
   * Sees to it that a decision about acts with these keys that comes from here on wakes the run. Returns whether there is
   * none yet, so that the run may be suspended: one that came and is not yet heard by the run counts, too.
   */
  readonly await: (keys: ReadonlyArray<string>) => Effect.Effect<boolean>
}

export const make = Effect.gen(function*(): Effect.fn.Return<Approvals, never, WorkflowEngine | WorkflowInstance> {
  const engine = yield* WorkflowEngine
  const instance = yield* WorkflowInstance
  const look = (_: string, key: string): Effect.Effect<Decision | undefined> =>
    Effect.flatMap(
      Effect.provideService(engine.deferredResult(approvalOf(key)), WorkflowInstance, instance),
      (found): Effect.Effect<Decision | undefined> => found._tag === "Some" ? found.value : Effect.sync(() => undefined)
    )
  const seen = (id: string, key: string): Effect.Effect<Decision> =>
    Effect.flatMap(
      look(id, key),
      (found) => found === undefined ? Effect.andThen(Effect.sleep(poll), seen(id, key)) : Effect.succeed(found)
    )
  return {
    sign: {
      give: (id, key, decision) => Effect.provideService(give(id, key, decision), WorkflowEngine, engine),
      take: () => Effect.void,
      look,
      seen
    },
    await: Effect.fnUntraced(function*(keys) {
      // The names are there before the look, so that no decision falls in between.
      for (const key of keys) instance.awaitedDeferreds.set(approvalOf(key).name, 1)
      for (const key of keys) {
        if ((yield* look("", key)) === undefined) continue
        for (const each of keys) instance.awaitedDeferreds.delete(approvalOf(each).name)
        return false
      }
      return true
    })
  }
})
