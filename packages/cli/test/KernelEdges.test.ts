/** What the command reads and says, each at its edges and without a process: schemas, answers, lines, ages, settings. */
import { assert, describe, it } from "@effect/vitest"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Age from "../src/internal/age.ts"
import * as AnswerText from "../src/internal/ask/AnswerText.ts"
import * as ConciseSchema from "../src/internal/ask/conciseSchema.ts"
import * as Slash from "../src/internal/chat/Slash.ts"
import * as Lines from "../src/internal/lines.ts"
import { lookalikes, say } from "../src/internal/lookalikes.ts"
import * as ConfigFile from "../src/internal/setup/ConfigFile.ts"
import { count, plural, table, tableWithin } from "../src/internal/table.ts"
import { bytes } from "../src/internal/UploadBar.ts"

describe("a concise schema", () => {
  const read = (text: string) => {
    const made = ConciseSchema.parse(text)
    return Result.isFailure(made) ? made.failure : Object(made.success).properties
  }
  it("has names, types and descriptions, between commas or ends of lines", () => {
    assert.deepStrictEqual(read("name, age int, score float, ok bool, text str"), {
      name: { type: "string" },
      age: { type: "integer" },
      score: { type: "number" },
      ok: { type: "boolean" },
      text: { type: "string" }
    })
    assert.deepStrictEqual(read(" a int : how many , b:"), {
      a: { type: "integer", description: "how many" },
      b: { type: "string" }
    })
    assert.deepStrictEqual(read("a: one, or two,\n\n  b_1-ü int: three: four\n"), {
      a: { type: "string", description: "one, or two" },
      "b_1-ü": { type: "integer", description: "three: four" }
    })
    const made = ConciseSchema.parse("b, a")
    assert.deepStrictEqual(Result.getOrThrow(made), {
      type: "object",
      properties: { b: { type: "string" }, a: { type: "string" } },
      required: ["b", "a"],
      propertyOrdering: ["b", "a"]
    })
    assert.deepStrictEqual(ConciseSchema.several({ type: "object" }), {
      type: "object",
      properties: { items: { type: "array", items: { type: "object" } } },
      required: ["items"]
    })
  })

  it.each([
    ["", /^there are no fields in it; write one for each value, such as/],
    [" , ,", /^there are no fields in it/],
    ["1a", /^"1a" cannot be the name of a field; a field is a name/],
    [": how", /^": how" cannot be the name/],
    ["a.b int", /^"a\.b" cannot be the name/],
    ["a, b, a int", /^the field "a" is there twice$/],
    ["age integer", /^"integer" is not a type of the field "age" \(str, int, float, bool\); did you mean int\?$/],
    ["age Number", /did you mean float\?$/],
    ["age big", /^"big" is not a type of the field "age" .*; a description follows a colon: 'age: big'$/],
    ["age int in years", /^"in years" is not a type .*; a description follows a colon: 'age: int in years'$/],
    ["age integer in years", /^"integer" is not a type .*; a description follows a colon: 'age: integer in years'$/]
  ])("%j is a mistake that says the way out", (text, words) => {
    assert.match(String(read(text)), words)
  })
})

