/** Runs of one process over SQLite: Effect's own composition, which takes any SqlClient. */
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import type { ShardingConfig } from "effect/cluster/ShardingConfig"
import * as SingleRunner from "effect/cluster/SingleRunner"
import * as Digest from "effect/crypto/Digest"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SqliteClient from "../../journal/test/SqliteClient.ts"

export const clusterAt = (file: string, settings: Partial<ShardingConfig["Service"]> = {}) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({ shardingConfig: { entityMessagePollInterval: "1 second", ...settings } })),
    Layer.provideMerge(SqliteClient.layer(file)),
    Layer.provide(Digest.layerWebCrypto),
    Layer.provide(Logger.layer([]))
  )

/** A process that plays the runs of an SQLite file. */
export const sqliteAt = (file: string, options: ClusterRuns.Options = {}) =>
  Layer.provide(ClusterRuns.layerWorker({ poll: "10 millis", ...options }), clusterAt(file))
