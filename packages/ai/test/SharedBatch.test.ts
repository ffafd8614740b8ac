/** Which embeddings that are asked for at once may share a request: those for which a batch would be the same. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as Context from "effect/Context"
import * as SharedBatch from "../src/internal/sharedBatch.ts"

const keyOf = SharedBatch.make(GeminiEmbeddingModel.Config)
const service = (name: string, value: unknown) => Context.make(Context.Service<unknown>(name), value)
const together = (a: Context.Context<never>, b: Context.Context<never>): boolean => {
  const [first, second] = [keyOf(a), keyOf(b)]
  return first.length === second.length && first.every((each, at) => each === second[at])
}

describe("two callers share a request", () => {
  it("where what it would read is the same service, and not where it is another one that looks alike", () => {
    for (const make of [() => ({ a: 1 }), () => () => 1, () => [1]]) {
      const [one, other] = [make(), make()]
      for (const name of ["effect-gemini/Some", "effect/http/Some"]) {
        assert.isTrue(together(service(name, one), service(name, one)))
        assert.isFalse(together(service(name, one), service(name, other)))
      }
    }
  })

  it("where plain values are equal", () => {
    const of = (value: unknown) => service("effect-gemini/Some", value)
    for (const value of [1, "a", true, undefined, null]) assert.isTrue(together(of(value), of(value)))
    assert.isFalse(together(of(1), of(2)))
    assert.isFalse(together(of(null), of(undefined)))
    assert.isFalse(together(of(1), Context.empty()))
  })

  it("whatever else their programs have, in whatever order", () => {
    const [one, two] = [{}, {}]
    const a = service("effect-gemini/A", one)
    const b = service("effect-gemini/B", two)
    assert.isTrue(together(Context.merge(a, b), Context.merge(b, a)))
    assert.isTrue(together(a, Context.merge(a, service("program/Own", two))))
    assert.isFalse(together(a, Context.merge(a, b)))
  })
})
