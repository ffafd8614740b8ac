/**
 * Runs that machines share: `Runs` over Effect's `Workflow` and cluster, with PostgreSQL as the one store. Whichever worker
 * has a run plays it; when a worker dies the others go on with its runs, and no recorded act is asked again.
 *
 * `layer` starts, watches and orders runs; `layerWorker` also plays them. Both stand on any composition of Effect's
 * cluster with a `SqlClient`: `layerNode` is the one for Node and PostgreSQL, `SingleRunner.layer` is for one process, over
 * SQLite for instance. MySQL is refused, because its TEXT holds 64 KiB.
 *
 * ```ts compile-only
 * import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Config from "effect/Config"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const worker = Layer.unwrap(
 *   Effect.map(Config.Redacted("DATABASE_URL"), (url) => ClusterRuns.layerNode({ url }))
 * ).pipe(Layer.provide(FetchGemini.layerConfig()))
 *
 * Effect.runPromise(Effect.scoped(Effect.andThen(Layer.build(worker), Effect.never)))
 * ```
 *
 * A run on a cluster differs from one in files in three ways: closing the scope of `start` lets go of the run and does not
 * pause it; `resume` of a run that is played watches it; and a client's process may end while its run goes on.
 *
 * @since 0.3.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import * as SqlJournal from "effect-gemini-journal/SqlJournal"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type * as MessageStorage from "effect/cluster/MessageStorage"
import type * as Sharding from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import type { ActTools } from "./ActTools.ts"
import * as Fleet from "./internal/cluster/Fleet.ts"
import * as Service from "./internal/cluster/fleetRuns.ts"
import { NarrativeRun } from "./internal/cluster/narrativeRun.ts"
import { playClaimed } from "./internal/cluster/playClaimed.ts"
import { checkDialect } from "./internal/cluster/tables.ts"
import { tend } from "./internal/cluster/tending.ts"
import { fromJournal, type RunError } from "./RunError.ts"
import { Runs } from "./Runs.ts"

/**
 * What the layers need: a database, and Effect's cluster and workflow engine over it.
 *
 * @category models
 * @since 0.3.0
 */
export type Cluster = SqlClient | WorkflowEngine | Sharding.Sharding | MessageStorage.MessageStorage

/**
 * The limits and redaction of the runs' journals, and how workers are named.
 *
 * @category options
 * @since 0.3.0
 */
export interface Options extends SqlJournal.Options {
  /** Where this worker's socket is, as `host:port`. Default: it has none, as in `SingleRunner`. */
  readonly address?: string | undefined
  /** The functions that acts name under `tools`, of a worker. An act that needs others pauses the run. */
  readonly tools?: ActTools | undefined
}

/**
 * A process that plays runs, as it last said of itself. Times are the database's, in milliseconds since the epoch.
 *
 * @category models
 * @since 0.3.0
 */
export interface Worker {
  readonly id: string
  /** Where its socket is, as `host:port`; empty where it has none. */
  readonly address: string
  /** The name of its machine, and its process there. */
  readonly machine: string
  readonly pid: number
  readonly startedAt: number
  readonly seenAt: number
  /** How many runs it plays, and how many it took since it started. */
  readonly playing: number
  readonly taken: number
  /** Whether it says itself that it has runs to play which it does not take. */
  readonly isStuck: boolean
  /** Whether it was seen within the last 15 seconds and is not stuck. */
  readonly isAlive: boolean
}

/**
 * The fleet that plays runs, and whether it does: heartbeats say that processes live, this says that runs are taken.
 *
 * @category services
 * @since 0.3.0
 */
export class Workers extends Context.Service<Workers, {
  /** All workers that were seen within the last hour. */
  readonly list: Effect.Effect<ReadonlyArray<Worker>, RunError>
  /** At most 1,000 runs that have waited for a worker for so many milliseconds (default 30,000): an alarm's figure. */
  readonly overdue: (millis?: number) => Effect.Effect<ReadonlyArray<string>, RunError>
  /** Runs that this very worker has to play and has not taken for half a minute: a probe of liveness fails on these. */
  readonly untaken: Effect.Effect<ReadonlyArray<string>>
}>()("effect-gemini-narrative/ClusterRuns/Workers") {}

const runs = Layer.effect(Runs, Effect.flatMap(Fleet.Fleet, Service.make))

