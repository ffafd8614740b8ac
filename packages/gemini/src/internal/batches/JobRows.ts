/**
 * The rows of a run's jobs: written into blobs as they are read from the source, and read again by job.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Request } from "../../GeminiClient.ts"
import * as Guard from "../wire/guard.ts"
import type { RunLog } from "./RunLog.ts"
import type { OpenJob, RowLine } from "./runRecord.ts"
import * as RunRecord from "./runRecord.ts"
import { linesOf } from "./runResults.ts"

/** The bytes of a blob: what is in memory of a job that is written or read. */
const piece = 4 * 1024 * 1024

const encoder = new TextEncoder()
const guard = /* @__PURE__ */ Guard.make(RunRecord.RowLine)

/** A row, and its place in its job. */
export interface Placed {
  readonly place: number
  readonly line: RowLine
}

/** Writes the rows of a job, one after the other. */
export const writer = (log: RunLog) => {
  const blobs: Array<string> = []
  let waiting: Array<string> = []
  let size = 0
  let bytes = 0
  let rows = 0
  const flush: Effect.Effect<void, JournalError> = Effect.suspend(() => {
    if (waiting.length === 0) return Effect.void
    const text = waiting.join("")
    waiting = []
    size = 0
    return Effect.map(log.put(encoder.encode(text)), (blob) => void blobs.push(blob))
  })
  return {
    rows: () => rows,
    bytes: () => bytes,
    add: (line: RowLine): Effect.Effect<void, JournalError> => {
      const text = `${JSON.stringify(line)}\n`
      waiting.push(text)
      size += text.length
      bytes += text.length
      rows++
      return size < piece ? Effect.void : flush
    },
    end: Effect.map(flush, (): ReadonlyArray<string> => blobs)
  }
}

/** The request of a row, as the services take it. */
export const requestOf = ({ request: { systemInstruction, ...request } }: RowLine): Request =>
  systemInstruction == null ? request : { ...request, systemInstruction }

const parsed = (text: string): ReadonlyArray<RowLine> => {
  const line = guard(JSON.parse(text))
  return Result.isSuccess(line) ? [line.success] : []
}

/** The rows of a job, a blob at a time. */
export const read = (log: RunLog, { blobs }: OpenJob): Stream.Stream<Placed, JournalError> =>
  Stream.suspend(() => {
    let place = 0
    return Stream.flattenIterable(Stream.mapEffect(Stream.fromIterable(blobs), (blob) =>
      Effect.map(
        log.get(blob),
        (bytes) => linesOf(bytes).flatMap(parsed).map((line): Placed => ({ place: place++, line }))
      )))
  })

/** Which places of a job have their result. */
export class JobPlaces {
  readonly #bits: Uint8Array
  readonly size: number
  count = 0

  constructor(size: number) {
    this.size = size
    this.#bits = new Uint8Array(Math.ceil(size / 8))
  }

  has(place: number): boolean {
    return ((this.#bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0
  }

  /** Takes a place; gives false for one that is taken, or that the job does not have. */
  take(place: number): boolean {
    if (place < 0 || place >= this.size || this.has(place)) return false
    this.#bits[place >> 3] = (this.#bits[place >> 3] ?? 0) | (1 << (place & 7))
    this.count++
    return true
  }

  get isFull(): boolean {
    return this.count === this.size
  }
}
