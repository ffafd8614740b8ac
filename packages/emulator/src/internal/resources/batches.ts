/**
 * Batches: requests that are answered together, hours later for half the price. Their states follow the clock. What a
 * batch answers is made when somebody looks after its end, one row after the other, and once.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as GoogleError from "../../GoogleError.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as BatchRecord from "./BatchRecord.ts"
import type { StoredBytes } from "./Depot.ts"
import type { Call, Endpoint, ResourceReply, Room } from "./endpoint.ts"
import * as FileRecord from "./FileRecord.ts"
import type { Files } from "./files.ts"
import * as Ids from "./ids.ts"
import { linesOf } from "./jsonLines.ts"
import * as Shelf from "./Shelf.ts"

export interface Options {
  /** Milliseconds for which a batch is PENDING. Default 1000. */
  readonly pending?: number | undefined
  /** Milliseconds for which it is RUNNING then. Default 1000. */
  readonly running?: number | undefined
  /** Told of each batch that was made or cancelled. `find` gives it as it is at a time. */
  readonly changed?:
    | ((
      batch: BatchRecord.BatchRecord,
      find: (now: number) => BatchRecord.BatchRecord | undefined
    ) => void)
    | undefined
}

/** A request of a batch, as it is answered. */
export interface AskedRow
  extends Pick<BatchRecord.BatchRecord, "kind" | "model" | "project" | "version" | "region" | "key">
{
  readonly request: unknown
}

export type Answered = { readonly response: Json.Json } | { readonly error: Json.Json }

/** Answers one row, as the model would answer its request. */
export type AnswerRow = (row: AskedRow, now: number) => Effect.Effect<Answered>

export interface Creation extends Pick<Call, "project" | "version" | "body" | "now"> {
  readonly method: string
  readonly model: string
  readonly region: string
  readonly key: string | undefined
  readonly fate: BatchRecord.Fate | undefined
}

export interface Batches {
  readonly endpoint: Endpoint
  readonly create: (creation: Creation) => ResourceReply
  /** Makes what the batches that are done by now have answered. Nobody who leaves stops it, so no row is answered twice. */
  readonly settle: (answer: AnswerRow, now: number) => Effect.Effect<void>
  /** Whether what a call says hangs on what batches have answered. */
  readonly isAbout: (method: string, name: string) => boolean
  readonly list: (now: number) => ReadonlyArray<{ readonly project: string; readonly batch: Json.Json }>
  /** How many batches were made, and how many of their rows were answered. */
  readonly counts: () => { readonly created: number; readonly rows: number }
}

/** The most bytes of requests that come with the create: 20 MB. */
const mostInline = 20 * 1024 * 1024
/** The most batches of a project that are not done. */
const mostAtOnce = 100
/** How many results of a file stand among others than they were asked in. */
const together = 64
/** How long a batch is kept after its making: 60 days. */
const lifetime = 60 * 86_400_000

export const isCreate = (method: string): boolean =>
  method === "batchGenerateContent" || method === "asyncBatchEmbedContent"

const missing: ResourceReply = { refusal: GoogleError.make(404, "Requested entity was not found.") }

