import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import { kernelLock } from "../src/internal/fileLock.ts"
import * as FileStore from "../src/internal/fileStore.ts"
import * as Memory from "../src/internal/memoryStore.ts"
import { storeOf } from "./place.ts"
import * as Postgres from "./Postgres.ts"
import { suite } from "./suite.ts"

suite({ name: "memory", lock: true, place: Effect.sync(() => Effect.succeed(Memory.make())) })

const folder = Effect.provide(FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()), NodeFileSystem.layer)

const files = (lock: boolean, sync: boolean) =>
  Effect.map(
    folder,
    (folder) =>
      FileStore.make({
        directory: `${folder}/runs`,
        sync,
        poll: 5,
        lock: lock ? kernelLock() : undefined
      }).pipe(Effect.provide(NodeFileSystem.layer))
  )

suite({ name: "files", lock: true, place: files(true, false) })
suite({ name: "files, each append on the disk", lock: true, place: files(true, true) })
suite({ name: "files where there is no node:sqlite", lock: false, place: files(false, false) })

suite({
  name: "Redis",
  lock: false,
  skip: RedisServer.skip,
  place: Effect.map(RedisServer.start(), ({ url }) => storeOf({ kind: "redis", url }))
})

suite({
  name: "SQL on node:sqlite",
  lock: false,
  place: Effect.map(folder, (folder) => storeOf({ kind: "sqlite", file: `${folder}/journal.sqlite` }))
})

suite({
  name: "SQL on PostgreSQL",
  lock: false,
  skip: Postgres.skip,
  place: Effect.map(Postgres.database, (url) => storeOf({ kind: "postgres", url }))
})
