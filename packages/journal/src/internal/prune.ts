/** Retention: which runs are removed, and their removal. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Head } from "../Entry.ts"
import type { Pruned, PruneOptions } from "../Journal.ts"
import type { JournalError } from "../JournalError.ts"
import { Invalid, type JournalErrorReason } from "../JournalErrorReason.ts"
import type { JournalStore } from "../JournalStore.ts"
import { errorOf, refused, toError } from "./failure.ts"
import { listed, type RunPage } from "./listing.ts"

/** Reads the head of every run. A run that cannot be read is named and stays. */
const survey = Effect.fnUntraced(function*(store: JournalStore, prefix: string) {
  const heads: Array<Head> = []
  const unreadable: Array<string> = []
  let from: string | undefined = ""
  while (from !== undefined) {
    const page: RunPage = yield* listed(store, prefix, from)
    for (const { head, id } of page.found) {
      if (Result.isSuccess(head)) heads.push(head.success)
      else unreadable.push(id)
    }
    from = page.after
  }
  return { heads, unreadable }
})

/** The heads of the runs that go, the one written longest ago first. This function is pure. */
export const chosen = (heads: ReadonlyArray<Head>, options: PruneOptions, now: number): ReadonlyArray<Head> => {
  const { keepBytes, olderThan, states } = options
  const before = olderThan === undefined ? Infinity : now - Duration.toMillis(Duration.fromInputUnsafe(olderThan))
  const candidates = heads
    .filter((head) => head.updatedAt <= before && (states === undefined || states.includes(head.state)))
    .toSorted((a, b) => a.updatedAt - b.updatedAt || (a.id < b.id ? -1 : 1))
  if (keepBytes === undefined) return candidates
  let bytes = heads.reduce((sum, head) => sum + head.bytes, 0)
  return candidates.filter((head) => {
    if (bytes <= keepBytes) return false
    bytes -= head.bytes
    return true
  })
}

export const prune = (store: JournalStore, options: PruneOptions): Effect.Effect<Pruned, JournalError> => {
  const { apply = false, keepBytes, olderThan, prefix = "", states } = options
  if (olderThan === undefined && states === undefined && keepBytes === undefined) {
    const description = "say what may go: olderThan, states or keepBytes"
    return refused("prune", undefined, new Invalid({ path: "options", description }))
  }
  if (olderThan !== undefined && Option.isNone(Duration.fromInput(olderThan))) {
    return refused(
      "prune",
      undefined,
      new Invalid({ path: "olderThan", description: "expected a duration, such as \"30 days\"" })
    )
  }
  if (keepBytes !== undefined && !(keepBytes >= 0)) {
    return refused(
      "prune",
      undefined,
      new Invalid({ path: "keepBytes", description: "expected a number of bytes, 0 or more" })
    )
  }
  return Effect.gen(function*() {
    const { heads, unreadable } = yield* toError("prune")(survey(store, prefix))
    const runs: Array<Head> = []
    const kept: Array<Head> = []
    for (const head of chosen(heads, options, yield* Clock.currentTimeMillis)) {
      const gone = !apply || (yield* store.remove(head.id, head.next).pipe(
        Effect.as(true),
        Effect.catch((reason: JournalErrorReason) =>
          reason._tag === "NotFound"
            ? Effect.succeed(true)
            : reason._tag === "Busy" || reason._tag === "WrongSequence"
            ? Effect.succeed(false)
            : Effect.fail(errorOf("prune", head.id, reason))
        )
      ))
      ;(gone ? runs : kept).push(head)
    }
    return { applied: apply, runs, bytes: runs.reduce((sum, head) => sum + head.bytes, 0), kept, unreadable }
  })
}