export const make = (
  room: Room,
  files: Files,
  { changed = () => undefined, pending = 1_000, running = 1_000 }: Options = {}
): Batches => {
  const { depot, operations, seed } = room
  const nextId = Ids.maker(`${seed}\nbatches`)
  const lock = Semaphore.makeUnsafe(1)
  const unsettled = new Set<string>()
  let created = 0
  let answered = 0
  const shelf = Shelf.make<BatchRecord.BatchRecord>({
    pageSize: 50,
    largestPage: 1_000,
    isNewestFirst: true,
    left: ({ name, output, rows }) => {
      unsettled.delete(name)
      rows.drop()
      if (output !== undefined && "lines" in output.of) output.of.lines.drop()
    }
  })

  const kept = (lines: Iterable<string>): { readonly bytes: StoredBytes; readonly count: number } => {
    const writer = depot.writer()
    let count = 0
    for (const line of lines) {
      writer.write(Buffer.from(`${line}\n`))
      count++
    }
    return { bytes: writer.finish(() => undefined), count }
  }

  const tell = (batch: BatchRecord.BatchRecord) => changed(batch, (now) => shelf.find(batch.project, batch.name, now))

  const create = (creation: Creation): ResourceReply => {
    const { body, fate, key, method, model, now, project, region, version } = creation
    const kind = method === "batchGenerateContent" ? "generate" : "embed"
    const batch = body["batch"]
    const invalid = (message?: string): ResourceReply => ({ refusal: GoogleError.invalidArgument(message) })
    const file = Json.text(Json.at(batch, "inputConfig", "fileName"))
    const inlined = Json.list(Json.at(batch, "inputConfig", "requests", "requests"))
    if ((file === undefined) === (inlined.length === 0)) return invalid()
    const isOpen = (one: BatchRecord.BatchRecord) =>
      one.project === project && BatchRecord.stateOf(one, now).endedAt === undefined
    if (shelf.all(now).filter(isOpen).length >= mostAtOnce) {
      return { refusal: GoogleError.make(429, `The project has ${mostAtOnce} batches that are not done.`) }
    }
    let lines: Iterable<string> = inlined.map((row) => JSON.stringify(row))
    if (file === undefined) {
      const size = [...lines].reduce((sum, line) => sum + line.length, 0)
      if (size > mostInline) return invalid(`Request payload size exceeds the limit: ${mostInline} bytes.`)
    } else {
      const found = files.shelf.find(project, file, now)
      if (found?.bytes === undefined) return { refusal: GoogleError.fileForbidden(file.replace(/^files\//, "")) }
      if (FileRecord.stateOf(found, now) !== "ACTIVE") return { refusal: GoogleError.fileNotActive() }
      const { bytes } = found
      lines = (function*() {
        for (const line of linesOf(bytes.read())) if (line.trim() !== "") yield line
      })()
    }
    const { bytes: rows, count } = kept(lines)
    const made: BatchRecord.BatchRecord = {
      name: `batches/${nextId(24)}`,
      project,
      expires: now + lifetime,
      kind,
      model,
      displayName: Json.text(Json.at(batch, "displayName")) ?? "",
      priority: Json.text(Json.at(batch, "priority")),
      version,
      region,
      key,
      created: now,
      startsAt: now + pending,
      doneAt: now + pending + running,
      fate,
      webhook: Json.at(batch, "webhookConfig"),
      file,
      rows,
      count
    }
    shelf.add(made, now)
    unsettled.add(made.name)
    created++
    tell(made)
    return { body: BatchRecord.shown(made, now, undefined) }
  }

  const answeredLine = (row: unknown, said: Answered): string => {
    const key = Json.at(row, "key")
    const metadata = Json.at(row, "metadata")
    return JSON.stringify({
      ...(key === undefined ? {} : { key }),
      ...said,
      ...(metadata === undefined ? {} : { metadata })
    })
  }

  const settled = Effect.fnUntraced(function*(batch: BatchRecord.BatchRecord, answer: AnswerRow, now: number) {
    const writer = depot.writer()
    const write = (line: string) => writer.write(Buffer.from(`${line}\n`))
    const dice = Dice.make(`${seed}\n${batch.name}`)
    const shuffled: Array<string> = []
    let failed = 0
    for (const line of linesOf(batch.rows.read())) {
      const row = Json.parse(line)
      const request = Json.at(row, "request")
      const said: Answered = Json.isObject(request)
        ? yield* answer({ ...batch, request }, batch.doneAt)
        : { error: { code: 3, message: "The line has no request." } }
      answered++
      if ("error" in said) failed++
      const text = answeredLine(row, said)
      if (batch.file === undefined) write(text)
      // The order of a file is not promised.
      else if (shuffled.push(text) > together) write(shuffled.splice(dice.int(0, together), 1)[0] ?? "")
    }
    for (const text of shuffled) write(text)
    const lines = writer.finish(() => undefined)
    const successful = batch.count - failed
    let of: BatchRecord.Output["of"] = { lines }
    if (batch.file !== undefined) {
      const file = files.add({
        name: BatchRecord.outputOf(batch.name),
        mimeType: "application/octet-stream",
        source: "GENERATED",
        project: batch.project,
        bytes: lines.read()
      }, now)
      lines.drop()
      of = { file }
    }
    shelf.replace({ ...batch, output: { successful, failed, endedAt: batch.doneAt, of } })
  })

  const responses = (output: BatchRecord.Output): ReadonlyArray<unknown> =>
    "file" in output.of ? [] : Array.from(linesOf(output.of.lines.read()), Json.parse)

  const found = (call: Call, use: (batch: BatchRecord.BatchRecord) => ResourceReply): ResourceReply => {
    const batch = shelf.find(call.project, call.name, call.now)
    // Operations that a test began may have a batch's name, too.
    return batch === undefined ? operations.endpoint.methods["operations.get"]?.(call) ?? missing : use(batch)
  }

  return {
    create,
    isAbout: (method, name) => method.startsWith("batches.") || name.startsWith("files/batch-"),
    settle: (answer, now) =>
      Effect.uninterruptible(
        lock.withPermits(1)(Effect.suspend(() =>
          Effect.forEach(
            shelf.all(now).filter((batch) =>
              unsettled.has(batch.name) && BatchRecord.stateOf(batch, now).endedAt !== undefined
            ),
            (batch) => {
              unsettled.delete(batch.name)
              return BatchRecord.stateOf(batch, now).state === "SUCCEEDED" ? settled(batch, answer, now) : Effect.void
            },
            { discard: true }
          )
        ))
      ),
    list: (now) =>
      shelf.all(now).map((batch) => ({ project: batch.project, batch: BatchRecord.shown(batch, now, undefined) })),
    counts: () => ({ created, rows: answered }),
    endpoint: {
      routes: [
        { verb: "GET", path: /^batches\/*$/, method: "batches.list" },
        { verb: "GET", path: /^(batches\/[^/:]+)$/, method: "batches.get" },
        { verb: "DELETE", path: /^(batches\/[^/:]+)$/, method: "batches.delete" },
        { verb: "POST", path: /^(batches\/[^/:]+):cancel$/, method: "batches.cancel" }
      ],
      methods: {
        "batches.get": (call) => found(call, (batch) => ({ body: BatchRecord.shown(batch, call.now, responses) })),
        "batches.list": ({ now, project, query }) => {
          const page = shelf.page(project, query, now)
          if (page.refusal !== undefined) return page
          const { items, nextPageToken } = page
          return {
            body: {
              ...(items.length === 0
                ? {}
                : { operations: items.map((batch) => BatchRecord.shown(batch, now, undefined)) }),
              ...(nextPageToken === undefined ? {} : { nextPageToken })
            }
          }
        },
        "batches.delete": (call) =>
          shelf.remove(call.project, call.name, call.now) === undefined ? missing : { body: {} },
        "batches.cancel": (call) => {
          const batch = shelf.find(call.project, call.name, call.now)
          if (batch === undefined) return operations.endpoint.methods["operations.cancel"]?.(call) ?? missing
          if (BatchRecord.stateOf(batch, call.now).endedAt === undefined) {
            const cancelled = { ...batch, cancelledAt: call.now }
            shelf.replace(cancelled)
            tell(cancelled)
          }
          return { body: {} }
        }
      },
      clear: () => {
        shelf.clear()
        created = 0
        answered = 0
      }
    }
  }
}
