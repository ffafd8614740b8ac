/**
 * What the calls of a space would have cost with Google, by the prices of the client: of each call, and of all that have
 * ended. It is worked out when somebody asks.
 */
import * as Cost from "effect-gemini/Cost"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CostData } from "../../admin/LogData.ts"
import type { Entry } from "../../RequestLog.ts"
import * as Json from "../json.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"

const decoded = Schema.decodeUnknownOption(GenerateContent.GenerateContentResponse)

/** What an interaction says of its tokens, by the names of a generation. */
const ofInteraction = (usage: unknown): Json.Json => ({
  promptTokenCount: Json.at(usage, "total_input_tokens"),
  cachedContentTokenCount: Json.at(usage, "total_cached_tokens"),
  candidatesTokenCount: Json.at(usage, "total_output_tokens"),
  thoughtsTokenCount: Json.at(usage, "total_thought_tokens"),
  toolUsePromptTokenCount: Json.at(usage, "total_tool_use_tokens")
})

/** The event that a call is charged by: the last one with usage, since a stream says at each what it has used so far. */
const chargedOf = (response: unknown): Json.Json | undefined => {
  const events = Array.isArray(response) ? response : [response]
  const candidates = events.flatMap((event) => Json.list(Json.at(event, "candidates")))
  for (let i = events.length - 1; i >= 0; i--) {
    const event: unknown = events[i]
    const usageMetadata = Json.at(event, "usageMetadata")
    if (usageMetadata !== undefined) return { usageMetadata, candidates, modelVersion: Json.at(event, "modelVersion") }
    const usage = Json.at(event, "usage") ?? Json.at(event, "interaction", "usage")
    if (usage !== undefined) return { usageMetadata: ofInteraction(usage) }
  }
  return undefined
}

/** Undefined: the answer names no tokens. A call without a price of its own has no total, and is partial. */
export const costOf = ({ model = "", response, time }: Entry): Cost.Cost | undefined => {
  const charged = chargedOf(response)
  const read = charged === undefined ? Option.none() : decoded(charged)
  return Option.isNone(read) ? undefined : Cost.of(model, read.value, { at: time, unnamed: "dearest" })
}

export const shown = ({ isPartial, total }: Pick<Cost.Cost, "isPartial" | "total">): typeof CostData.Type => ({
  ...(total === undefined ? {} : { dollars: BigDecimal.format(total) }),
  partial: isPartial
})

interface Sum {
  total: BigDecimal.BigDecimal | undefined
  isPartial: boolean
}

const nothing = (): Sum => ({ total: undefined, isPartial: false })

const add = (sum: Sum, { isPartial, total }: Cost.Cost): void => {
  if (total !== undefined) sum.total = sum.total === undefined ? total : BigDecimal.sum(sum.total, total)
  sum.isPartial ||= isPartial
}

/** The names of models come from clients, so only so many are told apart. */
const mostModels = 1000

/** What the calls have cost that have ended since it began, and those that the log still had then. */
class Bill {
  private readonly space: OpenSpace
  private all = nothing()
  private byModel = new Map<string, Sum>()
  private calls = 0
  private missed = 0
  private arrived = 0
  /** Those that have ended, and are not looked at yet. */
  private ended: Array<number> = []

  constructor(space: OpenSpace) {
    this.space = space
    const { log } = space.state
    this.arrived = log.arrived()
    this.ended = log.entries().filter(({ outcome }) => outcome !== undefined).map(({ id }) => id)
    this.missed = log.closed() - this.ended.length
    log.watch((entry) => {
      if (entry === undefined) return false
      if (entry.outcome === undefined && entry.id < this.arrived) this.restart()
      this.arrived = Math.max(this.arrived, entry.id + 1)
      if (entry.outcome !== undefined) this.ended.push(entry.id)
      if (this.ended.length >= 1000) this.work()
      return false
    })
  }

  private restart(): void {
    this.all = nothing()
    this.byModel = new Map()
    this.calls = 0
    this.missed = 0
    this.arrived = 0
    this.ended = []
  }

  private work(): void {
    const { log } = this.space.state
    for (const id of this.ended.splice(0)) {
      const entry = log.at(id)
      if (entry === undefined) {
        this.missed++
        continue
      }
      const cost = costOf(entry)
      if (cost === undefined) continue
      this.calls++
      add(this.all, cost)
      const name = entry.model ?? ""
      const at = this.byModel.has(name) || this.byModel.size < mostModels ? name : "…"
      const sum = this.byModel.get(at) ?? nothing()
      this.byModel.set(at, sum)
      add(sum, cost)
    }
  }

  shown() {
    if (this.space.state.log.arrived() < this.arrived) this.restart()
    this.work()
    const { asOf, source } = Cost.prices
    return {
      ...shown(this.all),
      calls: this.calls,
      missed: this.missed,
      byModel: Object.fromEntries(Array.from(this.byModel, ([name, sum]) => [name, shown(sum)])),
      asOf,
      source
    }
  }
}

const known = new WeakMap<OpenSpace, Bill>()

/** What all calls of a space would have cost. */
export const bill = (space: OpenSpace): ReturnType<Bill["shown"]> => {
  const found = known.get(space) ?? new Bill(space)
  known.set(space, found)
  return found.shown()
}
