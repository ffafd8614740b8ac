import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import type { AgentLoopError } from "effect-gemini-ai/AgentLoopError"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as StructuredOutput from "effect-gemini-ai/StructuredOutput"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Model from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expect, test } from "tstyche"

describe("GeminiLanguageModel", () => {
  test("model names its provider and needs the client alone", () => {
    expect(GeminiLanguageModel.model("gemini-3.8-flash")).type.toBe<
      Model.Model<"gcp.gemini", LanguageModel.LanguageModel, GeminiClient.GeminiClient>
    >()
  })

  test("settings are typed, and what effect/ai decides is not among them", () => {
    expect(GeminiLanguageModel.model).type.toBeCallableWith("m", { thinkingConfig: { thinkingLevel: "LOW" } })
    expect(GeminiLanguageModel.model).type.not.toBeCallableWith("m", { temperature: "hot" })
    expect(GeminiLanguageModel.model).type.not.toBeCallableWith("m", { candidateCount: 2 })
  })

  test("metadata and options are typed under google", () => {
    expect<NonNullable<NonNullable<Response.FinishPart["metadata"]["google"]>["avgLogprobs"]>>().type.toBe<
      string | number
    >()
    expect<NonNullable<NonNullable<Prompt.TextPart["options"]["google"]>["thoughtSignature"]>>().type.toBe<string>()
    expect<NonNullable<AiError.RateLimitErrorMetadata["google"]>["reason"]>().type.toBe<string>()
  })

  test("Gemini's own tools need no handler, computer use does", () => {
    expect(Toolkit.make(GeminiTool.GoogleSearch({}), GeminiTool.CodeExecution({}))).type.toBeAssignableTo<
      Effect.Effect<unknown>
    >()
    expect(GeminiTool.ComputerUse({})["requiresHandler"]).type.toBe<true>()
  })
})

describe("StructuredOutput", () => {
  test("streams what may be missing at every depth", () => {
    const schema = Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.Date })) })
    expect(StructuredOutput.stream({ prompt: "", schema })).type.toBe<
      Stream.Stream<
        { readonly a?: ReadonlyArray<{ readonly b?: Date }> },
        AiError.AiError,
        LanguageModel.LanguageModel
      >
    >()
  })
})

describe("AgentLoop", () => {
  test("fails as the model and the tools do", () => {
    const toolkit = Toolkit.make(Tool.make("a", { failure: Schema.Literal("broken") }))
    expect<Effect.Error<ReturnType<typeof AgentLoop.run<typeof toolkit.tools>>>>().type.toBe<
      AgentLoopError<AiError.AiError | "broken">
    >()
  })
})
