/**
 * The webhooks of a space, made when somebody registers one, gives one to a job, or asks for the keys: most spaces never
 * have any.
 */
import * as Clock from "effect/Clock"
import type * as Script from "../../Script.ts"
import * as Webhooks from "./webhooks.ts"

export interface Options {
  readonly seed: string
  readonly space: string
  /** The milliseconds that the server's clock is ahead of the Clock. */
  readonly offset: () => number
  readonly fault: Script.Script["takeFault"]
  readonly firstRetry?: number | undefined
}

/** The method under which faults hit deliveries. */
export const method = "webhooks.delivery"

/** A class, because ten thousand spaces have one each: methods of its prototype weigh nothing. */
export class LateWebhooks {
  readonly #options: Options
  #made: Webhooks.Webhooks | undefined
  /** The Clock of the newest request, by which deliveries wait. */
  clock: Clock.Clock | undefined

  constructor(options: Options) {
    this.#options = options
  }

  /** Those of the space, which begin here. */
  get own(): Webhooks.Webhooks {
    return this.#made ??= this.#make()
  }

  /** Those of the space, as far as there are any. */
  get kept(): Webhooks.Webhooks | undefined {
    return this.#made
  }

  clear(): void {
    this.#made?.clear()
  }

  #make(): Webhooks.Webhooks {
    const { fault, firstRetry, offset, seed, space } = this.#options
    const clock = () => this.clock ?? Clock.Clock.defaultValue()
    return Webhooks.make(seed, {
      clock,
      now: () => clock().currentTimeMillisUnsafe() + offset(),
      fault: ({ project }, now) =>
        fault({
          method,
          version: "v1beta",
          resource: undefined,
          model: undefined,
          key: undefined,
          space,
          project,
          region: "global",
          headers: {},
          query: new URLSearchParams(),
          body: undefined
        }, now),
      firstRetry
    })
  }
}
