/** A new run with the answers of another one, except for an act and what depends on it. */
import type * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import type { PlannedAct } from "../Plan.ts"
import { fromJournal, RunError, UnknownAct } from "../RunError.ts"
import { records, type RunRecord } from "../RunRecord.ts"
import { baseOf, inOrder, rootsOf } from "./instances.ts"
import { readRun } from "./ReadRun.ts"
import { Ready } from "./Ready.ts"
import * as RunId from "./runId.ts"
import { version } from "./version.ts"

/** Appends are bounded in records and bytes, so copies go in parts. */
const part = 20

/** The digests of the files of acts, and of those in them. */
const filesOf = (acts: ReadonlyArray<PlannedAct>): ReadonlyArray<string> =>
  acts.flatMap(({ acts = [], inputs }) => [
    ...inputs.flatMap((input) => input._tag === "Image" || input._tag === "Media" ? [input.sha256] : []),
    ...filesOf(acts)
  ])

export const fork = (
  journal: Journal.Journal["Service"],
  from: string,
  act: string,
  to: string | undefined
): Effect.Effect<string, RunError> =>
  Effect.scoped(Effect.gen(function*() {
    const { plan, read } = yield* readRun(journal, from)
    const roots = rootsOf(plan.acts)
    const root = roots.get(baseOf(act))
    const isKnown = root !== undefined && (act === root.name || read.last.has(act))
    if (!isKnown || read.content === undefined) {
      const known = read.fold.state.acts.map(({ act }) => act)
      return yield* new RunError({ method: "fork", id: from, reason: new UnknownAct({ act, known }) })
    }
    // Of one item or round of a group the others are kept: what depends on it has another key then.
    const anew = new Set([
      root.name,
      ...new Ready(plan.acts.map(({ name, needs }) => ({ name, needs }))).skip(root).map(({ act }) => act)
    ])
    const isKept = (name: string): boolean => {
      const own = roots.get(baseOf(name))?.name ?? name
      return !anew.has(own) || act !== root.name && own === root.name && name !== act && name !== root.name
    }
    const kept = inOrder(plan.acts, [...read.last].filter(([name]) => isKept(name)))
    const failed = Effect.mapError((error: Parameters<typeof fromJournal>[1]) => fromJournal("fork", error))
    const id = to ?? (yield* RunId.make(plan.title))
    const run = yield* failed(journal.create(records, id))
    const digests = new Set([
      ...("sha256" in read.content ? [read.content.sha256] : []),
      ...filesOf(plan.acts),
      ...kept.flatMap((ended) =>
        ended._tag === "ActAnswered"
          ? [ended.output, ended.list].flatMap((content) =>
            content !== undefined && "sha256" in content ? [content.sha256] : []
          )
          : []
      )
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
