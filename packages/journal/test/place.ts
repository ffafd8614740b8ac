/** Where a journal is, as text that another process can be given. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import { kernelLock } from "../src/internal/fileLock.ts"
import * as FileStore from "../src/internal/fileStore.ts"
import type { JournalStore } from "../src/JournalStore.ts"
import * as RedisJournal from "../src/RedisJournal.ts"
import * as SqlJournal from "../src/SqlJournal.ts"
import * as SqliteClient from "./SqliteClient.ts"

export type Place =
  | { readonly kind: "files"; readonly directory: string; readonly lock: boolean; readonly sync?: boolean }
  | { readonly kind: "redis"; readonly url: string }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string }

export const postgres = (url: string) => PgClient.layer({ url: Redacted.make(url), maxConnections: 4 })

export const storeOf = (place: Place): Effect.Effect<JournalStore, unknown, Scope.Scope> => {
  switch (place.kind) {
    case "files":
      return FileStore.make({
        directory: place.directory,
        sync: place.sync ?? false,
        poll: 5,
        lock: place.lock ? kernelLock() : undefined
      }).pipe(Effect.provide(NodeFileSystem.layer))
    case "sqlite":
      return Effect.flatMap(
        Layer.build(SqliteClient.layer(place.file)),
        (context) => Effect.provide(SqlJournal.makeStore({ poll: "5 millis" }), context)
      )
    case "postgres":
      return Effect.flatMap(
        Layer.build(postgres(place.url)),
        (context) => Effect.provide(SqlJournal.makeStore({ poll: "200 millis" }), context)
      )
    case "redis":
      return Effect.flatMap(
        Layer.build(RedisServer.layerOf(place.url)),
        (context) => Effect.provide(RedisJournal.makeStore({ poll: "200 millis" }), context)
      )
  }
}
