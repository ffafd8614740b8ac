/** The body of a request for content, from what a caller may write in its place. */
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiClient } from "../../GeminiClient.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Content from "../../wire/Content.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"

type Request = Parameters<GeminiClient["Service"]["generate"]>[0]

/**
 * Refuses a request that throws while it is read, as getters and Proxies may. What was thrown is not quoted, because it
 * may hold anything.
 */
export const readable = <Request, Call, A>(
  read: (method: string, request: Request, call: Call) => Result.Result<A, GeminiError>
): typeof read =>
(method, request, call) => {
  try {
    return read(method, request, call)
  } catch {
    const description = "the request cannot be read: a getter or a Proxy in it throws"
    const reason = new Reason.InvalidRequest({ description, fields: [] })
    return Result.fail(new GeminiError({ method, attempts: [], reason }))
  }
}

export const make = (request: Request): GenerateContent.GenerateContentRequest => {
  // The spread also takes `undefined`, which a program without types may pass.
  const { contents: input, model: _, systemInstruction, ...rest } = { ...request }
  const contents = Content.fromInput(input)
  return systemInstruction === undefined ? { ...rest, contents } : {
    ...rest,
    contents,
    systemInstruction: typeof systemInstruction === "string"
      ? { parts: [{ text: systemInstruction }] }
      : systemInstruction
  }
}
