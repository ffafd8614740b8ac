/**
 * The record of what was done to a state that several agents share; see `Shared`. It lies in the journal of the outermost
 * run, whichever agent did it.
 *
 * ```ts
 * import * as AgentState from "effect-gemini-agents/AgentState"
 *
 * const state = AgentState.fold([
 *   { _tag: "Begun", at: 0, agent: "desk", input: "Hello", instructions: "", tools: {}, bounds: {} },
 *   { _tag: "SharedUpdated", name: "notes", by: "web.1/1.0#1", value: ["tides follow the moon"] }
 * ])
 * console.log(state.steps) // 0: the model has not answered
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A shared state has a new value, or a program has read it. `by` names the agent, its call or turn, and the number of
 * the use there, such as `web.1/3.0#2` for the second: what is done again after a crash is known by it, and gives what
 * it gave before.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SharedUpdated = Schema.TaggedStruct("SharedUpdated", {
  name: Schema.String,
  by: Schema.String,
  /** The whole value; missing where a program has read the state, whose value was then that of the record before. */
  value: Schema.optionalKey(Schema.Json)
})
