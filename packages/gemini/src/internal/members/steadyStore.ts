/**
 * Effect's store of circuits in memory, by a clock that is never set back.
 *
 * That store notes the time of the day until which a circuit is open (Effect 4.1), so a circuit that opened while the
 * clock said 2030 would stay open until 2030. What it needs is how much time went by, and that is the monotonic clock.
 * Stores that processes share keep their own time: Redis has the one of its server.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"

/** A clock whose time of the day is its monotonic time, and whose sleep is that of the other. */
const steady = (clock: Clock.Clock): Clock.Clock => {
  const millis = (): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    currentTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => Effect.provideService(effect, Clock.Clock, steady(fiber.getRef(Clock.Clock))))

export const layer: Layer.Layer<CircuitBreaker.CircuitBreakerStore> = Layer.effect(
  CircuitBreaker.CircuitBreakerStore,
  Effect.map(CircuitBreaker.CircuitBreakerStore, (store) =>
    CircuitBreaker.CircuitBreakerStore.of({
      admit: (key) => timed(store.admit(key)),
      record: (options) => timed(store.record(options)),
      state: (key) => timed(store.state(key))
    }))
).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
