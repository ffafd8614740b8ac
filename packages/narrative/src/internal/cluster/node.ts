/** Effect's cluster on Node over PostgreSQL, with settings by which a death is noticed in seconds. */
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Unavailable } from "effect-gemini-journal/JournalErrorReason"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SocketRunner from "effect/cluster/SocketRunner"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import { createServer } from "node:net"
import type { Cluster, NodeOptions } from "../../ClusterRuns.ts"
import { RunError } from "../../RunError.ts"
import * as Tables from "./tables.ts"

/** The cluster's own tables, beside those of a program that has a cluster of its own in the same database. */
const prefix = "gemini_cluster"

const unavailable = (code: string): RunError => new RunError({ method: "layer", reason: new Unavailable({ code }) })

/** Layers have no mapError of their own (effect 4.1.0). */
const mapError = <A, E, R>(layer: Layer.Layer<A, E, R>, f: (error: E) => RunError): Layer.Layer<A, RunError, R> =>
  Layer.effectContext(Effect.mapError(Layer.build(layer), f))

/** Effect's defaults notice a death after 35 seconds and more; these do after two or three. */
const settings: Partial<ShardingConfig.ShardingConfig["Service"]> = {
  runnerHealthCheckInterval: "2 seconds",
  refreshAssignmentsInterval: "1 second",
  shardLockExpiration: "9 seconds",
  shardLockRefreshInterval: "3 seconds",
  entityMessagePollInterval: "2 seconds"
}

const freePort = (host: string): Effect.Effect<number, RunError> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", (error) => {
      const code = "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN"
      resume(Effect.fail(unavailable(code)))
    })
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
    })
  })

/** The client, once the database has answered: what stands on it does not tell an outage from a fault of its own. */
const database = ({ maxConnections = 10, url }: Pick<NodeOptions, "url" | "maxConnections">) =>
  mapError(
    Layer.tap(
      PgClient.layer({ url, maxConnections, applicationName: "effect-gemini" }),
      (context) => Context.get(context, PgClient.PgClient)`SELECT 1`
    ),
    Tables.asRunError("layer")
  )

/** A worker is alive if it answers, and does not say itself that it takes no runs. */
const health = Layer.effect(
  RunnerHealth.RunnerHealth,
  Effect.gen(function*() {
    const runners = yield* Runners.Runners
    const tables = yield* Tables.make
    return RunnerHealth.RunnerHealth.of({
      isAlive: (address) =>
        Effect.gen(function*() {
          const answers = yield* runners.ping(address).pipe(
            Effect.timeout("2 seconds"),
            Effect.retry({ times: 1 }),
            Effect.isSuccess
          )
          if (!answers) return false
          const isStuck = yield* Effect.orElseSucceed(tables.isStuck(`${address.host}:${address.port}`), () => false)
          return !isStuck
        })
    })
  })
).pipe(Layer.provide(Runners.layerRpc), Layer.provide(NodeClusterSocket.layerClientProtocol))

/** Milliseconds without a sign of life after which a worker is looked at. */
const silence = 2_500

/**
 * Effect checks the workers' health from one of them alone: if that one dies, nobody looks until its heartbeat is too old.
 * So every worker looks at those of which no sign of life came, and says that they are dead if they do not answer either.
 */
const neighbours = Layer.effectDiscard(Effect.gen(function*() {
  const runners = yield* Runners.Runners
  const runnerStorage = yield* RunnerStorage.RunnerStorage
  const tables = yield* Tables.make
  const known = new Set<string>()
  const look = Effect.gen(function*() {
    const silent = yield* tables.silent(silence)
    for (const { address, id } of silent) {
      if (known.has(id)) continue
      const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? []
      const runner = RunnerAddress.make(host, Number(port))
      const answers = yield* Effect.isSuccess(Effect.timeout(runners.ping(runner), "1 second"))
      if (answers) continue
      yield* runnerStorage.setRunnerHealth(runner, false)
      known.add(id)
    }
    for (const id of known) if (!silent.some((worker) => worker.id === id)) known.delete(id)
  })
  yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced("500 millis")))
})).pipe(Layer.provide(Runners.layerRpc), Layer.provide(NodeClusterSocket.layerClientProtocol))

const storage = mapError(SqlMessageStorage.layerWith({ prefix }), Tables.asRunError("layer")).pipe(
  Layer.provide(NodeCrypto.layerDigest)
)
const runnerStorage = mapError(SqlRunnerStorage.layerWith({ prefix }), Tables.asRunError("layer"))

/** The cluster of a worker, and where its socket is. */
export const cluster = Effect.fnUntraced(function*(options: NodeOptions): Effect.fn.Return<{
  readonly address: string
  readonly layer: Layer.Layer<Cluster, RunError>
}, RunError> {
  const { host = "127.0.0.1", listen = host, termination = "15 seconds" } = options
  const port = options.port ?? (yield* freePort(listen))
  const config = ShardingConfig.layer({
    ...settings,
    entityTerminationTimeout: termination,
    runnerAddress: Option.some(RunnerAddress.make(host, port)),
    runnerListenAddress: Option.some(RunnerAddress.make(listen, port))
  })
  const layer = Layer.merge(ClusterWorkflowEngine.layer, neighbours).pipe(
    Layer.provideMerge(SocketRunner.layer),
    Layer.provide([NodeClusterSocket.layerSocketServer, NodeClusterSocket.layerClientProtocol, health]),
    Layer.provideMerge(storage),
    Layer.provide(runnerStorage),
    Layer.provide([config, RpcSerialization.layerSchemaBinary()]),
    Layer.provideMerge(database(options))
  )
  return {
    address: `${host}:${port}`,
    layer: mapError(layer, (error) => error._tag === "RunError" ? error : unavailable(error.reason._tag))
  }
})

/** The cluster of a process that plays nothing. */
export const client = (
  options: Pick<NodeOptions, "url" | "maxConnections">
): Layer.Layer<Cluster, RunError> =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SocketRunner.layerClientOnly),
    Layer.provide(NodeClusterSocket.layerClientProtocol),
    Layer.provideMerge(storage),
    Layer.provide(runnerStorage),
    Layer.provide([
      ShardingConfig.layer({ ...settings, runnerAddress: Option.none() }),
      RpcSerialization.layerSchemaBinary()
    ]),
    Layer.provideMerge(database(options))
  )
