/**
 * What can be known of a narrative before anything is sent: which acts run beside each other, how many requests each model
 * gets at least and at most, the tokens and dollars of what is known, and which limits would make it wait.
 *
 * What acts will write is not known, and neither is the input that is made of it: tokens and dollars are lower bounds, and an
 * upper bound is given only where every answer has a bound. Four characters count as a token.
 *
 * @since 0.3.0
 */
import * as Cost from "effect-gemini/Cost"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelAlias from "effect-gemini/models/ModelAlias"
import * as ModelId from "effect-gemini/models/ModelId"
import * as BigDecimal from "effect/BigDecimal"
import * as Result from "effect/Result"
import { estimateOf } from "./internal/request.ts"
import type { Plan, PlannedAct } from "./Plan.ts"

/**
 * A count that is known to lie between two numbers.
 *
 * @category models
 * @since 0.3.0
 */
export interface Range {
  readonly least: number
  readonly most: number
}

/**
 * What one model is asked.
 *
 * @category models
 * @since 0.3.0
 */
export interface ModelForecast {
  readonly model: string
  readonly requests: Range
  /** Input tokens that are known, of all requests that come in any case, and of the largest request. */
  readonly inputTokens: number
  readonly largestRequest: number
  /** Answer tokens at most; undefined where some act has no `max_output_tokens`. */
  readonly answerTokens: number | undefined
  /** Dollars at least, as a decimal text; undefined where the model has no price. */
  readonly dollars: string | undefined
}

/**
 * The forecast. `stages` are the acts in the order in which they can begin, those that can run side by side together.
 *
 * @category models
 * @since 0.3.0
 */
export interface Forecast {
  readonly stages: ReadonlyArray<ReadonlyArray<string>>
  readonly models: ReadonlyArray<ModelForecast>
  /** Dollars at least, as a decimal text, without what has no price. */
  readonly dollars: string
  /** Whether something has no price. */
  readonly isPartial: boolean
  /** Sentences about limits of the tier that would make it wait. */
  readonly waits: ReadonlyArray<string>
}

/**
 * What a forecast is made for: the model of acts that name none, and the tier whose limits are kept.
 *
 * @category options
 * @since 0.3.0
 */
export interface Options {
  readonly defaultModel?: string | undefined
  readonly tier?: Tier.TierName | Tier.Tier | undefined
}

/** One act that asks a model, and how often. */
interface Ask {
  readonly act: PlannedAct
  readonly requests: Range
}

/** How often a group is played. */
const times = ({ each, repeat }: PlannedAct): Range => {
  if (repeat !== undefined) return { least: 1, most: repeat.max }
  if (each === undefined) return { least: 1, most: 1 }
  return "values" in each.list
    ? { least: each.list.values.length, most: each.list.values.length }
    : { least: 0, most: each.max }
}

const asksOf = (acts: ReadonlyArray<PlannedAct>, around: Range = { least: 1, most: 1 }): ReadonlyArray<Ask> =>
  acts.flatMap((act) => {
    const least = act.when === undefined ? around.least : 0
    if (act.acts === undefined) return [{ act, requests: { least, most: around.most } }]
    const own = times(act)
    return asksOf(act.acts, { least: least * own.least, most: around.most * own.most })
  })

/** Acts by the longest way of needs before them. */
const stagesOf = (acts: ReadonlyArray<PlannedAct>): ReadonlyArray<ReadonlyArray<string>> => {
  const levels = new Map<string, number>()
  const byName = new Map(acts.map((act) => [act.name, act]))
  const level = (name: string): number => {
    const known = levels.get(name)
    if (known !== undefined) return known
    levels.set(name, 0)
    const needs = byName.get(name)?.needs.filter((need) => byName.has(need)) ?? []
    const own = needs.length === 0 ? 0 : 1 + Math.max(...needs.map(level))
    levels.set(name, own)
    return own
  }
  const stages: Array<Array<string>> = []
  for (const { name } of acts) {
    const at = level(name)
    while (stages.length <= at) stages.push([])
    stages[at]?.push(name)
  }
  return stages
}

