/**
 * The steps of one lane on their way to Redis. The first goes at once; those that come while
 * it is away go together with the next one script. So a lane has one script under way, and a
 * process that asks for much sends few.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Limits } from "../../limits/Tier.ts"
import { field, type Reply, step, type Told, told, toldLength } from "./laneScript.ts"

/** What a reservation came to. */
export type Outcome =
  | { readonly position: string; readonly at: number }
  | { readonly retryIn: number; readonly resetAt: number }

/** Steps that go together; `reserves` of them are reservations, in order. */
export interface Group {
  readonly args: ReadonlyArray<string>
  readonly reserves: number
  /** As many outcomes as reservations were asked, a refusal being the last; `undefined`: nobody answered. */
  readonly done?: ((outcomes: ReadonlyArray<Outcome> | undefined) => void) | undefined
}

export interface Options {
  readonly send: (steps: ReadonlyArray<string>) => Effect.Effect<Reply | undefined>
  /** The lane as it was when the steps were done, and when they were sent by the askers' clock. */
  readonly heard: (told: Told, now: number) => void
  /** What is under way, of all lanes. */
  readonly away: Set<Fiber.Fiber<unknown, unknown>>
}

/** Groups in one script. */
const most = 128

export class LaneSteps {
  readonly #options: Options
  #waiting: Array<Group> = []
  #isAway = false
  /** Of who asked last: who comes without a fiber goes with it. */
  #context: Context.Context<never> | undefined
  #limits: Limits | undefined
  #now = -Infinity

  constructor(options: Options) {
    this.#options = options
  }

  /** `limits` are those by which Redis says how the lane stands. */
  add(group: Group, now: number, limits?: Limits): void {
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
    const fiber = Effect.runForkWith(this.#context)(send(args))
    away.add(fiber)
    fiber.addObserver((exit) => {
      away.delete(fiber)
      this.#answered(groups, now, Exit.isSuccess(exit) ? exit.value : undefined)
      this.#isAway = false
      this.#next()
    })
  }

  #answered(groups: ReadonlyArray<Group>, now: number, reply: Reply | undefined): void {
    if (reply === undefined) {
      for (const { done } of groups) done?.(undefined)
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
