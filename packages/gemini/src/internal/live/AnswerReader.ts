/** Reads a turn as one answer. Messages are folded into it as they come, without a queue, a stream or a fiber's turn. */
import * as Accumulate from "../../call/Accumulate.ts"
import * as Answer from "../../call/Answer.ts"
import type { ServerMessage } from "../../live/LiveProtocol.ts"
import type { LiveAnswer, Overlap } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import type { Part } from "../../wire/Part.ts"
import * as Usage from "../../wire/Usage.ts"
import type { Reader } from "./Reader.ts"
import * as TurnFold from "./TurnFold.ts"

export type Done = (answer: LiveAnswer | LiveError) => void

export class AnswerReader implements Reader {
  readonly limit = Infinity
  readonly bytes = 0
  readonly #model: string
  readonly #done: Done
  #parts: Array<Part> = []
  #finishReason: string | undefined
  #usage: Usage.UsageMetadata | null | undefined
  /** The responses that say where the answer comes from, which are few. */
  #sources: Array<GenerateContentResponse> = []
  /** How much of it is sure, while a turn speaks that may be another's. */
  #sure: { readonly parts: number; readonly sources: number } | undefined

  constructor(model: string, done: Done) {
    this.#model = model
    this.#done = done
  }

  get isFilled(): boolean {
    return this.#parts.length > 0
  }

  take(message: ServerMessage, _bytes: number, finishReason: string | undefined): boolean {
    TurnFold.parts(message, this.#parts)
    const { serverContent, usageMetadata } = message
    if (usageMetadata) this.#usage = Usage.carried(this.#usage, TurnFold.usageOf(message))
    if (serverContent?.groundingMetadata || serverContent?.urlContextMetadata) {
      this.#sources.push({ candidates: [TurnFold.sources(serverContent)] })
    }
    if (finishReason !== undefined) this.#finishReason = finishReason
    return true
  }

  doubt(): void {
    this.#sure ??= { parts: this.#parts.length, sources: this.#sources.length }
    this.#parts.length = this.#sure.parts
    this.#sources.length = this.#sure.sources
  }

  own(): void {
    if (this.#sure === undefined) return
    this.doubt()
    this.#sure = undefined
  }

  end(finishReason: string | undefined, overlap: Overlap | undefined): void {
    const parts = this.#parts
    const reason = this.#finishReason ?? finishReason
    const sources = this.#sources.length === 0 ? undefined : Accumulate.fromChunks(this.#sources).candidates?.[0]
    const response: GenerateContentResponse = {
      candidates: [{
        ...(parts.length === 0 ? {} : { content: { role: "model", parts } }),
        ...(reason === undefined ? {} : { finishReason: reason }),
        ...sources
      }],
      modelVersion: this.#model,
      ...(this.#usage ? { usageMetadata: this.#usage } : {})
    }
    this.#done({ ...Answer.make(response, this.#model, [{ model: this.#model }]), overlap })
  }

  fail(error: LiveError): void {
    this.#done(error)
  }

  silence(): number {
    return 0
  }
}
