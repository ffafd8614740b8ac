/** When an answer goes on in another interaction, and when it may not. */
import { assert, describe, it } from "@effect/vitest"
import { Overloaded } from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Interaction from "effect-gemini/interactions/Interaction"
import type { InteractionUsage } from "effect-gemini/interactions/types/InteractionTypes"
import { type HopSigns, InteractionChain } from "../../src/internal/interactions/InteractionChain.ts"

const chainOf = (hops?: number, first?: string) =>
  new InteractionChain<HopSigns | "content">({
    settings: hops === undefined ? undefined : { hops },
    first,
    signs: (signs) => signs
  })

const hop = (id: string, status: string, token?: string, usage?: InteractionUsage): HopSigns => ({
  id,
  status,
  hasContent: false,
  ...(token === undefined ? {} : { token }),
  ...(usage === undefined ? {} : { usage })
})

describe("a chain", () => {
  it("goes on from the token of an answer that was broken off, as the interaction that gave it", () => {
    const chain = chainOf()
    chain.heard([hop("a", "requires_continuation", "t1")])
    assert.isTrue(chain.end())
    assert.deepStrictEqual([chain.token, chain.owner, chain.hops], ["t1", "a", 2])
    chain.heard([hop("b", "requires_continuation", "t2")])
    assert.isTrue(chain.end())
    assert.deepStrictEqual([chain.token, chain.owner, chain.hops], ["t2", "b", 3])
    chain.heard([hop("c", "completed")])
    assert.isFalse(chain.end())
  })

  for (const status of ["completed", "failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"]) {
    it(`ends with an answer that is ${status}, whatever token came on the way`, () => {
      const chain = chainOf()
      chain.heard([hop("a", "in_progress", "t1"), hop("a", status)])
      assert.isFalse(chain.canResume)
      assert.isFalse(chain.end())
    })
  }

  it("does not follow a token twice, nor that of the caller", () => {
    const chain = chainOf()
    chain.heard([hop("a", "requires_continuation", "t1")])
    assert.isTrue(chain.end())
    chain.heard([hop("b", "requires_continuation", "t1")])
    assert.strictEqual(chain.end(), "the server gave a continuation token for the second time")
    const own = chainOf(undefined, "t0")
    own.heard([hop("a", "requires_continuation", "t0")])
    assert.strictEqual(own.end(), "the server gave a continuation token for the second time")
  })

  it("has no more hops than it may", () => {
    const chain = chainOf(2)
    chain.heard([hop("a", "requires_continuation", "t1")])
    assert.isTrue(chain.end())
    chain.heard([hop("b", "requires_continuation", "t2")])
    assert.strictEqual(chain.end(), "the answer takes more than 2 hops (options: continuation.hops)")
  })

  it("resumes a hop that broke as long as no content came behind its token", () => {
    const chain = chainOf()
    assert.isFalse(chain.canResume)
    chain.heard(["content", hop("a", "in_progress", "t1")])
    assert.isTrue(chain.canResume)
    chain.heard(["content"])
    assert.isFalse(chain.canResume)
    chain.heard([hop("a", "in_progress", "t2")])
    assert.isTrue(chain.canResume)
    assert.isTrue(chain.end())
    // The next hop has said nothing yet, and may begin again.
    assert.isTrue(chain.canResume)
    chain.heard(["content"])
    assert.isFalse(chain.canResume)
  })

  it("adds up what its hops used, also one that began again, and tells it with an error", () => {
    const chain = chainOf()
    chain.heard([hop("a", "in_progress", undefined, { total_tokens: 3 })])
    chain.heard([hop("a", "requires_continuation", "t1", { total_tokens: 5 })])
    chain.end()
    chain.heard([hop("b", "in_progress", undefined, { total_tokens: 2 })])
    chain.again()
    chain.heard([hop("c", "in_progress", undefined, { total_tokens: 4 })])
    assert.strictEqual(chain.usage?.total_tokens, 11)
    const error = chain.told(new GeminiError({ method: "m", attempts: [], reason: new Overloaded({}) }))
    assert.strictEqual(error.usage?.totalTokens, 11)
    const broken = Interaction.interrupted(error)
    assert.deepStrictEqual([broken?.token, broken?.interactionId, broken?.ids], ["t1", "a", ["a", "c"]])
  })

  it("says nothing of an error before any token", () => {
    const error = new GeminiError({ method: "m", attempts: [], reason: new Overloaded({}) })
    const chain = chainOf()
    chain.heard([hop("a", "in_progress", undefined, { total_tokens: 3 })])
    assert.strictEqual(chain.told(error), error)
    assert.isUndefined(Interaction.interrupted(error))
  })
})
