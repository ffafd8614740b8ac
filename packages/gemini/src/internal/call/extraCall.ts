/**
 * A logical call by a method that a service of its own brings, such as `decisions/Decisions`. It stands apart, so that a
 * program without such a service does not carry it.
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { Unsupported } from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type { Sender } from "../http/attempt.ts"
import * as ModelMethods from "../http/modelMethods.ts"
import type * as RequestCheck from "../http/requestCheck.ts"
import * as Body from "../http/responseBody.ts"
import type * as AttemptSpan from "../telemetry/attemptSpan.ts"
import type { Extra } from "./clientOperations.ts"
import * as LogicalCall from "./LogicalCall.ts"
import * as Plans from "./plans.ts"

/** The method, and the plan by which its answer is read. Its path does not name the model. */
export interface ExtraMethod<A>
  extends Pick<Extra<A>, "method" | "like">, Pick<LogicalCall.Plan<A>, "inputTokens" | "charged" | "usage">
{
  readonly path: string
  readonly body: (model: ModelId.ModelId) => unknown
  /** Why this method cannot be asked of what sends there. */
  readonly lacks?: ((sender: Sender) => Unsupported | undefined) | undefined
  readonly check: () => ReadonlyArray<RequestCheck.Violation>
  readonly decode: (call: Body.CallContext, text: string) => Result.Result<A, GeminiError>
  /** Writes on the attempt's span what the answer says of itself. */
  readonly describe: NonNullable<Parameters<typeof AttemptSpan.unary<A>>[4]>
}

export const make = <A>(asked: ExtraMethod<A>): Extra<A> => {
  const { body, charged, check, decode, describe, inputTokens, like, method, path, usage } = asked
  return {
    method,
    like,
    play: (client, course) =>
      LogicalCall.unary(client, { ...Plans.whole, method, inputTokens, charged, usage, ...course }, () => {
        const model = course.model()
        const { sender } = course.carrier()
        const lack = sender === undefined
          ? new Unsupported({ capability: `${method} over this GeminiHttp` })
          : asked.lacks?.(sender)
        return sender === undefined || lack !== undefined
          ? Effect.fail(Body.failure({ method, model }, lack ?? new Unsupported({ capability: method })))
          : sender.unary(
            { ...ModelMethods.post(method, model, body(model), course.options, check), path },
            decode,
            describe
          )
      })
  }
}
