import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import type { RunOptions } from "effect-gemini/batches/RunOptions"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { FollowOptions, Interactions } from "effect-gemini/interactions/Interactions"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import type { PlanDecision, ResearchEvent } from "effect-gemini/research/ResearchEvent"
import type { DeliveriesService } from "effect-gemini/webhooks/Deliveries"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import type { WebhookError } from "effect-gemini/webhooks/WebhookError"
import type { WebhookEvent } from "effect-gemini/webhooks/WebhookEvent"
import type { WebhookKeys } from "effect-gemini/webhooks/WebhookKeys"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expect, it } from "tstyche"

declare const secret: Redacted.Redacted<string>
declare const decide: Effect.Effect<PlanDecision, "no", "somebody">
declare const headers: Headers
declare const event: WebhookEvent

describe("a deep research", () => {
  it("needs interactions alone, and has no output without a schema", () => {
    expect(DeepResearch.run({ query: "Tides?" })).type.toBe<
      Stream.Stream<ResearchEvent, GeminiError | JournalError, Interactions>
    >()
  })

  it("has the output of its schema, and what who decides may fail with and need", () => {
    const outputSchema = Schema.Struct({ count: Schema.Int })
    expect(DeepResearch.run({ query: "Tides?", outputSchema, plan: () => decide })).type.toBe<
      Stream.Stream<
        ResearchEvent<{ readonly count: number }>,
        GeminiError | JournalError | "no",
        "somebody" | Interactions
      >
    >()
  })

  it("goes on by its id with a Journal", () => {
    expect(DeepResearch.resume("tides")).type.toBe<
      Stream.Stream<ResearchEvent, GeminiError | JournalError, Interactions | Journal.Journal>
    >()
    expect(DeepResearch.run).type.not.toBeCallableWith({ documents: [] })
  })
})

describe("a webhook", () => {
  it("needs Google's keys for an audience alone", () => {
    expect(Webhook.verify(headers, "", { secrets: secret })).type.toBe<
      Effect.Effect<Webhook.WebhookDelivery, WebhookError>
    >()
    expect(Webhook.verify(headers, "", { audience: "https://a", secrets: [secret, secret] })).type.toBe<
      Effect.Effect<Webhook.WebhookDelivery, WebhookError, WebhookKeys>
    >()
    expect(Webhook.verify).type.not.toBeCallableWith(headers, "", {})
    expect(Webhook.verify).type.not.toBeCallableWith(headers, "", { secrets: "whsec_a" })
    expect(Webhook.receive(headers, "", { secrets: secret }, () => decide)).type.toBe<
      Effect.Effect<PlanDecision, WebhookError | "no", "somebody">
    >()
  })

  it("tells by an event's type what it has", () => {
    if (event.type === "interaction.failed") expect(event.error.code).type.toBe<string | undefined>()
    if (event.type === "video.generated") expect(event.output.uri).type.toBe<string | undefined>()
    if (event.type === "other") expect(event.name).type.toBe<string>()
  })

  it("ends waits of batches and of interactions", () => {
    expect<DeliveriesService["about"]>().type.toBeAssignableTo<RunOptions["told"]>()
    expect<DeliveriesService["events"]>().type.toBeAssignableTo<FollowOptions["deliveries"]>()
  })
})
