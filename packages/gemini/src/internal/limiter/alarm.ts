import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Calls `ring` once the clock has moved on by `millis`. The result switches the alarm off. */
export const alarm = (
  context: Context.Context<never>,
  clock: Clock.Clock,
  millis: number,
  ring: () => void
): () => void => {
  const fiber = Effect.runForkWith(context)(clock.sleep(Duration.millis(millis)))
  fiber.addObserver((exit) => {
    if (Exit.isSuccess(exit)) ring()
  })
  return () => fiber.interruptUnsafe()
}
