/**
 * What the journal of a research holds, and where it stands by it. Pure.
 *
 * What is asked lies in a blob, without what may be secret (headers of tools); so does the report, which may have images.
 */
import * as Records from "effect-gemini-journal/Records"
import * as Schema from "effect/Schema"
import { InteractionHandle } from "../../interactions/InteractionHandle.ts"
import { InteractionInput, InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import { PlanDecision, ResearchProgress, type ResearchStage } from "../../research/ResearchEvent.ts"
import { WrittenReport } from "../../research/ResearchReport.ts"
import { ResourceHandle } from "../../resources/ResourceHandle.ts"

const stage = Schema.Literals(["plan", "research", "output"])

const at = Schema.Finite

export const ResearchRecord = Schema.Union([
  /** `input` is a blob of the question and its documents; `deadline` in milliseconds. */
  Schema.TaggedStruct("Begun", {
    at,
    query: Schema.String,
    agent: Schema.String,
    input: Schema.String,
    isPlanned: Schema.Boolean,
    hasOutput: Schema.Boolean,
    deadline: Schema.optionalKey(Schema.Finite)
  }),
  /** An interaction is about to be created; the server's name for it follows in `Heard`. */
  Schema.TaggedStruct("Asked", { at, stage }),
  Schema.TaggedStruct("Heard", {
    handle: Schema.optionalKey(InteractionHandle),
    events: Schema.Array(ResearchProgress)
  }),
  /** An interaction is over. `report` is a blob of `WrittenReport`. */
  Schema.TaggedStruct("Ended", {
    at,
    stage,
    of: Schema.String,
    interaction: ResourceHandle,
    status: Schema.String,
    report: Schema.String,
    usage: Schema.optionalKey(InteractionUsage)
  }),
  Schema.TaggedStruct("Decided", { at, decision: PlanDecision }),
  /** It came to no report: nobody can go on with it. */
  Schema.TaggedStruct("Stopped", {
    at,
    why: Schema.Literals(["failed", "cancelled", "deadline", "budget"]),
    code: Schema.optionalKey(Schema.String),
    message: Schema.String
  }),
  /** The text in the form that was asked for is a blob. */
  Schema.TaggedStruct("Shaped", { at, text: Schema.String }),
  Schema.TaggedStruct("Finished", { at })
])
export type ResearchRecord = typeof ResearchRecord.Type

export const records = Records.make({ name: "effect-gemini/DeepResearch", version: 1, schema: ResearchRecord })

/**
 * What is asked. It is kept as it is: a schema of the wire that knows of more kinds than one would take one for another,
 * and leave out what that has not.
 */
export const input = Schema.fromJsonString(Schema.Struct({ input: Schema.Unknown }))
export const isInput = Schema.is(InteractionInput)
export const report = Schema.fromJsonString(WrittenReport)

export type Begun = Extract<ResearchRecord, { readonly _tag: "Begun" }>
export type EndedStage = Extract<ResearchRecord, { readonly _tag: "Ended" }>
export type Stopped = Extract<ResearchRecord, { readonly _tag: "Stopped" }>

export interface ResearchState {
  readonly begun: Begun | undefined
  /** The interaction that was asked and is not over. */
  readonly open:
    | { readonly stage: ResearchStage; readonly handle: InteractionHandle | undefined; readonly text: string }
    | undefined
  readonly ended: ReadonlyArray<EndedStage>
  /** The last plan that nobody has decided about, and how many plans there were. */
  readonly awaits: boolean
  readonly revision: number
  readonly plan: string | undefined
  readonly decision: PlanDecision | undefined
  /** When the work was let go: at its beginning, or with the last decision. */
  readonly workedFrom: number | undefined
  readonly shaped: string | undefined
  readonly searches: number
  readonly stopped: Stopped | undefined
  readonly isFinished: boolean
}

export const nothing: ResearchState = {
  begun: undefined,
  open: undefined,
  ended: [],
  awaits: false,
  revision: 0,
  plan: undefined,
  decision: undefined,
  workedFrom: undefined,
  shaped: undefined,
  searches: 0,
  stopped: undefined,
  isFinished: false
}

const heard = (state: ResearchState, event: ResearchProgress): ResearchState => {
  switch (event._tag) {
    case "Planned":
      return { ...state, awaits: true, plan: event.plan, revision: event.revision }
    case "Searched":
      return { ...state, searches: state.searches + event.queries.length }
    case "Written":
      return state.open === undefined
        ? state
        : { ...state, open: { ...state.open, text: state.open.text + event.text } }
    default:
      return state
  }
}

export const step = (state: ResearchState, record: ResearchRecord): ResearchState => {
  switch (record._tag) {
    case "Begun":
      return { ...state, begun: record, workedFrom: record.at }
    case "Asked":
      return { ...state, open: { stage: record.stage, handle: undefined, text: "" } }
    case "Heard": {
      const open = state.open && { ...state.open, handle: record.handle ?? state.open.handle }
      return record.events.reduce(heard, { ...state, open })
    }
    case "Ended":
      return { ...state, ended: [...state.ended, record], open: undefined }
    case "Decided":
      return { ...state, awaits: false, decision: record.decision, workedFrom: record.at }
    case "Stopped":
      return { ...state, stopped: record, open: undefined }
    case "Shaped":
      return { ...state, shaped: record.text }
    case "Finished":
      return { ...state, isFinished: true }
  }
}

/** What a record told, when it was written. */
export const told = (record: ResearchRecord): ReadonlyArray<ResearchProgress> =>
  record._tag === "Heard"
    ? record.events
    : record._tag === "Decided"
    ? [{ _tag: "Decided", decision: record.decision }]
    : []

/** The interaction of a stage that ended last. */
export const lastOf = ({ ended }: ResearchState, ...stages: ReadonlyArray<ResearchStage>): EndedStage | undefined =>
  ended.findLast((one) => stages.includes(one.stage))

/** Where it stands, in a word. */
export const stateOf = (
  state: ResearchState
):
  | Stopped["why"]
  | "begun"
  | "planning"
  | "awaiting"
  | "researching"
  | "shaping"
  | "finished" =>
{
  if (state.isFinished) return "finished"
  if (state.stopped !== undefined) return state.stopped.why
  if (state.awaits) return "awaiting"
  if (state.open !== undefined) return state.open.stage === "plan" ? "planning" : "researching"
  if (lastOf(state, "research") !== undefined) return "shaping"
  return state.ended.length === 0 ? "begun" : state.decision?._tag === "Change" ? "planning" : "researching"
}

/** The most characters of a record's texts together, and of one text: escaped, six times as much is a MiB at most. */
const mostOfRecord = 150_000
const mostOfText = 100_000

const sizeOf = (event: ResearchProgress): number => JSON.stringify(event).length

/** The most of one append. A server that sends more at once is told in part; the report is read as a whole at the end. */
const mostAtOnce = 2_000_000

/** What was heard, in records that a journal takes at once: a long text is told in several events. */
export const heardRecords = (
  events: ReadonlyArray<ResearchProgress>,
  handle: InteractionHandle | undefined
): ReadonlyArray<Extract<ResearchRecord, { readonly _tag: "Heard" }>> => {
  const groups: Array<Array<ResearchProgress>> = [[]]
  let size = 0
  let total = 0
  for (const event of events.flatMap(cut)) {
    const length = sizeOf(event)
    total += length
    if (total > mostAtOnce) break
    if (size > 0 && size + length > mostOfRecord) {
      groups.push([])
      size = 0
    }
    groups.at(-1)?.push(event)
    size += length
  }
  return groups.map((group, index) => ({
    _tag: "Heard",
    events: group,
    ...(handle === undefined || index < groups.length - 1 ? {} : { handle })
  }))
}

/** A text in pieces, none of which ends within a character. */
const cut = (event: ResearchProgress): ReadonlyArray<ResearchProgress> => {
  if (event._tag !== "Written" || event.text.length <= mostOfText) return [event]
  const pieces: Array<ResearchProgress> = []
  for (let from = 0; from < event.text.length;) {
    const high = event.text.charCodeAt(from + mostOfText - 1)
    const to = from + mostOfText - (high >= 0xd800 && high < 0xdc00 ? 1 : 0)
    pieces.push({ ...event, text: event.text.slice(from, to) })
    from = to
  }
  return pieces
}

/** A foreign text as a record may have it. */
export const bounded = (text: string): string =>
  text.length <= mostOfText ? text : `${text.slice(0, mostOfText).toWellFormed()}…`