describe("an answer as text", () => {
  const chunk = (...parts: ReadonlyArray<object>) => ({ candidates: [{ content: { role: "model", parts } }] })
  const code = (language: string | undefined, text: string) => ({ executableCode: { language, code: text } })
  it("has code and what it said in blocks of their own, and no thoughts", () => {
    const text = new AnswerText.AnswerText()
    assert.strictEqual(text.push(chunk({ text: "t", thought: true })), "")
    assert.strictEqual(text.push(chunk(code("PYTHON", "1\n"))), "```python\n1\n```\n")
    assert.strictEqual(text.push(chunk({ text: "So" }, { text: "" })), "So")
    const output = { codeExecutionResult: { outcome: "OUTCOME_OK", output: "a ```` b" } }
    assert.strictEqual(
      text.push(chunk(output, { inlineData: { mimeType: "a/b", data: "" } })),
      "\n`````\na ```` b\n`````\n"
    )
    assert.strictEqual(text.push(chunk({ codeExecutionResult: {} }, code(undefined, ""))), "```\n\n```\n```\n\n```\n")
    assert.strictEqual(text.push({}), "")
    assert.isTrue(text.text.startsWith("```python\n1\n```\nSo\n`````"))
  })

  it("the first block of code is without its fences", () => {
    const table: ReadonlyArray<readonly [string, string | undefined]> = [
      ["none", undefined],
      ["a\n```js\none\n```\n```\ntwo\n```", "one\n"],
      ["~~~\na\n```\nb\n~~~~", "a\n```\nb\n"],
      ["````\na\n```\n````", "a\n```\n"],
      ["  ```\n  a\n  ```", "  a\n"],
      ["```\nopen", undefined],
      ["```\n```", ""]
    ]
    for (const [text, block] of table) assert.strictEqual(AnswerText.firstBlock(text), block, text)
  })

  it("names each source once, ten of them, and the pages that were not read", () => {
    const grounded = (chunks: ReadonlyArray<object>) => ({
      candidates: [{ groundingMetadata: { groundingChunks: chunks } }]
    })
    const found = AnswerText.sources(grounded([
      { web: { uri: "https://a", title: "A" } },
      { web: { uri: "https://a", title: "B" } },
      { maps: { uri: "https://m", title: "https://m" } },
      { retrievedContext: { uri: "https://r" } },
      { retrievedContext: { title: "no address" } },
      {}
    ]))
    assert.deepStrictEqual(AnswerText.sourceLines(found), ["[1] A: https://a", "[2] https://m", "[3] https://r"])
    const many = (n: number) =>
      AnswerText.sourceLines(Array.from({ length: n }, (_, i) => ({ title: undefined, uri: `u${i}` })))
    assert.deepStrictEqual(many(10).at(-1), "[10] u9")
    assert.deepStrictEqual(many(11).slice(9), ["[10] u9", "and 1 more, which --json lists"])
    assert.deepStrictEqual(AnswerText.sources({}), [])
    const urlMetadata = [
      { retrievedUrl: "https://a", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" },
      { retrievedUrl: "https://b", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_ERROR" },
      { urlRetrievalStatus: "URL_RETRIEVAL_STATUS_ERROR" },
      { retrievedUrl: "https://c" }
    ]
    assert.deepStrictEqual(AnswerText.unread({ candidates: [{ urlContextMetadata: { urlMetadata } }] }), [
      "https://b was not read (error)"
    ])
    assert.deepStrictEqual(AnswerText.unread({}), [])
  })
})

describe("braces that look like a reference", () => {
  it.effect("are named where they are hardly meant as they are", () =>
    Effect.gen(function*() {
      const found = (prompt: string, system = "") =>
        Effect.map(
          Narrative.parse(
            `[[acts]]\nname = "outline"\nprompt = "x"\n[[acts]]\nname = "next"\n${
              system === "" ? "" : `system = ${JSON.stringify(system)}\n`
            }prompt = ${JSON.stringify(prompt)}\n`
          ),
          (narrative) => lookalikes(narrative).map(({ act, text }) => `${act} ${text}`)
        )
      assert.deepStrictEqual(yield* found("no braces"), [])
      assert.deepStrictEqual(yield* found("{outline} and ${outline} and {outline}"), [
        "next {outline}",
        "next ${outline}"
      ])
      assert.deepStrictEqual(yield* found("{other} ${other} {a b}"), [])
      assert.deepStrictEqual(yield* found("\\{{outline.chapters}}"), ["next {{outline.chapters}}"])
      assert.deepStrictEqual(yield* found("a", "You know {outline}"), ["next {outline}"])
      assert.match(
        say("a.toml", { act: "next", text: "{outline}" }),
        /^a\.toml: act "next" holds \{outline\}, which looks like/
      )
    }))
})

describe("a table", () => {
  it("has numbers to the right and the rest to the left", () => {
    assert.strictEqual(
      table(["name", "n"], [["a", "1,000"], ["long name", "-"]]),
      "name           n\na          1,000\nlong name      -"
    )
    assert.strictEqual(table(["name", "n"], [["a", "no limit"], ["b", "x1"]]), "name  n\na     no limit\nb     x1")
    assert.strictEqual(table(["a", "b"], []), "a  b")
    assert.deepStrictEqual([undefined, Infinity, 0, 1_048_576].map(count), ["-", "no limit", "0", "1,048,576"])
    assert.deepStrictEqual([plural(1, "act"), plural(0, "act"), plural(2000, "act")], ["1 act", "0 acts", "2,000 acts"])
  })

  it("that is too wide goes on below its last column, or becomes lines", () => {
    const head = ["name", "what"]
    const rows = [["one", "words that go on and on and on"]]
    const whole = table(head, rows)
    const width = Math.max(...whole.split("\n").map((line) => line.length))
    assert.strictEqual(tableWithin(head, rows, 0), whole)
    assert.strictEqual(tableWithin(head, rows, width), whole)
    assert.strictEqual(tableWithin(head, rows, width - 1), "name  what\none   words that go on and on and\n      on")
    assert.strictEqual(tableWithin(head, rows, 30), "name  what\none   words that go on and on\n      and on")
    assert.strictEqual(
      tableWithin(head, rows, 29),
      "one\n  what words that go on and\n  on and on"
    )
    assert.strictEqual(tableWithin(["a", "b", "c"], [["x", "1", "2"]], 6), "x\n  b 1;\n  c 2")
  })
})

describe("a line", () => {
  it("says times, and rounds them where people do", () => {
    const table: ReadonlyArray<readonly [number, string]> = [
      [0, "0.0 s"],
      [840, "0.8 s"],
      [9_949, "9.9 s"],
      [9_950, "10 s"],
      [59_499, "59 s"],
      [59_500, "1 min"],
      [60_000, "1 min"],
      [125_000, "2 min 5 s"],
      [3_599_000, "59 min 59 s"],
      [3_600_000, "1 h"],
      [3_660_000, "1 h 1 min"],
      [7_200_000, "2 h"]
    ]
    for (const [millis, words] of table) assert.strictEqual(Lines.time(millis), words, `${millis}`)
  })

  it("says dollars, bytes and ages", () => {
    const dollars = [undefined, "x", "0", "0.00009", "0.0001", "0.0012", "0.9999", "1", "1.254"]
    assert.deepStrictEqual(dollars.map((each) => Lines.money(each, false)), [
      "-",
      "-",
      "$0",
      "<$0.0001",
      "$0.0001",
      "$0.0012",
      "$0.9999",
      "$1.00",
      "$1.25"
    ])
    assert.deepStrictEqual([Lines.money("1", true), Lines.money(undefined, true)], ["~$1.00", "-"])
    const sizes = [
      0,
      9,
      999,
      1000,
      1234,
      9949,
      10_000,
      999_499,
      1_234_567,
      12_345_678,
      5_000_000_000,
      5_000_000_000_000
    ]
    assert.deepStrictEqual(sizes.map(bytes), [
      "0 B",
      "9 B",
      "999 B",
      "1.0 kB",
      "1.2 kB",
      "9.9 kB",
      "10 kB",
      "999 kB",
      "1.2 MB",
      "12 MB",
      "5.0 GB",
      "5000 GB"
    ])
    const ages = [-5, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000]
    assert.deepStrictEqual(ages.map(Age.say), ["now", "now", "1 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d"])
  })

  it("reads ages as people write them, and no others", () => {
    const good = ["30d", "12 h", "2 weeks", "1 Day", "1.5min", "90s", "5 m", "1w", "3 seconds", " 4 hours "]
    const millis = [
      2_592_000_000,
      43_200_000,
      1_209_600_000,
      86_400_000,
      90_000,
      90_000,
      300_000,
      604_800_000,
      3_000,
      14_400_000
    ]
    assert.deepStrictEqual(good.map((text) => Duration.toMillis(Age.parse(text) ?? 0)), millis)
    for (const text of ["", "d", "30", "30 x", "-1d", "1 dayss", "1.2345s", "1 month", "10000000000 s"]) {
      assert.isUndefined(Age.parse(text), text)
    }
  })

  it("is cut to cells, and says why an answer ended", () => {
    assert.deepStrictEqual([0, 1, 2, 3, 4].map((columns) => Lines.fit("a漢b", columns)), ["", "a", "a", "a漢", "a漢b"])
    assert.deepStrictEqual([undefined, "STOP", "MAX_TOKENS", "SAFETY"].map(Lines.cut), [
      "",
      "",
      "; cut at max_output_tokens",
      "; ended by SAFETY"
    ])
    assert.strictEqual(Lines.used(undefined), "tokens not counted")
    assert.strictEqual(Lines.spinner(0), Lines.spinner(1000))
    assert.strictEqual(Lines.spinner(99), Lines.spinner(0))
    assert.notStrictEqual(Lines.spinner(100), Lines.spinner(0))
  })
})

describe("a command that was mistyped", () => {
  const near = (line: string) => {
    const said = Slash.parse(line)
    return said._tag === "Wrong" ? /did you mean (\/\w+)\?/.exec(said.why)?.[1] : said._tag
  }
  it("is one of two letters' distance, and no further", () => {
    assert.deepStrictEqual(["/hepl", "/halp", "/hlp", "/hel", "/hxxp", "/xhelpx", "/hxxx"].map(near), [
      "/help",
      "/help",
      "/help",
      "/help",
      "/help",
      "/help",
      undefined
    ])
    assert.deepStrictEqual(["/compat", "/atach", "/sistem", "/zzzz", "/modelll"].map(near), [
      "/compact",
      "/attach",
      "/system",
      undefined,
      "/model"
    ])
  })
})

describe("config.toml", () => {
  const read = (text: string) => ConfigFile.parse(text, "c.toml")
  it("has settings with their lines, and servers of tools", () => {
    const made = Result.getOrThrow(read(
      "model = \"gemini-3.8-flash\"\n\nhistory = false\n[mcp.files]\ncommand = \"npx\"\nargs = [\"-y\"]\nenv = { A = \"1\" }\n" +
        "readonly = [\"read\"]\n[mcp.far]\nurl = \"https://example.org\"\nheaders = { B = \"2\" }\n"
    ))
    assert.deepStrictEqual([...made.values], [["model", "gemini-3.8-flash"], ["history", "false"]])
    assert.deepStrictEqual([...made.lines], [["model", 1], ["history", 3]])
    assert.isFalse(made.hasProvider)
    const none = { command: undefined, cwd: undefined, url: undefined, args: [], env: {}, headers: {}, readonly: [] }
    assert.deepStrictEqual(made.servers, [
      { ...none, name: "files", command: "npx", args: ["-y"], env: { A: "1" }, readonly: ["read"] },
      { ...none, name: "far", url: "https://example.org", headers: { B: "2" } }
    ])
    assert.isTrue(Result.getOrThrow(read("[providers.x]\n")).hasProvider)
  })

  const wrong: ReadonlyArray<readonly [text: string, problems: ReadonlyArray<RegExp>]> = [
    ["model =", [/^c\.toml:1: /]],
    ["\nmodle = \"x\"", [/^c\.toml:2: modle: there is no such setting.*model/]],
    ["quite_another = 1", [/^c\.toml:1: quite_another: there is no such setting \(there are model, .* and mcp\)$/]],
    ["api_key = \"x\"", [/^c\.toml:1: api_key: there is no such setting: `gemini-fx keys set` keeps a key/]],
    ["model = 1", [/^c\.toml:1: model: expected a text, got /]],
    ["history = \"yes\"", [/^c\.toml:1: history: expected true or false, got /]],
    ["mcp = 1", [/^c\.toml:1: mcp: expected tables, such as \[mcp\.files\]$/]],
    ["[mcp]\nx = 1", [/mcp\.x: expected a table \[mcp\.x\]$/]],
    ["[mcp.1x]\ncommand = \"a\"", [/a server's name is a letter and up to 31 letters, digits, - or _$/]],
    ["[mcp.x]", [/expected a command to start or the url of a server, one of them$/]],
    ["[mcp.x]\ncommand = \"a\"\nurl = \"https://a\"", [/expected a command to start or the url/]],
    ["[mcp.x]\nurl = \"ftp://a\"", [/^c\.toml:2: mcp\.x\.url: expected http:\/\/ or https:\/\/, got /]],
    ["[mcp.x]\ncommand = \"\"", [/^c\.toml:2: mcp\.x\.command: expected a text, got /]],
    ["[mcp.x]\ncommand = \"a\"\nargs = \"b\"", [/^c\.toml:3: mcp\.x\.args: expected a list of texts, got /]],
    ["[mcp.x]\ncommand = \"a\"\nargs = [1]", [/mcp\.x\.args: expected a list of texts/]],
    ["[mcp.x]\ncommand = \"a\"\nenv = [\"A\"]", [/mcp\.x\.env: expected texts by name, such as \{ NAME = "value" \}$/]],
    ["[mcp.x]\ncommand = \"a\"\nenv = { A = 1 }", [/mcp\.x\.env: expected texts by name/]],
    ["[mcp.x]\ncomand = \"a\"", [/mcp\.x\.comand: there is no such key.*command/]],
    ["[mcp.x]\nquite_another = 1\n[mcp.y]\ncommand = 1", [
      /mcp\.x\.quite_another: there is no such key \(the keys here are /,
      /^c\.toml:4: mcp\.y\.command: expected a text/
    ]]
  ]
  it.each(wrong)("%j", (text, problems) => {
    const found = Result.getOrThrow(Result.flip(read(text)))
    assert.strictEqual(found.length, problems.length, found.join("\n"))
    for (const [i, pattern] of problems.entries()) assert.match(found[i] ?? "", pattern)
  })

  it("a name has at most 32 letters", () => {
    const named = (length: number) => Result.isSuccess(read(`[mcp.${"a".repeat(length)}]\ncommand = "x"`))
    assert.deepStrictEqual([1, 32, 33].map(named), [true, true, false])
  })
})
