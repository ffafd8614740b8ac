/**
 * One act, from its key to its end: asked on its model and, where that fails, on its fallback models. Each request is
 * recorded before it is sent. A wait that is known to be long is handed back instead of holding a worker.
 */
import * as Cost from "effect-gemini/Cost"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { Usage } from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { EmptyAnswer } from "../NarrativeError.ts"
import type { PlannedAct } from "../Plan.ts"
import type { Before, Ended, Engine } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import type { ActFailed, FailureCause, RunRecord, Spent } from "../RunRecord.ts"
import type { AskModel, Emit, Heard } from "./ask.ts"
import * as Contents from "./contents.ts"
import { ofText } from "./digest.ts"
import * as Failures from "./failures.ts"
import { estimateOf, type Material, requestOf } from "./request.ts"

/** A wait that is known to be longer than this many milliseconds is the engine's. */
const longWait = 60_000

/** A wait that is known to be longer than this many milliseconds pauses the run. */
const longestWait = 3_600_000

/** The act failed in a way that may pass. */
export interface Passing {
  readonly _tag: "Passing"
  readonly cause: FailureCause
}

/** The act waits for quota until then. */
export interface LongWait {
  readonly _tag: "LongWait"
  readonly until: number
  readonly cause: FailureCause
}

export interface Stage {
  readonly engine: Engine
  readonly ask: AskModel
  readonly emit: Emit
  /** Output tokens by which a lost answer is charged. */
  readonly outputTokens: number | undefined
  /** Whether long waits are the engine's. */
  readonly sleeps: boolean
  /** Hears of every failure, with the error itself. */
  readonly failed: (act: string, reason: Failures.Reason) => void
}

const sum = (used: Usage | undefined, cost: string | undefined, estimate: Spent, lost: number): Spent => {
  const tokens = (used?.totalTokens ?? 0) + estimate.tokens * lost
  let dollars = cost === undefined ? undefined : BigDecimal.fromString(cost)
  if (lost > 0 && estimate.dollars !== undefined) {
    const each = Option.getOrElse(BigDecimal.fromString(estimate.dollars), () => BigDecimal.make(BigInt(0), 0))
    const lostDollars = BigDecimal.multiply(each, BigDecimal.fromBigInt(BigInt(lost)))
    const known = dollars === undefined ? undefined : Option.getOrUndefined(dollars)
    dollars = Option.some(known === undefined ? lostDollars : BigDecimal.sum(known, lostDollars))
  }
  const amount = dollars === undefined ? undefined : Option.getOrUndefined(dollars)
  if (amount !== undefined) return { tokens, dollars: BigDecimal.format(amount) }
  return tokens === 0 ? { tokens, dollars: "0" } : { tokens }
}

/** Asks one model. If it waits for long, the call is left and the wait handed back. */
const call = (
  { ask, emit, sleeps }: Stage,
  act: PlannedAct,
  request: Parameters<AskModel>[1]
): Effect.Effect<Heard, GeminiError | LongWait> => {
  if (!sleeps) return ask(act.name, request, emit)
  return Effect.suspend(() => {
    const long = Deferred.makeUnsafe<never, LongWait>()
    const told: Emit = (event) => {
      if (event._tag !== "Waiting" && event._tag !== "Retrying") return emit(event)
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const until = event._tag === "Waiting" ? event.until : now + event.delay
        if (until === undefined || until - now <= longWait) return emit(event)
        const cause: FailureCause = event._tag === "Waiting"
          ? { reason: "RateLimited", message: `waits for the quota of ${event.lane.quotaModel}`, until }
          : { ...Failures.causeOf(event.error, now), until }
        return Effect.andThen(emit(event), Deferred.fail<never, LongWait>(long, { _tag: "LongWait", until, cause }))
      })
    }
    return Effect.raceFirst(ask(act.name, request, told), Deferred.await(long))
  })
}

/** The material of an act's request. */
export type Gather = (act: PlannedAct) => Effect.Effect<Material, RunError>

