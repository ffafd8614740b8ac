/**
 * What an interaction's events tell of a research. A call of a tool may come whole with the start of its step, or in
 * deltas behind an empty start: it is told once, when what it asks is known. Pure.
 */
import * as InteractionEvent from "../../interactions/InteractionEvent.ts"
import type { ResearchProgress, ResearchStage } from "../../research/ResearchEvent.ts"

type Called = {
  readonly type: string
  readonly arguments?: { readonly queries?: unknown; readonly urls?: unknown } | null | undefined
}

/** The most of foreign texts that one event tells: a record of a journal has a bound. */
const mostItems = 64
const mostCharacters = 4_096
const mostThought = 65_536

const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.filter((item) => typeof item === "string" && item !== "").slice(0, mostItems).map((text: string) =>
      text.slice(0, mostCharacters)
    )
    : []

const kinds: ReadonlyMap<string, "google" | "files" | "maps"> = new Map([
  ["google_search_call", "google"],
  ["google_maps_call", "maps"],
  ["retrieval_call", "files"]
])

const calledBy = (called: Called): ResearchProgress | undefined => {
  const place = kinds.get(called.type)
  if (place !== undefined) {
    const queries = texts(called.arguments?.queries)
    return queries.length === 0 ? undefined : { _tag: "Searched", in: place, queries }
  }
  if (called.type === "url_context_call") {
    const urls = texts(called.arguments?.urls)
    return urls.length === 0 ? undefined : { _tag: "Read", urls }
  }
  return called.type.endsWith("_call")
    ? { _tag: "Used", tool: called.type.slice(0, -"_call".length).slice(0, mostCharacters) }
    : undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const argumentsOf = (value: object): Called["arguments"] => {
  const given = "arguments" in value ? value.arguments : undefined
  return isObject(given) ? given : undefined
}

/** The texts of a thought's summary, in whatever shape it comes. */
const summaryOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map(summaryOf).join("")
    : isObject(content) && typeof content["text"] === "string"
    ? content["text"]
    : ""

/** The events of one interaction after another. `told` are keys of calls that were told already. */
export class Telling {
  readonly #stage: ResearchStage
  readonly #told = new Set<string>()

  constructor(stage: ResearchStage) {
    this.#stage = stage
  }

  of(event: InteractionEvent.InteractionEvent): ReadonlyArray<ResearchProgress> {
    if (event.event_type === "step.start") {
      const { index, step } = event
      if (step === undefined || step === null) return []
      if (step.type === "thought") return this.#thought(summaryOf("summary" in step ? step.summary : undefined))
      if (step.type === "model_output") return this.#written(summaryOf("content" in step ? step.content : undefined))
      return this.#called(index, { type: step.type, arguments: argumentsOf(step) })
    }
    if (event.event_type !== "step.delta") return []
    const { delta, index } = event
    if (delta === undefined || delta === null) return []
    if (delta.type === "text") return this.#written(InteractionEvent.text(event))
    if (delta.type === "thought_summary") {
      return this.#thought(summaryOf("content" in delta ? delta.content : undefined))
    }
    return this.#called(index, { type: delta.type, arguments: argumentsOf(delta) })
  }

  #thought(text: string): ReadonlyArray<ResearchProgress> {
    return text.trim() === "" ? [] : [{ _tag: "Thought", text: text.slice(0, mostThought) }]
  }

  #written(text: string): ReadonlyArray<ResearchProgress> {
    return text === "" ? [] : [{ _tag: "Written", stage: this.#stage, text }]
  }

  #called(index: unknown, called: Called): ReadonlyArray<ResearchProgress> {
    const progress = calledBy(called)
    if (progress === undefined) return []
    const key = `${index} ${JSON.stringify(progress)}`
    if (this.#told.has(key)) return []
    this.#told.add(key)
    return [progress]
  }
}
