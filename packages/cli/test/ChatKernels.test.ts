/** The pure parts of a chat: what a line means, and where its records leave it. */
import { assert, describe, it } from "@effect/vitest"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Slash from "../src/internal/chat/Slash.ts"
import { changed, type ChatRecord, dataOf, mark } from "../src/internal/history/ChatRecord.ts"
import * as ChatState from "../src/internal/history/ChatState.ts"

/** Whole numbers below `n`, the same for the same seed. */
const random = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

describe("a line of a chat", () => {
  it("is said, or is a command, or is a mistake that names the way out", () => {
    const table: ReadonlyArray<readonly [line: string, is: string]> = [
      ["", "Nothing"],
      ["   ", "Nothing"],
      ["hello /model", "Say hello /model"],
      ["  hello  ", "Say hello"],
      ["//model", "Say /model"],
      ["///", "Say //"],
      ["/model", "Command model "],
      ["/MODEL gemini-pro", "Command model gemini-pro"],
      ["/system be\nshort", "Command system be\nshort"],
      ["/quit", "Command exit "],
      ["/bye", "Command exit "],
      ["/?", "Command help "],
      ["/m x", "Command model x"],
      ["/a x", "Command attach x"],
      ["/hlp", "Wrong there is no command /hlp: did you mean /help?"],
      ["/exxxit", "Wrong there is no command /exxxit: did you mean /exit?"],
      [
        "/exxxxit",
        "Wrong there is no command /exxxxit: /help lists them, and a line that begins with / is said with //"
      ],
      ["/a.b", "Wrong /a.b looks like a path: a line that begins with / is said with //"],
      ["/undo now", "Wrong /undo stands alone: \"now\" is too much"],
      ["/udno", "Wrong there is no command /udno: did you mean /undo?"],
      ["/sav x", "Wrong there is no command /sav: did you mean /save?"],
      ["/", "Wrong there is no command /: /help lists them, and a line that begins with / is said with //"],
      ["/usr/bin", "Wrong /usr/bin looks like a path: a line that begins with / is said with //"]
    ]
    for (const [line, is] of table) {
      const said = Slash.parse(line)
      const shown = said._tag === "Say"
        ? `Say ${said.text}`
        : said._tag === "Command"
        ? `Command ${said.name} ${said.argument}`
        : said._tag === "Wrong"
        ? `Wrong ${said.why}`
        : said._tag
      assert.strictEqual(shown, is, JSON.stringify(line))
    }
    for (const [name, argument] of Slash.commands) {
      const said = Slash.parse(`/${name}${argument === "" ? "" : " x"}`)
      assert.strictEqual(said._tag, "Command", name)
      assert.include(Slash.help(), `/${name}`)
    }
  })

  it("has words as a shell would have them", () => {
    const table: ReadonlyArray<readonly [argument: string, words: ReadonlyArray<string>]> = [
      ["", []],
      [" a  b ", ["a", "b"]],
      ["\"a b\" c", ["a b", "c"]],
      ["'it''s' \"\"", ["its", ""]],
      ["a\\ b 'c\\d'", ["a b", "c\\d"]],
      ["a\"b c\"d", ["ab cd"]],
      ["\"open", ["open"]],
      ["\\", ["\\"]]
    ]
    for (const [argument, words] of table) assert.deepStrictEqual(Slash.words(argument), words, argument)
    const next = random(3)
    for (let i = 0; i < 500; i++) {
      const words = Array.from(
        { length: next(4) },
        () => Array.from({ length: next(6) }, () => "ab \"'\\\tü"[next(8)] ?? "").join("")
      )
      const quoted = words.map((word) => `"${word.replace(/["\\]/g, "\\$&")}"`).join(" ")
      assert.deepStrictEqual(Slash.words(quoted), words, quoted)
    }
  })

  it("is one of several between three quotes", () => {
    const table: ReadonlyArray<readonly [lines: ReadonlyArray<string>, said: ReadonlyArray<string>, rest?: string]> = [
      [["a", "b"], ["a", "b"]],
      [["\"\"\"", "a", " b", "\"\"\"", "c"], ["a\n b", "c"]],
      [["\"\"\"a", "b\"\"\""], ["a\nb"]],
      [["\"\"\"a\"\"\""], ["a"]],
      [["\"\"\"\"\"\""], [""]],
      [["\"\"\"", "\"\"\""], [""]],
      [["\"\"\"", "a"], [], "a"]
    ]
    for (const [lines, said, rest] of table) {
      const joined = new Slash.Joined()
      const got = lines.flatMap((line) => joined.push(line) ?? [])
      assert.deepStrictEqual(got, said, JSON.stringify(lines))
      assert.strictEqual(joined.isOpen, rest !== undefined)
      assert.strictEqual(joined.clear(), rest)
    }
  })
})

