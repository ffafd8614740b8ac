/** Lines of the log without bodies, as the admin API gives them by `bodies=false`. */
import * as Standalone from "effect-gemini-emulator/Standalone"
import { assert, describe, it } from "vitest"
import { adminCall } from "./adminCall.ts"

const secret = "Q".repeat(5000)

const post = (url: string, method: string, body: unknown) =>
  fetch(`${url}/v1beta/models/gemini-2.5-flash:${method}`, {
    method: "POST",
    headers: { "x-goog-api-key": "any", "x-mine": secret },
    body: typeof body === "string" ? body : JSON.stringify(body)
  }).then((response) => response.text())

const usage = { promptTokenCount: 7, toolUsePromptTokenCount: 2, candidatesTokenCount: 3, thoughtsTokenCount: 4 }

const text = (words: string) => ({ parts: [{ text: words }] })

describe("the log with bodies=false", () => {
  it("has no headers, bodies and answers, but the last words of the prompt and the tokens, and the whole log keeps them", async () => {
    await using emulator = await Standalone.start({ rules: [{ reply: { text: "answered", usage } }] })
    const call = adminCall(emulator.url)
    const contents = [{ role: "user", ...text("first") }, { role: "model", ...text("second") }, {
      role: "user",
      parts: [{ text: "third" }, { inlineData: { mimeType: "image/png", data: secret } }]
    }]
    await post(emulator.url, "generateContent", { contents })
    await post(emulator.url, "streamGenerateContent?alt=sse", { contents: [{ role: "user", ...text("streamed") }] })
    const { body: brief } = await call("GET", "/spaces/default/requests?bodies=false")
    assert.notInclude(JSON.stringify(brief), "QQQQ")
    assert.notInclude(JSON.stringify(brief), "answered")
    assert.lengthOf(brief.requests, 2)
    for (const [i, prompt] of ["third", "streamed"].entries()) {
      const line = brief.requests[i]
      assert.deepInclude(line, { id: i, prompt, headers: {}, status: 200, outcome: "complete" })
      assert.notProperty(line, "body")
      assert.notProperty(line, "response")
      assert.deepEqual(line.usage, { input: 9, output: 7 })
    }
    const { body: whole } = await call("GET", "/spaces/default/requests")
    assert.deepStrictEqual(whole.requests[0].body, { contents })
    assert.strictEqual(whole.requests[0].headers["x-mine"], secret)
    assert.notProperty(whole.requests[0], "prompt")
    const { body: said } = await call("GET", "/spaces/default/requests?bodies=true")
    assert.deepStrictEqual(said.requests, whole.requests)
  })

  it("cuts a long prompt at 200 characters, and has none of a body that says nothing or is no JSON", async () => {
    await using emulator = await Standalone.start()
    await post(emulator.url, "generateContent", { contents: [text("w".repeat(201))] })
    await post(emulator.url, "generateContent", { contents: [text("w".repeat(200))] })
    await post(emulator.url, "generateContent", { contents: 7 })
    await post(emulator.url, "generateContent", "{")
    await post(emulator.url, "generateContent", "")
    const { requests } = (await adminCall(emulator.url)("GET", "/spaces/default/requests?bodies=false")).body
    assert.deepStrictEqual(
      requests.map(({ prompt }: { readonly prompt?: string }) => prompt),
      [`${"w".repeat(200)}…`, "w".repeat(200), undefined, undefined, undefined]
    )
  })

  it("is filtered and paged as the whole log is, and a value that is neither true nor false is refused", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    for (const words of ["a", "b", "c"]) await post(emulator.url, "generateContent", { contents: [text(words)] })
    await post(emulator.url, "countTokens", { contents: [text("d")] })
    const path = "/spaces/default/requests?bodies=false&method=generateContent&limit=2"
    const first = (await call("GET", path)).body
    assert.deepStrictEqual(first.requests.map(({ prompt }: { readonly prompt: string }) => prompt), ["a", "b"])
    const rest = (await call("GET", `${path}&after=${first.next}`)).body
    assert.deepStrictEqual(rest.requests.map(({ prompt }: { readonly prompt: string }) => prompt), ["c"])
    assert.notProperty(rest, "next")
    assert.strictEqual((await call("GET", "/spaces/default/requests?bodies=no")).status, 400)
  })
})
