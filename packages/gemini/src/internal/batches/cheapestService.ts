/**
 * Calls along the ways that `wayChoice` chooses, and what they see on them.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { BatchesService } from "../../batches/Batches.ts"
import type { CheapAnswer, CheapestOptions, CheapestService, Options, Tried } from "../../batches/Cheapest.ts"
import * as Answer from "../../call/Answer.ts"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Cost from "../../Cost.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiClient from "../../GeminiClient.ts"
import * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as Batch from "../../wire/Batch.ts"
import * as Usage from "../../wire/Usage.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import { invalid } from "../resources/invalid.ts"
import * as WayChoice from "./wayChoice.ts"

const method = "cheapest.generate"

/** The most models of which it remembers what it saw. */
const mostModels = 1_000

/** What a request without a limit of its own is thought to be answered with, in tokens. */
const outputTokens = 1_000

/** How a way ended. `isBilled`: it may cost what it costs, though it gave no answer. */
type Ended =
  | { readonly answer: Answer.Answer }
  | { readonly answer?: undefined; readonly error?: GeminiError | undefined; readonly isBilled: boolean }

/** Failures that no other way would spare the call. */
const isFinal = (error: GeminiError): boolean => {
  const { _tag } = error.reason
  return _tag === "InvalidRequest" || _tag === "Unauthenticated" || _tag === "MissingApiKey" || _tag === "NotFound" ||
    _tag === "PromptBlocked" || _tag === "ResponseBlocked" || _tag === "ToolCallRejected"
}

