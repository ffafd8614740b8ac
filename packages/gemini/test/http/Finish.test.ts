import { assert, describe, it } from "@effect/vitest"
import * as Finish from "../../src/internal/http/finish.ts"

const finished = (finishReason: string | number, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text: "half" }] }, finishReason, ...more }],
  usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 }
})

describe("a finish reason", () => {
  it.each([
    ["STOP", undefined],
    ["MAX_TOKENS", undefined],
    ["SAFETY", "ResponseBlocked"],
    ["RECITATION", "ResponseBlocked"],
    ["LANGUAGE", "ResponseBlocked"],
    ["OTHER", undefined],
    ["BLOCKLIST", "ResponseBlocked"],
    ["PROHIBITED_CONTENT", "ResponseBlocked"],
    ["SPII", "ResponseBlocked"],
    ["MALFORMED_FUNCTION_CALL", "ToolCallRejected"],
    ["IMAGE_SAFETY", "ResponseBlocked"],
    ["IMAGE_PROHIBITED_CONTENT", "ResponseBlocked"],
    ["IMAGE_OTHER", "ResponseBlocked"],
    ["NO_IMAGE", "ResponseBlocked"],
    ["IMAGE_RECITATION", "ResponseBlocked"],
    ["UNEXPECTED_TOOL_CALL", "ToolCallRejected"],
    ["TOO_MANY_TOOL_CALLS", "ToolCallRejected"],
    ["MISSING_THOUGHT_SIGNATURE", "ToolCallRejected"],
    ["MALFORMED_RESPONSE", "InvalidResponse"],
    ["ESCALATION", "ResponseBlocked"],
    ["MODEL_ARMOR", "ResponseBlocked"],
    ["PUP_LIMITED_DISABLED", "ResponseBlocked"],
    ["CONTINUATION", undefined],
    ["FINISH_REASON_UNSPECIFIED", undefined],
    ["A_REASON_OF_TOMORROW", undefined],
    ["constructor", undefined],
    [1, undefined],
    [3, "ResponseBlocked"],
    [10, "ToolCallRejected"],
    [12, "ToolCallRejected"]
  ])("%s is %s", (finishReason, tag) => {
    const response = finished(finishReason, { finishMessage: "why" })
    const reason = Finish.reasonOf(response)
    assert.strictEqual(reason?._tag, tag)
    if (reason === undefined) return
    assert.strictEqual(reason.description, "why")
    assert.strictEqual(reason.response, response)
  })

  it.each<readonly [string, object, string | undefined]>([
    ["a text", { text: "half" }, undefined],
    ["a call", { functionCall: { name: "f" } }, undefined],
    ["an image", { inlineData: { mimeType: "image/png", data: "" } }, undefined],
    ["an empty text", { text: "" }, "InvalidResponse"],
    ["an empty text with a signature", { text: "", thoughtSignature: "c2ln" }, "InvalidResponse"],
    ["a thought", { text: "hm", thought: true }, "InvalidResponse"]
  ])("that nobody knows, after %s", (_, part, tag) => {
    for (const finishReason of ["OTHER", "FINISH_REASON_UNSPECIFIED", "A_REASON_OF_TOMORROW", 5, 99]) {
      const response = { candidates: [{ content: { parts: [part] }, finishReason }] }
      assert.strictEqual(Finish.reasonOf(response)?._tag, tag)
      assert.isUndefined(Finish.reasonOf(response, true))
    }
  })

  it("that is good is an answer without content, too", () => {
    for (const finishReason of ["STOP", "MAX_TOKENS", "CONTINUATION"]) {
      assert.isUndefined(Finish.reasonOf({ candidates: [{ content: { role: "model" }, finishReason }] }))
    }
  })

  it("that is not there yet is not an error", () => {
    assert.isUndefined(Finish.reasonOf({ candidates: [{}] }))
    assert.isUndefined(Finish.reasonOf({}))
  })

  it("that blocks keeps usage, parts and ratings", () => {
    const safetyRatings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true }]
    const error = Finish.rejection({ method: "generate", model: "m" }, finished("SAFETY", { safetyRatings }))
    assert.strictEqual(error?.usage?.promptTokens, 3)
    const reason = error?.reason
    assert.isTrue(reason?._tag === "ResponseBlocked")
    if (reason?._tag !== "ResponseBlocked") return
    assert.deepStrictEqual(reason.safetyRatings, safetyRatings)
    assert.strictEqual(reason.response?.candidates?.[0]?.content?.parts?.[0]?.text, "half")
  })
})

describe("a block reason", () => {
  it.each([
    ["SAFETY", "SAFETY"],
    ["OTHER", "OTHER"],
    ["BLOCKLIST", "BLOCKLIST"],
    ["PROHIBITED_CONTENT", "PROHIBITED_CONTENT"],
    ["IMAGE_SAFETY", "IMAGE_SAFETY"],
    ["MODEL_ARMOR", "MODEL_ARMOR"],
    ["JAILBREAK", "JAILBREAK"],
    ["A_REASON_OF_TOMORROW", "A_REASON_OF_TOMORROW"],
    ["BLOCK_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED"],
    [1, "SAFETY"]
  ])("%s is PromptBlocked", (blockReason, name) => {
    const reason = Finish.promptBlocked({ promptFeedback: { blockReason, blockReasonMessage: "why" } })
    assert.strictEqual(reason?.blockReason, name)
    assert.strictEqual(reason?.description, "why")
  })

  it("that is missing blocks nothing", () => {
    assert.isUndefined(Finish.promptBlocked({ promptFeedback: { safetyRatings: [] } }))
    assert.isUndefined(Finish.promptBlocked({ promptFeedback: null }))
  })
})
