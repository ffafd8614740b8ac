/** Turns a whole response into parts of `effect/ai`. Pure. */
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as Response from "effect/ai/Response"
import type * as Arr from "effect/Array"
import { FinishFold, responseMetadata } from "./FinishFold.ts"
import { isPlainText, PartReader } from "./PartReader.ts"
import type { ToolIndex } from "./toolIndex.ts"

export interface Context {
  readonly tools: ToolIndex
  readonly nextId: () => string
  /** The ids in the conversation so far. */
  readonly taken: ReadonlySet<string>
}

export const responseToParts = (
  response: GenerateContent.GenerateContentResponse,
  { nextId, taken, tools }: Context
): Arr.NonEmptyArray<Response.PartEncoded> => {
  const reader = new PartReader(tools, nextId, taken)
  const finish = new FinishFold()
  finish.add(response)
  const out: Arr.NonEmptyArray<Response.PartEncoded> = [responseMetadata(response)]
  for (const part of GenerateContent.parts(response)) {
    // An empty text without anything else says nothing, and some servers refuse to take it back.
    if (!(part.text === "" && isPlainText(part))) out.push(reader.read(part))
  }
  out.push(...finish.sources(nextId), finish.part(reader.asksForTools))
  return out
}
