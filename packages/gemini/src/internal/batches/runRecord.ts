/**
 * What the journal of a run of batches holds, and where a run stands by it. Pure.
 *
 * Rows and results lie in blobs, as JSON lines: a row is sent with its place in its job, so that a job needs no table of
 * its keys, and a result has its place in the run, so that whoever reads results can go on behind any of them.
 */
import * as Records from "effect-gemini-journal/Records"
import * as Schema from "effect/Schema"
import { ResourceHandle } from "../../resources/ResourceHandle.ts"
import { GenerateContentRequest } from "../../wire/GenerateContent.ts"

const whole = Schema.Int

/** Who the run is. `nonce` makes the display names of its jobs different from those of any other run. */
const Begun = Schema.TaggedStruct("Begun", {
  model: Schema.String,
  nonce: Schema.String,
  /** Milliseconds since the epoch, as the deadline is. Absent: there is none. */
  at: Schema.Finite,
  deadline: Schema.optionalKey(Schema.Finite)
})

/** Rows that make a job, before it is created under its `displayName`. */
const Cut = Schema.TaggedStruct("Cut", {
  job: whole,
  displayName: Schema.String,
  /** How often its rows are asked with this job. */
  attempt: whole,
  rows: whole,
  blobs: Schema.Array(Schema.String),
  /** How many rows of the source were read with it, and the hash of all keys read until then; a retry reads none. */
  read: whole,
  hash: Schema.String
})

/** The job that the API made. */
const Created = Schema.TaggedStruct("Created", { job: whole, handle: ResourceHandle, at: Schema.Finite })

/** The rest of a job's rows is asked synchronously from here on. */
const Synchronous = Schema.TaggedStruct("Synchronous", { job: whole })

/** Results, in the text or in a blob. */
const Results = Schema.TaggedStruct("Results", {
  job: whole,
  count: whole,
  failed: whole,
  text: Schema.optionalKey(Schema.String),
  blob: Schema.optionalKey(Schema.String)
})

/** Nothing more comes of a job. What it left open is in the job that is cut with this. */
const Closed = Schema.TaggedStruct("Closed", { job: whole, state: Schema.String })

const SourceEnded = Schema.TaggedStruct("SourceEnded", {})
const Cancelled = Schema.TaggedStruct("Cancelled", {})
const Finished = Schema.TaggedStruct("Finished", {})

export const RunRecord = Schema.Union([
  Begun,
  Cut,
  Created,
  Synchronous,
  Results,
  Closed,
  SourceEnded,
  Cancelled,
  Finished
])

export type RunRecord = typeof RunRecord.Type
export type ResultsRecord = typeof Results.Type

export const records = /* @__PURE__ */ Records.make({
  name: "effect-gemini/BatchRun",
  version: 1,
  schema: RunRecord
})

/** A job of which something is still to come. */
export interface OpenJob {
  readonly job: number
  readonly displayName: string
  readonly attempt: number
  readonly rows: number
  readonly blobs: ReadonlyArray<string>
  readonly handle?: ResourceHandle | undefined
  /** When the API made it. */
  readonly createdAt?: number | undefined
  readonly isSynchronous: boolean
  readonly results: ReadonlyArray<ResultsRecord>
}

export interface RunState {
  readonly begun: typeof Begun.Type | undefined
  readonly open: ReadonlyMap<number, OpenJob>
  /** How many jobs were cut, and created. */
  readonly jobs: number
  readonly created: number
  /** How many rows of the source lie in jobs, and the hash of their keys. */
  readonly read: number
  readonly hash: string
  readonly isAllRead: boolean
  readonly results: number
  readonly failed: number
  readonly isCancelled: boolean
  readonly isFinished: boolean
}

export const nothing: RunState = {
  begun: undefined,
  open: new Map(),
  jobs: 0,
  created: 0,
  read: 0,
  hash: "",
  isAllRead: false,
  results: 0,
  failed: 0,
  isCancelled: false,
  isFinished: false
}

const changed = (state: RunState, job: number, change: (job: OpenJob) => OpenJob): RunState => {
  const found = state.open.get(job)
  return found === undefined ? state : { ...state, open: new Map(state.open).set(job, change(found)) }
}

export const step = (state: RunState, record: RunRecord): RunState => {
  switch (record._tag) {
    case "Begun":
      return { ...state, begun: record }
    case "Cut": {
      const { _tag, hash, read, ...job } = record
      return {
        ...state,
        jobs: Math.max(state.jobs, job.job + 1),
        open: new Map(state.open).set(job.job, { ...job, isSynchronous: false, results: [] }),
        ...(read === 0 ? {} : { read: state.read + read, hash })
      }
    }
    case "Created": {
      const { at: createdAt, handle, job } = record
      return changed({ ...state, created: state.created + 1 }, job, (found) => ({ ...found, handle, createdAt }))
    }
    case "Synchronous":
      return changed(state, record.job, (job) => ({ ...job, isSynchronous: true }))
    case "Results": {
      const counted = { ...state, results: state.results + record.count, failed: state.failed + record.failed }
      return changed(counted, record.job, (job) => ({ ...job, results: [...job.results, record] }))
    }
    case "Closed": {
      const open = new Map(state.open)
      open.delete(record.job)
      return { ...state, open }
    }
    case "SourceEnded":
      return { ...state, isAllRead: true }
    case "Cancelled":
      return { ...state, isCancelled: true }
    case "Finished":
      return { ...state, isFinished: true }
  }
}

/** A row as its blob has it. `row` is its place in the source. */
export const RowLine = Schema.Struct({
  row: whole,
  key: Schema.String,
  request: GenerateContentRequest
})
export type RowLine = typeof RowLine.Type

/** A result as its blob has it; `place` is that in the job. */
export const ResultLine = Schema.Struct({
  place: whole,
  row: whole,
  key: Schema.String,
  via: Schema.Literals(["batch", "standard"]),
  attempts: whole,
  response: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  error: Schema.optionalKey(Schema.Struct({ code: Schema.Finite, message: Schema.String }))
})
export type ResultLine = typeof ResultLine.Type

/** The key under which a row is sent. */
export const sentKey = (place: number, { key, row }: Pick<RowLine, "row" | "key">): string => `${place} ${row} ${key}`

export const readKey = (
  sent: string | undefined
): { readonly place: number; readonly row: number; readonly key: string } | undefined => {
  const [, place, row, key] = /^(\d{1,9}) (\d{1,15}) ([\s\S]*)$/.exec(sent ?? "") ?? []
  return key === undefined ? undefined : { place: Number(place), row: Number(row), key }
}

/** The hash of keys one after the other (FNV-1a of 32 bits), which tells another source from the same one. */
export const hashed = (hash: string, key: string): string => {
  let value = hash === "" ? 0x811c9dc5 : Number.parseInt(hash, 16)
  for (let at = 0; at <= key.length; at++) {
    value = Math.imul(value ^ (at === key.length ? 0 : key.charCodeAt(at)), 0x01000193) >>> 0
  }
  return value.toString(16)
}
