/**
 * Turns the chunks of a stream into parts of `effect/ai`. Pure. The same parts come out however the answer was cut into
 * chunks.
 *
 * Plain text that follows plain text is one block. A text with anything else on it, above all a signature, is a block
 * of its own, so that text with and without a signature stays apart.
 */
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as Part from "effect-gemini/wire/Part"
import type * as Response from "effect/ai/Response"
import { ArgsFold } from "./ArgsFold.ts"
import { FinishFold, responseMetadata } from "./FinishFold.ts"
import { type ContentPart, isPlainText, PartReader } from "./PartReader.ts"
import type { Context } from "./responseToParts.ts"

type Out = Array<Response.StreamPartEncoded>
type Block = { readonly kind: "text" | "reasoning"; readonly id: string }

/** A call whose arguments are still coming. */
interface OpenCall {
  readonly first: Part.Part
  readonly call: Part.FunctionCall
  readonly id: string
  readonly args: ArgsFold
}

export class StreamFold {
  readonly #context: Context
  readonly #reader: PartReader
  readonly #finish = new FinishFold()
  #block: Block | undefined
  #blocks = 0
  #call: OpenCall | undefined
  #started = false

  constructor(context: Context) {
    this.#context = context
    this.#reader = new PartReader(context.tools, context.nextId, context.taken)
  }

  push(response: GenerateContent.GenerateContentResponse, out: Out): void {
    if (!this.#started) {
      this.#started = true
      out.push(responseMetadata(response))
    }
    this.#finish.add(response)
    for (const part of GenerateContent.parts(response)) this.#part(part, out)
  }

  /** Ends the answer. `reason` is used where the chunks gave none. */
  end(out: Out, reason?: string): void {
    this.#closeBlock(out)
    this.#closeCall(out)
    if (reason !== undefined) this.#finish.reason = reason
    out.push(...this.#finish.sources(this.#context.nextId), this.#finish.part(this.#reader.asksForTools))
  }

  /** What the answer has used so far. */
  get usage(): Response.FinishPartEncoded["usage"] {
    return this.#finish.used
  }

  #part(part: Part.Part, out: Out): void {
    if (isPlainText(part)) return this.#plainText(part.thought === true ? "reasoning" : "text", part.text ?? "", out)
    this.#closeBlock(out)
    if (part.functionCall && this.#callPiece(part, part.functionCall, out)) return
    this.#closeCall(out)
    this.#whole(this.#reader.read(part), out)
  }

  #plainText(kind: Block["kind"], text: string, out: Out): void {
    if (text === "") return
    if (this.#block?.kind !== kind) {
      this.#closeBlock(out)
      this.#closeCall(out)
      this.#block = { kind, id: `${kind}-${this.#blocks++}` }
      out.push({ type: `${kind}-start`, id: this.#block.id })
    }
    out.push({ type: `${kind}-delta`, id: this.#block.id, delta: text })
  }

  #closeBlock(out: Out): void {
    if (this.#block === undefined) return
    out.push({ type: `${this.#block.kind}-end`, id: this.#block.id })
    this.#block = undefined
  }

  /** Takes a piece of a streamed call. It returns false for a call that came whole. */
  #callPiece(part: Part.Part, call: Part.FunctionCall, out: Out): boolean {
    const open = this.#call
    const isNext = open !== undefined && !call.name && (!call.id || call.id === open.call.id)
    if (!isNext && call.willContinue !== true && !call.partialArgs) return false
    const current = isNext ? open : this.#openCall(part, call, out)
    for (const piece of call.partialArgs ?? []) {
      current.args.add(piece)
      const delta = current.args.delta()
      if (delta !== "") out.push({ type: "tool-params-delta", id: current.id, delta })
    }
    if (call.willContinue !== true) this.#closeCall(out)
    return true
  }

  #openCall(first: Part.Part, call: Part.FunctionCall, out: Out): OpenCall {
    this.#closeCall(out)
    const id = call.id && !this.#context.taken.has(call.id) ? call.id : this.#context.nextId()
    this.#call = { first, call, id, args: new ArgsFold() }
    out.push({ type: "tool-params-start", id, name: this.#context.tools.fromWire(call.name ?? "") })
    return this.#call
  }

  /** Makes the whole call of its pieces, as it will be sent back, with the signature of the first piece. */
  #closeCall(out: Out): void {
    const open = this.#call
    if (open === undefined) return
    this.#call = undefined
    const delta = open.args.end()
    if (delta !== "") out.push({ type: "tool-params-delta", id: open.id, delta })
    out.push({ type: "tool-params-end", id: open.id })
    const { partialArgs: _, willContinue: __, ...call } = open.call
    const read = this.#reader.read({ ...open.first, functionCall: { ...call, args: open.args.args() } })
    if (read.type === "tool-call") out.push({ ...read, id: open.id })
  }

  #whole(part: ContentPart, out: Out): void {
    if (part.type === "text" || part.type === "reasoning") {
      const id = `${part.type}-${this.#blocks++}`
      out.push({ type: `${part.type}-start`, id, ...(part.metadata ? { metadata: part.metadata } : {}) })
      if (part.text !== "") out.push({ type: `${part.type}-delta`, id, delta: part.text })
      out.push({ type: `${part.type}-end`, id })
      return
    }
    if (part.type === "tool-call" && part.providerExecuted !== true) {
      const { id, name, params } = part
      out.push({ type: "tool-params-start", id, name })
      out.push({ type: "tool-params-delta", id, delta: JSON.stringify(params) })
      out.push({ type: "tool-params-end", id })
    }
    out.push(part)
  }
}
