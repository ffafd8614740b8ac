/**
 * The steps of one lane on their way to Redis. The first goes at once; those that come while it is under way go
 * together with the next script. So each lane has one script under way, and a process that asks for much sends few.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Limits } from "../../limits/Tier.ts"
import { field, type ScriptReply, step, type Told, told, toldLength } from "./laneScript.ts"
import { StepRefused } from "./StoreLink.ts"

/** How a reservation ended. */
export type Outcome =
  | { readonly position: string; readonly at: number }
  | { readonly retryIn: number; readonly resetAt: number }

/** Steps that go together. `reserves` of them are reservations, in order. */
export interface StepGroup {
  readonly args: ReadonlyArray<string>
  readonly reserves: number
  /**
   * Is told as many outcomes as reservations were asked for, of which a refusal is the last, or that the store refused
   * the script. `undefined`: nobody answered.
   */
  readonly done?: ((outcomes: ReadonlyArray<Outcome> | StepRefused | undefined) => void) | undefined
}

export interface Options {
  readonly send: (steps: ReadonlyArray<string>) => Effect.Effect<ScriptReply | undefined, StepRefused>
  /** Is told how the lane stood after the steps, and when they were sent by the clock of those who asked. */
  readonly heard: (told: Told, now: number) => void
  /** The fibers of all lanes that are under way. */
  readonly away: Set<Fiber.Fiber<unknown, unknown>>
}

/** The most groups in one script. */
const most = 128

export class LaneSteps {
  readonly #options: Options
  #waiting: Array<StepGroup> = []
  #isAway = false
  /** The context of the last one who asked. A step without a fiber of its own uses it. */
  #context: Context.Context<never> | undefined
  #limits: Limits | undefined
  #now = -Infinity

  constructor(options: Options) {
    this.#options = options
  }

  /** `limits` are the limits by which Redis tells how the lane stands. */
  add(group: StepGroup, now: number, limits?: Limits): void {
    this.#now = now
    this.#limits = limits ?? this.#limits
    this.#waiting.push(group)
    this.#context = Fiber.getCurrent()?.context ?? this.#context
    this.#next()
  }

  #next(): void {
    if (this.#isAway || this.#waiting.length === 0 || this.#context === undefined) return
    const { away, send } = this.#options
    const now = this.#now
    const groups = this.#waiting.splice(0, most)
    const args = groups.flatMap(({ args }) => args)
    if (this.#limits !== undefined) args.push(...step.read(this.#limits))
    this.#isAway = true
    const fiber = Effect.runForkWith(this.#context)(Effect.catch(send(args), Effect.succeed))
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
      for (const { done } of groups) done?.(reply)
      return
    }
    const at = field(reply, 0)
    this.#options.heard(told(reply, 1), now)
    let place = 1 + toldLength
    for (const { done, reserves } of groups) {
      const outcomes: Array<Outcome> = []
      while (outcomes.length < reserves) {
        if (reply[place] === "ok") {
          outcomes.push({ position: reply[place + 1] ?? "", at })
          place += 2
        } else {
          outcomes.push({ retryIn: field(reply, place + 1), resetAt: field(reply, place + 2) })
          place += 3
          break
        }
      }
      done?.(outcomes)
    }
  }
}
