/** A call as its handler may know it, with what only the calls of workers need: whom they tell, and what they spent. */
import type * as Effect from "effect/Effect"
import type { AgentEvent } from "../AgentEvent.ts"
import type { Source, Usage } from "../AgentRecord.ts"
import type { ToolCall } from "../ToolPolicy.ts"
import * as Tokens from "./tokens.ts"

/** What the run of a worker took, and the places that it cited. */
export interface Taken {
  readonly usage: Usage
  readonly sources: ReadonlyArray<Source>
}

export class RunCall implements ToolCall {
  readonly run: string
  readonly call: string
  readonly attempt: number
  readonly key: string
  readonly tell: ((event: AgentEvent) => Effect.Effect<void>) | undefined
  #taken: Taken | undefined
  #isBegun: boolean

  constructor(of: ToolCall, tell: RunCall["tell"]) {
    this.run = of.run
    this.call = of.call
    this.attempt = of.attempt
    this.key = of.key
    this.tell = tell
    this.#isBegun = of.attempt > 1
  }

  /** Whether a worker has begun on it before; from now on one has. */
  begin(): boolean {
    const before = this.#isBegun
    this.#isBegun = true
    return before
  }

  /** What the worker took: in all, where it goes on with its run, or beside what an earlier one of this call took. */
  take({ sources, usage }: Taken, isInAll: boolean): void {
    const before = isInAll ? undefined : this.#taken
    this.#taken = before === undefined
      ? { usage, sources }
      : { usage: Tokens.add(before.usage, usage), sources: [...before.sources, ...sources] }
  }

  get taken(): Taken | undefined {
    return this.#taken
  }
}
