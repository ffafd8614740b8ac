/** What every call of the admin API does first: finds its space, and runs what it wants there under the server's Clock. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Service } from "../../Emulator.ts"
import { RuleError } from "../../RuleError.ts"
import * as Control from "../spaces/control.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"
import type { Spaces } from "../spaces/Spaces.ts"
import * as Finding from "./finding.ts"

export interface Served {
  readonly spaces: Spaces
  /** The address of the emulator. */
  readonly url: string
  /** The folder below which cassettes lie. */
  readonly cassettes: string
  /** The Clock of the server. */
  readonly clock: Clock.Clock
}

/** A mistake that the service throws is one in what was sent. */
const refusing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.catchDefect((defect) => defect instanceof RuleError ? Effect.fail(defect) : Effect.die(defect)),
    Effect.catchIf((error) => error instanceof RuleError, (error) => Effect.fail(Finding.wrong(error)))
  )

export const make = ({ clock, spaces, url }: Served) => {
  const run = <A, E>(effect: Effect.Effect<A, E>) => refusing(Effect.provideService(effect, Clock.Clock, clock))
  const serviceOf = (space: OpenSpace): Service => Control.make(spaces, space, url)
  return {
    run,
    /** The service of a space that has to be there. */
    looking: (name: string) => run(Effect.map(Finding.existing(spaces, name), serviceOf)),
    /** The service of a space that is made if it never was there. */
    telling: (name: string) => run(Effect.map(Finding.made(spaces, name), serviceOf)),
    /** The space itself, which has to be there. */
    space: (name: string) => run(Finding.existing(spaces, name))
  }
}
