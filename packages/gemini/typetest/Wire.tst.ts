import type { Candidate, FinishReason } from "effect-gemini/wire/Candidate"
import type { Content } from "effect-gemini/wire/Content"
import type { GenerateContentRequest, GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type { Part } from "effect-gemini/wire/Part"
import { describe, expect, it } from "tstyche"

declare const response: GenerateContentResponse

describe("a request", () => {
  it("takes the known names of an enum and those of tomorrow", () => {
    expect<NonNullable<GenerateContentRequest["serviceTier"]>>().type.toBeAssignableFrom("flex" as const)
    expect<NonNullable<GenerateContentRequest["serviceTier"]>>().type.toBeAssignableFrom("turbo" as const)
    expect<GenerateContentRequest>().type.not.toBeAssignableFrom({ contents: [], serviceTier: 5 })
  })

  it("refuses values of another type", () => {
    expect<GenerateContentRequest>().type.not.toBeAssignableFrom({ contents: [], generationConfig: { topK: "40" } })
    expect<GenerateContentRequest>().type.not.toBeAssignableFrom({ contents: [{ parts: [{ text: 5 }] }] })
    expect<GenerateContentRequest>().type.not.toBeAssignableFrom({})
  })

  it("takes what is undefined as left out", () => {
    expect<GenerateContentRequest>().type.toBeAssignableFrom({
      contents: [{ role: undefined, parts: [{ text: "a", thoughtSignature: undefined }] }],
      systemInstruction: undefined,
      generationConfig: { temperature: undefined }
    })
  })
})

describe("a response", () => {
  it("can be sent back as it came", () => {
    expect<Content>().type.toBeAssignableFrom<NonNullable<Candidate["content"]>>()
    expect(GenerateContent.parts(response)).type.toBe<ReadonlyArray<Part>>()
  })

  it("has its finish reason by name", () => {
    expect(GenerateContent.finishReason(response)).type.toBe<FinishReason | (string & {}) | undefined>()
    expect(GenerateContent.text(response)).type.toBe<string>()
  })
})
