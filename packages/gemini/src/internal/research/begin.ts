/** How a research begins, is found again, and is cancelled: its options are looked at before anything is asked. */
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import { Interactions } from "../../interactions/Interactions.ts"
import type { ResearchEvent } from "../../research/ResearchEvent.ts"
import type { ResearchOptions, ResearchSettings } from "../../research/ResearchOptions.ts"
import * as Documents from "./documents.ts"
import * as Engine from "./researchEngine.ts"
import * as ResearchLog from "./ResearchLog.ts"
import * as Kept from "./researchRecord.ts"

type Failure = GeminiError | JournalError

/** Google's list of agents (2026-11-12). */
export const defaultAgent = "deep-research-preview-04-2026"

const { refuse } = Engine

const checked = (
  { budget, pricedAs }: Pick<ResearchSettings, "budget" | "pricedAs">
): Effect.Effect<void, GeminiError> => {
  const { dollars, tokens } = budget ?? {}
  if (tokens !== undefined && !(tokens > 0)) return refuse("budget.tokens", "expected a number above 0")
  if (dollars === undefined) return Effect.void
  const amount = BigDecimal.fromString(dollars)
  if (Option.isNone(amount) || !BigDecimal.isPositive(amount.value)) {
    return refuse("budget.dollars", "expected a decimal text such as \"2.50\"")
  }
  return pricedAs === undefined
    ? refuse("pricedAs", "expected the model whose prices the agent's tokens have: a budget in dollars needs it")
    : Effect.void
}

const collected = (log: ResearchLog.ResearchLog) =>
  Effect.map(Stream.runCollect(log.before), (before) => ({ before, state: before.reduce(Kept.step, Kept.nothing) }))

export const begun = <Output, E, R>(
  options: ResearchOptions<Output, E, R>
): Stream.Stream<ResearchEvent<Output | undefined>, Failure | E, R | Interactions> =>
  Stream.unwrap(Effect.gen(function*() {
    const { agent = defaultAgent, deadline = "65 minutes", documents = [], outputSchema, plan, query } = options
    yield* checked(options)
    const asked = Documents.inputOf(query, documents)
    if (Result.isFailure(asked)) return yield* refuse(asked.failure.field, asked.failure.description)
    const allowed = Duration.toMillis(Duration.fromInputUnsafe(deadline))
    if (!(allowed > 0)) return yield* refuse("deadline", "expected a time above 0")
    const id = options.id ?? globalThis.crypto.randomUUID()
    const log = yield* ResearchLog.open(id)
    const { before, state } = yield* collected(log)
    // The same question and documents have the same digest.
    const input = yield* log.put(JSON.stringify({ input: asked.success }))
    if (state.begun !== undefined) {
      if (state.begun.input !== input || state.begun.agent !== agent) {
        return yield* refuse("id", `there is a research ${id} of another question, other documents or another agent`)
      }
      return yield* Engine.carried(id, log, options, before, state)
    }
    const at = yield* Clock.currentTimeMillis
    const record: Kept.Begun = {
      _tag: "Begun",
      at,
      query: Kept.bounded(query),
      agent,
      input,
      isPlanned: plan !== undefined,
      hasOutput: outputSchema !== undefined,
      ...(Number.isFinite(allowed) ? { deadline: allowed } : {})
    }
    yield* log.append([record], "begun")
    return yield* Engine.carried(id, log, options, [], Kept.step(Kept.nothing, record))
  }))

export const resumed = <Output, E, R>(
  id: string,
  settings: ResearchSettings<Output, E, R>
): Stream.Stream<ResearchEvent<Output | undefined>, Failure | E, R | Interactions | Journal.Journal> =>
  Stream.unwrap(Effect.gen(function*() {
    yield* checked(settings)
    const log = yield* ResearchLog.reopen(id)
    const { before, state } = yield* collected(log)
    if (state.begun === undefined) {
      return yield* refuse("id", `the research ${id} ended before it had begun: begin it again`)
    }
    return yield* Engine.carried(id, log, settings, before, state)
  }))

export const cancelled = (id: string): Effect.Effect<void, Failure, Interactions | Journal.Journal> =>
  Effect.scoped(Effect.gen(function*() {
    const interactions = yield* Interactions
    const log = yield* ResearchLog.reopen(id)
    const { state } = yield* collected(log)
    if (state.stopped !== undefined || state.isFinished) return
    const handle = state.open?.handle
    if (handle !== undefined) {
      yield* Effect.catchReason(interactions.cancel(handle), "GeminiError", "NotFound", () => Effect.void)
    }
    const at = yield* Clock.currentTimeMillis
    yield* log.append([{ _tag: "Stopped", at, why: "cancelled", message: "it was cancelled" }], "cancelled")
  }))
