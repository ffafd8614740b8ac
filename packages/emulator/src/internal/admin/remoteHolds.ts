/** The held calls of an emulator of another process. */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type { HeldCall, HoldControl } from "../../HoldControl.ts"
import type { RuleError } from "../../RuleError.ts"
import * as Portable from "./portable.ts"
import type { Client } from "./remoteService.ts"

export const make = (
  client: Client,
  space: string,
  sure: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A>,
  checked: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, RuleError>,
  isMissing: (error: unknown) => boolean
): HoldControl => {
  const params = { space }
  const calls = (query: { readonly count?: number; readonly wait?: string }) =>
    Effect.map(
      sure(client.listHeld({ params, query })),
      ({ calls }): ReadonlyArray<HeldCall> => calls.map(({ functions: _f, json: _j, ...call }) => call)
    )
  const there = <A>(effect: Effect.Effect<A, unknown>) =>
    Effect.catch(
      Effect.as(effect, true),
      (error) => isMissing(error) ? Effect.succeed(false) : Effect.fail(error)
    )
  const awaitHeld = (n: number): Effect.Effect<ReadonlyArray<HeldCall>> =>
    Effect.flatMap(
      calls({ count: Math.max(1, n), wait: "20s" }),
      (held) => held.length >= n ? Effect.succeed(held) : awaitHeld(n)
    )
  return {
    list: calls({}),
    awaitHeld,
    answer: (id, answer) =>
      Effect.flatMap(
        Portable.data(Answer.AsData, answer, ""),
        (answer) =>
          Effect.mapError(
            checked(there(client.answerHeld({ params: { space, id }, payload: { answer } }))),
            Portable.without("answer")
          )
      ),
    letGo: (id) => sure(there(client.letHeldGo({ params: { space, id } }))),
    all: Effect.map(sure(client.listHeld({ params, query: {} })), ({ all }) => all),
    setAll: (all) => Effect.asVoid(sure(client.setHolds({ params, payload: { all } })))
  }
}
