/**
 * The record of what a run that takes minutes or hours tells on its way, such as a research that searches and reads.
 *
 * ```ts
 * import * as Trace from "effect-gemini-agents/Trace"
 *
 * const text = Trace.print([{
 *   at: 0,
 *   record: { _tag: "Progressed", child: "research.1", text: "searches: tides", value: { queries: ["tides"] } }
 * }])
 * console.log(text.includes("searches: tides")) // true
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What was told. `child` is the child that told it, as `ChildStarted` names it, `text` is a line for people, and `value`
 * the event itself.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Progressed = Schema.TaggedStruct("Progressed", {
  child: Schema.String,
  text: Schema.String,
  value: Schema.Json
})
