import type { GeminiError } from "effect-gemini/GeminiError"
import type { InteractionEvent } from "effect-gemini/interactions/InteractionEvent"
import type { Followed, InteractionsService, KeptInteraction } from "effect-gemini/interactions/Interactions"
import type { Step } from "effect-gemini/interactions/Step"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import { describe, expect, it } from "tstyche"

declare const interactions: InteractionsService
declare const step: Step
declare const event: InteractionEvent

describe("interactions", () => {
  it("fail with one tagged error and nothing else", () => {
    expect(interactions.create({ model: "m", input: "Hi" })).type.toBe<Effect.Effect<KeptInteraction, GeminiError>>()
    expect(interactions.follow({ agent: "a", input: "Hi" })).type.toBe<Stream.Stream<Followed, GeminiError>>()
    expect(interactions.follow({ name: "interactions/a", since: 0 })).type.toBe<Stream.Stream<Followed, GeminiError>>()
  })

  it("are asked of a model or of an agent, each with its own settings", () => {
    expect(interactions.create).type.toBeCallableWith({ model: "m", input: "Hi", generation_config: { seed: 1 } })
    expect(interactions.create).type.toBeCallableWith({
      agent: "a",
      input: "Hi",
      agent_config: { type: "deep-research" }
    })
    expect(interactions.create).type.not.toBeCallableWith({ input: "Hi" })
    expect(interactions.create).type.not.toBeCallableWith({ model: "m", agent: "a", input: "Hi" })
    expect(interactions.create).type.not.toBeCallableWith({ agent: "a", input: "Hi", generation_config: {} })
    expect(interactions.create).type.not.toBeCallableWith({
      model: "m",
      input: "Hi",
      agent_config: { type: "dynamic" }
    })
  })

  it("take the secret headers of a remote server", () => {
    expect(interactions.create).type.toBeCallableWith({
      model: "m",
      input: "Hi",
      tools: [{ type: "mcp_server", url: "https://a", headers: { authorization: Redacted.make("s") } }]
    })
  })

  it("have steps and events that their type tells apart, those of the future included", () => {
    if (step.type === "function_call") {
      expect(step.name).type.toBe<string | null | undefined>()
      expect(step).type.not.toHaveProperty("content")
    }
    if (event.event_type === "step.delta" && event.delta?.type === "text") {
      expect(event.delta.text).type.toBe<string | null | undefined>()
    }
    const type: string = step.type
    expect(type).type.toBe<string>()
  })
})
