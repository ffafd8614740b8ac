/**
 * The mistakes in something that the emulator was given: a rule, an answer, a fault, an option, a file.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * One mistake. `path` says where it is, from the outside in: `rule[0].when.text.contians`.
 *
 * @category models
 * @since 0.1.0
 */
export const Problem = Schema.Struct({ path: Schema.String, message: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export type Problem = typeof Problem["Type"]

/**
 * All the mistakes in one thing that the emulator was given. It is a failure if that may come from a file; a mistake
 * of the program (in an option, in an answer for the queue) is a defect.
 *
 * ```ts
 * import * as Scenario from "effect-gemini-emulator/Scenario"
 * import * as Effect from "effect/Effect"
 *
 * const read = Scenario.fromText("[[rule]]\nwhen = { txet = 'hi' }\nreply = 'Hello'", "toml")
 * const said = await Effect.runPromise(Effect.flip(read))
 * said.message // => "rule[0].when.txet: there is no such field. Did you mean \"text\"?"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class RuleError extends Schema.TaggedError<RuleError>("effect-gemini-emulator/RuleError")("RuleError", {
  /** The file, or the way by which the emulator was told. */
  source: Schema.optionalKey(Schema.String),
  problems: Schema.Array(Problem)
}) {
  override get message(): string {
    const lines = this.problems.map(({ message, path }) => path === "" ? message : `${path}: ${message}`)
    return (this.source === undefined ? lines : lines.map((line) => `${this.source}: ${line}`)).join("\n")
  }
}
