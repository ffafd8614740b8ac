/**
 * The error of a replay: the first place at which the agent does something else than its records say.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

const shown = (value: unknown): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value) ?? "nothing"
  return text.length > 200 ? `${text.slice(0, 200)} …` : text
}

/**
 * The record `at` (from 0) differs at `path`, which is empty if the whole record does.
 *
 * @category errors
 * @since 0.1.0
 */
export class Diverged extends Data.TaggedError("Diverged")<{
  readonly at: number
  readonly path: string
  readonly expected: unknown
  readonly found: unknown
}> {
  override get message(): string {
    const place = this.path === "" ? `record ${this.at}` : `record ${this.at}, ${this.path}`
    return `${place}: the records have ${shown(this.expected)}, and the agent gives ${shown(this.found)}`
  }
}
