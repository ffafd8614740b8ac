/** Reads a turn for a stream: what the model says waits until it is pulled. */
import type { ServerMessage } from "../../live/LiveProtocol.ts"
import type { Overlap } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import { InboundQueue } from "./InboundQueue.ts"
import type { Reader } from "./Reader.ts"
import * as TurnFold from "./TurnFold.ts"

export class ViewReader implements Reader {
  readonly queue: InboundQueue<GenerateContentResponse, LiveError>
  isFilled = false
  overlap: Overlap | undefined
  readonly #model: string
  /** What a turn said that may be another's: it is let through when it is sure, and a stream takes nothing back. */
  #doubted: Array<readonly [response: GenerateContentResponse, bytes: number]> | undefined
  #doubtedBytes = 0

  constructor(model: string, limit: number) {
    this.#model = model
    this.queue = new InboundQueue(limit)
  }

  get bytes(): number {
    return this.queue.bytes + this.#doubtedBytes
  }

  get limit(): number {
    return this.queue.limit
  }

  take(message: ServerMessage, bytes: number, finishReason: string | undefined): boolean {
    const response = TurnFold.response(message, this.#model, finishReason)
    if (response === undefined) return true
    this.isFilled = true
    if (this.#doubted === undefined) return this.queue.push(response, bytes)
    if (this.#doubted.length > 0 && this.bytes + bytes > this.limit) return false
    this.#doubted.push([response, bytes])
    this.#doubtedBytes += bytes
    return true
  }

  doubt(): void {
    this.#doubted = []
    this.#doubtedBytes = 0
    this.isFilled = false
  }

  own(): void {
    this.#doubted = undefined
    this.#doubtedBytes = 0
  }

  end(finishReason: string | undefined, overlap: Overlap | undefined): void {
    this.overlap = overlap
    for (const [response, bytes] of this.#doubted ?? []) this.queue.push(response, bytes)
    this.own()
    if (finishReason !== undefined) this.queue.push(TurnFold.ended(this.#model, finishReason), 0)
    this.queue.end({ _tag: "Done" })
  }

  fail(error: LiveError): void {
    this.queue.end({ _tag: "Failed", error })
  }

  silence(): number {
    return this.queue.discard(TurnFold.isPlayback)
  }
}
