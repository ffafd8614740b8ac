/**
 * Members over real sockets: two regions of one emulator, one of which goes down and comes back
 * while calls run, and what a tracer sees of it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as SpanRecorder from "../calls/spanRecorder.ts"

const model = "gemini-3.8-flash"
const other = "gemini-2.5-flash"

const layer = (options: Partial<Members.Options>) =>
  Layer.unwrap(Effect.map(Emulator.Emulator, ({ regionUrl }) =>
    Members.layer({
      apiKey: Redacted.make("secret-key"),
      tier: "tier3",
      members: ["west", "east"].map((location) => ({
        name: location,
        project: "one",
        location,
        baseUrl: regionUrl(location)
      })),
      circuit: { openFor: "300 millis" },
      timeouts: { firstByte: "4 seconds" },
      ...options
    }))).pipe(
      Layer.provide(NodeGemini.layerHttpClient()),
      Layer.provideMerge(Emulator.layerServer())
    )

const generate = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "one two three" }))
const went = Effect.map(generate, ({ attempts }) => attempts.at(-1)?.member)

describe("two regions over sockets", () => {
  it.live.each(["reset", "hang", "unavailable"] as const)(
    "%s: no call fails, and traffic comes back",
    (down) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const outage = Fault.outage("west", { down })
        assert.strictEqual(yield* went, "west")

        yield* emulator.addFault(outage)
        const members = yield* Effect.forEach(Array.from({ length: 200 }), () => went, { concurrency: 20 })
        assert.deepStrictEqual([...new Set(members)], ["east"])
        const sent = (yield* emulator.requests).filter(({ region }) => region === "west").length
        // Those that were on their way when the circuit opened, and a probe now and then.
        assert.isAtMost(sent, 1 + 20 + 20)

        yield* emulator.removeFault(outage)
        yield* Effect.sleep("600 millis")
        assert.strictEqual(yield* went, "west")
        const gemini = yield* GeminiClient.GeminiClient
        const chunks = yield* Stream.runCollect(gemini.generateStream({ model, contents: "one two three" }))
        assert.strictEqual(chunks.at(-1)?.finished, true)
      }).pipe(Effect.provide(layer({})))
  )

  it.live("a span names the member and the fallback model, and never a key", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(Fault.overload(model))
      const { spans, tracer } = SpanRecorder.make()
      const answer = yield* Effect.provideService(generate, Tracer.Tracer, tracer)
      assert.strictEqual(answer.model, other)
      const attributes = spans.map(({ attributes, name }) => [
        name,
        attributes.get("gemini.member"),
        attributes.get("gemini.fallback.model"),
        attributes.get("gemini.attempts")
      ])
      assert.deepStrictEqual(attributes, [
        [`generateContent ${model}`, "west", other, 3],
        [`generate_content ${model}`, "west", undefined, undefined],
        [`generate_content ${model}`, "east", undefined, undefined],
        [`generate_content ${other}`, "west", undefined, undefined]
      ])
      assert.isTrue(spans.every(({ status }) => status._tag === "Ended"))
      assert.notInclude(JSON.stringify(spans.map(({ attributes }) => [...attributes])), "secret")
    }).pipe(Effect.provide(layer({ fallbackModels: [other] }))))
})
