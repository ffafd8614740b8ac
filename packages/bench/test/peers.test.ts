/** What PEERS.md of effect-gemini-agents says of the examples of others: the same answers of no more lines, without what names our model. */
import { assert, describe, it } from "@effect/vitest"
import { compare } from "../src/agents/peers/compare.ts"
import * as Page from "../src/agents/peers/page.ts"

describe("the best known examples of peers", async () => {
  const pairs = await compare()
  const answers: Readonly<Record<string, string>> = {
    handoff: "It was sealed in 1215.",
    supervisor: "Event created: Design at 2026-12-01T14:00:00. Email sent to design@example.com: Mockups.",
    planner: "caching reuses what was sent; streaming sends words as they come"
  }

  it("are a handoff, a supervisor and a planner", () => {
    assert.deepStrictEqual(pairs.map(({ name }) => name), Object.keys(answers))
  })

  for (const { name, ours, peer, theirs } of pairs) {
    it(`${name}: ours answers what ${peer} answers, with as many requests and no more lines`, () => {
      assert.strictEqual(theirs.text, answers[name])
      assert.strictEqual(ours.text, theirs.text)
      assert.strictEqual(ours.requests, theirs.requests)
      assert.isAbove(ours.lines, 10)
      assert.isAtMost(ours.lines, theirs.lines)
    })
  }

  it("stand on the page as they are, with their counts", () => {
    assert.strictEqual(Page.shown(), Page.partOf(pairs))
  })
})
