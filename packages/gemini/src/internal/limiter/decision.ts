/** What a store says to a request for room, and whether it has said so already. */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Refusal, Reservation } from "../../limits/LaneStore.ts"

export type Decision = Reservation | Refusal

/** Whether the store has answered on the call, as a store does that needs no I/O. */
export const isMade = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> => Exit.isExit(effect)
