/** Journals in SQL, on servers and in a file. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlJournal from "../src/SqlJournal.ts"
import * as SqliteClient from "./SqliteClient.ts"

export const postgres = (url: string) => PgClient.layer({ url: Redacted.make(url), maxConnections: 4 })

export const sqlite = (file: string) =>
  Effect.flatMap(
    Layer.build(SqliteClient.layer(file)),
    (context) => Effect.provide(SqlJournal.makeStore({ poll: "5 millis" }), context)
  )

export const postgresStore = (url: string) =>
  Effect.flatMap(
    Layer.build(postgres(url)),
    (context) => Effect.provide(SqlJournal.makeStore({ poll: "200 millis" }), context)
  )
