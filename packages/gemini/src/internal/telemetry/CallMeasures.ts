/**
 * The metrics of one call, as it tells of itself. Loaded with `Telemetry` alone.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Fallback } from "../../call/CallOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Usage from "../../wire/Usage.ts"
import type { Attributes, CallWatch, Measure, Recipient, Recorder, Write } from "./recorder.ts"

class CallMeasures implements CallWatch {
  readonly #write: Write
  readonly #attributes: Attributes
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #startedAt: number
  #sentAt = 0
  #hasChunk = false
  #way: Recipient | undefined
  #provider: string | undefined
  #failure: string | undefined
  #usage: Usage.Usage | undefined

  constructor(write: Write, fiber: Fiber.Fiber<unknown, unknown>, attributes: Attributes) {
    this.#write = write
    this.#attributes = attributes
    this.#context = fiber.context
    this.#clock = fiber.getRef(Clock.Clock)
    this.#startedAt = this.#now()
  }

  sent(way: Recipient, waited: number, provider: string): void {
    const { model, member } = way
    const before = this.#way
    this.#way = way
    this.#provider = provider
    if (before !== undefined && (before.model !== model || before.member !== member)) {
      this.#observe("fallbacks", 1, {
        "error.type": this.#failure,
        "gemini.fallback.model": model === before.model ? undefined : model,
        "gemini.member": member === before.member ? undefined : member
      })
    }
    this.#sentAt = this.#now()
    this.#observe("wait", waited / 1_000)
  }

  /** Counts grow over the chunks of a stream, and a chunk may leave some of them out. */
  used(usage: Usage.Usage | undefined): void {
    if (usage !== undefined) this.#usage = Usage.highest(this.#usage, usage)
  }

  chunk(): void {
    if (this.#hasChunk) return
    this.#hasChunk = true
    this.#observe("timeToFirstChunk", (this.#now() - this.#sentAt) / 1_000)
  }

  retried({ reason }: GeminiError): void {
    this.#failure = reason._tag
    this.#usage = undefined
    this.#observe("retries", 1, { "error.type": reason._tag })
  }

  ended(failure: string | undefined): void {
    this.#observe("operationDuration", (this.#now() - this.#startedAt) / 1_000, { "error.type": failure })
    if (this.#usage === undefined) return
    const { candidatesTokens, promptTokens, thoughtsTokens, toolUsePromptTokens } = this.#usage
    this.#observe("tokenUsage", promptTokens + toolUsePromptTokens, { "gen_ai.token.type": "input" })
    this.#observe("tokenUsage", candidatesTokens + thoughtsTokens, { "gen_ai.token.type": "output" })
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #observe(measure: Measure, value: number, more?: Attributes): void {
    const provider = this.#provider === undefined ? {} : { "gen_ai.provider.name": this.#provider }
    this.#write(measure, value, { ...this.#attributes, ...provider, ...more }, this.#context)
  }
}

export const make = (write: Write): Recorder => ({
  call: (fiber, attributes) => new CallMeasures(write, fiber, attributes),
  fallback: ({ context }, { model, transport }: Fallback, error, provider) =>
    write("fallbacks", 1, {
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": error.model,
      "error.type": error.reason._tag,
      "gemini.transport": transport,
      "gemini.fallback.model": model
    }, context)
})