const turn = (role: string, text: string) => ({ role, parts: [{ text }] })

describe("the records of a chat", () => {
  it("leave it where an oracle says: each question with its answer, undone ones gone, summed ones as the summary", () => {
    const next = random(seedOf("20.4", 11))
    for (let round = 0; round < sizeOf("20.4", { test: 200, prove: 20_000 }); round++) {
      const records: Array<ChatRecord> = []
      // The oracle: texts of exchanges, how many are summed up, and the question that is open.
      let said: Array<string> = []
      let summed = 0
      let summary: string | undefined
      let open: string | undefined
      let answers = 0
      for (let i = 0; i < 30; i++) {
        const text = `${round}.${i}`
        const kind = next(7)
        if (kind <= 1) {
          records.push({ _tag: "Asked", at: i, turn: turn("user", text) })
          open = text
        } else if (kind <= 3 && open !== undefined) {
          const usage = {
            promptTokens: i,
            cachedTokens: 0,
            toolUsePromptTokens: 0,
            thoughtsTokens: 0,
            candidatesTokens: 1,
            totalTokens: i + 1
          }
          records.push({
            _tag: "Replied",
            turn: turn("model", text),
            model: "m",
            usage,
            dollars: "0.1",
            hasCalls: false
          })
          said = [...said, open]
          answers++
          open = undefined
        } else if (kind === 4) {
          records.push({ _tag: "Failed", message: "no" })
          open = undefined
        } else if (kind === 5) {
          records.push({ _tag: "Undone" })
          if (said.length > summed) said = said.slice(0, -1)
        } else if (kind === 6 && next(3) === 0) {
          records.push({ _tag: "Compacted", summary: text, keep: 2, model: "m" })
          summary = text
          summed = Math.max(0, said.length - 2)
        }
      }
      const state = ChatState.fold(records)
      assert.deepStrictEqual(state.exchanges.map(({ turns }) => ChatState.text(turns[0] ?? turn("", ""))), said)
      assert.deepStrictEqual([state.summed, state.summary, state.open?.turns.length], [
        summed,
        summary,
        open === undefined ? undefined : 1
      ])
      const texts = ChatState.sent(state).filter(({ role }) => role === "user").map(ChatState.text)
      const own = summary === undefined ? texts : texts.slice(1)
      assert.deepStrictEqual(own, said.slice(summed))
      if (summary !== undefined) assert.include(texts[0] ?? "", summary)
      assert.strictEqual(ChatState.total(state).answers, answers)
      // A fold in two halves is the same fold.
      const at = next(records.length + 1)
      assert.deepStrictEqual(ChatState.fold(records.slice(at), ChatState.fold(records.slice(0, at))), state)
    }
  })

  it("have digests in place of bytes, wherever these lie in a part, and give them back", () => {
    const bytes = { inlineData: { mimeType: "image/png", data: "AAAA", extra: 1 } }
    const whole = {
      role: "user",
      parts: [{ text: "a" }, bytes, { functionResponse: { name: "f", response: { data: "kept" }, parts: [bytes] } }]
    }
    const short = changed(whole, (data) => `${mark}${data}`)
    assert.notInclude(JSON.stringify(short), "\"AAAA\"")
    assert.include(JSON.stringify(short), "\"kept\"")
    assert.deepStrictEqual([...dataOf([short])], [`${mark}AAAA`])
    assert.deepStrictEqual(changed(short, (data) => data.slice(mark.length)), whole)
  })
})
