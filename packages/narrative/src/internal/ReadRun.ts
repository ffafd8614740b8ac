/** A run as its journal has it: folded, with its plan and what its acts ended with. */
import type { Entry } from "effect-gemini-journal/Entry"
import type * as Journal from "effect-gemini-journal/Journal"
import { Corrupt, NewerVersion } from "effect-gemini-journal/JournalErrorReason"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Plan } from "../Plan.ts"
import type { Contents, Ended } from "../RunEngine.ts"
import { fromJournal, Refused, RunError } from "../RunError.ts"
import { type Content, records, type RunRecord } from "../RunRecord.ts"
import * as Texts from "./contents.ts"
import { contentsOf } from "./journalEngine.ts"
import { RunFold } from "./RunFold.ts"

type KeptPlan = (RunRecord & { readonly _tag: "Started" })["content"]

/** The form of a plan that lies beside the journal; one of a later form is refused. */
const format = 1

const PlanFile = Schema.fromJsonString(Schema.Struct({ format: Schema.Finite, plan: Schema.Json }))
const readFile = Schema.decodeUnknownEffect(PlanFile)
const writeFile = Schema.encodeEffect(PlanFile)
const codec = Schema.toCodecJson(Plan)
const readPlan = Schema.decodeUnknownEffect(codec)
const writePlan = Schema.encodeEffect(codec)

/** Keeps a plan in its record, or beside the journal if it is long. */
export const keepPlan = Effect.fnUntraced(function*(
  contents: Contents,
  plan: Plan
): Effect.fn.Return<KeptPlan, RunError> {
  const json = yield* Effect.orDie(writePlan(plan))
  const text = yield* Effect.orDie(writeFile({ format, plan: json }))
  const kept = yield* Texts.keep(contents, text)
  return "text" in kept ? { plan } : kept
})

export const planOf = Effect.fnUntraced(function*(
  contents: Pick<Contents, "get">,
  content: KeptPlan | undefined,
  id: string
): Effect.fn.Return<Plan, RunError> {
  if (content === undefined) {
    const why = "the process died before the run had begun: nothing was asked; remove it and start it again"
    return yield* new RunError({ method: "read", id, reason: new Refused({ path: "id", why }) })
  }
  if ("plan" in content) return content.plan
  const damaged = () =>
    new RunError({ method: "read", id, reason: new Corrupt({ description: `the plan ${content.sha256} is damaged` }) })
  const file = yield* Effect.mapError(readFile(yield* Texts.textOf(contents, content)), damaged)
  if (file.format > format) {
    const reason = new NewerVersion({ name: "effect-gemini-narrative/Plan", found: file.format, known: format, seq: 0 })
    return yield* new RunError({ method: "read", id, reason })
  }
  return yield* Effect.mapError(readPlan(file.plan), damaged)
})

/** A run that was read. It can be read on, when more of it is there. */
export class ReadRun {
  readonly fold: RunFold
  /** What acts ended with, by their keys. */
  readonly ended = new Map<string, Ended>()
  /** What each act ended with last, by its name. */
  readonly last = new Map<string, Ended>()
  content: KeptPlan | undefined

  constructor(id: string) {
    this.fold = new RunFold(id)
  }

  take(entry: Entry<RunRecord>): void {
    this.fold.take(entry)
    if (entry._tag !== "Recorded") return
    const { record } = entry
    switch (record._tag) {
      case "Started":
        this.content = record.content
        return
      case "Adopted":
        this.content = record.content
        return
      case "ActFailed":
        if (!record.final) return
    }
    if (record._tag === "ActAnswered" || record._tag === "ActFailed") {
      this.ended.set(record.key, record)
      this.last.set(record.act, record)
    }
  }
}

/** Reads a run from where `read` stands to its end. */
export const readOn = (
  journal: Journal.Journal["Service"],
  read: ReadRun
): Effect.Effect<void, RunError> =>
  Effect.mapError(
    Stream.runForEachArray(
      journal.read(records, read.fold.id, read.fold.next),
      (entries) => Effect.sync(() => entries.forEach((entry) => read.take(entry)))
    ),
    (error) => fromJournal("read", error)
  )

/** A run and its plan. */
export const readRun = Effect.fnUntraced(function*(
  journal: Journal.Journal["Service"],
  id: string
): Effect.fn.Return<{ readonly read: ReadRun; readonly plan: Plan }, RunError> {
  const read = new ReadRun(id)
  yield* readOn(journal, read)
  const plan = yield* planOf(contentsOf(journal, id), read.content, id)
  read.fold.plan = plan
  return { read, plan }
})

export const textOf = (journal: Journal.Journal["Service"], id: string, content: Content) =>
  Texts.textOf(contentsOf(journal, id), content)
