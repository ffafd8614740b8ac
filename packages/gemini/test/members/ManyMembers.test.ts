/** Ten thousand members: nothing about them is deep, and their names and quotas are still compared. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as MemberList from "../../src/internal/members/list.ts"
import * as MemberCheck from "../../src/internal/members/memberCheck.ts"

const count = 10_000

describe("ten thousand members", () => {
  it.effect("are asked for their models one after the other, to the last", () =>
    Effect.gen(function*() {
      const failing = MemberList.failing(
        new GeminiError({ method: "getModel", attempts: [], reason: new Reason.Network({}) })
      )
      let asked = 0
      const one = {
        ...failing,
        get: (...args: Parameters<typeof failing.get>) =>
          Effect.suspend(() => {
            asked++
            return failing.get(...args)
          })
      }
      const list = MemberList.make(Array.from({ length: count }, () => one))
      assert.isDefined(list)
      if (list === undefined) return
      yield* Effect.flip(list.get(Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))))
      assert.strictEqual(asked, count)
    }))

  it("are checked to the last: a name and a quota that stood before are found", () => {
    const members = Array.from({ length: count }, (_, i) => ({
      name: `member-${i}`,
      apiKey: Redacted.make("key"),
      project: `project-${i}`
    }))
    assert.isUndefined(MemberCheck.problem({ members }))
    const again = { name: "member-7", apiKey: Redacted.make("key"), project: "other" }
    assert.deepInclude(MemberCheck.problem({ members: [...members, again] }), { field: `members[${count}].name` })
    const other = {
      name: "other",
      apiKey: Redacted.make("key"),
      project: "project-7",
      limits: { "gemini-3.8-flash": { rpm: 1 } }
    }
    assert.deepInclude(MemberCheck.problem({ members: [...members, other] }), { field: `members[${count}].limits` })
  })
})
