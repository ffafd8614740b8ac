/** Lanes in memory that answer as if they lay further away: after a turn of the scheduler, several claims at once. */
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as Effect from "effect/Effect"

const later = <A, E>(ask: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.andThen(Effect.yieldNow, Effect.suspend(ask))

export const far: LaneStore.Service = {
  open: (key, window) => {
    const near = LaneStore.memory.open(key, window)
    return {
      reserve: (claim, now) => later(() => near.reserve(claim, now)),
      reserveAll: (claims, now) =>
        later(() =>
          Effect.gen(function*() {
            const answers: Array<LaneStore.Reservation | LaneStore.Refusal> = []
            for (const claim of claims) {
              const answer = yield* near.reserve(claim, now)
              answers.push(answer)
              if (answer._tag === "Refused") break
            }
            return answers
          })
        ),
      settle: (reservation, tokens, now) => later(() => near.settle(reservation, tokens, now)),
      release: (reservation, now) => later(() => near.release(reservation, now)),
      cancel: (reservation, now) => later(() => near.cancel(reservation, now)),
      charge: (earlier, tokens, now) => later(() => near.charge(earlier, tokens, now)),
      pause: (retryAfter, now) => later(() => near.pause(retryAfter, now)),
      park: (resetAt, now) => later(() => near.park(resetAt, now)),
      teach: (lesson, limits, now) => later(() => near.teach(lesson, limits, now)),
      read: (limits, now) => later(() => near.read(limits, now)),
      seen: (limits, wanted, now) => near.seen(limits, wanted, now),
      isIdle: (limits, now) => near.isIdle(limits, now)
    }
  }
}
