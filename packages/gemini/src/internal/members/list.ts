/**
 * What the server says of its models, asked of one member after the other.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import type { ModelList } from "../../models/ModelList.ts"
import { helpsMember } from "../call/failures.ts"
import { isModelMissing } from "./Refusals.ts"

/** A region that does not have a model says nothing of the others; what they say of themselves is told instead. */
const telling = (first: GeminiError, second: GeminiError): GeminiError =>
  (isModelMissing(second.reason) ? first : second).withAttempts([...first.attempts, ...second.attempts])

const either = (first: ModelList, next: ModelList): ModelList => ({
  get: (model, options) =>
    Effect.catch(first.get(model, options), (error) =>
      helpsMember(error) || isModelMissing(error.reason)
        ? Effect.mapError(next.get(model, options), (second) => telling(error, second))
        : Effect.fail(error)),
  list: (request, options) =>
    Stream.suspend(() => {
      let hasBegun = false
      return first.list(request, options).pipe(
        Stream.map((model) => {
          hasBegun = true
          return model
        }),
        Stream.catch((error) => hasBegun || !helpsMember(error) ? Stream.fail(error) : next.list(request, options))
      )
    })
})

/** A list that only fails. */
export const failing = (error: GeminiError): ModelList => ({
  get: () => Effect.fail(error),
  list: () => Stream.fail(error)
})

/** Asks the members in order, until one answers. */
export const make = (lists: ReadonlyArray<ModelList>): ModelList | undefined => {
  const last = lists.at(-1)
  return last === undefined ? undefined : lists.slice(0, -1).reduceRight((next, first) => either(first, next), last)
}
