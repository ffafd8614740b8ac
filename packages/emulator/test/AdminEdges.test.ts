/** The admin API at its edges: where a client goes on, what a line of the log says, and which files the page has. */
import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "effect-gemini-emulator/RequestLog"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { createServer } from "node:http"
import { gzipSync } from "node:zlib"
import * as Brief from "../src/internal/admin/brief.ts"
import * as PageAnswer from "../src/internal/admin/pageAnswer.ts"
import { adminCall } from "./adminCall.ts"
import * as LogEntry from "./LogEntry.ts"
import { flash, prompt } from "./Wire.ts"

describe("a client that comes back", () => {
  it("goes on where it was, and begins anew where nobody knows what it has missed", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    const ask = () =>
      fetch(`${emulator.url}/v1beta/models/${flash}:generateContent?key=any`, {
        method: "POST",
        body: JSON.stringify(prompt("Hi"))
      }).then((response) => response.text())
    const page = async (changed: string) => {
      const { body } = await call("GET", `/spaces/default/requests?changed=${changed}`)
      return [body.requests.map(({ id }: { readonly id: number }) => id), body.restarted]
    }
    const { cursor } = (await call("GET", "/spaces/default/requests")).body
    const [token, number] = String(cursor).split(".")
    assert.strictEqual(number, "0")
    await ask()
    await ask()
    await emulator.awaitClosed(2)
    // Of each request its arrival and its end are changes.
    const rows: ReadonlyArray<readonly [cursor: string, expected: [ids: Array<number>, isRestarted: boolean]]> = [
      [`${token}.0`, [[0, 1], false]],
      [`${token}.1`, [[0, 1], false]],
      [`${token}.2`, [[1], false]],
      [`${token}.4`, [[], false]],
      [`${token}.5`, [[0, 1], true]],
      [`${token}.-1`, [[0, 1], true]],
      [`${token}.x`, [[0, 1], true]],
      [`${token}`, [[0, 1], true]],
      ["other.0", [[0, 1], true]]
    ]
    for (const [cursor, expected] of rows) assert.deepStrictEqual(await page(cursor), expected, cursor)
    await call("POST", "/spaces/default/reset", { rules: "keep" })
    assert.deepStrictEqual(await page(`${token}.4`), [[], true])
    const after = (await call("GET", "/spaces/default/requests")).body.cursor
    await ask()
    await emulator.awaitClosed(1)
    assert.deepStrictEqual(await page(after), [[0], false])
  })
})

describe("a line of the log", () => {
  const prompts: ReadonlyArray<readonly [body: unknown, prompt: string | undefined]> = [
    [undefined, undefined],
    [{}, undefined],
    [{ contents: "text" }, "text"],
    [{ contents: [{ parts: [{ text: "one" }] }, { parts: [{ text: "two" }, { inlineData: {} }] }] }, "two"],
    [{ contents: [{ parts: [{ text: "one" }] }, { parts: [] }] }, "one"],
    [{ contents: { parts: [{ text: "one" }] } }, "one"],
    [{ content: { parts: [{ text: "embedded" }] } }, "embedded"],
    [{ input: "asked" }, "asked"],
    [{ input: [{ content: [{ type: "text", text: "deep" }] }] }, "deep"],
    [{ contents: [{ parts: [{ text: "" }] }] }, ""]
  ]
  it.each(prompts)("of %j has the prompt %j", (body, prompt) => {
    assert.strictEqual(Brief.entry(LogEntry.entry({ body })).prompt, prompt)
  })

  const generated = (promptTokenCount: number, candidatesTokenCount: number, more: object = {}) => ({
    usageMetadata: { promptTokenCount, candidatesTokenCount, ...more }
  })
  const uses: ReadonlyArray<readonly [response: unknown, input: number | undefined, output?: number]> = [
    [undefined, undefined],
    [{ candidates: [] }, undefined],
    [generated(1, 2), 1, 2],
    [generated(1, 2, { toolUsePromptTokenCount: 10, thoughtsTokenCount: 20 }), 11, 22],
    [generated(1.4, -5), 1, 0],
    [{ usageMetadata: { promptTokenCount: "1", candidatesTokenCount: {} } }, 1, 0],
    [[generated(1, 2), generated(3, 4), {}], 3, 4],
    [{ usage: { total_input_tokens: 1, total_output_tokens: 2 } }, 1, 2],
    [
      [{ interaction: { usage: { total_input_tokens: 1, total_tool_use_tokens: 10, total_thought_tokens: 20 } } }, {}],
      11,
      20
    ]
  ]
  it.each(uses)("of the answer %j has its tokens", (response, input, output) => {
    const { usage } = Brief.entry(LogEntry.entry({ response }))
    assert.deepStrictEqual(usage, input === undefined ? undefined : { input, output: output ?? 0 })
  })

  it("has a cost when it has ended, and neither headers nor bodies", () => {
    const of = (more: Partial<Entry>) => {
      const usageMetadata = { promptTokenCount: 1_000_000, candidatesTokenCount: 1 }
      const given = { model: "gemini-2.5-flash", headers: { a: "b" }, body: {}, response: { usageMetadata }, ...more }
      return Brief.entry(LogEntry.entry(given))
    }
    const ended = of({})
    assert.isAbove(Number(ended.cost?.dollars), 0)
    assert.deepStrictEqual([ended.headers, "body" in ended, "response" in ended], [{}, false, false])
    assert.isFalse("cost" in of({ outcome: undefined }))
    assert.isFalse("cost" in of({ response: {} }))
  })
})

describe("the page", () => {
  it("has four files, the large ones packed for those who take them so, and nothing else", async () => {
    const packed = (text: string) => gzipSync(text).toString("base64")
    const files = { html: "<p>Hé</p>", icon: "<svg/>", js: packed("alert()"), css: packed("p{}") }
    const { answer } = await PageAnswer.make(() => Promise.resolve(files))
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
    const got = async (path: string, encoding: string, method = "GET") => {
      const response = await fetch(url + path, { method, headers: { "accept-encoding": encoding } })
      const header = (name: string) => response.headers.get(name)
      return [
        response.status,
        header("content-type"),
        header("content-encoding"),
        header("vary"),
        await response.text()
      ]
    }
    const text = (type: string) => `text/${type}; charset=utf-8`
    const vary = "accept-encoding"
    assert.deepStrictEqual(await got("/_emulator/", "gzip"), [200, text("html"), null, vary, files.html])
    assert.deepStrictEqual(await got("/_emulator/?a", "identity"), [200, text("html"), null, vary, files.html])
    assert.deepStrictEqual(await got("/_emulator/icon.svg", "gzip"), [200, "image/svg+xml", null, vary, files.icon])
    assert.deepStrictEqual(await got("/_emulator/page.js", "br, gzip"), [
      200,
      text("javascript"),
      "gzip",
      vary,
      "alert()"
    ])
    assert.deepStrictEqual(await got("/_emulator/page.js", "identity"), [
      200,
      text("javascript"),
      null,
      vary,
      "alert()"
    ])
    assert.deepStrictEqual(await got("/_emulator/page.css", "xgzip"), [200, text("css"), null, vary, "p{}"])
    assert.deepStrictEqual(await got("/_emulator/page.css", "gzip", "HEAD"), [200, text("css"), "gzip", vary, ""])
    assert.strictEqual((await got("/_emulator/other", "gzip"))[0], 404)
    assert.strictEqual((await got("/_emulator", "gzip"))[0], 404)
    const lengths = await fetch(`${url}/_emulator/`, { method: "HEAD" })
    assert.strictEqual(lengths.headers.get("content-length"), String(Buffer.byteLength(files.html)))
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
