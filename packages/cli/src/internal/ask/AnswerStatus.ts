/** What the status line says while an answer is on its way: what is waited for, for how long, and the tokens. Pure. */
import type { CallEvent } from "effect-gemini/call/CallOptions"
import * as CliOutput from "effect/cli/CliOutput"
import * as Duration from "effect/Duration"
import * as Lines from "../lines.ts"

export class AnswerStatus {
  readonly #model: string
  readonly #from: number
  #waits: { readonly says: string; readonly until: number } | undefined
  #doing: string | undefined
  #tokens = 0

  /** `now` in milliseconds. */
  constructor(model: string, now: number) {
    this.#model = model
    this.#from = now
  }

  on(event: CallEvent, now: number): void {
    switch (event._tag) {
      case "Waiting":
        // Without a time the call only stands in its lane, which is over before anybody could read it.
        this.#waits = event.until === undefined
          ? undefined
          : { says: `waits for ${event.lane.quotaModel}'s quota`, until: event.until }
        return
      case "Retrying":
        this.#waits = {
          says: `tries again after ${event.error.reason._tag}`,
          until: now + Duration.toMillis(event.delay)
        }
        return
      case "Chosen":
        return
    }
  }

  /** What is done besides the call, such as an upload. */
  doing(says: string | undefined): void {
    this.#doing = says
  }

  /** A piece has come; `tokens` are those of the answer so far. */
  came(tokens: number | undefined): void {
    this.#waits = undefined
    this.#tokens = tokens ?? this.#tokens
  }

  /** Where the columns are few, the seconds come first and the rest may be cut. */
  line(now: number, columns = Infinity): string {
    const frame = Lines.spinner(now)
    const seconds = Lines.time(now - this.#from)
    const wait = this.#waits !== undefined && this.#waits.until > now ? this.#waits : undefined
    const left = wait === undefined || !Number.isFinite(wait.until) ? undefined : `${Lines.time(wait.until - now)} left`
    const tokens = this.#tokens === 0 ? [] : [`${this.#tokens} tokens`]
    const what = this.#doing ?? wait?.says ?? this.#model
    const whole = `${frame} ${[what, left ?? seconds, ...tokens].join(", ")}`
    return CliOutput.displayWidth(whole) <= columns
      ? whole
      : `${frame} ${[left ?? seconds, ...tokens, what].join(", ")}`
  }
}

/** The same events as lines, where there is no status line. */
export const notice = (event: CallEvent, now: number): string | undefined => {
  switch (event._tag) {
    case "Waiting":
      return event.until === undefined || event.until <= now
        ? undefined
        : `waiting for ${event.lane.quotaModel}'s quota, ${Lines.time(event.until - now)} left`
    case "Retrying":
      return `attempt ${event.attempt} failed (${event.error.reason._tag}), the next one in ${
        Lines.time(Duration.toMillis(event.delay))
      }`
    case "Chosen":
      return undefined
  }
}
