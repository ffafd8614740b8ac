/**
 * Where a run stands: a pure fold of its records. After a crash, in another process, and while the loop runs, the state
 * is this fold and nothing else.
 *
 * ```ts
 * import * as AgentState from "effect-gemini-agents/AgentState"
 *
 * const state = AgentState.fold([
 *   { _tag: "Begun", at: 0, agent: "clerk", input: "Hello", instructions: "Be short.", tools: {}, bounds: {} },
 *   { _tag: "Finished", value: "Hi", text: "Hi" }
 * ])
 * console.log(state.end?._tag) // Finished
 * ```
 *
 * @since 0.1.0
 */
import * as Prompt from "effect/ai/Prompt"
import type * as Schema from "effect/Schema"
import type { AgentRecord, Source, UnusableWhy, Usage } from "./AgentRecord.ts"
import type { RecordedBounds } from "./Bounds.ts"
import { fingerprintOf, resultOf, said } from "./internal/sent.ts"
import * as Tokens from "./internal/tokens.ts"
import { callsOf, type RequestedOf, type StepCall, textOf } from "./StepCall.ts"

/**
 * How the run, or the present turn, ended.
 *
 * @category models
 * @since 0.1.0
 */
export type End = Extract<AgentRecord, { readonly _tag: "Finished" | "Stopped" }>

/**
 * A child of a team, and how it ended if it did.
 *
 * @category models
 * @since 0.1.0
 */
export interface Child {
  /** Its name and number in the team, such as `critic.2`. */
  readonly child: string
  /** The id of its run. */
  readonly id: string
  readonly ended: Extract<AgentRecord, { readonly _tag: "ChildEnded" }> | undefined
}

/**
 * The state of a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentState {
  /** The time of the last record that has one, in milliseconds since the epoch. */
  readonly at: number
  /** The bounds that hold now. */
  readonly bounds: RecordedBounds
  readonly agent: string
  readonly version: string | undefined
  readonly input: Schema.Json
  readonly instructions: string
  /** Digests of the tools' declarations by name, as the run began with them. */
  readonly tools: Readonly<Record<string, string>>
  /** The run that this one was forked from, and where. */
  readonly forked: { readonly from: string; readonly seq: number } | undefined
  /** What the model is sent, without the instructions. */
  readonly messages: ReadonlyArray<Prompt.Message>
  /** The place in `messages` where the present turn begins. */
  readonly turnFrom: number
  /** The calls of the last answer; none if it had none. */
  readonly calls: ReadonlyArray<StepCall>
  /** How often the model answered in this turn. */
  readonly steps: number
  /** How often it answered in earlier turns: steps are numbered through the whole run. */
  readonly stepsBefore: number
  /** How many turns began. */
  readonly turns: number
  /** How many calls were made in this turn. */
  readonly called: number
  /** Whether the model was asked and has not answered. */
  readonly isAsked: boolean
  /** The estimated input of the question that is open. */
  readonly estimate: number
  /** How many questions were lost, so that nobody knows whether they were charged, and their estimates together. */
  readonly maybeCharged: { readonly questions: number; readonly tokens: number }
  /** Unusable answers in a row. */
  readonly tries: number
  /** Why the last answer could not be used. */
  readonly unusable: UnusableWhy | undefined
  /** Steps in a row in which the model made nothing but mistakes in its calls. */
  readonly mistakes: number
  /** The present call with its arguments and result, and how often it was made in a row with the same outcome. */
  readonly repeated: { readonly what: string; readonly call: string; readonly times: number }
  /** Of the whole run, its workers and its children; not of lost questions, nor of an agent that handed over to it. */
  readonly usage: Usage
  /** The input that the last answer counted. */
  readonly lastInput: number
  /** The text of the last answer. */
  readonly text: string
  readonly model: string | undefined
  readonly sources: ReadonlyArray<Source>
  /** Whether the last answer is a text that nobody has judged yet. */
  readonly isAnswered: boolean
  /** Whether a bound asked for a last answer. */
  readonly isConcluding: boolean
  /** The children of all turns of a team, in the order in which they began; an agent with a loop has none. */
  readonly children: ReadonlyArray<Child>
  /** How many of them began in earlier turns. */
  readonly childrenBefore: number
  readonly end: End | undefined
}

const noUsage: Usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0 }

/**
 * The state before the first record.
 *
 * @category constants
 * @since 0.1.0
 */
