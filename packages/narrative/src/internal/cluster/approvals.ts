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
   * Sees to it that a decision that comes from here on wakes the run. Returns whether there is none yet, so that the run
   * may be suspended.
   */
  readonly await: Effect.Effect<boolean>
}

export const make = Effect.gen(function*(): Effect.fn.Return<Approvals, never, WorkflowEngine | WorkflowInstance> {
  const engine = yield* WorkflowEngine
  const instance = yield* WorkflowInstance
  const awaited = new Set<string>()
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
      seen: (id, key) =>
        Effect.suspend(() => {
          awaited.add(key)
          return Effect.ensuring(seen(id, key), Effect.sync(() => awaited.delete(key)))
        })
    },
    await: Effect.gen(function*() {
      // The names are there before the look, so that no decision falls in between.
      for (const key of awaited) instance.awaitedDeferreds.set(approvalOf(key).name, 1)
      for (const key of awaited) {
        if ((yield* look("", key)) === undefined) continue
        for (const each of awaited) instance.awaitedDeferreds.delete(approvalOf(each).name)
        return false
      }
      return true
    })
  }
})
