/** Providers of `effect/ai` held to its contract. The suite prints how many points each meets, and what came of the others. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Point from "effect-gemini-conformance/provider/Point"
import { points } from "effect-gemini-conformance/provider/ProviderSuite"
import * as Effect from "effect/Effect"
import { gemini } from "./gemini.ts"
import { plain } from "./plain.ts"

const counts: Array<string> = []

describe.each([gemini, plain])("$name", (subject) => {
  const missed: Array<string> = []
  let met = 0

  it.effect.each([...points])("$name", (point) =>
    Effect.map(Point.got(point, subject), (got) => {
      if (got === point.expected) met++
      else missed.push(`  ${point.name}: expected ${point.expected}, got ${got}`)
      if (Object.hasOwn(subject.misses, point.name)) assert.notStrictEqual(got, point.expected)
      else assert.strictEqual(got, point.expected)
    }))

  it("misses points that there are", () => {
    const names = new Set(points.map(({ name }) => name))
    assert.strictEqual(names.size, points.length)
    assert.deepStrictEqual(Object.keys(subject.misses).filter((name) => !names.has(name)), [])
  })

  afterAll(() => {
    counts.push(`${subject.name} meets ${met} of ${points.length} points of effect/ai's contract`, ...missed)
  })
})

afterAll(() => {
  process.stdout.write(`\n${counts.join("\n")}\n`)
})
