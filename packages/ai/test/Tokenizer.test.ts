import { assert, describe, it } from "@effect/vitest"
import * as GeminiTokenizer from "effect-gemini-ai/GeminiTokenizer"
import * as Prompt from "effect/ai/Prompt"
import * as Tokenizer from "effect/ai/Tokenizer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import { bodies, call, client, model, signature } from "./scripted.ts"

const services = GeminiTokenizer.layer({ model }).pipe(Layer.provideMerge(client()), Layer.orDie)

const calls = (id: string): Prompt.MessageEncoded => ({
  role: "assistant",
  content: [{
    type: "tool-call",
    id,
    name: "find",
    params: {},
    options: { google: { part: call("find", {}, id, signature) as Schema.JsonObject } }
  }]
})
const results = (id: string): Prompt.MessageEncoded => ({
  role: "tool",
  content: [{ type: "tool-result", id, name: "find", isFailure: false, result: "found ".repeat(50) }]
})
const system: Prompt.MessageEncoded = { role: "system", content: "You are terse." }

/** Eight exchanges, each with a call in its middle. */
const exchanges = Array.from({ length: 8 }, (_, i): ReadonlyArray<Prompt.MessageEncoded> => [
  { role: "user", content: `question ${i}` },
  calls(`${i}`),
  results(`${i}`),
  { role: "assistant", content: `answer ${i}` }
])

const roles = (prompt: Prompt.Prompt) => prompt.content.map(({ role }) => role)

describe("a prompt that is cut to a number of tokens", () => {
  it.effect("keeps its system message, and whole exchanges only, at every bound", () =>
    Effect.gen(function*() {
      const tokenizer = yield* Tokenizer.Tokenizer
      const prompt = Prompt.make([system, ...exchanges.flat()])
      const whole = yield* GeminiTokenizer.count(prompt, { model })
      const least = yield* GeminiTokenizer.count([system], { model })
      const lengths = new Set<number>()
      for (
        const bound of [
          0,
          least - 1,
          least,
          least + 1,
          ...Array.from({ length: 8 }, (_, i) => Math.ceil(whole * (i + 1) / 8) - 1),
          whole
        ]
      ) {
        const cut = yield* tokenizer.truncate(prompt, bound)
        assert.isAtMost(yield* GeminiTokenizer.count(cut, { model }), bound)
        lengths.add(cut.content.length)
        if (bound < least) assert.deepStrictEqual(roles(cut), [])
        else assert.deepStrictEqual(roles(cut).slice(0, 2), cut.content.length === 1 ? ["system"] : ["system", "user"])
        assert.strictEqual((cut.content.length + 3) % 4, cut.content.length === 0 ? 3 : 0)
        // One exchange more would be too much.
        const more = Prompt.make([system, ...exchanges.slice(-(cut.content.length - 1) / 4 - 1).flat()])
        if (bound >= least && bound < whole) assert.isAbove(yield* GeminiTokenizer.count(more, { model }), bound)
      }
      assert.isAtLeast(lengths.size, 8)
    }).pipe(Effect.provide(services)))

  it.effect("is left as it is where it fits, also one that begins in the middle", () =>
    Effect.gen(function*() {
      const tokenizer = yield* Tokenizer.Tokenizer
      const prompt = Prompt.make([{ role: "assistant", content: "Hello." }, { role: "user", content: "Who are you?" }])
      const whole = yield* GeminiTokenizer.count(prompt, { model })
      assert.deepStrictEqual(roles(yield* tokenizer.truncate(prompt, whole)), ["assistant", "user"])
      assert.deepStrictEqual(roles(yield* tokenizer.truncate(prompt, whole - 1)), ["user"])
    }).pipe(Effect.provide(services)))

  it.effect("asks the server a few times, however long it is", () =>
    Effect.gen(function*() {
      const tokenizer = yield* Tokenizer.Tokenizer
      const messages = Array.from({ length: 256 }, (_, i) => ({ role: "user" as const, content: `message ${i}` }))
      yield* tokenizer.truncate(messages, 20)
      assert.isAtMost((yield* bodies).length, 10)
    }).pipe(Effect.provide(services)))

  it.effect("of system messages alone counts them", () =>
    Effect.gen(function*() {
      assert.isAbove(yield* GeminiTokenizer.count([system], { model }), 0)
      assert.strictEqual(yield* GeminiTokenizer.count([], { model }), 0)
    }).pipe(Effect.provide(services)))
})
