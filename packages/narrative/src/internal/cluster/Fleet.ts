/** What the parts of this room share in a process: where runs lie, what is played here, and who this is. */
import * as Journal from "effect-gemini-journal/Journal"
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as EntityType from "effect/cluster/EntityType"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as Sharding from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { SqlClient } from "effect/sql/SqlClient"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import type { ActTools } from "../../ActTools.ts"
import type { Decision } from "../../Decision.ts"
import { RunError } from "../../RunError.ts"
import type { Live } from "../playRun.ts"
import * as Approvals from "./approvals.ts"
import { NarrativeRun } from "./narrativeRun.ts"
import * as Tables from "./tables.ts"

export interface State {
  readonly journal: Journal.Journal["Service"]
  readonly tables: Tables.Tables
  /** The runs that are played here. */
  readonly live: Map<string, Live>
  /** The runs whose text somebody here wants as it comes. */
  readonly streamed: Set<string>
  /** The functions that acts name, if this process plays runs. */
  readonly tools: ActTools | undefined
  /** The name of this process in the fleet. */
  readonly worker: string
  /** Where its socket is; empty where it has none. */
  readonly address: string
  /** Lets the cluster look for messages at once. */
  readonly pollNow: Effect.Effect<void>
  /** Sees to it that a worker plays the run, whatever became of it before. */
  readonly wake: (id: string) => Effect.Effect<void, RunError>
  /**
   * The same for a run that nobody has taken for a while: its message may have been read by a process that gave it up, and
   * is then not read again for ten minutes (effect 4.1.0).
   */
  readonly wakeLate: (id: string) => Effect.Effect<void, RunError>
  /** Forgets what the cluster keeps of a run. */
  readonly clear: (id: string) => Effect.Effect<void, RunError>
  /** Hands a decision to a run, in whatever process it is played. */
  readonly decided: (id: string, key: string, decision: Decision) => Effect.Effect<void>
  /** Whether the run is one that this process has to play. */
  readonly isMine: (id: string) => Effect.Effect<boolean>
}

/** The state as a service, which the layers of one composition share. */
export class Fleet extends Context.Service<Fleet, State>()("effect-gemini-narrative/internal/Fleet") {}

export const make = Effect.fnUntraced(function*(
  address: string,
  tools: ActTools | undefined
): Effect.fn.Return<
  State,
  RunError,
  Journal.Journal | SqlClient | Sharding.Sharding | MessageStorage.MessageStorage | WorkflowEngine.WorkflowEngine
> {
  const journal = yield* Journal.Journal
  const tables = yield* Tables.make
  const sharding = yield* Sharding.Sharding
  const storage = yield* MessageStorage.MessageStorage
  const engine = yield* WorkflowEngine.WorkflowEngine
  const number = yield* Random.nextIntBetween(0, 2 ** 48)

  const placeOf = (id: string) =>
    Effect.map(NarrativeRun.executionId({ run: id }), (executionId) => {
      const entityId = EntityId.make(executionId)
      const group = Context.get(NarrativeRun.annotations, ClusterSchema.ShardGroup)(entityId)
      return { executionId, entityId, shardId: sharding.getShardId(entityId, group) }
    })

  const addressOf = (type: string, { entityId, shardId }: Effect.Success<ReturnType<typeof placeOf>>) =>
    EntityAddress.make({ entityType: EntityType.make(type), entityId, shardId })
  const workflow = `Workflow/${NarrativeRun._tag}`

  const clear = (id: string): Effect.Effect<void, RunError> =>
    Effect.flatMap(placeOf(id), (place) =>
      Effect.forEach(
        [workflow, "Workflow/-/DurableClock"],
        (type) => storage.clearAddress(addressOf(type, place)),
        { discard: true }
      )).pipe(Effect.mapError(Tables.asRunError("clear")))

  const wake = (id: string): Effect.Effect<void, RunError> =>
    Effect.gen(function*() {
      const { executionId } = yield* placeOf(id)
      const result = yield* NarrativeRun.poll(executionId)
      if (result._tag === "Some") {
        // A finished run that goes on with another text begins anew: its answers lie in the journal.
        if (result.value._tag === "Complete") yield* clear(id)
        else yield* NarrativeRun.resume(executionId)
      }
      // A request that is there already is not made twice, but its runner hears of it.
      yield* NarrativeRun.execute({ run: id }, { discard: true })
    }).pipe(Effect.provideService(WorkflowEngine.WorkflowEngine, engine))

  return {
    journal,
    tables,
    live: new Map(),
    streamed: new Set(),
    tools,
    worker: `${address === "" ? "worker" : address}/${number.toString(36)}`,
    address,
    pollNow: sharding.pollStorage,
    wake,
    wakeLate: (id) =>
      Effect.andThen(
        Effect.flatMap(placeOf(id), (place) => storage.resetAddress(addressOf(workflow, place))).pipe(
          Effect.mapError(Tables.asRunError("wake"))
        ),
        wake(id)
      ),
    clear,
    decided: (id, key, decision) =>
      Effect.provideService(Approvals.give(id, key, decision), WorkflowEngine.WorkflowEngine, engine),
    isMine: (id) => Effect.map(placeOf(id), ({ shardId }) => sharding.hasShardId(shardId))
  }
})
