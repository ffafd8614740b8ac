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

const lacks: NonNullable<Destination.Base["lacks"]> = ({ body, method, model }) => {
  const alone = method === "computeTokens"
    ? method
    : /^(?:projects|publishers|endpoints)\//.test(model)
    ? `the model ${model}`
    : undefined
  if (alone !== undefined) {
    return new Reason.Unsupported({
      capability: `${alone} on the Gemini API`,
      description: `${alone} is on Vertex AI alone: ask a member of Vertex AI`
    })
  }
  const found = Differences.find(Differences.vertexOnly, body)
  return found && new Reason.Unsupported({
    capability: `${found.field} on the Gemini API`,
    description: `${found.field} is not supported on the Gemini API: ask Vertex AI, or ${found.instead}`
  })
}

const over = (sender: Sender): Sender => {
  const wrong = (attempt: AttemptRequest): GeminiError | undefined => {
    const reason = lacks({ method: attempt.method, model: attempt.model ?? "", body: attempt.body })
    return reason && Body.failure(attempt, reason)
  }
  const effect = <A>(attempt: AttemptRequest, send: Effect.Effect<A, GeminiError>) => {
    const error = wrong(attempt)
    return error === undefined ? send : Effect.fail(error)
  }
  const stream = <A>(attempt: AttemptRequest, send: Stream.Stream<A, GeminiError>) => {
    const error = wrong(attempt)
    return error === undefined ? send : Stream.fail(error)
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
  over,
  lacks
})
