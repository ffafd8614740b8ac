/** Settings of a model for the calls inside an effect. Settings given here win over those around it. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"

export interface ConfigOverride<Config, Settings> {
  (overrides: Settings): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Config>>
  <A, E, R>(self: Effect.Effect<A, E, R>, overrides: Settings): Effect.Effect<A, E, Exclude<R, Config>>
}

export const make = <Config, Settings extends object>(
  config: Context.Key<Config, Settings>
): ConfigOverride<Config, Settings> =>
  dual<
    (overrides: Settings) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Config>>,
    <A, E, R>(self: Effect.Effect<A, E, R>, overrides: Settings) => Effect.Effect<A, E, Exclude<R, Config>>
  >(2, (self, overrides) =>
    Effect.flatMap(
      Effect.serviceOption(config),
      (outer) =>
        Effect.provideService(self, config, outer._tag === "Some" ? { ...outer.value, ...overrides } : overrides)
    ))
