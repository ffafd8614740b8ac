/**
 * Batches: requests that are answered together, hours later for half the price. Their states follow the clock. What a
 * batch answers is made when somebody looks after its end, one row after the other, and once.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { VertexPlace } from "../../EmulatorRequest.ts"
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
import * as Objects from "./objects.ts"
import * as PredictionJob from "./PredictionJob.ts"
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
  extends Pick<BatchRecord.BatchRecord, "kind" | "model" | "project" | "version" | "region" | "key" | "job">
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
  /** Where in Vertex AI it is made; undefined for a batch of the Gemini API. */
  readonly vertex?: VertexPlace | undefined
}

export interface Batches {
  readonly endpoint: Endpoint
  /** What the jobs of Vertex AI read and write. */
  readonly objects: Objects.Objects
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

/** The create of a batch of Vertex AI's. */
export const createJob = "batchPredictionJobs.create"

export const isCreate = (method: string): boolean =>
  method === "batchGenerateContent" || method === "asyncBatchEmbedContent" || method === createJob

const missing: ResourceReply = { refusal: GoogleError.make(404, "Requested entity was not found.") }

export const make = (
  room: Room,
  files: Files,
  { changed = () => undefined, pending = 1_000, running = 1_000 }: Options = {}
): Batches => {
  const { depot, operations, seed } = room
  const nextId = Ids.maker(`${seed}\nbatches`)
  const numbers = Dice.make(`${seed}\nbatchPredictionJobs`)
  const objects = Objects.make(depot)
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

  /** The non-empty lines of bytes. */
  function* filled(bytes: Pick<StoredBytes, "read">): Generator<string> {
    for (const line of linesOf(bytes.read())) if (line.trim() !== "") yield line
  }

  const made = (
    { fate, key, model, now, project, region, version }: Creation,
    lines: Iterable<string>,
    own: Pick<BatchRecord.BatchRecord, "name" | "kind" | "displayName" | "priority" | "webhook" | "file" | "job">
  ): ResourceReply => {
    const isOpen = (one: BatchRecord.BatchRecord) =>
      one.project === project && BatchRecord.stateOf(one, now).endedAt === undefined
    if (shelf.all(now).filter(isOpen).length >= mostAtOnce) {
      return { refusal: GoogleError.make(429, `The project has ${mostAtOnce} batches that are not done.`) }
    }
    const { bytes: rows, count } = kept(lines)
    const batch: BatchRecord.BatchRecord = {
      ...own,
      project,
      expires: now + lifetime,
      model,
      version,
      region,
      key,
      created: now,
      startsAt: now + pending,
      doneAt: now + pending + running,
      fate,
      rows,
      count
    }
    shelf.add(batch, now)
    unsettled.add(batch.name)
    created++
    if (batch.job === undefined) tell(batch)
    return { body: shown(batch, now) }
  }

  const shown = (batch: BatchRecord.BatchRecord, now: number, withResponses?: typeof responses): Json.Json =>
    batch.job === undefined
      ? BatchRecord.shown(batch, now, withResponses)
      : PredictionJob.shown(batch, batch.job, now)

  /** The requests are read when the job is made, so that nothing changes them while it runs. */
  const createOfVertex = (creation: Creation, place: VertexPlace): ResourceReply => {
    const { body, fate } = creation
    const job = PredictionJob.read(body, place)
    if ("refusal" in job) return job
    const missing = job.sources.find((uri) => objects.find(uri) === undefined)
    const lines = function*() {
      for (const uri of missing === undefined ? job.sources : []) yield* filled(objects.find(uri) ?? { read: () => [] })
    }
    return made(
      { ...creation, fate: fate ?? (missing === undefined ? undefined : { state: "failed" }) },
      lines(),
      {
        name: `batchPredictionJobs/${numbers.int(1, 9)}${numbers.letters(18, "0123456789")}`,
        kind: "generate",
        displayName: Json.text(body["displayName"]) ?? "",
        priority: undefined,
        webhook: undefined,
        file: undefined,
        job: { ...job, missing }
      }
    )
  }

  const create = (creation: Creation): ResourceReply => {
    const { body, method, now, project, vertex } = creation
    if (vertex !== undefined) return createOfVertex(creation, vertex)
    const kind = method === "batchGenerateContent" ? "generate" : "embed"
    const batch = body["batch"]
    const invalid = (message?: string): ResourceReply => ({ refusal: GoogleError.invalidArgument(message) })
    const file = Json.text(Json.at(batch, "inputConfig", "fileName"))
    const inlined = Json.list(Json.at(batch, "inputConfig", "requests", "requests"))
    if ((file === undefined) === (inlined.length === 0)) return invalid()
    let lines: Iterable<string> = inlined.map((row) => JSON.stringify(row))
    if (file === undefined) {
      const size = [...lines].reduce((sum, line) => sum + line.length, 0)
      if (size > mostInline) return invalid(`Request payload size exceeds the limit: ${mostInline} bytes.`)
    } else {
      const found = files.shelf.find(project, file, now)
      if (found?.bytes === undefined) return { refusal: GoogleError.fileForbidden(file.replace(/^files\//, "")) }
      if (FileRecord.stateOf(found, now) !== "ACTIVE") return { refusal: GoogleError.fileNotActive() }
      lines = filled(found.bytes)
    }
    return made(creation, lines, {
      name: `batches/${nextId(24)}`,
      kind,
      displayName: Json.text(Json.at(batch, "displayName")) ?? "",
      priority: Json.text(Json.at(batch, "priority")),
      webhook: Json.at(batch, "webhookConfig"),
      file
    })
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
      const request = batch.job === undefined ? Json.at(row, "request") : PredictionJob.requestOf(row)
      const said: Answered = Json.isObject(request)
        ? yield* answer({ ...batch, request }, batch.doneAt)
        : { error: { code: 3, message: "The line has no request." } }
      answered++
      if ("error" in said) failed++
      const text = batch.job === undefined ? answeredLine(row, said) : PredictionJob.line(row, said, batch.doneAt)
      if (batch.file === undefined && batch.job === undefined) write(text)
      // The order of a file is not promised.
      else if (shuffled.push(text) > together) write(shuffled.splice(dice.int(0, together), 1)[0] ?? "")
    }
    for (const text of shuffled) write(text)
    const lines = writer.finish(() => undefined)
    const successful = batch.count - failed
    let of: BatchRecord.Output["of"] = { lines }
    if (batch.job !== undefined) {
      const { info, uri } = PredictionJob.outputOf(batch.job, batch.doneAt)
      objects.put(uri, lines.read())
      lines.drop()
      of = { info }
    } else if (batch.file !== undefined) {
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
    "lines" in output.of ? Array.from(linesOf(output.of.lines.read()), Json.parse) : []

  const found = (call: Call, use: (batch: BatchRecord.BatchRecord) => ResourceReply): ResourceReply => {
    const batch = shelf.find(call.project, call.name, call.now)
    // Operations that a test began may have a batch's name, too.
    return batch === undefined ? operations.endpoint.methods["operations.get"]?.(call) ?? missing : use(batch)
  }

  /** Cancels what has not ended, and gives it as it is then. */
  const cancel = (batch: BatchRecord.BatchRecord, now: number): BatchRecord.BatchRecord | undefined => {
    if (BatchRecord.stateOf(batch, now).endedAt !== undefined) return undefined
    const cancelled = { ...batch, cancelledAt: now }
    shelf.replace(cancelled)
    return cancelled
  }

  const listOfVertex = ({ now, project, query }: Call): ResourceReply => {
    const isWanted = PredictionJob.filterOf(query.get("filter") ?? "")
    if (isWanted === undefined) return { refusal: GoogleError.invalidArgument("Invalid filter.") }
    const page = shelf.page(project, query, now, "batchPredictionJobs/")
    if (page.refusal !== undefined) return page
    const jobs = page.items.map((batch) => shown(batch, now)).filter(isWanted)
    return {
      body: {
        ...(jobs.length === 0 ? {} : { batchPredictionJobs: jobs }),
        ...(page.nextPageToken === undefined ? {} : { nextPageToken: page.nextPageToken })
      }
    }
  }

  return {
    create,
    objects,
    isAbout: (method, name) => /^(?:batches|batchPredictionJobs)\./.test(method) || name.startsWith("files/batch-"),
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
    list: (now) => shelf.all(now).map((batch) => ({ project: batch.project, batch: shown(batch, now) })),
    counts: () => ({ created, rows: answered }),
    endpoint: {
      routes: [
        { verb: "GET", path: /^batches\/*$/, method: "batches.list" },
        { verb: "GET", path: /^(batches\/[^/:]+)$/, method: "batches.get" },
        { verb: "DELETE", path: /^(batches\/[^/:]+)$/, method: "batches.delete" },
        { verb: "POST", path: /^(batches\/[^/:]+):cancel$/, method: "batches.cancel" },
        { verb: "POST", path: /^batchPredictionJobs\/*$/, method: createJob },
        { verb: "GET", path: /^batchPredictionJobs\/*$/, method: "batchPredictionJobs.list" },
        { verb: "GET", path: /^(batchPredictionJobs\/[^/:]+)$/, method: "batchPredictionJobs.get" },
        { verb: "DELETE", path: /^(batchPredictionJobs\/[^/:]+)$/, method: "batchPredictionJobs.delete" },
        { verb: "POST", path: /^(batchPredictionJobs\/[^/:]+):cancel$/, method: "batchPredictionJobs.cancel" }
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
          const cancelled = cancel(batch, call.now)
          if (cancelled !== undefined) tell(cancelled)
          return { body: {} }
        },
        "batchPredictionJobs.get": ({ name, now, project }) => {
          const batch = shelf.find(project, name, now)
          return batch === undefined ? missing : { body: shown(batch, now) }
        },
        "batchPredictionJobs.list": listOfVertex,
        "batchPredictionJobs.delete": ({ name, now, project }) => {
          const batch = shelf.find(project, name, now)
          if (batch === undefined) return missing
          if (BatchRecord.stateOf(batch, now).endedAt === undefined) {
            return { refusal: GoogleError.make(400, "The job has not ended.", { status: "FAILED_PRECONDITION" }) }
          }
          shelf.remove(project, name, now)
          const empty = { "@type": "type.googleapis.com/google.protobuf.Empty" }
          return { body: { name: `operations/${numbers.letters(19, "123456789")}`, done: true, response: empty } }
        },
        "batchPredictionJobs.cancel": ({ name, now, project }) => {
          const batch = shelf.find(project, name, now)
          if (batch === undefined) return missing
          cancel(batch, now)
          return { body: {} }
        }
      },
      clear: () => {
        shelf.clear()
        objects.clear()
        created = 0
        answered = 0
      }
    }
  }
}
