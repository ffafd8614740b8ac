/**
 * Whether a client logs that its calls wait for quota.
 *
 * A call that waits is silent, and somebody who never chose a tier takes it for a program that hangs. `layerConfig` of
 * every client therefore logs the first wait, one line by Effect's logger (`logWaits: false` ends that). The layers that
 * take their options in code do not by themselves, because a program that logs nothing else would carry Effect's logger
 * along (2 kB of its bundle): provide {@link layer} to them.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as WaitLog from "effect-gemini/limits/WaitLog"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const gemini = FetchGemini.layer({ apiKey: Redacted.make("…") }).pipe(Layer.provide(WaitLog.layer))
 * ```
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Admission } from "./Permit.ts"
import type * as Tier from "./Tier.ts"

/**
 * What is called when a call waits that does not observe its waits itself. It is made once for a client, by the tier
 * in its options.
 *
 * @category models
 * @since 0.2.0
 */
export type OnWait = (tier: Tier.TierName | Tier.Tier | undefined) => Admission["onWait"]

/**
 * What clients do when a call waits; nothing, where no layer says otherwise.
 *
 * @category references
 * @since 0.2.0
 */
export const WaitLog: Context.Reference<OnWait | undefined> = Context.Reference<OnWait | undefined>(
  "effect-gemini/limits/WaitLog",
  { defaultValue: () => undefined }
)

const log: OnWait = (tier) => {
  const limits = tier === undefined
    ? "its limits are those of the free tier, since no `tier` is set"
    : `its limits are those of ${typeof tier === "string" ? tier : tier.name}`
  let isSaid = false
  return ({ lane, until }) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const wait = until === undefined ? undefined : Math.ceil((until - now) / 1_000)
      // Nobody takes a moment for a program that hangs.
      if (isSaid || wait !== undefined && wait < 2) return Effect.void
      isSaid = true
      return Effect.logInfo(
        `a call waits ${wait === undefined ? "" : `${wait} s `}for the quota of ${lane.quotaModel}: ${limits}. ` +
          "Further waits are not logged; `logWaits: false` ends this"
      )
    })
}

/**
 * Logs the first wait of each client that is built with it, unless it is over within a second.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<never> = Layer.succeed(WaitLog, log)
