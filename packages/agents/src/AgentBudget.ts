/**
 * Budgets of agents: for all runs of one together, in every process that shares the `BudgetStore` of effect-gemini.
 *
 * @since 0.1.0
 */
import type * as Budget from "effect-gemini/Budget"
import * as Effect from "effect/Effect"
import { AgentError } from "./AgentError.ts"
import { Refused } from "./AgentErrorReason.ts"
import type { Agent } from "./AgentOptions.ts"
import * as Money from "./internal/money.ts"

/**
 * The agent under a budget for all of its runs: those of one process, or, with a `BudgetStore` such as
 * `RedisBudgetStore` in the context, of all that share it. It stands within the budget of a team that plays the agent and
 * around those of the agent's runs (`Bounds.money`), and each attempt must fit all of them. `Budget.spending` of
 * effect-gemini reads it by its name.
 *
 * No answer of a model has more tokens there than `outputTokens` (default 8,192), thoughts among them, so that it is
 * exceeded only by what estimates of the input were too low, and not by that with `countInput: "server"`; and by what
 * `Budget` excludes, searches with Google and what Google's own tools put into the prompt. A run whose question it
 * refuses stops with ModelFailed and goes on, by `Agent.resume`, when there is room.
 *
 * Without a `BudgetStore` it is counted for each run alone.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Budget from "effect-gemini/Budget"
 * import * as Effect from "effect/Effect"
 *
 * const clerk = Agent.within(
 *   Agent.make({ name: "clerk", instructions: "You add numbers.", bounds: { money: "0.10" } }),
 *   { name: "clerks", money: "20" }
 * )
 * const program = Effect.gen(function*() {
 *   const { cost } = yield* Agent.run(clerk, "What are 2 and 3 together?")
 *   return { ofThisRun: cost, ofAllRuns: yield* Budget.spending("clerks") }
 * })
 * console.log(clerk.name, Effect.isEffect(program)) // clerk true
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const within = <I, A, T, E, R, C, D extends string>(
  agent: Agent<I, A, T, E, R, C, D>,
  options: Budget.WithinOptions
): Agent<I, A, T, E, R, C, D> => {
  const inside = <A1, E1, R1>(
    play: Effect.Effect<A1, E1, R1>,
    id: string
  ): Effect.Effect<A1, E1 | AgentError<never>, R1> =>
    Money.within(options)(Effect.result(play)).pipe(
      Effect.mapError(({ message }) =>
        new AgentError<never>({
          agent: agent.name,
          id,
          reason: new Refused({ path: "budget", why: message }),
          records: []
        })
      ),
      Effect.flatMap(Effect.fromResult)
    )
  const { employing, handing } = agent
  return {
    ...agent,
    begin: (input, own) => inside(agent.begin(input, own), own.id ?? ""),
    beginFrom: (json, own) => inside(agent.beginFrom(json, own), own.id ?? ""),
    turn: (id, input, own) => inside(agent.turn(id, input, own), id),
    goOn: (id, decisions, own) => inside(agent.goOn(id, decisions, own), id),
    employing: employing && ((tools, toolbox, approvals) => within(employing(tools, toolbox, approvals), options)),
    handing: handing && ((handover) => within(handing(handover), options))
  }
}