const shared = (options: Options) =>
  Layer.effect(Fleet.Fleet, Fleet.make(options.address ?? "", options.tools)).pipe(
    Layer.provideMerge(Layer.effect(
      Journal.Journal,
      Effect.andThen(
        checkDialect,
        Effect.flatMap(SqlJournal.makeStore(options), (store) => Journal.make(store, options)).pipe(
          Effect.mapError((error) => fromJournal("layer", error))
        )
      )
    ))
  )

/**
 * Runs of a fleet, for a process that plays none: it starts, watches, stops, cancels and lists them. Building it makes the
 * tables, and fails if it cannot or if the database is MySQL.
 *
 * @category layers
 * @since 0.3.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Runs | Journal.Journal | Workers, RunError, Cluster> =>
  Layer.mergeAll(
    runs,
    Layer.effect(
      Workers,
      Effect.map(Fleet.Fleet, ({ tables }) => ({
        list: tables.workers,
        overdue: (millis = 30_000) => tables.overdue(millis),
        untaken: Effect.succeed([])
      }))
    )
  ).pipe(Layer.provideMerge(shared(options)))

/**
 * Runs of a fleet, for a process that also plays them, with the `GeminiClient` of the context. When the layer is closed,
 * acts in flight end first, as long as the cluster's termination time allows, and another worker goes on with the runs.
 *
 * @category layers
 * @since 0.3.0
 */
export const layerWorker = (
  options: Options = {}
): Layer.Layer<Runs | Journal.Journal | Workers, RunError, Cluster | GeminiClient.GeminiClient> =>
  // It is known as living before it takes a run, and until it has given its runs up.
  Layer.unwrap(Effect.map(Fleet.Fleet, (fleet) => NarrativeRun.toLayer(({ run }) => playClaimed(fleet, run)))).pipe(
    Layer.provideMerge(Layer.effect(
      Workers,
      Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        const { untaken } = yield* tend(fleet)
        return {
          list: fleet.tables.workers,
          overdue: (millis = 30_000) => fleet.tables.overdue(millis),
          untaken
        }
      })
    )),
    Layer.merge(runs),
    Layer.provideMerge(shared(options))
  )

/**
 * Where the fleet's database is, and where the workers reach each other.
 *
 * @category options
 * @since 0.3.0
 */
export interface NodeOptions extends SqlJournal.Options {
  /** `postgres://user:password@host:port/database`. */
  readonly url: Redacted.Redacted<string>
  /**
   * The name or address by which other workers reach this one. Default `127.0.0.1`, so that a worker is reached from its
   * own machine alone. What workers say to each other is neither encrypted nor authenticated: it belongs on a network of
   * theirs.
   */
  readonly host?: string | undefined
  /** The functions that acts name under `tools`. An act that needs others pauses the run. */
  readonly tools?: ActTools | undefined
  /** The port of its socket. Default: a free one. */
  readonly port?: number | undefined
  /** The address that the socket binds, such as `0.0.0.0`. Default: `host`. */
  readonly listen?: string | undefined
  /** How long acts in flight may take when the worker ends. Default 15 seconds. */
  readonly termination?: Duration.Input | undefined
  /** How many connections to the database there are at most. Default 10. */
  readonly maxConnections?: number | undefined
}

const node = Effect.promise(() => import("./internal/cluster/node.ts"))

/**
 * A worker for Node, over PostgreSQL by `@effect/sql-pg` and sockets by `@effect/platform-node`, both of which have to be
 * installed. A worker that dies is noticed within two seconds, and so is one that lives but takes no runs any more.
 *
 * @category layers
 * @since 0.3.0
 */
export const layerNode = (
  options: NodeOptions
): Layer.Layer<Runs | Journal.Journal | Workers, RunError, GeminiClient.GeminiClient> =>
  Layer.unwrap(
    Effect.map(node, ({ cluster }) =>
      Layer.unwrap(Effect.map(cluster(options), ({ address, layer }) =>
        Layer.provide(layerWorker({ ...options, address }), layer))))
  )

/**
 * For a process on Node that plays no runs: it starts and watches those of the workers of `layerNode`.
 *
 * @category layers
 * @since 0.3.0
 */
export const layerNodeClient = (
  options: Pick<NodeOptions, "url" | "maxConnections" | keyof SqlJournal.Options>
): Layer.Layer<Runs | Journal.Journal | Workers, RunError> =>
  Layer.unwrap(Effect.map(node, ({ client }) => Layer.provide(layer(options), client(options))))
