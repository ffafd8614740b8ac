/**
 * Which result of a prompt belongs to which of its calls. Pure.
 *
 * A result stands behind its call, though not always right behind it: of two calls of which one waits for an approval,
 * the other has its result first, and what was approved has its result behind what the model said to it.
 */
import type * as Prompt from "effect/ai/Prompt"

interface Waiting {
  readonly message: number
  readonly calls: Array<Prompt.ToolCallPart>
}

/** What the model is told of a call that has no result. */
export interface Unanswered {
  readonly type: "execution-interrupted" | "approval-pending"
  readonly reason: string
}

export class Exchanges {
  readonly #results = new Map<Prompt.ToolCallPart, Prompt.ToolResultPart>()
  readonly #orphans = new Set<Prompt.ToolResultPart>()
  /** Ids of calls that a person was asked to approve. */
  readonly #asked = new Set<string>()

  constructor(prompt: Prompt.Prompt) {
    const waiting = new Map<string, Waiting>()
    prompt.content.forEach((message, at) => {
      if (message.role === "assistant") {
        for (const part of message.content) {
          if (part.type === "tool-call") this.#called(part, at, waiting)
          else if (part.type === "tool-approval-request") this.#asked.add(part.toolCallId)
          // Some clients put a result beside its call.
          else if (part.type === "tool-result" && !part.providerExecuted) this.#answered(part, waiting)
        }
      } else if (message.role === "tool") {
        for (const part of message.content) if (part.type === "tool-result") this.#answered(part, waiting)
      }
    })
  }

  #answered(result: Prompt.ToolResultPart, waiting: ReadonlyMap<string, Waiting>): void {
    const call = waiting.get(result.id)?.calls.shift()
    if (call === undefined) this.#orphans.add(result)
    else this.#results.set(call, result)
  }

  #called(part: Prompt.ToolCallPart, message: number, waiting: Map<string, Waiting>): void {
    const before = waiting.get(part.id)
    // Some providers use an id again: a result is then for the last step that has it.
    if (before?.message === message) before.calls.push(part)
    else waiting.set(part.id, { message, calls: [part] })
  }

  result(call: Prompt.ToolCallPart): Prompt.ToolResultPart | undefined {
    return this.#results.get(call)
  }

  isOrphan(result: Prompt.ToolResultPart): boolean {
    return this.#orphans.has(result)
  }

  unanswered(call: Prompt.ToolCallPart): Unanswered {
    return this.#asked.has(call.id)
      ? { type: "approval-pending", reason: "Nobody has approved this call, so it was not run." }
      : { type: "execution-interrupted", reason: "This call was stopped before it had a result." }
  }
}
