/**
 * A request that has ended, as the log keeps it: everything is bytes in a slab, and only their place is on the heap. So
 * 100,000 entries cost little more than their bytes. As objects they would survive one collection after the other, and
 * V8 would grow its young generation by 100 MB for them (Node 24).
 */
import type { Chunk } from "../../RequestLog.ts"
import { LoggedRequest } from "./LoggedRequest.ts"
import * as Slabs from "./Slabs.ts"

export interface Packed extends Slabs.Extent {
  readonly id: number
  /** Path and content type are much alike in all entries, so each text is kept once. */
  readonly path: string
  readonly headersText: string
}

/**
 * What a log takes of the process besides its bytes: V8's young generation grows, and the allocator has gaps. 100,000
 * calls that filled a log took 1.2 to 1.5 times its bytes on Node 24; the rest is a margin, so that a process with a
 * full log stays below 400 MB.
 */
const slack = 1.75
/** Calls of 100 kB leave texts of their size on the heap, for which V8 takes 70 MB more than for calls of 1 kB. */
const largeSlack = 3
/** An entry is large from so many bytes on. */
const large = 32 * 1024
/** The bytes of an entry's place on the heap and in the list. */
const placeBytes = 120

export const sizeOf = (kept: LoggedRequest | Packed): number => {
  if (kept instanceof LoggedRequest) return kept.size
  const bytes = kept.to - kept.from
  return Math.ceil(bytes * (bytes < large ? slack : largeSlack)) + placeBytes
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/**
 * The fields that are neither bytes nor kept apart, as a list, because their names would take more room than their
 * values.
 */
const headOf = (entry: LoggedRequest): ReadonlyArray<unknown> => [
  entry.epoch,
  entry.time,
  entry.method,
  entry.apiMethod,
  entry.model,
  entry.space,
  entry.project,
  entry.region,
  entry.connection,
  entry.verdict,
  entry.status,
  entry.contentType,
  entry.bytesSent,
  entry.outcome,
  entry.closedAt,
  entry.bodyBytes?.length,
  entry.chunks.map(({ bytes, time }) => [time, bytes.length])
]

/** A JSON list has null in place of undefined. */
const orNot = <A>(value: A | null): A | undefined => value ?? undefined

export const pack = (entry: LoggedRequest, slabs: Slabs.Slabs): Packed => {
  const head = encoder.encode(JSON.stringify(headOf(entry)))
  const pieces = [
    new Uint8Array(Uint32Array.of(head.length).buffer),
    head,
    ...(entry.bodyBytes === undefined ? [] : [entry.bodyBytes]),
    ...entry.chunks.map(({ bytes }) => bytes)
  ]
  return { id: entry.id, path: entry.path, headersText: entry.headersText, ...slabs.put(pieces) }
}

/** Makes the entry again. Its bytes stay where they are, as long as the log keeps them. */
export const unpack = (packed: Packed): LoggedRequest => {
  const { from, headersText, id, path } = packed
  const take = (from: number, to: number): Uint8Array => {
    const bytes = Slabs.read(packed, from, to)
    if (bytes === undefined) throw new Error(`the log has dropped request ${id}: it keeps as much as logBytes allows`)
    return bytes
  }
  const start = from + 4
  const [length = 0] = new Uint32Array(take(from, start).slice().buffer)
  const [
    epoch,
    time,
    method,
    apiMethod,
    model,
    space,
    project,
    region,
    connection,
    verdict,
    status,
    contentType,
    bytesSent,
    outcome,
    closedAt,
    body,
    sizes
  ] = JSON.parse(decoder.decode(take(start, start + length)))
  const bodyAt = start + length
  const arrival = { time, method, space, project, region, connection, path, headersText }
  const entry = new LoggedRequest(id, epoch, {
    ...arrival,
    apiMethod: orNot(apiMethod),
    model: orNot(model),
    bodyBytes: undefined
  })
  const growth = { contentType, bytesSent, outcome, verdict: orNot(verdict), status: orNot(status) }
  entry.grow({ ...growth, closedAt: orNot(closedAt) }, {
    body: () => body === null ? undefined : take(bodyAt, bodyAt + body),
    chunks: () => {
      let at = bodyAt + (body ?? 0)
      return sizes.map(([time, size]: readonly [number, number]): Chunk => ({ time, bytes: take(at, at += size) }))
    }
  })
  return entry
}
