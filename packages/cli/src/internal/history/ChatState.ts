/** Records → where a chat stands: what is sent with the next question, and what it cost. Pure. */
import * as Content from "effect-gemini/wire/Content"
import type { Usage } from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ChatRecord, Turn } from "./ChatRecord.ts"

/** A question of the user's with all that came of it. */
export interface Exchange {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly turns: ReadonlyArray<Turn>
  /** Who answered last. */
  readonly model: string | undefined
  readonly isBroken: boolean
  /** The tools that were called and had not returned when this was written. */
  readonly calling: ReadonlyArray<string>
}

export interface Spending {
  readonly answers: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Undefined: nothing of it has a price. */
  readonly dollars: BigDecimal.BigDecimal | undefined
  readonly isPartial: boolean
}

export interface ChatState {
  readonly createdAt: number | undefined
  readonly forkedFrom: string | undefined
  readonly model: string | undefined
  readonly system: string
  /** Those that have an answer, without the undone ones. */
  readonly exchanges: ReadonlyArray<Exchange>
  /** How many of them are sent as the summary. */
  readonly summed: number
  readonly summary: string | undefined
  /** The question that is asked, or was when its process ended. */
  readonly open: Exchange | undefined
  /** The tokens that the next question sends besides its own words: those of the last one and of its answer. */
  readonly nextInput: number
  /** By the model that answered. */
  readonly spent: ReadonlyMap<string, Spending>
}

export const empty: ChatState = {
  createdAt: undefined,
  forkedFrom: undefined,
  model: undefined,
  system: "",
  exchanges: [],
  summed: 0,
  summary: undefined,
  open: undefined,
  nextInput: 0,
  spent: new Map()
}

const none: Spending = { answers: 0, inputTokens: 0, outputTokens: 0, dollars: undefined, isPartial: false }

const inputOf = (usage: Usage): number => usage.promptTokens + usage.toolUsePromptTokens

const plus = (one: Spending, other: Spending): Spending => ({
  answers: one.answers + other.answers,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  dollars: one.dollars === undefined || other.dollars === undefined
    ? one.dollars ?? other.dollars
    : BigDecimal.sum(one.dollars, other.dollars),
  isPartial: one.isPartial || other.isPartial
})

/** A record of something that was counted. */
interface Counted {
  readonly model?: string
  readonly usage?: Usage
  readonly dollars?: string
  readonly isPartial?: true
}

const spentBy = (
  { spent }: ChatState,
  { dollars, isPartial, model, usage }: Counted
): ReadonlyMap<string, Spending> => {
  if (model === undefined || usage === undefined) return spent
  const amount = dollars === undefined ? undefined : Option.getOrUndefined(BigDecimal.fromString(dollars))
  return new Map(spent).set(
    model,
    plus(spent.get(model) ?? none, {
      answers: 1,
      inputTokens: inputOf(usage),
      outputTokens: usage.candidatesTokens + usage.thoughtsTokens,
      dollars: amount,
      isPartial: isPartial === true || amount === undefined
    })
  )
}

/** All models together. */
export const total = ({ spent }: ChatState): Spending => [...spent.values()].reduce(plus, none)

/** The state after one further record. A record that does not fit changes nothing. */
export const next = (state: ChatState, record: ChatRecord): ChatState => {
  const { exchanges, open } = state
  switch (record._tag) {
    case "Began":
      return { ...state, createdAt: record.at, forkedFrom: record.from }
    case "Model":
      return { ...state, model: record.model }
    case "System":
      return { ...state, system: record.text }
    case "Asked":
      return {
        ...state,
        open: { at: record.at, turns: [record.turn], model: undefined, isBroken: false, calling: [] }
      }
    case "Replied": {
      const spent = spentBy(state, record)
      const nextInput = record.usage === undefined
        ? state.nextInput
        : inputOf(record.usage) + record.usage.candidatesTokens
      if (open === undefined) return { ...state, spent, nextInput }
      const exchange: Exchange = {
        ...open,
        turns: [...open.turns, record.turn],
        model: record.model,
        isBroken: record.isBroken === true,
        calling: []
      }
      return record.hasCalls
        ? { ...state, spent, nextInput, open: exchange }
        : { ...state, spent, nextInput, open: undefined, exchanges: [...exchanges, exchange] }
    }
    case "Called":
      return open === undefined ? state : { ...state, open: { ...open, calling: [...open.calling, record.tool] } }
    case "Returned":
      return open === undefined
        ? state
        : { ...state, open: { ...open, turns: [...open.turns, record.turn], calling: [] } }
    case "Failed":
      return { ...state, open: undefined, spent: spentBy(state, record) }
    case "Undone":
      // What is summed up cannot be taken back piece by piece.
      return exchanges.length <= state.summed ? state : { ...state, exchanges: exchanges.slice(0, -1) }
    case "Compacted":
      return {
        ...state,
        summary: record.summary,
        summed: Math.max(0, Math.min(exchanges.length, exchanges.length - record.keep)),
        spent: spentBy(state, record)
      }
  }
}

export const fold = (records: Iterable<ChatRecord>, from: ChatState = empty): ChatState => {
  let state = from
  for (const record of records) state = next(state, record)
  return state
}

const isContent = Schema.is(Content.Content)

/** What is sent before the next question, as records have it. */
export const sent = ({ exchanges, summary, summed }: ChatState): ReadonlyArray<Turn> => [
  ...(summary === undefined ? [] : [
    { role: "user", parts: [{ text: `Our conversation until here, in short:\n\n${summary}` }] },
    { role: "model", parts: [{ text: "I have read it. Let us go on." }] }
  ]),
  ...exchanges.slice(summed).flatMap(({ turns }) => turns)
]

/** A turn as the wire has it. One that was tampered with is left out of the request. */
export const contentOf = (turn: Turn): Content.Content | undefined => isContent(turn) ? turn : undefined

// An answer that streamed is in pieces; what a person gives together is not.
const textIn = ({ parts, role }: Turn): string =>
  parts.map((part) =>
    typeof part === "object" && part !== null && "text" in part && typeof part.text === "string" &&
      !("thought" in part && part.thought === true)
      ? part.text
      : ""
  ).filter((text) => text !== "").join(role === "model" ? "" : "\n\n")

/** What was said in a turn, without thoughts. */
export const text = textIn

/** The first words of the chat, by which people know it. */
export const title = ({ exchanges, open }: ChatState): string => {
  const [first] = exchanges
  const turn = (first ?? open)?.turns[0]
  return turn === undefined ? "" : textIn(turn).replace(/\s+/g, " ").trim()
}
