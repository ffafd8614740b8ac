/** A chat as Markdown: what was said, what was attached and called, and what has no answer. */
import { assert, describe, it } from "@effect/vitest"
import type { Turn } from "../src/internal/history/ChatRecord.ts"
import * as ChatState from "../src/internal/history/ChatState.ts"
import * as Transcript from "../src/internal/history/transcript.ts"

const user = (...parts: Turn["parts"]): Turn => ({ role: "user", parts })
const model = (...parts: Turn["parts"]): Turn => ({ role: "model", parts })

const exchange = (turns: ReadonlyArray<Turn>, more: Partial<ChatState.Exchange> = {}): ChatState.Exchange => ({
  at: 1,
  turns,
  model: "gemini-pro-latest",
  isBroken: false,
  calling: [],
  ...more
})

const markdown = (more: Partial<ChatState.ChatState>): string => Transcript.markdown({ ...ChatState.empty, ...more })

const answered = (...parts: Turn["parts"]): string =>
  markdown({ exchanges: [exchange([user({ text: "q" }), model(...parts)])] }).split("latest\n\n")[1] ?? ""

describe("a transcript", () => {
  it("is nothing of an empty chat", () => assert.strictEqual(markdown({}), ""))

  it("has each question and its answer under headings, and the system instruction before them", () => {
    assert.strictEqual(
      markdown({
        system: "Be brief",
        exchanges: [
          exchange([user({ text: "One?" }), model({ text: "1" })]),
          exchange([user({ text: "Two?" }), model({ text: "2" }), user({ text: "x" }), model({ text: "3" })], {
            model: undefined,
            isBroken: true
          }),
          exchange([])
        ],
        open: exchange([user({ text: "Three?" })])
      }),
      `_System instruction:_ Be brief

## You

One?

## gemini-pro-latest

1

## You

Two?

## The model

2

x

3

_(broken off)_

## You



## gemini-pro-latest



## You

Three?

_(not answered)_`
    )
    assert.strictEqual(markdown({ open: exchange([]) }), "")
  })

  it("has a line for each part that is not text", () => {
    const lines: ReadonlyArray<readonly [part: Turn["parts"][number], line: string]> = [
      [{ inlineData: { mimeType: "image/png", data: "digest:1" } }, "_attached: image/png_"],
      [{ inlineData: {} }, "_attached: a file_"],
      [{ fileData: { fileUri: "files/a" } }, "_attached: files/a_"],
      [{ fileData: {} }, "_attached: a file_"],
      [{ functionCall: { name: "add", args: { a: 1 } } }, "_called add_ `{\"a\":1}`"],
      [{ functionCall: { name: "now" } }, "_called now_ `{}`"],
      [{ functionResponse: { name: "add", response: { sum: 1 } } }, "_add gave_ `{\"sum\":1}`"],
      [{ functionResponse: { name: "add", response: "text" } }, "_add gave_ `text`"],
      [{ functionResponse: { name: "add" } }, "_add gave_ `{}`"],
      [{ executableCode: { code: "1 + 1" } }, "```\n1 + 1\n```"],
      [{ executableCode: {} }, "```\n\n```"],
      [{ codeExecutionResult: { output: "2" } }, "```\n2\n```"],
      [{ codeExecutionResult: {} }, "```\n\n```"]
    ]
    for (const [part, line] of lines) assert.strictEqual(answered(part), line)
    assert.strictEqual(answered({ text: "Look:" }, { functionCall: { name: "now" } }), "Look:\n\n_called now_ `{}`")
    for (const other of [{}, { inlineData: null }, { functionCall: [] }, "text", null]) {
      assert.strictEqual(answered(other), "")
    }
  })

  it("cuts what a call gave after 2,000 characters, and says how many more there are", () => {
    const gave = (length: number) => answered({ functionResponse: { name: "f", response: "x".repeat(length) } })
    assert.strictEqual(gave(2_000), `_f gave_ \`${"x".repeat(2_000)}\``)
    assert.strictEqual(gave(2_003), `_f gave_ \`${"x".repeat(2_000)} … (3 more characters)\``)
  })
})
