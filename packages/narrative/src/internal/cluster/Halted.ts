/** Why a run stands still: its workflow is suspended with this. */
import * as Schema from "effect/Schema"

export class Halted extends Schema.TaggedError<Halted>("effect-gemini-narrative/Halted")("Halted", {
  why: Schema.String
}) {
  override get message(): string {
    return this.why
  }
}
