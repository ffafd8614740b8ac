/** This module reads the runs of a store, a page at a time. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Head } from "../Entry.ts"
import type { JournalErrorReason } from "../JournalErrorReason.ts"
import type { JournalStore } from "../JournalStore.ts"

const page = 100

export interface RunPage {
  readonly found: ReadonlyArray<{ readonly id: string; readonly head: Result.Result<Head, JournalErrorReason> }>
  /** The id after which the next page begins; undefined after the last page. */
  readonly after: string | undefined
}

/** Reads the page that follows `after`. Only a store that does not answer ends the list. */
export const listed = (
  store: JournalStore,
  prefix: string,
  after: string
): Effect.Effect<RunPage, JournalErrorReason> =>
  Effect.flatMap(store.list(prefix, after, page), (ids) =>
    Effect.map(
      Effect.forEach(ids, (id) =>
        Effect.flatMap(Effect.result(store.head(id)), (head) =>
          Result.isFailure(head) && head.failure._tag === "Unavailable"
            ? Effect.fail(head.failure)
            : Effect.succeed({ id, head }))),
      (found) => ({
        // A run that was removed since its id was read is left out.
        found: found.filter(({ head }) => Result.isSuccess(head) || head.failure._tag !== "NotFound"),
        after: ids.length < page ? undefined : ids.at(-1)
      })
    ))