export const empty: AgentState = {
  at: 0,
  bounds: {},
  agent: "",
  version: undefined,
  input: null,
  instructions: "",
  tools: {},
  forked: undefined,
  messages: [],
  turnFrom: 0,
  calls: [],
  steps: 0,
  stepsBefore: 0,
  turns: 0,
  called: 0,
  isAsked: false,
  estimate: 0,
  maybeCharged: { questions: 0, tokens: 0 },
  tries: 0,
  unusable: undefined,
  mistakes: 0,
  repeated: { what: "", call: "", times: 0 },
  usage: noUsage,
  lastInput: 0,
  text: "",
  model: undefined,
  sources: [],
  isAnswered: false,
  isConcluding: false,
  children: [],
  childrenBefore: 0,
  end: undefined
}

const changed = (
  state: AgentState,
  call: string,
  change: (known: StepCall) => StepCall
): ReadonlyArray<StepCall> => state.calls.map((known) => known.call === call ? change(known) : known)

/** After the last call of a step has ended, the results are what the model is sent next. */
const withCalls = (state: AgentState, calls: ReadonlyArray<StepCall>): AgentState => {
  if (calls.length === 0 || calls.some(({ ended }) => ended === undefined)) return { ...state, calls }
  const what = calls.map(fingerprintOf).join("\n")
  const isAllMistakes = calls.every(({ ended }) => ended?.mistake !== undefined)
  return {
    ...state,
    calls: [],
    messages: [...state.messages, Prompt.makeMessage("tool", { content: calls.map(resultOf) })],
    mistakes: isAllMistakes ? state.mistakes + 1 : 0,
    repeated: {
      what,
      call: calls[0]?.name ?? "",
      times: what === state.repeated.what ? state.repeated.times + 1 : 1
    }
  }
}

/** What a worker took and cited is the run's own. */
const taken = (
  state: AgentState,
  { call, sources, usage }: Extract<AgentRecord, { readonly _tag: "CallEnded" }>
): AgentState =>
  usage === undefined || !state.calls.some((known) => known.call === call && known.ended === undefined)
    ? state
    : {
      ...state,
      usage: Tokens.add(state.usage, usage),
      sources: sources === undefined ? state.sources : [...state.sources, ...sources]
    }

const lost = (state: AgentState): AgentState["maybeCharged"] =>
  state.isAsked
    ? { questions: state.maybeCharged.questions + 1, tokens: state.maybeCharged.tokens + state.estimate }
    : state.maybeCharged

const begun = (state: AgentState, record: Extract<AgentRecord, { readonly _tag: "Begun" }>): AgentState => ({
  ...empty,
  at: record.at,
  bounds: record.bounds,
  agent: record.agent,
  version: record.version,
  input: record.input,
  instructions: record.instructions,
  tools: record.tools,
  forked: state.forked,
  messages: [...state.messages, said(typeof record.input === "string" ? record.input : JSON.stringify(record.input))],
  turnFrom: state.messages.length,
  stepsBefore: state.stepsBefore + state.steps,
  turns: state.turns + 1,
  maybeCharged: lost(state),
  usage: state.usage,
  lastInput: state.lastInput,
  children: state.children,
  childrenBefore: state.children.length
})

const answered = (state: AgentState, record: Extract<AgentRecord, { readonly _tag: "Answered" }>): AgentState => {
  const { use } = record
  const isUsed = use === "calls" || use === "text"
  const calls = use === "calls" ? callsOf(record.step, record.messages) : []
  return {
    ...state,
    at: record.at,
    // An answer that misses the schema is shown to the model again, so that it can mend it. The others hold nothing
    // whole, and a cut call must not be sent back.
    messages: isUsed || use === "NotTheSchema" ? [...state.messages, ...record.messages] : state.messages,
    calls,
    steps: state.steps + 1,
    called: state.called + calls.length,
    isAsked: false,
    isAnswered: use === "text",
    tries: isUsed ? 0 : state.tries + 1,
    unusable: isUsed ? undefined : use,
    usage: Tokens.add(state.usage, record.usage),
    lastInput: record.usage.inputTokens,
    text: textOf(record.messages),
    model: record.model ?? state.model,
    sources: record.sources === undefined ? state.sources : [...state.sources, ...record.sources]
  }
}

const compacted = (
  state: AgentState,
  { after, text, upTo, usage }: Extract<AgentRecord, { readonly _tag: "Compacted" }>
): AgentState => ({
  ...state,
  messages: [...state.messages.slice(0, 1), said(text), ...state.messages.slice(upTo)],
  turnFrom: state.turnFrom >= upTo ? state.turnFrom - upTo + 2 : Math.min(state.turnFrom, 1),
  lastInput: after,
  usage: usage === undefined ? state.usage : Tokens.add(state.usage, usage)
})

