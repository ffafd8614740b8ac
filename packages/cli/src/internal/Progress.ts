/** What the status line says: the acts that run, what they wait for, tokens and time so far. Pure. */
import type { NarrativeEvent, Waiting } from "effect-gemini-narrative/NarrativeEvent"
import * as CliOutput from "effect/cli/CliOutput"
import * as Lines from "./lines.ts"

interface Running {
  readonly model: string
  readonly since: number
  waiting: Waiting | undefined
  retryAt: number | undefined
  tokens: number
}

/** Whether an act is one item or round of a group, such as `draft[2]`. */
export const isPart = (act: string): boolean => act.includes("[")

export class Progress {
  readonly #acts: number
  readonly #defaultModel: string
  readonly #running = new Map<string, Running>()
  #done: number
  #tokens = 0

  constructor(acts: number, done: number, defaultModel: string) {
    this.#acts = acts
    this.#defaultModel = defaultModel
    this.#done = done
  }

  /** `now` in milliseconds. */
  on(event: NarrativeEvent, now: number): void {
    if (event._tag === "NarrativeFinished") {
      this.#running.clear()
      return
    }
    if (event._tag === "ActStarted") {
      this.#running.set(event.act, {
        model: event.model ?? this.#defaultModel,
        since: now,
        waiting: undefined,
        retryAt: undefined,
        tokens: 0
      })
      return
    }
    // Items and rounds are parts of an act of the file, which is done when the last of them is.
    if (event._tag === "ActFinished" && !isPart(event.act)) this.#done++
    const act = this.#running.get(event.act)
    if (act === undefined) return
    switch (event._tag) {
      case "Waiting":
        act.waiting = event
        return
      case "Retrying":
        act.retryAt = now + event.delay
        return
      case "Chunk":
        act.waiting = undefined
        act.retryAt = undefined
        act.tokens = event.usage?.totalTokens ?? act.tokens
        return
      case "ActFinished":
        this.#tokens += event.result.usage?.totalTokens ?? 0
        this.#running.delete(event.act)
    }
  }

  /** Empty when nothing runs. Where the columns are few, it is the numbers that stay. */
  line(now: number, columns = Infinity): string {
    if (this.#running.size === 0) return ""
    const acts = Array.from(this.#running, ([name, act]) => {
      if (act.waiting !== undefined && (act.waiting.until ?? 0) > now) return Lines.waiting(act.waiting, now)
      if (act.retryAt !== undefined && act.retryAt > now) {
        return `${name} tries again in ${Lines.time(act.retryAt - now)}`
      }
      return `${name} on ${act.model}, ${Lines.time(now - act.since)}`
    })
    let tokens = this.#tokens
    for (const act of this.#running.values()) tokens += act.tokens
    const frame = Lines.spinner(now)
    const done = `${this.#done} of ${this.#acts} acts`
    const whole = `${frame} ${acts.join("; ")} · ${done}, ${tokens} tokens`
    return CliOutput.displayWidth(whole) <= columns ? whole : `${frame} ${this.#short(now)} · ${done}`
  }

  #short(now: number): string {
    const { size } = this.#running
    const until = Array.from(this.#running.values(), ({ retryAt, waiting }) => waiting?.until ?? retryAt ?? 0)
    const waits = until.filter((at) => at > now)
    const next = waits.length === 0 ? "" : `, next in ${Lines.time(Math.min(...waits) - now)}`
    if (size > 1) return waits.length === 0 ? `${size} acts run` : `${waits.length} of ${size} wait${next}`
    const [name] = this.#running.keys()
    return waits.length === 0 ? `${name}` : `${name} waits${next}`
  }
}
