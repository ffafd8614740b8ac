/**
 * How a command fails: one text that a person reads, and the exit code. 1 is a failure
 * of the work, 2 a mistake in the command line, the narrative or the configuration.
 */
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

export class CommandFailed extends Schema.TaggedError<CommandFailed>("effect-gemini-cli/CommandFailed")(
  "CommandFailed",
  {
    exitCode: Schema.Finite,
    text: Schema.String,
    /** The text stands as it is, without the command's name: `file:line:` is what editors look for. */
    isPlain: Schema.optionalKey(Schema.Boolean)
  }
) {
  override get message(): string {
    return this.text
  }
  override get [Runtime.errorExitCode](): number {
    return this.exitCode
  }
  // GeminiFx.run has printed it.
  override get [Runtime.errorReported](): boolean {
    return false
  }
}
