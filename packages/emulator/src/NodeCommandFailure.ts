/**
 * How the command `effect-gemini-emulator` ends if not well.
 *
 * @since 0.2.0
 */
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/**
 * The command has failed. `text` is for a person, and empty where everything has been said; `exitCode` is for the
 * process: 1 is a failure of the work, 2 a mistake in the command line or a file, and `exec` ends with the code of its
 * program.
 *
 * @category errors
 * @since 0.2.0
 */
export class NodeCommandFailure
  extends Schema.TaggedError<NodeCommandFailure>("effect-gemini-emulator/NodeCommandFailure")(
    "EmulatorCommandFailure",
    {
      exitCode: Schema.Finite,
      text: Schema.String
    }
  )
{
  override get message(): string {
    return this.text
  }
  override get [Runtime.errorExitCode](): number {
    return this.exitCode
  }
}

/**
 * A mistake in the command line or in a file that it names.
 *
 * @category constructors
 * @since 0.2.0
 */
export const mistake = (text: string): NodeCommandFailure => new NodeCommandFailure({ exitCode: 2, text })
