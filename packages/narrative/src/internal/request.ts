/** The request of a planned act, once its outputs and images are there; and what it is estimated to cost. */
import * as Cost from "effect-gemini/Cost"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Part from "effect-gemini/wire/Part"
import * as BigDecimal from "effect/BigDecimal"
import type { PlannedAct } from "../Plan.ts"
import type { Spent } from "../RunRecord.ts"
import * as Template from "./template.ts"

export interface Material {
  /** The output of an act that this one needs. */
  readonly outputOf: (act: string) => string
  /** An image's bytes in base64, by their digest. */
  readonly imageOf: (sha256: string) => string
}

export const requestOf = (
  { generation, inputs, system }: PlannedAct,
  model: string | undefined,
  { imageOf, outputOf }: Material
): GeminiClient.Request => ({
  ...(model === undefined ? {} : { model }),
  ...(system === undefined ? {} : { systemInstruction: Template.render(system, outputOf) }),
  ...(generation === undefined ? {} : { generationConfig: generation }),
  contents: [{
    role: "user",
    parts: inputs.map((input): Part.Part => {
      switch (input._tag) {
        case "Text":
          return { text: Template.render(input.text, outputOf) }
        case "Output":
          return { text: outputOf(input.act) }
        case "Image":
          return { inlineData: { mimeType: input.mediaType, data: imageOf(input.sha256) } }
        case "Link":
          return Part.imageUrl(input.uri, input.mediaType)
      }
    })
  }]
})

/** Google's rules of thumb: four characters of English a token, 258 tokens an image. */
const charactersPerToken = 4
const tokensPerImage = 258

/** What a budget reserves for an answer, unless the act's own bound is lower. */
const outputTokens = 1_000

/** Tokens and dollars of a request whose answer nobody may hear, with `answer` tokens at most for that. */
export const estimateOf = (
  { generation, inputs, system }: PlannedAct,
  model: string | undefined,
  outputOf: Material["outputOf"],
  answer: number = outputTokens
): Spent => {
  let characters = system === undefined ? 0 : Template.render(system, outputOf).length
  let images = 0
  for (const input of inputs) {
    if (input._tag === "Text") characters += Template.render(input.text, outputOf).length
    else if (input._tag === "Output") characters += outputOf(input.act).length
    else images++
  }
  const input = Math.ceil(characters / charactersPerToken) + images * tokensPerImage
  const output = Math.min(answer, generation?.maxOutputTokens ?? Infinity)
  return priced(model, input, output)
}

const priced = (model: string | undefined, input: number, output: number): Spent => {
  const { total } = Cost.of(model ?? GeminiConfig.defaultModel, {
    usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }
  }, { unnamed: "dearest" })
  return { tokens: input + output, ...(total === undefined ? {} : { dollars: BigDecimal.format(total) }) }
}