const childEnded = (
  state: AgentState,
  ended: Extract<AgentRecord, { readonly _tag: "ChildEnded" }>
): AgentState => {
  const at = state.children.findLastIndex(({ child }) => child === ended.child)
  const known = state.children[at]
  if (known === undefined || known.ended !== undefined) return state
  return {
    ...state,
    children: state.children.with(at, { ...known, ended }),
    steps: state.steps + ended.steps,
    usage: Tokens.add(state.usage, ended.usage),
    sources: ended.sources === undefined ? state.sources : [...state.sources, ...ended.sources]
  }
}

/**
 * The state after one further record. Records that do not fit, such as the end of a call that nobody made, change
 * nothing.
 *
 * @category folding
 * @since 0.1.0
 */
export const next = (state: AgentState, record: AgentRecord): AgentState => {
  switch (record._tag) {
    case "Begun":
      return begun(state, record)
    case "Continued":
      // Whoever goes on gives the model a new chance: what stopped the run before does not count any more.
      return {
        ...state,
        at: record.at,
        bounds: record.bounds,
        maybeCharged: lost(state),
        isAsked: false,
        tries: 0,
        unusable: undefined,
        mistakes: 0,
        repeated: empty.repeated,
        isConcluding: false,
        end: undefined
      }
    case "Forked": {
      // Whoever goes on with a run that was handed over takes its messages. What it spends and cites is its own.
      const isHandedOver = state.end?._tag === "Finished" && state.end.handoff !== undefined
      const { maybeCharged, sources, usage } = isHandedOver ? empty : state
      return { ...state, maybeCharged, sources, usage, forked: { from: record.from, seq: record.seq } }
    }
    case "Asked":
      return {
        ...state,
        maybeCharged: lost(state),
        isAsked: true,
        estimate: record.estimate ?? 0,
        isConcluding: state.isConcluding || record.concluding === true,
        end: undefined
      }
    case "Answered":
      return answered(state, record)
    case "AskFailed":
      return {
        ...state,
        isAsked: false,
        tries: record.why === undefined ? state.tries : state.tries + 1,
        unusable: record.why,
        steps: record.why === undefined ? state.steps : state.steps + 1,
        usage: record.usage === undefined ? state.usage : Tokens.add(state.usage, record.usage)
      }
    case "Hinted":
      return { ...state, isAnswered: false, messages: [...state.messages, said(record.text)] }
    case "CallStarted": {
      const { afterCrash, attempt, call } = record
      // What was asked and decided about the call was about this attempt. A later one is decided anew.
      const calls = changed(state, call, (known) => ({
        ...known,
        attempts: attempt,
        afterCrash,
        requested: undefined,
        verdict: undefined
      }))
      return { ...state, calls, end: undefined }
    }
    case "CallEnded":
      return withCalls(
        taken(state, record),
        changed(state, record.call, (known) => known.ended ? known : { ...known, ended: record })
      )
    case "Requested":
      return {
        ...state,
        calls: changed(state, record.call, (known) => ({ ...known, requested: record, verdict: undefined }))
      }
    case "Decided": {
      const { call, verdict } = record
      const calls = changed(state, call, (known) =>
        known.verdict !== undefined || known.requested === undefined
          ? known
          : {
            ...known,
            verdict,
            params: verdict._tag === "approve" && verdict.params !== undefined ? verdict.params : known.params
          })
      return { ...state, calls }
    }
    case "Compacted":
      return compacted(state, record)
    case "ChildStarted": {
      const { child, id } = record
      return { ...state, children: [...state.children, { child, id, ended: undefined }], end: undefined }
    }
    case "ChildEnded":
      return childEnded(state, record)
    case "Progressed":
    case "SharedUpdated":
      return state
    case "Finished":
    case "Stopped":
      return { ...state, isAnswered: false, end: record }
  }
}

/**
 * The state after these records.
 *
 * @category folding
 * @since 0.1.0
 */
export const fold = (records: Iterable<AgentRecord>, from: AgentState = empty): AgentState => {
  let state = from
  for (const record of records) state = next(state, record)
  return state
}

/**
 * The calls about which a person must decide before the run can go on.
 *
 * @category getters
 * @since 0.1.0
 */
export const pending = (state: AgentState): ReadonlyArray<StepCall & { readonly requested: RequestedOf }> =>
  state.calls.flatMap((call) =>
    call.requested !== undefined && call.verdict === undefined && call.ended === undefined
      ? [{ ...call, requested: call.requested }]
      : []
  )
