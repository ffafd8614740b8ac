import { assert, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { generate, parts, post, prompt, type Response, stream, text } from "./Wire.ts"

const capped = "gemini-4-argon"
const cap = 2_048

const tokenOf = (response: Response | undefined): string | undefined =>
  Object(response?.candidates?.[0] ?? {}).continuationToken

/** Every hop of an answer, each asked for with the token of the one before. */
const hops = Effect.fnUntraced(function*(body: object, model = capped) {
  const out: Array<Response> = []
  let token: string | undefined
  do {
    const response: Response = yield* generate({ ...body, continuationToken: token }, model)
    out.push(response)
    token = tokenOf(response)
  } while (token !== undefined)
  return out
})

const reasons = (responses: ReadonlyArray<Response>) => responses.map(({ candidates }) => candidates?.[0]?.finishReason)

layer(Emulator.layerHttpClient())("an answer above the model's cap", (it) => {
  const long = prompt("emulator:words 2000")

  it.effect("comes in hops, each within the cap, and is whole", () =>
    Effect.gen(function*() {
      for (const model of [capped, "gemini-4-carbon"]) {
        const answers = yield* hops(long, model)
        assert.deepStrictEqual(reasons(answers), ["CONTINUATION", "CONTINUATION", "STOP"])
        assert.strictEqual(answers.map(text).join(""), text(yield* generate(long)))
        const counts = answers.map(({ usageMetadata }) => usageMetadata.candidatesTokenCount ?? 0)
        assert.deepStrictEqual(counts.slice(0, 2), [cap, cap])
        assert.isAtMost(counts[2] ?? 0, cap)
        assert.strictEqual(new Set(answers.map(({ usageMetadata }) => usageMetadata.promptTokenCount)).size, 1)
        // Thought is spent once, and signed where the answer ends.
        assert.deepStrictEqual(answers.map(({ usageMetadata }) => (usageMetadata.thoughtsTokenCount ?? 0) > 0), [
          true,
          false,
          false
        ])
        const signed = answers.map((answer) =>
          parts(answer).map(({ thoughtSignature }) => thoughtSignature !== undefined)
        )
        assert.deepStrictEqual(signed, [[false], [false], [true]])
      }
    }))

  it.effect("has the token on a stream's last chunk", () =>
    Effect.gen(function*() {
      const chunks = yield* stream(long, capped)
      assert.deepStrictEqual(
        chunks.map(tokenOf).map((token) => token !== undefined),
        chunks.map((_, i) => i === chunks.length - 1)
      )
      const [first] = yield* hops(long)
      assert.strictEqual(chunks.map(text).join(""), text(first))
      assert.strictEqual(tokenOf(chunks.at(-1)), tokenOf(first))
    }))

  it.effect("ends with MAX_TOKENS where its own limit is above the cap", () =>
    Effect.gen(function*() {
      const answers = yield* hops({ ...long, generationConfig: { maxOutputTokens: cap + 100 } })
      assert.deepStrictEqual(reasons(answers), ["CONTINUATION", "MAX_TOKENS"])
    }))

  it.effect("grounds each hop in its own text", () =>
    Effect.gen(function*() {
      for (const answer of yield* hops({ ...long, tools: [{ googleSearch: {} }] })) {
        const said = new TextEncoder().encode(text(answer))
        const supports = answer.candidates?.[0]?.groundingMetadata?.groundingSupports ?? []
        assert.isAbove(supports.length, 0)
        for (const { segment } of supports) {
          assert.strictEqual(
            new TextDecoder().decode(said.slice(segment.startIndex ?? 0, segment.endIndex)),
            segment.text
          )
        }
      }
    }))

  it.effect("cuts no character in two", () =>
    Effect.gen(function*() {
      const said = `x${"🌊".repeat(cap * 3)}`
      const answers = yield* hops(prompt(`emulator:say ${said}`))
      assert.isAbove(answers.length, 1)
      for (const answer of answers) assert.isTrue(text(answer).isWellFormed())
      assert.strictEqual(answers.map(text).join(""), said)
    }))

  it.effect("is whole below the cap and at it, and of other models", () =>
    Effect.gen(function*() {
      const word = (count: number) => prompt(`emulator:say ${"a".repeat(count)}`)
      assert.deepStrictEqual(reasons(yield* hops(word(cap * 4))), ["STOP"])
      assert.deepStrictEqual(reasons(yield* hops(word(cap * 4 + 1))), ["CONTINUATION", "STOP"])
      assert.deepStrictEqual(reasons(yield* hops(long, "gemini-3.8-flash")), ["STOP"])
    }))

  it.effect("refuses a token that it did not give to this request", () =>
    Effect.gen(function*() {
      const token = tokenOf(yield* generate(long, capped)) ?? ""
      const other = prompt("emulator:words 2001")
      for (
        const [body, model] of [
          [{ ...other, continuationToken: token }, capped],
          [{ ...long, continuationToken: token }, "gemini-4-carbon"],
          [{ ...long, continuationToken: `${token.slice(0, -4)}AAA=` }, capped],
          [{ ...long, continuationToken: "no base64 at all" }, capped]
        ] as const
      ) {
        const { status } = yield* post(`/v1beta/models/${model}:generateContent`, body)
        assert.strictEqual(status, 400)
      }
      const { status } = yield* post("/v1beta/models/gemini-3.8-flash:generateContent", {
        ...long,
        continuationToken: "of another model"
      })
      assert.strictEqual(status, 200)
    }))
})
