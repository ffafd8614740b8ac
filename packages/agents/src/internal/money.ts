/**
 * Budgets of runs and agents. Whatever is asked within one has no longer answers than are reserved, so that no
 * answer overshoots it; and where the rest does not pay for so long an answer, a shorter one is asked for.
 */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Budget from "effect-gemini/Budget"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Output tokens of an answer, where nothing is said: what a model that thinks takes for a step, and some room. */
const usual = 8_192

/** Each time that an answer does not fit, the next one that is tried for is so much shorter. */
const shorter = 4

interface Kept {
  /** The budgets around a question. */
  readonly names: ReadonlySet<string>
  readonly outputTokens: number
}

const Around: Context.Reference<Kept | undefined> = /* @__PURE__ */ Context.Reference<Kept | undefined>(
  "effect-gemini-agents/BudgetsAround",
  { defaultValue: () => undefined }
)

/** The model's answers have at most so many tokens here, thoughts among them. */
const capped = <A, E, R>(asked: Effect.Effect<A, E, R>, outputBound: number): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.serviceOption(GeminiLanguageModel.Config),
    (config) =>
      Effect.provideService(asked, GeminiLanguageModel.Config, {
        ...Option.getOrElse(config, () => ({})),
        outputBound
      })
  )

/** A budget around an effect. One that is around it already holds as it is. */
export const within =
  (options: Budget.WithinOptions) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GeminiError, R> =>
    Effect.flatMap(Around, (outer): Effect.Effect<A, E | GeminiError, R> => {
      if (outer?.names.has(options.name) === true) return effect
      const outputTokens = Math.min(outer?.outputTokens ?? Infinity, options.outputTokens ?? usual)
      const names = new Set(outer?.names).add(options.name)
      return Budget.within({ ...options, outputTokens })(
        Effect.provideService(capped(effect, outputTokens), Around, { names, outputTokens })
      )
    })

/**
 * Asks for as long an answer as the budgets around it pay for, and at least for one of `least` tokens. What does not fit
 * is refused before anything is sent, so that trying costs nothing. `refusedBy` names the budget that refused.
 */
export const fitting = <A, E, R>(
  asked: Effect.Effect<A, E, R>,
  least: number,
  refusedBy: (error: E) => string | undefined
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Around, (kept) => {
    if (kept === undefined) return asked
    const tried = (tokens: number): Effect.Effect<A, E, R> =>
      Effect.catchIf(
        tokens === kept.outputTokens ? asked : capped(asked, tokens),
        (error) => tokens > least && kept.names.has(refusedBy(error) ?? ""),
        () => tried(Math.max(least, Math.floor(tokens / shorter)))
      )
    return tried(kept.outputTokens)
  })
