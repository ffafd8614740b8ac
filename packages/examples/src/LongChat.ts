/**
 * A long chat. Turns go back as they were received (thought signatures are in them); when
 * the history outgrows its budget the oldest exchanges are left out.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Content from "effect-gemini/wire/Content"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

export const makeChat = Effect.fnUntraced(function*(options: {
  readonly system: string
  /** How many tokens the history and the system prompt may have together. */
  readonly budget: number
}) {
  const gemini = yield* GeminiClient
  const history = yield* Ref.make<ReadonlyArray<Content.Content>>([])

  /** The longest end of the history that fits, in whole exchanges: a question and its answer. */
  const fitting = Effect.fnUntraced(function*(contents: ReadonlyArray<Content.Content>) {
    let rest = contents
    while (rest.length > 1) {
      const { totalTokens } = yield* gemini.countTokens({ contents: rest, systemInstruction: options.system })
      if (totalTokens <= options.budget) break
      rest = rest.slice(2)
    }
    return rest
  })

  const say = Effect.fnUntraced(function*(text: string) {
    const contents = yield* fitting([...(yield* Ref.get(history)), Content.user(text)])
    const answer = yield* gemini.generate({ contents, systemInstruction: options.system })
    const turn = answer.response.candidates?.[0]?.content ?? Content.model(answer.text)
    yield* Ref.set(history, [...contents, turn])
    return answer.text
  })

  return { say, history: Ref.get(history) } as const
})
