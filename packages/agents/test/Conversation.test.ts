import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Conversation from "effect-gemini-agents/Conversation"
import * as Journal from "effect-gemini-journal/Journal"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })

describe("a conversation", () => {
  it.effect("keeps what was said over its turns, and numbers steps and keys through", () =>
    Effect.gen(function*() {
      const talk = Conversation.open(clerk, "talk")
      assert.strictEqual((yield* talk.send("one")).text, "first")
      const second = yield* talk.send("two")
      assert.strictEqual(second.text, "second")
      assert.strictEqual(second.steps, 1)
      assert.deepStrictEqual((yield* talk.history).content.map(({ role }) => role), [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant"
      ])
      const calls = (yield* talk.records).flatMap((record) => record._tag === "CallStarted" ? [record.call] : [])
      assert.deepStrictEqual(calls, ["1.0"])
      assert.deepStrictEqual((yield* talk.records).flatMap((it) => it._tag === "Asked" ? [it.step] : []), [1, 2, 3])
    }).pipe(Effect.provide([
      Scripted.over([
        Scripted.answer([Scripted.call("add", { a: 2, b: 3 })]),
        Scripted.answer([{ text: "first" }]),
        Scripted.answer([{ text: "second" }])
      ]),
      Journal.layerMemory()
    ])))

  it.effect("forks, and neither sees what the other adds", () =>
    Effect.gen(function*() {
      const talk = Conversation.open(clerk, "talk")
      yield* talk.send("one")
      const other = yield* talk.fork("other")
      assert.strictEqual((yield* other.send("two")).text, "second")
      assert.strictEqual((yield* talk.send("three")).text, "third")
      const said = (conversation: typeof talk) =>
        Effect.map(conversation.history, ({ content }) =>
          content.flatMap((message) =>
            typeof message.content === "string"
              ? [message.content]
              : message.content.flatMap((part) => part.type === "text" ? [part.text] : [])
          ).join(" "))
      assert.strictEqual(yield* said(talk), "one first three third")
      assert.strictEqual(yield* said(other), "one first two second")
    }).pipe(Effect.provide([
      Scripted.over(["first", "second", "third"].map((text) => Scripted.answer([{ text }]))),
      Journal.layerMemory()
    ])))

  it.effect("has one turn at a time: a second one is Busy, and the first one goes on", () =>
    Effect.gen(function*() {
      const entered = yield* Deferred.make<void>()
      const leave = yield* Deferred.make<void>()
      const toolkit = Toolkit.make(Tool.make("wait", { description: "Waits", success: Schema.String }))
      const handlers = toolkit.toLayer({
        wait: () => Effect.andThen(Deferred.succeed(entered, undefined), Effect.as(Deferred.await(leave), "waited"))
      })
      const waiter = Agent.make({ name: "waiter", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const talk = Conversation.open(waiter, "talk")
        const first = yield* Effect.forkChild(talk.send("one"))
        yield* Deferred.await(entered)
        // A conversation that is opened elsewhere is the same one.
        const second = yield* Effect.flip(Conversation.open(waiter, "talk").send("two"))
        assert.strictEqual(second.reason._tag, "Busy")
        assert.strictEqual((yield* Effect.flip(Agent.resume(waiter, "talk"))).reason._tag, "Busy")
        yield* Deferred.succeed(leave, undefined)
        assert.strictEqual((yield* Fiber.join(first)).text, "first")
        assert.strictEqual((yield* talk.send("two")).text, "first")
        assert.lengthOf((yield* talk.records).filter(({ _tag }) => _tag === "Begun"), 2)
      }).pipe(Effect.provide([
        handlers,
        Scripted.by([{ plan: [{ call: "wait" }, { say: "first" }] }]),
        Journal.layerMemory()
      ]))
    }))

  it.effect("does not begin a turn while calls of the last one are open", () =>
    Effect.gen(function*() {
      const talk = Conversation.open(clerk, "talk")
      assert.strictEqual((yield* Effect.flip(talk.send("pay"))).reason._tag, "Suspended")
      const { reason } = yield* Effect.flip(talk.send("again"))
      assert.strictEqual(reason._tag, "Refused")
    }).pipe(Effect.provide([
      Scripted.over([Scripted.answer([Scripted.call("pay", { cents: 3 })])]),
      Journal.layerMemory()
    ])))
})
