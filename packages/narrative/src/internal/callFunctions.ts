/** A call of a model that may call functions: they are run and their results sent back, until it answers with a text. */
import type { Answer } from "effect-gemini/call/Answer"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Cost from "effect-gemini/Cost"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { Attempt, GeminiError } from "effect-gemini/GeminiError"
import type { Content } from "effect-gemini/wire/Content"
import * as Part from "effect-gemini/wire/Part"
import * as Tool from "effect-gemini/wire/Tool"
import type { Usage } from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type { ActTools } from "../ActTools.ts"
import type { Heard } from "./ask.ts"

/** After so many rounds of calls the model has to answer. */
const mostRounds = 10

/** What the sum of rounds came to. */
interface Sum {
  readonly attempts: Array<Attempt>
  usage: Usage | undefined
  cost: BigDecimal.BigDecimal | undefined
}

const add = (a: Usage | undefined, b: Usage | undefined): Usage | undefined =>
  a === undefined || b === undefined ? a ?? b : {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    toolUsePromptTokens: a.toolUsePromptTokens + b.toolUsePromptTokens,
    thoughtsTokens: a.thoughtsTokens + b.thoughtsTokens,
    candidatesTokens: a.candidatesTokens + b.candidatesTokens,
    totalTokens: a.totalTokens + b.totalTokens
  }

const count = (sum: Sum, { attempts, model, response, usage }: Answer): void => {
  sum.attempts.push(...attempts)
  sum.usage = add(sum.usage, usage)
  const { total } = Cost.of(model, response)
  if (total !== undefined) sum.cost = sum.cost === undefined ? total : BigDecimal.sum(sum.cost, total)
}

/** What a function gave, or why it did not, as the model is told. */
const responseOf = (tools: ActTools, call: Part.FunctionCall): Effect.Effect<Part.Part> => {
  const { args, id, name } = call
  return tools.handle({ id: id ?? undefined, name: name ?? "", args: args ?? {} }).pipe(
    Effect.match({
      onSuccess: (output) => Part.functionResponse(call, output),
      onFailure: (error) =>
        Part.functionError(call, error instanceof Error ? error.message : JSON.stringify(error) ?? "")
    })
  )
}

export const withFunctions = (
  client: GeminiClient.Service,
  request: GeminiClient.Request & { readonly contents: ReadonlyArray<Content> },
  options: CallOptions,
  tools: ActTools
): Effect.Effect<Heard, GeminiError> =>
  Effect.gen(function*() {
    const declared = [...(request.tools ?? []), Tool.functions(tools.declarations)]
    const sum: Sum = { attempts: [], usage: undefined, cost: undefined }
    let contents = request.contents
    for (let round = 1;; round++) {
      const answer = yield* client.generate({
        ...request,
        contents,
        tools: declared,
        ...(round > mostRounds ? { toolConfig: { functionCallingConfig: { mode: "NONE" } } } : {})
      }, options)
      count(sum, answer)
      const { content, finishReason, functionCalls, model, text } = answer
      if (functionCalls.length === 0 || round > mostRounds) {
        return {
          model,
          text,
          attempts: sum.attempts,
          ...(finishReason === undefined ? {} : { finishReason }),
          ...(sum.usage === undefined ? {} : { usage: sum.usage }),
          ...(sum.cost === undefined ? {} : { cost: BigDecimal.format(sum.cost) })
        }
      }
      const parts = yield* Effect.forEach(functionCalls, (call) => responseOf(tools, call), {
        concurrency: "unbounded"
      })
      contents = [...contents, content, { role: "user", parts }]
    }
  })
