/**
 * A request as the log keeps it: as bytes, which take a third of what parsed values do. What is read
 * of it is parsed then, and looks like plain data also to `console.log` and JSON.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Chunk, Entry } from "../../RequestLog.ts"
import type { Verdict } from "../../Verdict.ts"
import * as Json from "../json.ts"
import * as Slabs from "./Slabs.ts"

/** What the log is told when a request has arrived. */
export interface Arrival extends
  Pick<
    Entry,
    "time" | "method" | "path" | "apiMethod" | "model" | "space" | "project" | "region" | "connection"
  >
{
  /** The body as it was sent; undefined if there was none, or it was never read. */
  readonly bodyBytes: Uint8Array | undefined
  /** The headers without secrets, as JSON. */
  readonly headersText: string
}

/** A piece of the answer. */
export interface Piece extends Slabs.Place {
  readonly time: number
}

/** An entry beside its bytes: its fields, its places in lists, the allocator's slack (measured: 550 to 700). */
export const entryBytes = 900
/** A piece beside its bytes. */
export const pieceBytes = 100

const decoder = new TextDecoder()

const textOf = (pieces: ReadonlyArray<Piece>): string => {
  const all = new Uint8Array(pieces.reduce((sum, { from, to }) => sum + to - from, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(Slabs.bytesOf(piece), at)
    at += piece.to - piece.from
  }
  return decoder.decode(all)
}

const events = (text: string): ReadonlyArray<unknown> =>
  text.split(/\r?\n\r?\n/).filter((event) => event.trim() !== "").map((event) => {
    const data = event.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []).join("\n")
    return Json.parse(data) ?? event
  })

export class LoggedRequest implements Entry {
  readonly id: number
  /** How often the log had been cleared before. */
  readonly epoch: number
  readonly time: number
  readonly method: string
  readonly path: string
  readonly apiMethod: string | undefined
  readonly model: string | undefined
  readonly space: string
  readonly project: string
  readonly region: string
  readonly connection: number
  readonly sentBody: Slabs.Place | undefined
  readonly headersText: string
  verdict: Verdict | undefined = undefined
  status: number | undefined = undefined
  contentType = ""
  bytesSent = 0
  outcome: Entry["outcome"] = undefined
  closedAt: number | undefined = undefined
  /** Grows at its end only, so that a copy is a length. */
  pieces: Array<Piece> | undefined = undefined
  count = 0
  /** What it costs, by estimate. */
  size: number
  /** Dropped entries still get their end, for the counters. */
  dropped = false

  constructor(id: number, epoch: number, arrival: Omit<Arrival, "bodyBytes">, body: Slabs.Place | undefined) {
    this.id = id
    this.epoch = epoch
    this.time = arrival.time
    this.method = arrival.method
    this.path = arrival.path
    this.apiMethod = arrival.apiMethod
    this.model = arrival.model
    this.space = arrival.space
    this.project = arrival.project
    this.region = arrival.region
    this.connection = arrival.connection
    this.sentBody = body
    this.headersText = arrival.headersText
    this.size = entryBytes + (body === undefined ? 0 : body.to - body.from)
  }

  get body(): unknown {
    if (this.sentBody === undefined) return undefined
    const text = decoder.decode(Slabs.bytesOf(this.sentBody))
    return Json.parse(text) ?? text
  }
  get headers(): Entry["headers"] {
    return JSON.parse(this.headersText)
  }
  get chunks(): ReadonlyArray<Chunk> {
    return (this.pieces ?? []).slice(0, this.count).map((piece) => ({ time: piece.time, bytes: Slabs.bytesOf(piece) }))
  }
  get responseText(): string {
    return textOf((this.pieces ?? []).slice(0, this.count))
  }
  get response(): unknown {
    if (this.count === 0) return undefined
    const text = this.responseText
    return this.contentType.startsWith("text/event-stream") && /^(?:data|event|id|:)/.test(text)
      ? events(text)
      : Json.parse(text) ?? text
  }

  /** As it is now. */
  copy(): Entry {
    const copy = new LoggedRequest(this.id, this.epoch, this, this.sentBody)
    copy.verdict = this.verdict
    copy.status = this.status
    copy.contentType = this.contentType
    copy.bytesSent = this.bytesSent
    copy.outcome = this.outcome
    copy.closedAt = this.closedAt
    copy.pieces = this.pieces
    copy.count = this.count
    copy.size = this.size
    return copy
  }
  toJSON(): unknown {
    const { chunks, contentType: _1, count: _2, dropped: _3, epoch: _4, headersText: _5, ...rest } = {
      ...this,
      body: this.body,
      headers: this.headers,
      response: this.response,
      chunks: this.chunks.map(({ bytes, time }) => ({ time, bytes: bytes.length }))
    }
    const { pieces: _6, sentBody: _7, size: _8, ...fields } = rest
    return { ...fields, chunks }
  }
  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
