/**
 * The input of a batch: rows that go with the create as long as they fit there, and else in a file.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Rows } from "../../batches/Batches.ts"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { FilesService } from "../../files/Files.ts"
import { GeminiError } from "../../GeminiError.ts"
import type { ModelId } from "../../models/ModelId.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import { invalid } from "../resources/invalid.ts"
import type { ReadRow, WireRow } from "./batchRows.ts"

/** The most bytes of rows that go with the create: 20 MB, less what stands around them. */
export const mostInline = 20 * 1024 * 1024 - 64 * 1024

/** What stands around the request of a row. */
const around = 64

export type BatchInput =
  | { readonly rows: ReadonlyArray<WireRow>; readonly file?: undefined }
  | { readonly file: ResourceHandle; readonly rows?: undefined }

interface Written extends WireRow {
  readonly text: string
}

const encoder = new TextEncoder()

const fromRows = <Row, E>(rows: Rows<Row, E>): Stream.Stream<Row, E> =>
  Stream.isStream(rows) ? rows : Stream.fromIterable(rows)

/** Rows as they are sent, each with its JSON. */
const written = <Row, E>(
  method: string,
  rows: Rows<Row, E>,
  read: ReadRow<Row>,
  model: ModelId
): Stream.Stream<Written, GeminiError | E> => {
  const keys = new Set<string>()
  let at = 0
  return Stream.mapEffect(fromRows(rows), (row): Effect.Effect<Written, GeminiError> => {
    const place = at++
    const made = read(method, row, place, model)
    if (Result.isFailure(made)) return Effect.fail(made.failure)
    const { key, request } = made.success
    if (keys.has(key)) {
      return Effect.fail(invalid(method, `rows[${place}].key`, `${JSON.stringify(key)} stands for another row, too`))
    }
    keys.add(key)
    return Effect.succeed({ key, request, text: JSON.stringify(request) })
  })
}

const line = ({ key, text }: Written): Uint8Array =>
  encoder.encode(`{"key":${JSON.stringify(key)},"request":${text}}\n`)

export const make = <Row, E>(
  { files, limit: wanted = mostInline, method, model, options, read, rows }: {
    readonly method: string
    readonly files: FilesService
    readonly rows: Rows<Row, E>
    readonly read: ReadRow<Row>
    readonly model: ModelId
    readonly options: CallOptions | undefined
    readonly limit?: number | undefined
  }
): Effect.Effect<BatchInput, GeminiError | E> =>
  Effect.scoped(Effect.gen(function*(): Effect.fn.Return<BatchInput, GeminiError | E, Scope.Scope> {
    const limit = Math.min(mostInline, wanted)
    const pull = yield* Stream.toPull(written(method, rows, read, model))
    const first: Array<Written> = []
    let bytes = 0
    while (bytes <= limit) {
      const more = yield* pull.pipe(
        Effect.catchIf(Cause.isDone, () => Effect.succeed(undefined))
      )
      if (more === undefined) {
        if (first.length === 0) return yield* invalid(method, "rows", "expected at least one request")
        return { rows: first.map(({ key, request }) => ({ key, request })) }
      }
      for (const row of more) {
        first.push(row)
        // A character has at most three bytes, and is counted so only where that could matter.
        bytes += (bytes > limit / 3 ? encoder.encode(row.text).length : row.text.length) + row.key.length + around
      }
    }
    const lines = Stream.map(
      Stream.concat(Stream.fromIterable(first.splice(0)), Stream.fromPull(Effect.succeed(pull))),
      line
    )
    const { handle } = yield* files.upload(lines, { ...options, mimeType: "application/jsonl" })
    return { file: handle }
  }))
