/**
 * A client of `@effect/sql-pg`, which is looked for when tests run: it is no dependency yet (2026-11-28, the registry
 * could not be reached to lock it). Where it is not installed, tests say that they skip.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { createRequire } from "node:module"

interface PgClient {
  readonly layer: (config: {
    readonly url: Redacted.Redacted
    readonly maxConnections: number
  }) => Layer.Layer<SqlClient, SqlError>
}

const isPgClient = (module: unknown): module is PgClient =>
  typeof module === "object" && module !== null && "layer" in module && typeof module.layer === "function"

const name = "@effect/sql-pg/PgClient"

const isInstalled = (): boolean => {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

export const skip = isInstalled() ? undefined : "@effect/sql-pg is not installed"

const load = Effect.promise(async () => {
  const module: unknown = await import(name)
  if (!isPgClient(module)) throw new Error(`${name} has no layer`)
  return module
})

export const layerOf = (url: string): Layer.Layer<SqlClient, SqlError> =>
  Layer.unwrap(Effect.map(load, (client) => client.layer({ url: Redacted.make(url), maxConnections: 4 })))
