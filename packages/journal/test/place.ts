/** Where a journal is, as text that another process can be given. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { kernelLock } from "../src/internal/fileLock.ts"
import * as FileStore from "../src/internal/fileStore.ts"
import type { JournalStore } from "../src/JournalStore.ts"

export type Place =
  | { readonly kind: "files"; readonly directory: string; readonly lock: boolean; readonly sync?: boolean }
  | { readonly kind: "redis"; readonly url: string }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string }

/** The stores behind a client are loaded where one is asked for: a process that dies at once need not have them all. */
const sql = Effect.promise(() => import("./sql.ts"))

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
      return Effect.flatMap(sql, ({ sqlite }) => sqlite(place.file))
    case "postgres":
      return Effect.flatMap(sql, ({ postgresStore }) => postgresStore(place.url))
    case "redis":
      return Effect.flatMap(Effect.promise(() => import("./redis.ts")), ({ redis }) => redis(place.url))
  }
}
