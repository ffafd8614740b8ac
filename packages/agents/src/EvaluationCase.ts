/**
 * Cases of an evaluation: what an agent is asked, and what is known of a good answer. Many lie in a file as JSON Lines.
 *
 * ```ts
 * import * as EvaluationCase from "effect-gemini-agents/EvaluationCase"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const lines = `{"name":"sum","input":"2 and 3?","expected":"5","tools":["add"]}`
 * const cases = await Effect.runPromise(EvaluationCase.fromLines(lines, Schema.String))
 * console.log(cases[0]?.name) // sum
 * ```
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/**
 * One case.
 *
 * @category models
 * @since 0.1.0
 */
export interface EvaluationCase<out I> {
  /** Its name in the report; no two cases have the same one. */
  readonly name: string
  readonly input: I
  /** The value that the answer should be, as JSON by the agent's output. */
  readonly expected?: Schema.Json | undefined
  /** Texts that the answer should hold. */
  readonly contains?: ReadonlyArray<string> | undefined
  /** The tools that should be called, in their order. */
  readonly tools?: ReadonlyArray<string> | undefined
  /** What a judge should know of a good answer to this case. */
  readonly notes?: string | undefined
}

/**
 * Cases that cannot be read or used: where and why. `line` counts from 1; it is missing where the cases were given as
 * values.
 *
 * @category errors
 * @since 0.1.0
 */
export class EvaluationError extends Data.TaggedError("EvaluationError")<{
  readonly line?: number | undefined
  readonly why: string
}> {
  override get message(): string {
    return this.line === undefined ? this.why : `line ${this.line}: ${this.why}`
  }
}

const parsed = (line: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(JSON.parse(line))
  } catch {
    return Result.fail("it is not JSON")
  }
}

/**
 * The cases in a text of JSON Lines, with inputs by the agent's schema. Empty lines are skipped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLines = <I>(
  text: string,
  input: Schema.Codec<I, unknown>
): Effect.Effect<ReadonlyArray<EvaluationCase<I>>, EvaluationError> => {
  const decode = Schema.decodeUnknownResult(
    Schema.toCodecJson(Schema.Struct({
      name: Schema.String,
      input,
      expected: Schema.optionalKey(Schema.Json),
      contains: Schema.optionalKey(Schema.Array(Schema.String)),
      tools: Schema.optionalKey(Schema.Array(Schema.String)),
      notes: Schema.optionalKey(Schema.String)
    }))
  )
  return Effect.gen(function*() {
    const cases: Array<EvaluationCase<I>> = []
    for (const [index, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue
      const known = Result.flatMap(parsed(line), (value) => Result.mapError(decode(value), ({ message }) => message))
      if (Result.isFailure(known)) return yield* new EvaluationError({ line: index + 1, why: known.failure })
      cases.push(known.success)
    }
    return cases
  })
}
