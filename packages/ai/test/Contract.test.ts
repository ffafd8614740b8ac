/** The contract of `effect/ai` 4.1 as a table: every point with what was expected and what came. The suite prints it. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { calls } from "./contractCalls.ts"
import { edges } from "./contractEdges.ts"
import { others, requests } from "./contractRequests.ts"
import { limits } from "./effectLimits.ts"
import { print } from "./printed.ts"

const columns = ["point of effect/ai 4.1", "expected", "got"]
const upstream = new URL("../../../docs/upstream/", import.meta.url)

describe("the contract", () => {
  const rows: Array<ReadonlyArray<string>> = []

  it.effect.each([...calls, ...edges, ...requests, ...others])(
    "%s",
    ([point, expected, run]) =>
      Effect.gen(function*() {
        const got = yield* run()
        rows.push([point, expected, got])
        assert.strictEqual(got, expected)
      })
  )

  afterAll(() => print({ title: "29.1 the contract", columns, rows }))
})

describe("a limit of Effect's own", () => {
  const rows: Array<ReadonlyArray<string>> = []

  it.effect.each(limits)("%s", ([point, expected, run, issue]) =>
    Effect.gen(function*() {
      const got = yield* run()
      rows.push([point, expected, got, issue])
      assert.strictEqual(got, expected)
      if (issue !== "") assert.isTrue(existsSync(new URL(`${issue}.md`, upstream)))
    }))

  it("every issue text stands in the list of them", () => {
    const list = readFileSync(new URL("README.md", upstream), "utf8")
    for (const [, , , issue] of limits) if (issue !== "") assert.include(list, `(${issue}.md)`)
  })

  afterAll(() => print({ title: "29.1 limits of Effect's own", columns: [...columns, "issue"], rows }))
})