const zero = BigDecimal.fromBigInt(BigInt(0))

/** The model by which Google counts. */
const counted = (model: string): string =>
  Result.match(ModelId.parse(model), { onFailure: () => model, onSuccess: (id) => ModelAlias.quotaModel(id) })

const minutes = (n: number): string => n === 1 ? "1 minute" : `${n} minutes`

const waitsOf = (model: ModelForecast, tier: Tier.Tier): ReadonlyArray<string> => {
  const { rpd, rpm, tpm } = Tier.limitsFor(tier, counted(model.model))
  const { least, most } = model.requests
  const upTo = least === most ? `${most}` : `up to ${most}`
  const says = (limit: string, then: string) =>
    `${model.model}: ${upTo} requests, and ${limit} under the tier ${tier.name}: ${then}`
  return [
    ...(most > rpd ? [says(`${rpd} in a day`, "it may wait until midnight in California")] : []),
    ...(most > rpm && rpm > 0
      ? [says(`${rpm} in a minute`, `it may wait ${minutes(Math.ceil(most / rpm) - 1)}`)]
      : []),
    ...(model.largestRequest > tpm
      ? [`${model.model}: a request has some ${model.largestRequest} tokens, and a minute takes ${tpm}: it is refused`]
      : model.inputTokens > tpm
      ? [
        `${model.model}: some ${model.inputTokens} tokens, and a minute takes ${tpm}: it waits ${
          minutes(Math.ceil(model.inputTokens / tpm) - 1)
        }`
      ]
      : [])
  ]
}

/**
 * The forecast of a plan.
 *
 * @category constructors
 * @since 0.3.0
 */
export const of = (plan: Pick<Plan, "acts">, options: Options = {}): Forecast => {
  const { defaultModel = GeminiConfig.defaultModel, tier } = options
  const asks = asksOf(plan.acts)
  const byModel = new Map<string, Array<Ask & { readonly tokens: number }>>()
  for (const ask of asks) {
    const model = ask.act.model ?? defaultModel
    const { tokens } = estimateOf(ask.act, model, () => undefined, 0)
    byModel.set(model, [...(byModel.get(model) ?? []), { ...ask, tokens }])
  }
  let all = zero
  let isPartial = false
  const models = Array.from(byModel, ([model, own]): ModelForecast => {
    const sum = (of: (ask: typeof own[number]) => number) => own.reduce((sum, ask) => sum + of(ask), 0)
    const inputTokens = sum(({ requests, tokens }) => requests.least * tokens)
    const priceOf = (tokens: number) =>
      Cost.of(model, {
        usageMetadata: { promptTokenCount: tokens, candidatesTokenCount: 0, totalTokenCount: tokens }
      }).total
    // Nothing costs nothing, if the model has a price at all.
    const price = priceOf(Math.max(1, inputTokens))
    const total = price === undefined || inputTokens > 0 ? price : zero
    if (total === undefined) isPartial = true
    else all = BigDecimal.sum(all, total)
    const isBounded = own.every(({ act }) => act.generation?.maxOutputTokens !== undefined)
    return {
      model,
      requests: { least: sum(({ requests }) => requests.least), most: sum(({ requests }) => requests.most) },
      inputTokens,
      largestRequest: Math.max(...own.map(({ tokens }) => tokens)),
      answerTokens: isBounded
        ? sum(({ act, requests }) => requests.most * (act.generation?.maxOutputTokens ?? 0))
        : undefined,
      dollars: total === undefined ? undefined : BigDecimal.format(total)
    }
  })
  const kept = typeof tier === "string" ? Tier.byName(tier) : tier
  return {
    stages: stagesOf(plan.acts),
    models,
    dollars: BigDecimal.format(all),
    isPartial,
    waits: kept === undefined ? [] : models.flatMap((model) => waitsOf(model, kept))
  }
}
