/** The request of a planned act, once its outputs and images are there; and what it is estimated to cost. */
import * as Cost from "effect-gemini/Cost"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Part from "effect-gemini/wire/Part"
import * as BigDecimal from "effect/BigDecimal"
import * as Act from "../Act.ts"
import type { PlannedAct } from "../Plan.ts"
import type { Spent } from "../RunRecord.ts"
import type { Request } from "./ask.ts"
import * as Template from "./template.ts"

export interface Material {
  /** What the texts of the act refer to. */
  readonly valueOf: Template.Environment
  /** A file's bytes in base64, by their digest. */
  readonly imageOf: (sha256: string) => string
}

export const requestOf = (
  { builtIn, generation, inputs, safety, system }: PlannedAct,
  model: string | undefined,
  { imageOf, valueOf }: Material
): Request => ({
  ...(model === undefined ? {} : { model }),
  ...(system === undefined ? {} : { systemInstruction: Template.render(system, valueOf) }),
  ...(generation === undefined ? {} : { generationConfig: generation }),
  ...(safety === undefined ? {} : { safetySettings: safety }),
  ...(builtIn === undefined ? {} : { tools: builtIn.map((name) => Act.builtIns[name]) }),
  contents: [{
    role: "user",
    parts: inputs.map((input): Part.Part => {
      switch (input._tag) {
        case "Text":
          return { text: Template.render(input.text, valueOf) }
        case "Output":
          return { text: valueOf(input.act)?.text ?? "" }
        case "Image":
        case "Media":
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

/**
 * Bytes of a file for one token, by its kind: a page of a PDF is 258 tokens and some 50 kB, a second of sound 32 tokens and
 * some 16 kB, a second of video some 300 tokens and 250 kB (documentation of November 2026, files of middling quality).
 */
const bytesPerToken: ReadonlyArray<readonly [string, number]> = [["audio/", 500], ["video/", 830], ["", 200]]

/** What a file may count. The size of one that Google fetches is not known: it is taken for an image. */
const tokensOf = (input: Exclude<PlannedAct["inputs"][number], { readonly _tag: "Text" | "Output" }>): number => {
  if (input._tag !== "Media") return tokensPerImage
  const [, bytes = 200] = bytesPerToken.find(([prefix]) => input.mediaType.startsWith(prefix)) ?? []
  return Math.ceil(input.bytes / bytes)
}

/** What a budget reserves for an answer, unless the act's own bound is lower. */
const outputTokens = 1_000

/** Tokens and dollars of a request whose answer nobody may hear, with `answer` tokens at most for that. */
export const estimateOf = (
  { generation, inputs, system }: PlannedAct,
  model: string | undefined,
  valueOf: Template.Environment,
  answer: number = outputTokens
): Spent => {
  let characters = system === undefined ? 0 : Template.render(system, valueOf).length
  let files = 0
  for (const input of inputs) {
    if (input._tag === "Text") characters += Template.render(input.text, valueOf).length
    else if (input._tag === "Output") characters += valueOf(input.act)?.text.length ?? 0
    else files += tokensOf(input)
  }
  const input = Math.ceil(characters / charactersPerToken) + files
  const output = Math.min(answer, generation?.maxOutputTokens ?? Infinity)
  return priced(model, input, output)
}

const priced = (model: string | undefined, input: number, output: number): Spent => {
  const { total } = Cost.of(model ?? GeminiConfig.defaultModel, {
    usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }
  }, { unnamed: "dearest" })
  return { tokens: input + output, ...(total === undefined ? {} : { dollars: BigDecimal.format(total) }) }
}
