/**
 * Wire chunks → `StreamChunk`s. A stream is not over at its first finish reason
 * (text and usage may follow), so such a chunk is held until the next one or the end.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { StreamChunk } from "../GeminiClient.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as GenerateContent from "../GenerateContent.ts"

type Response = GenerateContent.GenerateContentResponse

const chunk = (response: Response, finish: string | undefined, finished: boolean): StreamChunk => {
  const usage = GenerateContent.usage(response)
  return {
    text: GenerateContent.text(response),
    finished,
    ...(finish === undefined ? {} : { finishReason: finish }),
    ...(usage === undefined ? {} : { usage }),
    response
  }
}

export const streamChunks = (source: Stream.Stream<Response, GeminiError>): Stream.Stream<StreamChunk, GeminiError> =>
  Stream.transformPull(source, (pull) =>
    Effect.sync(() => {
      let held: Response | undefined
      let finish: string | undefined
      let ended = false
      const next: Pull.Pull<Arr.NonEmptyReadonlyArray<StreamChunk>, GeminiError> = Effect.suspend(() =>
        ended ? Cause.done() : read
      )
      const read = Pull.matchEffect(pull, {
        onSuccess: (responses) => {
          const out: Array<StreamChunk> = []
          for (const response of responses) {
            if (held !== undefined) out.push(chunk(held, undefined, false))
            finish = GenerateContent.finishReason(response) ?? finish
            held = finish === undefined ? undefined : response
            if (held === undefined) out.push(chunk(response, undefined, false))
          }
          return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : next
        },
        onFailure: (cause) => Effect.failCause(cause),
        onDone: () => {
          ended = true
          return held === undefined ? Cause.done() : Effect.succeed(Arr.of(chunk(held, finish, true)))
        }
      })
      return next
    }))
