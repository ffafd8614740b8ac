/** What a run's page is made of: all its records, its texts and its images. */
import type { Entry } from "effect-gemini-journal/Entry"
import type * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ActResult } from "../ActResult.ts"
import type { PlannedAct } from "../Plan.ts"
import { fromJournal, type RunError } from "../RunError.ts"
import { records, type RunRecord } from "../RunRecord.ts"
import * as Base64 from "./base64.ts"
import { contentsOf } from "./journalEngine.ts"
import { readRun } from "./ReadRun.ts"
import * as ReportPage from "./reportPage.ts"

/** The most bytes of images in one page; those beyond it are named in words. */
const mostImages = 40 * 1024 * 1024

const imagesOf = (acts: ReadonlyArray<PlannedAct>): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const { acts: inner = [], inputs } of acts) {
    for (const input of inputs) if (input._tag === "Image") found.set(input.sha256, input.bytes)
    for (const [sha256, bytes] of imagesOf(inner)) found.set(sha256, bytes)
  }
  return found
}

export const report = Effect.fnUntraced(function*(
  journal: Journal.Journal["Service"],
  id: string,
  results: Effect.Effect<ReadonlyArray<ActResult>, RunError>
): Effect.fn.Return<string, RunError> {
  const { plan, read } = yield* readRun(journal, id)
  const entries: ReadonlyArray<Entry<RunRecord>> = yield* Effect.mapError(
    Stream.runCollect(journal.read(records, id)),
    (error) => fromJournal("report", error)
  )
  const contents = contentsOf(journal, id)
  const images = new Map<string, string>()
  let left = mostImages
  for (const [sha256, bytes] of imagesOf(plan.acts)) {
    if (bytes > left) continue
    left -= bytes
    // A page of what is left is better than none.
    const found = yield* Effect.option(contents.get(sha256))
    if (Option.isSome(found)) images.set(sha256, Base64.encode(found.value))
  }
  return ReportPage.of({ state: read.fold.state, plan, entries, results: yield* results, images })
})
