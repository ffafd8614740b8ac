/** The error that callers see, made from the reason that a store gives. */
import * as Effect from "effect/Effect"
import { JournalError } from "../JournalError.ts"
import type { JournalErrorReason } from "../JournalErrorReason.ts"

export const errorOf = (method: string, id: string | undefined, reason: JournalErrorReason): JournalError =>
  new JournalError({ method, ...(id === undefined ? {} : { id }), reason })

export const toError =
  (method: string, id?: string) =>
  <A, R>(effect: Effect.Effect<A, JournalErrorReason, R>): Effect.Effect<A, JournalError, R> =>
    Effect.mapError(effect, (reason) => errorOf(method, id, reason))

export const refused = (
  method: string,
  id: string | undefined,
  reason: JournalErrorReason
): Effect.Effect<never, JournalError> => Effect.suspend(() => Effect.fail(errorOf(method, id, reason)))
