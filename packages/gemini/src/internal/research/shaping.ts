/**
 * The report in a form of the caller's: a model that knows the interaction puts it there, because the agent has no
 * structured output (Google's guide, 2026-06).
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import type { InteractionsService, KeptInteraction } from "../../interactions/Interactions.ts"

export interface Shaping {
  readonly interactions: InteractionsService
  /** The id of the interaction that wrote the report. */
  readonly previous: string
  readonly schema: Schema.Codec<unknown>
  readonly model: string | undefined
}

/** How often a model is asked whose JSON does not fit. */
const attempts = 2

export const modelOf = ({ model = GeminiConfig.defaultModel }: Pick<Shaping, "model">): string => model

const jsonSchemaOf = (schema: Schema.Codec<unknown>): Record<string, unknown> => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return Object.keys(definitions).length === 0 ? { ...root } : { ...root, $defs: definitions }
}

const message = SchemaIssue.makeFormatterDefault()

/** The value in a text, or what is wrong with it. */
export const read = <A>(schema: Schema.Codec<A>, text: string): Result.Result<A, string> =>
  Result.mapError(
    Schema.decodeUnknownResult(Schema.fromJsonString(schema))(text),
    ({ issue }) => message(issue)
  )

export const shaped = (
  shaping: Shaping,
  left = attempts
): Effect.Effect<{ readonly kept: KeptInteraction; readonly text: string }, GeminiError> =>
  Effect.flatMap(
    shaping.interactions.create({
      model: modelOf(shaping),
      previous_interaction_id: shaping.previous,
      input: "Put your report into this form. Use what it says, and nothing else.",
      response_format: { type: "text", mime_type: "application/json", schema: jsonSchemaOf(shaping.schema) }
    }),
    (kept) => {
      const text = Interaction.text(kept.interaction)
      const found = read(shaping.schema, text)
      if (Result.isSuccess(found)) return Effect.succeed({ kept, text })
      if (left > 1) return shaped(shaping, left - 1)
      const reason = new Reason.InvalidResponse({ path: "output", expected: found.failure.slice(0, 400) })
      return Effect.fail(
        new GeminiError({ method: "deepResearch", model: modelOf(shaping), attempts: kept.attempts, reason })
      )
    }
  )