export const make = (
  gemini: GeminiClient.Service,
  batches: BatchesService,
  { defaultModel = GeminiConfig.defaultModel, interval, maxInterval, prices, seen = {} }: Options
): CheapestService => {
  const histories = new Map<string, WayChoice.History>(Object.entries(seen))
  const historyOf = (model: string) => histories.get(model) ?? WayChoice.nothing
  const saw = (model: string, way: WayChoice.ServingWay, of: WayChoice.Seen) => {
    const history = WayChoice.saw(historyOf(model), way, of)
    histories.delete(model)
    const [oldest] = histories.keys()
    if (histories.size >= mostModels && oldest !== undefined) histories.delete(oldest)
    histories.set(model, history)
  }

  /** What each way would cost, by an estimate of the tokens. */
  const pricesOf = (model: string, request: GeminiClient.Request, at: number): WayChoice.Situation["prices"] => {
    const input = estimateTokens(request)
    const most = request.generationConfig?.maxOutputTokens
    const output = most == null ? outputTokens : Math.min(outputTokens, Usage.count(most))
    const usageMetadata = {
      promptTokenCount: input,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
      candidatesTokenCount: output,
      totalTokenCount: input + output
    }
    const priced = WayChoice.ways.flatMap((way) => {
      const { total } = Cost.of(model, { usageMetadata }, { mode: way, at, prices, unnamed: "dearest" })
      return total === undefined ? [] : [[way, Number(BigDecimal.format(total))] as const]
    })
    return Object.fromEntries(priced)
  }

  /** Gives a batch up; the answer, if it came after all, or whether any of it may be billed. */
  const abandoned = (handle: ResourceHandle, model: string): Effect.Effect<Ended> =>
    Effect.gen(function*() {
      yield* Effect.ignore(batches.cancel(handle))
      const last = yield* Effect.result(batches.get(handle))
      if (Result.isFailure(last)) return { isBilled: true }
      if (Batch.outputOf(last.success.batch) !== undefined) return yield* read(handle, model)
      // What was cancelled before a row of it was answered costs nothing.
      return { isBilled: Usage.count(last.success.batch.metadata?.batchStats?.successfulRequestCount) > 0 }
    })

  const read = (handle: ResourceHandle, model: string): Effect.Effect<Ended> =>
    Effect.matchEffect(Stream.runHead(batches.results(handle)), {
      onFailure: (error) => Effect.succeed<Ended>({ error, isBilled: true }),
      onSuccess: (result) => {
        if (Option.isNone(result)) return Effect.succeed<Ended>({ isBilled: false })
        return result.value._tag === "Failure"
          ? Effect.succeed<Ended>({ error: result.value.error, isBilled: false })
          : Effect.succeed<Ended>({ answer: Answer.make(result.value.response, model, []) })
      }
    })

  const inBatch = (
    model: string,
    request: GeminiClient.Request,
    until: number,
    options: CallOptions
  ): Effect.Effect<Ended> =>
    Effect.gen(function*() {
      const { model: _, ...asked } = request
      const made = yield* Effect.result(batches.create({ model, rows: [{ key: "0", request: asked }] }, options))
      if (Result.isFailure(made)) return { error: made.failure, isBilled: made.failure.mayExist !== undefined }
      const { handle } = made.success
      const left = until - (yield* Clock.currentTimeMillis)
      const waited = batches.awaitDone(handle, {
        ...options,
        deadline: Math.max(0, left),
        interval: interval ?? "10 seconds",
        maxInterval: maxInterval ?? "5 minutes"
      })
      const done = yield* Effect.result(Effect.onInterrupt(waited, () => Effect.ignore(batches.cancel(handle))))
      if (Result.isFailure(done)) return yield* abandoned(handle, model)
      return Batch.outputOf(done.success.batch) === undefined ? { isBilled: false } : yield* read(handle, model)
    })

  const atOnce = (
    model: string,
    way: Exclude<WayChoice.ServingWay, "batch">,
    request: GeminiClient.Request,
    until: number,
    options: CallOptions
  ): Effect.Effect<Ended> =>
    Effect.gen(function*() {
      const asked = gemini.generate({ ...request, model, ...(way === "standard" ? {} : { serviceTier: way }) }, options)
      if (until === Infinity) return yield* Effect.result(asked)
      const left = until - (yield* Clock.currentTimeMillis)
      return yield* Effect.result(Effect.timeoutOrElse(asked, {
        duration: Math.max(0, left),
        orElse: () =>
          Effect.fail(new GeminiError({ method, attempts: [], reason: new Reason.TimedOut({ phase: "total" }) }))
      }))
    }).pipe(Effect.map((result): Ended =>
      Result.isSuccess(result)
        ? { answer: result.success }
        // A server that has refused bills nothing; what was cut off may be under way.
        : { error: result.failure, isBilled: (result.failure.status ?? 0) < 400 }
    ))

  const along = Effect.fnUntraced(function*(
    model: string,
    request: GeminiClient.Request,
    { lead = "10 minutes", within, ...options }: CheapestOptions
  ): Effect.fn.Return<CheapAnswer, GeminiError> {
    const began = yield* Clock.currentTimeMillis
    const end = began + Duration.toMillis(within)
    const priced = pricesOf(model, request, began)
    const unpriced = priced.standard === undefined
    const tried: Array<Tried> = []
    const failed = new Set<WayChoice.ServingWay>()
    let committed = 0
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const situation: WayChoice.Situation = {
        now,
        end,
        lead: Duration.toMillis(lead),
        prices: priced,
        committed,
        history: historyOf(model),
        failed
      }
      const { until, way } = unpriced ? { way: "standard" as const, until: Infinity } : WayChoice.choose(situation)
      const ended = yield* way === "batch"
        ? inBatch(model, request, until, options)
        : atOnce(model, way, request, until, options)
      const after = yield* Clock.currentTimeMillis
      const isLate = ended.answer === undefined && after >= until
      saw(model, way, { millis: ended.answer === undefined ? Infinity : after - now, at: after })
      tried.push({
        way,
        at: now,
        millis: after - now,
        outcome: ended.answer !== undefined ? "answered" : isLate ? "late" : "failed",
        isBilled: ended.answer !== undefined || ended.isBilled,
        ...(ended.answer === undefined && ended.error !== undefined ? { error: ended.error } : {})
      })
      if (ended.answer !== undefined) {
        const cost = Cost.of(model, ended.answer.response, {
          prices,
          at: after,
          ...(way === "batch" ? { mode: way } : {})
        })
        return { answer: ended.answer, way, ways: tried, cost, unpriced, isInTime: after <= end }
      }
      if (ended.isBilled) committed += priced[way] ?? 0
      const isOver = failed.has("standard") || unpriced || priced.priority === undefined || way === "priority"
      if (ended.error !== undefined && (isFinal(ended.error) || isOver && (way === "standard" || way === "priority"))) {
        return yield* ended.error
      }
      failed.add(way)
    }
  })

  return {
    generate: (request, options) =>
      Effect.suspend(() => {
        const parsed = ModelId.parse(request.model ?? defaultModel)
        if (Result.isFailure(parsed)) return invalid(method, "model", parsed.failure)
        const within = Duration.fromInput(options?.within)
        const lead = Duration.fromInput(options?.lead ?? 0)
        const isNumber = typeof options?.within !== "number" || options.within >= 0
        if (Option.isNone(within) || Duration.isNegative(within.value) || !isNumber) {
          return invalid(method, "within", "expected a duration, such as \"6 hours\"")
        }
        if (Option.isNone(lead)) return invalid(method, "lead", "expected a duration, such as \"10 minutes\"")
        return along(parsed.success, request, options)
      }),
    seen: (model) => Effect.sync(() => historyOf(model))
  }
}
