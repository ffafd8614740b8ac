/** The length of a history, measured as it grows. */
import type * as Prompt from "effect/ai/Prompt"
import * as Tokens from "./tokens.ts"

/**
 * Letters of a history that grows at its end: what was measured is not gone through again. No message stands in a history
 * twice, so one that is still at its place has the same messages before it.
 */
export class Measured {
  #messages: ReadonlyArray<Prompt.Message> = []
  #sum = 0

  of(messages: ReadonlyArray<Prompt.Message>): number {
    const known = this.#messages.length
    const isSame = known > 0 && known <= messages.length && messages[known - 1] === this.#messages[known - 1]
    let sum = isSame ? this.#sum : 0
    for (let i = isSame ? known : 0; i < messages.length; i++) {
      const message = messages[i]
      if (message !== undefined) sum += Tokens.count(message)
    }
    this.#messages = messages
    this.#sum = sum
    return sum
  }
}
