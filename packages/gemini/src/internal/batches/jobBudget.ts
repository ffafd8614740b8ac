/**
 * What the rows of a job reserve in the budgets around a run, and what they are charged at the price of batches.
 *
 * A price may change with the length of a prompt, so rows are counted in groups that are no longer than a long prompt is.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import * as Gate from "../../limits/Gate.ts"
import type { Admission } from "../../limits/Permit.ts"
import type { ModelId } from "../../models/ModelId.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import type { Placed } from "./JobRows.ts"

/** The most tokens of a group, unless a single row has more. Prompts above 200,000 tokens are dearer (November 2026). */
const mostTokens = 100_000

const counts = [
  "promptTokenCount",
  "cachedContentTokenCount",
  "candidatesTokenCount",
  "toolUsePromptTokenCount",
  "thoughtsTokenCount",
  "totalTokenCount"
] as const

const details = [
  "promptTokensDetails",
  "cacheTokensDetails",
  "candidatesTokensDetails",
  "toolUsePromptTokensDetails"
] as const

type Details = Usage.UsageMetadata["promptTokensDetails"]

const merged = (one: Details, other: Details): Details => {
  const sums = new Map<string, number>()
  for (const { modality, tokenCount } of [...one ?? [], ...other ?? []]) {
    const key = String(modality ?? "MODALITY_UNSPECIFIED")
    sums.set(key, (sums.get(key) ?? 0) + Usage.count(tokenCount))
  }
  return [...sums].map(([modality, tokenCount]) => ({ modality, tokenCount }))
}

/** The tokens of two answers together. */
export const summed = (one: Usage.UsageMetadata, other: Usage.UsageMetadata): Usage.UsageMetadata => ({
  ...Object.fromEntries(counts.map((name) => [name, Usage.count(one[name]) + Usage.count(other[name])])),
  ...Object.fromEntries(
    details.filter((name) => (one[name] ?? other[name]) != null).map((name) => [name, merged(one[name], other[name])])
  )
})

/** Rows that stand next to each other in a job, with what they reserve. */
interface Group {
  readonly from: number
  readonly tokens: number
  readonly rows: number
  /** The longest answer that a row may have; undefined where one has no limit of its own. */
  readonly most: number | undefined
}

const grouped = <E>(rows: Stream.Stream<Placed, E>): Effect.Effect<ReadonlyArray<Group>, E> =>
  Stream.runFold(rows, (): Array<Group> => [], (groups, { line: { request }, place }) => {
    const tokens = estimateTokens(request)
    const own = request.generationConfig?.maxOutputTokens
    const most = own == null ? undefined : Usage.count(own)
    const last = groups.at(-1)
    if (last === undefined || last.tokens + tokens > mostTokens) groups.push({ from: place, tokens, rows: 1, most })
    else {
      groups[groups.length - 1] = {
        from: last.from,
        tokens: last.tokens + tokens,
        rows: last.rows + 1,
        most: last.most === undefined || most === undefined ? undefined : Math.max(last.most, most)
      }
    }
    return groups
  })

export interface JobHold {
  /** Takes the answer of a row. */
  readonly answered: (place: number, response: GenerateContentResponse) => void
  /** Charges what was answered, and gives the rest back. */
  readonly end: Effect.Effect<void>
}

const none: JobHold = { answered: () => undefined, end: Effect.void }

/** The gates around the fiber that asks: those of the program, then those of the scope. */
const gates: Effect.Effect<ReadonlyArray<Gate.Gate>> = Effect.map(Effect.context<never>(), (context) => [
  ...Context.getOrUndefined(context, Gate.Gates)?.gates ?? [],
  ...Context.getOrUndefined(context, Gate.Within)?.gates ?? []
])

const admissionOf = (model: ModelId, { most, rows, tokens }: Group): Admission => ({
  lane: { project: "default", location: "global", quotaModel: model, family: "generate" },
  limits: { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity },
  method: "batchRun",
  tokens,
  rows,
  ...(most === undefined
    ? {}
    : {
      asks: {
        request: { contents: [], generationConfig: { maxOutputTokens: most } },
        count: () => Effect.succeed({ totalTokens: tokens })
      }
    })
})

/** Reserves what the rows may cost; fails, with nothing reserved, where a budget has no room for them. */
export const enter = <E>(model: ModelId, rows: Stream.Stream<Placed, E>): Effect.Effect<JobHold, GeminiError | E> =>
  Effect.flatMap(gates, (gates) => {
    if (gates.length === 0) return Effect.succeed(none)
    return Effect.flatMap(grouped(rows), (groups) => {
      const held: Array<{ readonly from: number; readonly hold: Gate.Hold; usage: Usage.UsageMetadata | undefined }> =
        []
      const end = Effect.suspend(() =>
        Effect.forEach(held.splice(0), ({ hold, usage }) => {
          if (usage === undefined) return hold.end({ exit: Exit.void, sent: false, isWhole: true })
          hold.charge({ usageMetadata: { ...usage, serviceTier: "batch" } })
          return hold.end({ exit: Exit.void, sent: true, isWhole: true })
        }, { discard: true })
      )
      const answered: JobHold["answered"] = (place, { usageMetadata }) => {
        if (usageMetadata == null) return
        const own = held.findLast(({ from }) => from <= place)?.from
        for (const one of held) {
          if (one.from === own) one.usage = summed(one.usage ?? {}, usageMetadata)
        }
      }
      return Effect.uninterruptibleMask((restore) =>
        Effect.forEach(
          groups,
          (group) =>
            Effect.forEach(gates, (gate) =>
              Effect.map(gate.enter(admissionOf(model, group), restore), (hold) => {
                held.push({ from: group.from, hold, usage: undefined })
              }), { discard: true }),
          { discard: true }
        ).pipe(
          Effect.onError(() => end),
          Effect.as({ answered, end })
        )
      )
    })
  })