export const perform = (stage: Stage, act: PlannedAct, key: string, gather: Gather) =>
(
  before: Before
): Effect.Effect<Ended, Passing | LongWait | RunError> =>
  Effect.uninterruptible(
    Effect.gen(function*() {
      const { emit, engine, failed, outputTokens } = stage
      const material = yield* Effect.interruptible(gather(act))
      const models = [act.model, ...(act.fallbackModels ?? [])]
      let { attempts } = before
      for (const [index, model] of models.entries()) {
        const estimate = estimateOf(act, model, material.outputOf, outputTokens)
        const startedAt = yield* Clock.currentTimeMillis
        attempts++
        yield* engine.record([{
          _tag: "ActAsked",
          act: act.name,
          key,
          attempt: attempts,
          ...(before.mayHaveRun ? { mayHaveRun: true } : {}),
          ...(model === undefined ? {} : { model }),
          estimate
        }])
        yield* Effect.interruptible(emit({ _tag: "ActStarted", act: act.name, model }))
        const answer = yield* Effect.interruptible(call(stage, act, requestOf(act, model, material))).pipe(
          Effect.flatMap((heard): Effect.Effect<Heard, EmptyHeard> =>
            heard.text === "" ? Effect.fail(new EmptyHeard(heard)) : Effect.succeed(heard)
          ),
          Effect.result
        )
        const now = yield* Clock.currentTimeMillis
        const common = { act: act.name, key, startedAt, duration: now - startedAt }
        if (answer._tag === "Success") {
          const { cost, text, ...heard } = answer.success
          const lost = Failures.unheardOf(heard.attempts ?? [])
          return {
            _tag: "ActAnswered",
            ...common,
            output: yield* Contents.keep(engine.contents, text),
            sha256: yield* ofText(text),
            ...heard,
            ...(cost === undefined ? {} : { cost }),
            charged: sum(heard.usage, cost, estimate, lost)
          }
        }
        const failure = answer.failure
        /** Hands a wait back, unless it is too long for that. */
        const wait = (
          { cause, until }: LongWait,
          before: ReadonlyArray<RunRecord>
        ): Effect.Effect<never, Passing | LongWait | RunError> => {
          const ended: Passing | LongWait = until - now > longestWait
            ? { _tag: "Passing", cause }
            : { _tag: "LongWait", until, cause }
          const waiting: RunRecord = { _tag: "Waiting", act: act.name, key, until, cause }
          return Effect.andThen(engine.record([...before, waiting]), Effect.fail(ended))
        }
        if (failure._tag === "LongWait") return yield* wait(failure, [])
        const { attempts: made, cost, reason, usage } = heardOf(failure)
        failed(act.name, reason)
        const cause = Failures.causeOf(reason, now)
        const goesOn = index < models.length - 1 && Failures.mayFallBack(reason)
        const final = !goesOn && Failures.isFinal(reason)
        const record: typeof ActFailed.Type = {
          _tag: "ActFailed",
          ...common,
          final,
          cause,
          ...(usage === undefined ? {} : { usage }),
          charged: sum(usage, cost, estimate, Failures.unheardOf(made)),
          ...(made.length === 0 ? {} : { attempts: made })
        }
        if (final) return record
        const { until } = cause
        if (stage.sleeps && !goesOn && cause.reason === "RateLimited" && until !== undefined) {
          return yield* wait({ _tag: "LongWait", until, cause }, [record])
        }
        yield* engine.record([record])
        if (!goesOn) return yield* Effect.fail<Passing>({ _tag: "Passing", cause })
      }
      return yield* Effect.die(new Error(`act ${act.name} has no model to ask`))
    })
  )

/** The model answered without any text: its tokens are billed all the same. */
class EmptyHeard {
  readonly _tag = "EmptyHeard"
  readonly heard: Heard
  constructor(heard: Heard) {
    this.heard = heard
  }
}

/** The cost of a failed call whose tokens were counted. */
const costOf = (model: string | undefined, usage: Usage): { readonly cost?: string } => {
  const { total } = Cost.of(model ?? "", {
    usageMetadata: {
      promptTokenCount: usage.promptTokens,
      cachedContentTokenCount: usage.cachedTokens,
      toolUsePromptTokenCount: usage.toolUsePromptTokens,
      thoughtsTokenCount: usage.thoughtsTokens,
      candidatesTokenCount: usage.candidatesTokens,
      totalTokenCount: usage.totalTokens
    }
  })
  return total === undefined ? {} : { cost: BigDecimal.format(total) }
}

const heardOf = (failure: GeminiError | EmptyHeard): {
  readonly reason: Failures.Reason
  readonly attempts: NonNullable<Heard["attempts"]>
  readonly usage?: Usage
  readonly cost?: string
} => {
  if (failure._tag === "EmptyHeard") {
    const { attempts = [], cost, finishReason, usage } = failure.heard
    return {
      reason: new EmptyAnswer(finishReason === undefined ? {} : { finishReason }),
      attempts,
      ...(usage === undefined ? {} : { usage }),
      ...(cost === undefined ? {} : { cost })
    }
  }
  const { attempts, model, usage } = failure
  return { reason: failure, attempts, ...(usage === undefined ? {} : { usage, ...costOf(model, usage) }) }
}
