/** Who waits for a delivery is told of it, whether it came before or comes then. */
import { assert, describe, it } from "@effect/vitest"
import * as Deliveries from "effect-gemini/webhooks/Deliveries"
import * as WebhookEvent from "effect-gemini/webhooks/WebhookEvent"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

const eventOf = (id: string, type = "batch.succeeded") => ({ event: WebhookEvent.of({ type, data: { id } }) })

const isWaiting = (fiber: Fiber.Fiber<unknown>) => Effect.as(Effect.yieldNow, fiber.pollUnsafe() === undefined)

describe("a wait for a delivery", () => {
  it.effect("ends when it comes, for all who wait for it and for nobody else", () =>
    Effect.gen(function*() {
      const { about, publish } = yield* Deliveries.make
      const [one, same, other] = yield* Effect.forEach(
        ["batches/b1", "b1", "batches/b2"],
        (resource) => Effect.forkChild(about(resource), { startImmediately: true })
      )
      if (one === undefined || same === undefined || other === undefined) return assert.fail("three fibers")
      yield* publish(eventOf("b1"))
      assert.strictEqual((yield* Fiber.join(one)).resource, "batches/b1")
      assert.strictEqual((yield* Fiber.join(same)).resource, "batches/b1")
      assert.isTrue(yield* isWaiting(other))
      // Both were told, so that the next one waits.
      assert.isTrue(yield* isWaiting(yield* Effect.forkChild(about("b1"), { startImmediately: true })))
    }))

  it.effect("ends at once by one that came before, and that once", () =>
    Effect.gen(function*() {
      const { about, publish } = yield* Deliveries.make
      yield* publish(eventOf("v1", "interaction.requires_action"))
      yield* publish(eventOf("v1", "interaction.completed"))
      assert.strictEqual((yield* about("interactions/v1")).type, "interaction.completed")
      assert.isTrue(yield* isWaiting(yield* Effect.forkChild(about("v1"), { startImmediately: true })))
    }))

  it.effect("that was given up takes nothing from the next", () =>
    Effect.gen(function*() {
      const { about, publish } = yield* Deliveries.make
      const fiber = yield* Effect.forkChild(about("b1"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* publish(eventOf("b1"))
      assert.strictEqual((yield* about("b1")).id, "b1")
    }))

  it.effect("keeps the newest 10,000 of which nobody was told, and hands all to its readers", () =>
    Effect.gen(function*() {
      const { about, events, publish } = yield* Deliveries.make
      const reader = yield* Effect.forkChild(Stream.runCollect(Stream.take(events, 1_000)), { startImmediately: true })
      yield* Effect.yieldNow
      for (let index = 0; index <= 10_000; index++) yield* publish(eventOf(`b${index}`))
      assert.strictEqual((yield* about("b1")).id, "b1")
      assert.strictEqual((yield* about("b10000")).id, "b10000")
      assert.isTrue(yield* isWaiting(yield* Effect.forkChild(about("b0"), { startImmediately: true })))
      assert.lengthOf(yield* Fiber.join(reader), 1_000)
    }))
})

describe("an event", () => {
  it("is typed by what it is about, and one of tomorrow is kept whole", () => {
    const failed = WebhookEvent.of({
      type: "interaction.failed",
      data: { id: "v1", error_code: 13, error_message: "no" }
    })
    assert.deepStrictEqual(failed.type === "interaction.failed" ? failed.error : undefined, {
      code: "13",
      message: "no"
    })
    const made = WebhookEvent.of({
      type: "video.generated",
      timestamp: "2026-11-29T12:00:00Z",
      data: { id: "models/veo/operations/o1", output_file_uri: "gs://b/v.mp4", file_name: "files/f1" }
    })
    assert.strictEqual(made.resource, "models/veo/operations/o1")
    assert.strictEqual(made.at, Date.UTC(2026, 10, 29, 12))
    assert.deepStrictEqual(made.type === "video.generated" ? made.output : undefined, {
      uri: "gs://b/v.mp4",
      fileName: "files/f1"
    })
    const envelope = { type: "batch.paused", data: { id: "batches/b1", until: "noon" }, user_metadata: { a: 1 } }
    const other = WebhookEvent.of(envelope)
    assert.strictEqual(other.type === "other" ? other.name : undefined, "batch.paused")
    assert.strictEqual(other.resource, "batches/b1")
    assert.deepStrictEqual(other.metadata, { a: 1 })
    assert.strictEqual(other.envelope, envelope)
    assert.strictEqual(WebhookEvent.of({ type: "batch.expired" }).resource, "")
  })
})
