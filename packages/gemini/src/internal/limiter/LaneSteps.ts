/**
 * The steps of one lane on their way to Redis. The first goes at once; those that come while it is under way go
 * together with the next script. So each lane has one script under way, and a process that asks for much sends few.
 *
 * What a script grants to all who asked in it is one `RedisBatch`. What became of a batch meanwhile is told once, however
 * many of its calls it is about.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Limits } from "../../limits/Tier.ts"
import { field, preface, type Run, type ScriptReply, type Steps, type Told, told } from "./laneScript.ts"
import { RedisBatch } from "./RedisBatch.ts"
import { StepRefused } from "./StoreLink.ts"

/** One request that wants room: the lane's limits, and its tokens, a whole number. */
export interface Want {
  readonly limits: Limits
  readonly tokens: number
}

/** How a reservation ended. */
export type Outcome = RedisBatch | { readonly retryIn: number; readonly resetAt: number }

/** Requests that want room together, in order. */
export interface StepGroup {
  readonly wants: ReadonlyArray<Want>
  /**
   * Is told one outcome for each request, of which a refusal is the last, or that the store refused the script.
   * `undefined`: nobody answered.
   */
  readonly done: (outcomes: ReadonlyArray<Outcome> | StepRefused | undefined) => void
}

export interface Options {
  readonly send: (steps: Steps) => Effect.Effect<ScriptReply | undefined, StepRefused>
  /** Is told how the lane stood after the steps, and when they were sent by the clock of those who asked. */
  readonly heard: (told: Told, now: number) => void
  /** The fibers of all lanes that are under way. */
  readonly away: Set<Fiber.Fiber<unknown, unknown>>
  /** How often a call asks again while other processes hold all concurrency, in milliseconds. */
  readonly poll: number
}

/** The most groups in one script, and the most batches that it tells of. */
const most = 128

const unlimited: Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

/** The requests of a group, those with the same limits together. */
const runsOf = ({ wants }: StepGroup): ReadonlyArray<Run> => {
  const runs: Array<Run & { readonly tokens: Array<number> }> = []
  for (const { limits, tokens } of wants) {
    const last = runs.at(-1)
    if (last !== undefined && isSame(last.limits, limits)) last.tokens.push(tokens)
    else runs.push({ isFirst: last === undefined, limits, tokens: [tokens] })
  }
  return runs
}

const isSame = (some: Limits, other: Limits): boolean =>
  some === other ||
  (some.rpm === other.rpm && some.tpm === other.tpm && some.rpd === other.rpd &&
    some.concurrency === other.concurrency)

export class LaneSteps {
  readonly #options: Options
  #waiting: Array<StepGroup> = []
  /** The batches of which Redis has not heard the last. */
  readonly #changed = new Set<RedisBatch>()
  #isAway = false
  /** The context of the last one who asked. A step without a fiber of its own uses it. */
  #context: Context.Context<never> | undefined
  #limits: Limits = unlimited
  #now = -Infinity

  constructor(options: Options) {
    this.#options = options
  }

  /** `limits` are the limits by which Redis tells how the lane stands. */
  ask(group: StepGroup, now: number, limits: Limits | undefined): void {
    this.#limits = limits ?? this.#limits
    this.#waiting.push(group)
    this.#begin(now)
  }

  /** Tells Redis how a batch stands. Nobody waits for that. */
  tell(batch: RedisBatch, now: number): void {
    this.#changed.add(batch)
    this.#begin(now)
  }

  #begin(now: number): void {
    this.#now = now
    this.#context = Fiber.getCurrent()?.context ?? this.#context
    this.#next()
  }

  #next(): void {
    if (this.#isAway || this.#context === undefined || this.#waiting.length + this.#changed.size === 0) return
    const { away, poll, send } = this.#options
    const now = this.#now
    const groups = this.#waiting.splice(0, most)
    const batches = Array.from(this.#changed).slice(0, most)
    for (const batch of batches) this.#changed.delete(batch)
    const steps = {
      words: batches.map(({ word }) => word),
      runs: groups.flatMap(runsOf),
      limits: this.#limits,
      poll
    }
    this.#isAway = true
    const fiber = Effect.runForkWith(this.#context)(Effect.catch(send(steps), Effect.succeed))
    away.add(fiber)
    fiber.addObserver((exit) => {
      away.delete(fiber)
      this.#answered(groups, now, Exit.isSuccess(exit) ? exit.value : undefined)
      this.#isAway = false
      this.#next()
    })
  }

  #answered(groups: ReadonlyArray<StepGroup>, now: number, reply: ScriptReply | StepRefused | undefined): void {
    if (reply === undefined || reply instanceof StepRefused) {
      for (const { done } of groups) done(reply)
      return
    }
    this.#options.heard(told(reply, 2), now)
    const batch = new RedisBatch(String(reply[1] ?? ""), field(reply, 0))
    let place = preface
    // All of it is counted before the first who asked goes on and changes it.
    const answers = groups.map((group): readonly [StepGroup, Array<Outcome>] => {
      const outcomes: Array<Outcome> = []
      if (group.wants.length === 0) return [group, outcomes]
      const granted = field(reply, place)
      for (const { tokens } of group.wants.slice(0, granted)) {
        batch.add(tokens)
        outcomes.push(batch)
      }
      const retryIn = field(reply, place + 1)
      if (retryIn > 0) outcomes.push({ retryIn, resetAt: field(reply, place + 2) })
      place += 3
      return [group, outcomes]
    })
    for (const [{ done }, outcomes] of answers) done(outcomes)
  }
}
