/**
 * The Gemini API beside Vertex AI in one pool: it refuses what only Vertex AI has before anything is sent, so that another
 * member is asked.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { AttemptRequest, Sender } from "../http/attempt.ts"
import * as Destination from "../http/destination.ts"
import * as Body from "../http/responseBody.ts"
import * as Differences from "./differences.ts"

const refusal = (attempt: AttemptRequest): GeminiError | undefined => {
  const { body, method, model } = attempt
  const unsupported = (capability: string, description: string) =>
    Body.failure(attempt, new Reason.Unsupported({ capability, description }))
  if (method === "computeTokens" || (model !== undefined && /^(?:projects|publishers|endpoints)\//.test(model))) {
    const what = method === "computeTokens" ? method : `the model ${model}`
    return unsupported(`${what} on the Gemini API`, `${what} is on Vertex AI alone: ask a member of Vertex AI`)
  }
  const found = Differences.find(Differences.vertexOnly, body)
  return found && unsupported(
    `${found.field} on the Gemini API`,
    `${found.field} is not supported on the Gemini API: ask Vertex AI, or ${found.instead}`
  )
}

const over = (sender: Sender): Sender => {
  const effect = <A>(attempt: AttemptRequest, send: Effect.Effect<A, GeminiError>) => {
    const wrong = refusal(attempt)
    return wrong === undefined ? send : Effect.fail(wrong)
  }
  const stream = <A>(attempt: AttemptRequest, send: Stream.Stream<A, GeminiError>) => {
    const wrong = refusal(attempt)
    return wrong === undefined ? send : Stream.fail(wrong)
  }
  return {
    unary: (attempt, ...rest) => effect(attempt, sender.unary(attempt, ...rest)),
    stream: (attempt) => stream(attempt, sender.stream(attempt)),
    events: (attempt, ...rest) => stream(attempt, sender.events(attempt, ...rest)),
    execute: (attempt, onConnect) => effect(attempt, sender.execute(attempt, onConnect)),
    refused: sender.refused
  }
}

/** The Gemini API by the options of a member. */
export const strict = ({ apiKey, apiVersion, baseUrl }: Destination.Options): Destination.Base => ({
  ...Destination.of({ apiKey, apiVersion, baseUrl }),
  over
})
