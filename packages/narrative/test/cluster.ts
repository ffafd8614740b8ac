/** Runs on a cluster of one process over an SQLite file of the test's own. */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { folder } from "./runs.ts"
import { sqliteAt } from "./sqliteCluster.ts"

type Place = ReturnType<typeof sqliteAt>

export const sqlite: Layer.Layer<Layer.Success<Place>, Layer.Error<Place>, GeminiClient.GeminiClient> = Layer.unwrap(
  Effect.map(folder, (path) => sqliteAt(join(path, "runs.sqlite")))
)
