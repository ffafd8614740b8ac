/** A new run with the answers of another one, except for an act and what depends on it. */
import type * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import { fromJournal, RunError, UnknownAct } from "../RunError.ts"
import { records, type RunRecord } from "../RunRecord.ts"
import { readRun } from "./ReadRun.ts"
import { Ready } from "./Ready.ts"
import * as RunId from "./runId.ts"
import { version } from "./version.ts"

/** Appends are bounded in records and bytes, so copies go in parts. */
const part = 20

export const fork = (
  journal: Journal.Journal["Service"],
  from: string,
  act: string,
  to: string | undefined
): Effect.Effect<string, RunError> =>
  Effect.scoped(Effect.gen(function*() {
    const { plan, read } = yield* readRun(journal, from)
    const planned = plan.acts.find(({ name }) => name === act)
    if (planned === undefined || read.content === undefined) {
      const known = plan.acts.map(({ name }) => name)
      return yield* new RunError({ method: "fork", id: from, reason: new UnknownAct({ act, known }) })
    }
    const anew = new Set([act, ...new Ready(plan.acts).skip(planned).map(({ act }) => act)])
    const kept = plan.acts.flatMap(({ name }) => anew.has(name) ? [] : read.last.get(name) ?? [])
    const failed = Effect.mapError((error: Parameters<typeof fromJournal>[1]) => fromJournal("fork", error))
    const id = to ?? (yield* RunId.make(plan.title))
    const run = yield* failed(journal.create(records, id))
    const digests = new Set([
      ...("sha256" in read.content ? [read.content.sha256] : []),
      ...plan.acts.flatMap(({ inputs }) => inputs.flatMap((input) => input._tag === "Image" ? [input.sha256] : [])),
      ...kept.flatMap((ended) => ended._tag === "ActAnswered" && "sha256" in ended.output ? [ended.output.sha256] : [])
    ])
    for (const digest of digests) {
      yield* failed(Effect.flatMap(journal.getBlob(from, digest), (bytes) => run.putBlob(bytes)))
    }
    const { settings } = read.fold
    yield* failed(run.append([
      { _tag: "Started", content: read.content, settings, library: version },
      { _tag: "Forked", from, act }
    ], { state: "paused" }))
    for (let at = 0; at < kept.length; at += part) {
      // What the other run paid is not paid again.
      const copies = kept.slice(at, at + part).map((ended): RunRecord => ({
        ...ended,
        charged: { tokens: 0, dollars: "0" }
      }))
      yield* failed(run.append(copies, { state: "paused" }))
    }
    yield* failed(run.append([{ _tag: "Paused", acts: [], stopped: true }], { state: "paused" }))
    return id
  }))
