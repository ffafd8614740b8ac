/**
 * A promise of a client, as a question and its answer. Both are JSON, so that the question can be asked where the client
 * runs: in this process, in that of another runtime, or in a page.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Seen } from "./promiseServer.ts"

export interface Asked<R> {
  readonly name: string
  readonly ask: (server: Server) => Effect.Effect<unknown, unknown, R>
  readonly answer: unknown
}

/** The client's view of `promiseServer.ts`. */
export interface Server {
  readonly url: string
  readonly seen: (name: string) => Effect.Effect<Seen>
  /** Looks until the server saw it, for five seconds at most. */
  readonly until: (name: string, holds: (seen: Seen) => boolean) => Effect.Effect<boolean>
}

export const server = (url: string): Server => {
  const seen = (name: string): Effect.Effect<Seen> =>
    Effect.promise(async () => (await fetch(`${url}/told?${name}`)).json())
  return {
    url,
    seen,
    until: (name, holds) =>
      seen(name).pipe(
        Effect.map(holds),
        Effect.filterOrFail((isSo) => isSo, () => "not yet" as const),
        Effect.retry({ times: 250, schedule: Schedule.spaced("20 millis") }),
        Effect.orElseSucceed(() => false)
      )
  }
}

/** Nobody listens there: systems give ports of this height to nobody who did not ask for one. */
export const nobody = "http://127.0.0.1:64999"

/** What each question gave, or how it failed. */
export const told = <R>(
  promises: ReadonlyArray<Asked<R>>,
  url: string
): Effect.Effect<Readonly<Record<string, unknown>>, never, R> =>
  Effect.map(
    Effect.forEach(promises, ({ ask, name }) =>
      Effect.map(
        Effect.catchCause(ask(server(url)), (cause) => Effect.succeed({ failed: String(cause) })),
        (answer) => [name, answer] as const
      )),
    Object.fromEntries
  )
