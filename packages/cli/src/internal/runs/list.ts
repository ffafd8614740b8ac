/** `gemini-fx runs`: the runs of a folder, the one written last first. */
import * as Journal from "effect-gemini-journal/Journal"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import * as Find from "./find.ts"
import * as NarrativeRun from "./narrativeRun.ts"
import { agents } from "./owner.ts"
import * as Place from "./Place.ts"
import { list as picture, type Row } from "./rows.ts"

const unreadable = (id: string, why: string, updatedAt: number): Row => ({
  id,
  kind: "unknown",
  title: "",
  state: "unreadable",
  done: "-",
  tokens: undefined,
  dollars: undefined,
  isRough: false,
  why,
  bytes: 0,
  updatedAt
})

/** Every run of the folder, whoever plays it. One that cannot be read is named with the reason, and the list goes on. */
const rows = Effect.gen(function*() {
  const now = yield* Clock.currentTimeMillis
  const runs = yield* Runs.Runs
  const journal = yield* Journal.Journal
  const heads = new Map(
    Array.from(yield* Stream.runCollect(journal.list()), ({ head, id }) => [id, Result.getOrUndefined(head)])
  )
  const all = yield* Stream.runCollect(runs.list())
  const found = yield* Effect.forEach(
    all,
    Effect.fnUntraced(function*({ id, summary }) {
      const head = heads.get(id)
      if (Result.isSuccess(summary)) return NarrativeRun.row(summary.success, head?.bytes ?? 0, now)
      const { message, reason } = summary.failure
      const known = head === undefined || reason._tag !== "ForeignRecord" ? undefined : yield* agents
      if (head === undefined || known === undefined || !known.isAgents(reason)) {
        return unreadable(id, message, head?.updatedAt ?? 0)
      }
      return yield* Effect.catch(
        known.row(id, head),
        (error) => Effect.succeed(unreadable(id, error.message, head.updatedAt))
      )
    })
  )
  return found.toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
})

export const flags = {
  where: Place.flags,
  json: Flags.json("write a JSON array, one object a run")
}

export const list = Effect.fnUntraced(function*({ json, where }: {
  readonly where: Place.Where
  readonly json: boolean
}) {
  const screen = yield* Screen.make
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const place = yield* Place.choose(where)
  const found = yield* Find.over(place, rows)
  if (json) return yield* screen.write(`${toJson(found, 2)}\n`)
  if (found.length === 0) {
    return yield* screen.note(
      `there are no runs in ${Place.said(place)}: gemini-fx run FILE makes one, and -d names another folder`
    )
  }
  const columns = (yield* stdio.stdoutIsTerminal) ? (yield* terminal.columns) || 80 : Infinity
  yield* screen.write(`${picture(found, yield* Clock.currentTimeMillis, columns)}\n`)
})
