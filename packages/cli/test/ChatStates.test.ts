/** Where each record leaves a chat: every field of the state after it, and what is sent and counted from it. */
import { assert, describe, it } from "@effect/vitest"
import * as Usage from "effect-gemini/wire/Usage"
import * as BigDecimal from "effect/BigDecimal"
import type { ChatRecord, Turn } from "../src/internal/history/ChatRecord.ts"
import * as ChatState from "../src/internal/history/ChatState.ts"

const user = (text: string): Turn => ({ role: "user", parts: [{ text }] })
const model = (...texts: ReadonlyArray<string>): Turn => ({ role: "model", parts: texts.map((text) => ({ text })) })
const usage = Usage.fromMetadata({
  promptTokenCount: 10,
  toolUsePromptTokenCount: 5,
  candidatesTokenCount: 3,
  thoughtsTokenCount: 2,
  totalTokenCount: 20
})

const asked = (text: string): ChatRecord => ({ _tag: "Asked", at: 7, turn: user(text) })
const replied = (text: string, hasCalls = false): ChatRecord => ({
  _tag: "Replied",
  turn: model(text),
  model: "m",
  hasCalls
})

const exchange = (turns: ReadonlyArray<Turn>, more: Partial<ChatState.Exchange> = {}): ChatState.Exchange => ({
  at: 7,
  turns,
  model: "m",
  isBroken: false,
  calling: [],
  ...more
})

const after = (...records: ReadonlyArray<ChatRecord>): ChatState.ChatState => ChatState.fold(records)
const state = (more: Partial<ChatState.ChatState>): ChatState.ChatState => ({ ...ChatState.empty, ...more })

const called: ChatRecord = { _tag: "Called", tool: "now", args: {}, consent: "once" }
const gave: Turn = { role: "user", parts: [{ functionResponse: { name: "now", response: {} } }] }

