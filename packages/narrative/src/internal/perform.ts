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
import * as ActTools from "../ActTools.ts"
import { ActRefused, EmptyAnswer } from "../NarrativeError.ts"
import type { PlannedAct } from "../Plan.ts"
import { print, type Reference } from "../Reference.ts"
import type { Before, Ended, Engine } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import type { ActFailed, FailureCause, RunRecord, Spent } from "../RunRecord.ts"
import type { AskModel, Emit, Heard } from "./ask.ts"
import * as Contents from "./contents.ts"
import { ofText } from "./digest.ts"
import * as Failures from "./failures.ts"
import { estimateOf, type Material, requestOf } from "./request.ts"
import * as Template from "./template.ts"

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
  /** Functions that the program gives. */
  readonly tools: ActTools.ActTools | undefined
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
  { ask, emit, sleeps, tools }: Stage,
  act: PlannedAct,
  request: Parameters<AskModel>[1]
): Effect.Effect<Heard, GeminiError | LongWait> => {
  const names = new Set(act.tools)
  const way = {
    isLive: act.live === true,
    tools: tools === undefined || names.size === 0
      ? undefined
      : { ...tools, declarations: tools.declarations.filter(({ name }) => names.has(name)) }
  }
  if (!sleeps) return ask(act.name, request, emit, way)
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
    return Effect.raceFirst(ask(act.name, request, told, way), Deferred.await(long))
  })
}

/** An act that was not sent, and never will be: it has failed for good. */
export const refused = (
  { failed }: Stage,
  { name }: PlannedAct,
  key: string,
  why: ActRefused
): Effect.Effect<typeof ActFailed.Type> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    failed(name, why)
    return {
      _tag: "ActFailed",
      act: name,
      key,
      final: true,
      cause: Failures.causeOf(why, now),
      charged: { tokens: 0, dollars: "0" },
      startedAt: now,
      duration: 0
    }
  })

/** The references of an act that nothing fills. */
const missingOf = ({ inputs, system }: PlannedAct, { valueOf }: Material): ReadonlyArray<Reference> =>
  [...(system === undefined ? [] : [system]), ...inputs.flatMap((input) => input._tag === "Text" ? [input.text] : [])]
    .flatMap((text) => Template.missing(text, valueOf))

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
      const [missing] = missingOf(act, material)
      if (missing !== undefined) {
        const why = `its text refers to ${print(missing)}, and there is none`
        return yield* refused(stage, act, key, new ActRefused({ kind: "MissingOutput", why }))
      }
      const lacking = stage.tools === undefined ? act.tools : ActTools.lacking(stage.tools, act.tools ?? [])
      if (lacking !== undefined && lacking.length > 0) {
        const message = `the program that plays the run gives no function ${lacking.join(", ")}`
        return yield* Effect.fail<Passing>({ _tag: "Passing", cause: { reason: "MissingTools", message } })
      }
      const models = [act.model, ...(act.fallbackModels ?? [])]
      let { attempts } = before
      for (const [index, model] of models.entries()) {
        const estimate = estimateOf(act, model, material.valueOf, outputTokens)
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
          Effect.flatMap((heard): Effect.Effect<Heard, Unusable> => {
            const why = problemOf(act, heard)
            return why === undefined ? Effect.succeed(heard) : Effect.fail(new Unusable(heard, why))
          }),
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

/** What is wrong with an answer that came. */
const problemOf = ({ isJson }: PlannedAct, { finishReason, text }: Heard): EmptyAnswer | ActRefused | undefined => {
  if (text === "") return new EmptyAnswer(finishReason === undefined ? {} : { finishReason })
  if (isJson !== true || Template.jsonOf({ text }) !== undefined) return undefined
  const why = finishReason === "MAX_TOKENS"
    ? "its JSON was cut: raise max_output_tokens"
    : "its answer is not JSON, although other acts use fields of it"
  return new ActRefused({ kind: "InvalidOutput", why })
}

/** The model gave an answer that cannot be used: its tokens are billed all the same. */
class Unusable {
  readonly _tag = "Unusable"
  readonly heard: Heard
  readonly why: EmptyAnswer | ActRefused
  constructor(heard: Heard, why: EmptyAnswer | ActRefused) {
    this.heard = heard
    this.why = why
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

const heardOf = (failure: GeminiError | Unusable): {
  readonly reason: Failures.Reason
  readonly attempts: NonNullable<Heard["attempts"]>
  readonly usage?: Usage
  readonly cost?: string
} => {
  if (failure._tag === "Unusable") {
    const { attempts = [], cost, usage } = failure.heard
    return {
      reason: failure.why,
      attempts,
      ...(usage === undefined ? {} : { usage }),
      ...(cost === undefined ? {} : { cost })
    }
  }
  const { attempts, model, usage } = failure
  return { reason: failure, attempts, ...(usage === undefined ? {} : { usage, ...costOf(model, usage) }) }
}
