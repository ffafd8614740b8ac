/**
 * A request in the log as long as it is open, and as it is shown. Its bytes are parsed when they are looked at; it
 * looks like plain data, also to `console.log` and JSON.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Chunk, Entry } from "../../RequestLog.ts"
import type { Verdict } from "../../Verdict.ts"
import * as Json from "../json.ts"

/** What the log is told when a request has arrived. */
export interface Arrival extends
  Pick<
    Entry,
    "time" | "method" | "path" | "apiMethod" | "model" | "space" | "project" | "region" | "connection"
  >
{
  /** The body as it was sent. Undefined: there was none, or it was never read. */
  readonly bodyBytes: Uint8Array | undefined
  /** The headers without secrets, as JSON. */
  readonly headersText: string
}

/** The bytes of an open entry without those of its body and answer: its fields and the allocator's share. */
const entryBytes = 900
/** The bytes of a chunk besides its content, while the request is open. */
const chunkBytes = 320

const decoder = new TextDecoder()

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return only
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const events = (text: string): ReadonlyArray<unknown> =>
  text.split(/\r?\n\r?\n/).filter((event) => event.trim() !== "").map((event) => {
    const data = event.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []).join("\n")
    return Json.parse(data) ?? event
  })

const responseOf = (text: string, contentType: string): unknown =>
  contentType.startsWith("text/event-stream") && /^(?:data|event|id|:)/.test(text)
    ? events(text)
    : Json.parse(text) ?? text

/** The bytes of a request that has ended. Reading them throws if the log has dropped them. */
export interface Source {
  readonly body: () => Uint8Array | undefined
  readonly chunks: () => ReadonlyArray<Chunk>
}

type Growth = Pick<LoggedRequest, "verdict" | "status" | "contentType" | "bytesSent" | "outcome" | "closedAt">

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
  bodyBytes: Uint8Array | undefined
  readonly headersText: string
  verdict: Verdict | undefined = undefined
  status: number | undefined = undefined
  contentType = ""
  bytesSent = 0
  outcome: Entry["outcome"] = undefined
  closedAt: number | undefined = undefined
  private pieces: Array<Chunk> = []
  /** Where its bytes are once it has ended. */
  private source: Source | undefined = undefined
  /** How many bytes it takes while it is open, by estimate. */
  size: number
  /** Whether the log has dropped it. A dropped entry still gets its end, for the counters. */
  dropped = false

  constructor(id: number, epoch: number, arrival: Arrival) {
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
    this.bodyBytes = arrival.bodyBytes
    this.headersText = arrival.headersText
    this.size = entryBytes + (arrival.bodyBytes?.length ?? 0)
  }

  get body(): unknown {
    const bytes = this.source === undefined ? this.bodyBytes : this.source.body()
    if (bytes === undefined) return undefined
    const text = decoder.decode(bytes)
    return Json.parse(text) ?? text
  }
  get chunks(): ReadonlyArray<Chunk> {
    return this.source === undefined ? this.pieces : this.source.chunks()
  }
  get headers(): Entry["headers"] {
    return JSON.parse(this.headersText)
  }
  get responseText(): string {
    return decoder.decode(joined(this.chunks.map(({ bytes }) => bytes)))
  }
  get response(): unknown {
    return this.chunks.length === 0 ? undefined : responseOf(this.responseText, this.contentType)
  }

  /** The entry as it is now. */
  copy(): Entry {
    const copy = new LoggedRequest(this.id, this.epoch, this)
    copy.grow(this)
    copy.pieces = [...this.pieces]
    return copy
  }
  /** Adds a piece of the answer, and returns how many bytes the log has grown by. */
  send(chunk: Chunk): number {
    this.pieces.push(chunk)
    const by = chunkBytes + chunk.bytes.length
    this.size += by
    return by
  }
  /** Takes it out of the log: from then on it keeps nothing large. */
  drop(): void {
    this.dropped = true
    this.bodyBytes = undefined
    this.pieces = []
  }
  /** Takes over what another entry of the same arrival had become. */
  grow({ bytesSent, closedAt, contentType, outcome, status, verdict }: Growth, source?: Source): void {
    this.verdict = verdict
    this.status = status
    this.contentType = contentType
    this.bytesSent = bytesSent
    this.outcome = outcome
    this.closedAt = closedAt
    this.source = source
  }
  toJSON(): unknown {
    const { apiMethod, body, bytesSent, closedAt, connection, headers, id, method, model, outcome, path } = this
    const { project, region, response, space, status, time, verdict } = this
    return {
      id,
      time,
      method,
      path,
      apiMethod,
      model,
      space,
      project,
      region,
      connection,
      headers,
      body,
      verdict,
      status,
      response,
      chunks: this.chunks.map(({ bytes, time }) => ({ time, bytes: bytes.length })),
      bytesSent,
      outcome,
      closedAt
    }
  }
  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