describe("a chat", () => {
  it("stands where each kind of record leaves it", () => {
    const one = exchange([user("a"), model("b")])
    const two = exchange([user("c"), model("d")])
    const open = exchange([user("a")], { model: undefined })
    const calling = exchange([user("a"), model("b")])
    const rows: ReadonlyArray<readonly [records: ReadonlyArray<ChatRecord>, then: Partial<ChatState.ChatState>]> = [
      [[{ _tag: "Began", at: 3 }], { createdAt: 3 }],
      [[{ _tag: "Began", at: 3, from: "other" }], { createdAt: 3, forkedFrom: "other" }],
      [[{ _tag: "Model", model: "x" }], { model: "x" }],
      [[{ _tag: "System", text: "Be brief" }, { _tag: "System", text: "" }], { system: "" }],
      [[asked("a")], { open }],
      [[asked("a"), replied("b")], { exchanges: [one] }],
      [[replied("b")], {}],
      [[asked("a"), replied("b", true)], { open: calling }],
      [[asked("a"), replied("b", true), called, called], { open: { ...calling, calling: ["now", "now"] } }],
      [[called], {}],
      [[asked("a"), replied("b", true), called, { _tag: "Returned", turn: gave }], {
        open: exchange([user("a"), model("b"), gave])
      }],
      [[{ _tag: "Returned", turn: gave }], {}],
      [[asked("a"), replied("b", true), called, replied("c")], {
        exchanges: [exchange([user("a"), model("b"), model("c")])]
      }],
      [[asked("a"), { _tag: "Replied", turn: model("b"), model: "n", hasCalls: false, isBroken: true }], {
        exchanges: [{ ...one, model: "n", isBroken: true }]
      }],
      [[asked("a"), { _tag: "Failed", message: "no" }], {}],
      [[asked("a"), replied("b"), asked("c"), replied("d"), { _tag: "Undone" }], { exchanges: [one] }],
      [[{ _tag: "Undone" }], {}],
      [[asked("a"), replied("b"), asked("c"), replied("d"), {
        _tag: "Compacted",
        summary: "short",
        keep: 1,
        model: "m"
      }], { exchanges: [one, two], summary: "short", summed: 1 }],
      [[asked("a"), replied("b"), { _tag: "Compacted", summary: "short", keep: 0, model: "m" }, { _tag: "Undone" }], {
        exchanges: [one],
        summary: "short",
        summed: 1
      }],
      [[asked("a"), replied("b"), { _tag: "Compacted", summary: "short", keep: 2, model: "m" }], {
        exchanges: [one],
        summary: "short",
        summed: 0
      }],
      [[asked("a"), replied("b"), { _tag: "Compacted", summary: "short", keep: -1, model: "m" }], {
        exchanges: [one],
        summary: "short",
        summed: 1
      }]
    ]
    for (const [records, then] of rows) {
      assert.deepStrictEqual(after(...records), state(then), records.map(({ _tag }) => _tag).join(" "))
    }
  })

  it("counts what each model took, and what the next question will send", () => {
    const counted = (more: Partial<Extract<ChatRecord, { readonly _tag: "Replied" }>> = {}): ChatRecord => ({
      _tag: "Replied",
      turn: model("b"),
      model: "m",
      usage,
      hasCalls: false,
      ...more
    })
    const spending = (records: ReadonlyArray<ChatRecord>, name = "m") => {
      const found = after(...records).spent.get(name)
      return found === undefined ? undefined : {
        ...found,
        dollars: found.dollars === undefined ? undefined : BigDecimal.format(found.dollars)
      }
    }
    const once = { answers: 1, inputTokens: 15, outputTokens: 5, dollars: undefined, isPartial: true }
    assert.deepStrictEqual(spending([counted()]), once)
    assert.strictEqual(after(counted()).nextInput, 18)
    assert.strictEqual(after(counted(), replied("c")).nextInput, 18)
    assert.strictEqual(after(asked("a"), counted({ hasCalls: true })).nextInput, 18)
    const paid = counted({ dollars: "0.5" })
    assert.deepStrictEqual(spending([paid]), { ...once, dollars: "0.5", isPartial: false })
    assert.deepStrictEqual(spending([paid, paid]), {
      answers: 2,
      inputTokens: 30,
      outputTokens: 10,
      dollars: "1",
      isPartial: false
    })
    for (const records of [[paid, counted()], [counted(), paid]]) {
      assert.deepInclude(spending(records), { dollars: "0.5", isPartial: true })
    }
    assert.isTrue(spending([counted({ dollars: "0.5", isPartial: true })])?.isPartial)
    assert.deepInclude(spending([counted({ dollars: "much" })]), { dollars: undefined, isPartial: true })
    assert.deepStrictEqual(spending([{ _tag: "Failed", message: "no", model: "n", usage }], "n"), once)
    assert.isUndefined(spending([{ _tag: "Failed", message: "no", model: "n" }], "n"))
    assert.deepStrictEqual(after({ _tag: "Failed", message: "no", usage }).spent.size, 0)
    assert.deepStrictEqual(spending([{ _tag: "Compacted", summary: "", keep: 0, model: "n", usage }], "n"), once)
    const { answers, dollars, inputTokens } = ChatState.total(after(paid, counted({ model: "n", dollars: "0.25" })))
    assert.deepStrictEqual([answers, inputTokens, dollars && BigDecimal.format(dollars)], [2, 30, "0.75"])
  })

  it("sends its exchanges, the summed ones as the summary", () => {
    const all = [asked("a"), replied("b"), asked("c"), replied("d")]
    const texts = (...more: ReadonlyArray<ChatRecord>) =>
      ChatState.sent(after(...all, ...more)).map((turn) => `${turn.role} ${ChatState.text(turn)}`)
    assert.deepStrictEqual(texts(), ["user a", "model b", "user c", "model d"])
    assert.deepStrictEqual(texts(asked("e")), ["user a", "model b", "user c", "model d"])
    assert.deepStrictEqual(texts({ _tag: "Compacted", summary: "short", keep: 1, model: "m" }), [
      "user Our conversation until here, in short:\n\nshort",
      "model I have read it. Let us go on.",
      "user c",
      "model d"
    ])
  })

  it("is known by the first words of its first question", () => {
    assert.strictEqual(ChatState.title(ChatState.empty), "")
    assert.strictEqual(ChatState.title(after(asked(" a\n  b "))), "a b")
    assert.strictEqual(ChatState.title(after(asked("a"), replied("b"), asked("c"))), "a")
  })

  it("has as text what is text and not a thought, of a model in one piece and of a person in paragraphs", () => {
    const parts = [{ text: "a" }, { text: "hidden", thought: true }, { text: "" }, { text: 1 }, null, "x", {
      text: "b"
    }]
    assert.strictEqual(ChatState.text({ role: "model", parts }), "ab")
    assert.strictEqual(ChatState.text({ role: "user", parts }), "a\n\nb")
    assert.strictEqual(ChatState.text({ role: "user", parts: [{ text: "a", thought: false }] }), "a")
  })
})
