/** The journals on which tables of stops are played. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as RedisJournal from "effect-gemini-journal/RedisJournal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "stops-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export interface Store {
  readonly name: string
  readonly layer: Layer.Layer<Journal.Journal, unknown>
  /** Redis has a clock of its own, so there the tests have the real one, and the row that waits is left out. */
  readonly isRemote: boolean
}

export const stores: ReadonlyArray<Store> = [
  { name: "memory", isRemote: false, layer: Journal.layerMemory() },
  {
    name: "files",
    isRemote: false,
    layer: Layer.unwrap(
      Effect.map(
        folder,
        (path) => Layer.provide(FileJournal.layer({ directory: `${path}/runs` }), NodeFileSystem.layer)
      )
    )
  },
  ...(RedisServer.isInstalled
    ? [{
      name: "Redis",
      isRemote: true,
      layer: Layer.unwrap(
        Effect.map(RedisServer.start(), ({ url }) => Layer.provide(RedisJournal.layer(), RedisServer.layerOf(url)))
      )
    }]
    : [])
]
