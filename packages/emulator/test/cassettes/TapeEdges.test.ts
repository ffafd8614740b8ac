/** What cassettes are read and written with, each at its edges: tokens of torn JSON, TOML, and replies of recordings. */
import { assert, describe, it } from "@effect/vitest"
import type * as Recording from "effect-gemini-emulator/cassettes/Recording"
import * as Toml from "effect/encoding/Toml"
import * as Result from "effect/Result"
import * as JsonTokens from "../../src/internal/cassettes/jsonTokens.ts"
import * as RecordedReply from "../../src/internal/cassettes/recordedReply.ts"
import * as TomlText from "../../src/internal/cassettes/tomlText.ts"

describe("the tokens of a JSON text", () => {
  const tokens = (text: string, from?: number, to?: number) =>
    JsonTokens.tokensOf(text, from, to).map(({ kind, track, value }) =>
      `${kind === "key" ? "key " : ""}${track} ${value}`
    )

  it("have the fields that lead to them, without the places in lists but for candidates", () => {
    assert.deepStrictEqual(tokens("{\"a\":[\"x\",-1.5e2,{\"b\":\"y\"}],\"c\":true,\"d\":null}"), [
      "key .* a",
      ".a x",
      ".a -1.5e2",
      "key .a.* b",
      ".a.b y",
      "key .* c",
      "key .* d"
    ])
    const candidates =
      "{\"candidates\":[{\"text\":\"a\"},{\"index\":7,\"text\":\"b\"},{\"index\":\"8\",\"text\":\"c\"},\"d\"]}"
    assert.deepStrictEqual(tokens(candidates).filter((each) => !each.startsWith("key")), [
      ".candidates[0].text a",
      ".candidates[7].index 7",
      ".candidates[7].text b",
      ".candidates[8].index 8",
      ".candidates[8].text c",
      ".candidates[3] d"
    ])
  })

  it("of thoughts and of arguments in pieces are of tracks of their own", () => {
    assert.deepStrictEqual(tokens("{\"text\":\"a\",\"thought\":true}"), [
      "key !thought.* text",
      "!thought.text a",
      "key !thought.* thought"
    ])
    assert.deepStrictEqual(tokens("{\"text\":\"a\",\"thought\":false}")[1], ".text a")
    assert.deepStrictEqual(tokens("{\"text\":\"a\",\"thought\":\"true\"}")[1], ".text a")
    assert.deepStrictEqual(tokens("{\"jsonPath\":\"$.city\",\"stringValue\":\"Os\"}"), [
      "key @$.city.* jsonPath",
      "@$.city.jsonPath $.city",
      "key @$.city.* stringValue",
      "@$.city.stringValue Os"
    ])
  })

  it("are read of several values, of values that are torn, and of what is none", () => {
    assert.deepStrictEqual(tokens("{\"a\":\"x\"}, [\"y\"]] \"z\""), ["key .* a", ".a x", " y", " z"])
    assert.deepStrictEqual(tokens("{\"a\":\"x"), ["key .* a", ".a x"])
    assert.deepStrictEqual(tokens("{\"a\""), ["key .* a"])
    assert.deepStrictEqual(tokens("{\"a\":"), ["key .* a"])
    assert.deepStrictEqual(tokens("{\"a\":1,"), ["key .* a", ".a 1"])
    assert.deepStrictEqual(tokens("[\"a\",,\"b\"]"), [" a", " b"])
    assert.deepStrictEqual(tokens("\"a\\"), [" a\\"])
    for (const text of ["", " ", "?!", "{", "}", "[", "true", "{a:1}".slice(0, 2)]) {
      assert.deepStrictEqual(tokens(text), [], text)
    }
    assert.deepStrictEqual(tokens("x \"a\" \"b\" \"c\"", 5, 10), [" b"])
    assert.deepStrictEqual(tokens("12345", 1, 3), [" 23"])
    const deep = (n: number) => tokens(`${"[".repeat(n)}"a"${"]".repeat(n)}`).length
    assert.deepStrictEqual([1, 200].map(deep), [1, 1])
  })

  it("say what escapes stand for, and where each letter stands", () => {
    const text = "{\"k\":\"a\\n\\u00e9\\\"b\\/\\q\\u12\"}"
    const token = JsonTokens.tokensOf(text)[1] ?? assert.fail("there is none")
    assert.strictEqual(token.value.slice(0, 7), "a\né\"b/q")
    const at = [0, 1, 2, 3, 4].map((letter) => text.slice(JsonTokens.placeIn(text, token, letter)).slice(0, 2))
    assert.deepStrictEqual(at, ["a\\", "\\n", "\\u", "\\\"", "b\\"])
    assert.strictEqual(JsonTokens.placeIn(text, token, 100), token.end)
    const [number] = JsonTokens.tokensOf(" 1234")
    assert.strictEqual(number === undefined ? -1 : JsonTokens.placeIn(" 1234", number, 2), 3)
    const escapes = "\"\\b\\f\\n\\r\\t\\\\\\\"\""
    assert.strictEqual(JsonTokens.tokensOf(escapes)[0]?.value, JSON.parse(escapes))
  })
})

describe("TOML for a person", () => {
  const values: ReadonlyArray<unknown> = [
    "",
    "a",
    "two\nlines",
    "\nbegins and ends with one\n",
    "three \"\"\" marks\nand one at the end\"",
    "\"\"\"\n\"\"\"\"",
    "back\\slash\n\\u0041",
    "tab\t, return\r, bell\u0007, delete\u007f\nx",
    "é漢🙂\n",
    0,
    -7,
    1.5,
    1e21,
    1e-7,
    9_007_199_254_740_991,
    true,
    [],
    [1, "a", [true]],
    {},
    { a: 1, "b c": { "d.e": ["f\ng"] } }
  ]
  it.each(values.map((value) => [value] as const))("%j is read as it was", (value) => {
    assert.isTrue(TomlText.canSay(value))
    const read = (text: string) => Result.getOrThrow(Toml.parse(text))
    assert.deepStrictEqual(read(TomlText.field("x", value)), { x: value })
    assert.deepStrictEqual(read(TomlText.field("x y", value)), { "x y": value })
    assert.deepStrictEqual(read(`y = ${TomlText.inline({ z: value })}`), { y: { z: value } })
    assert.deepStrictEqual(read(TomlText.rule({ name: "n", reply: { text: value, more: "m".repeat(120) } })), {
      rule: [{ name: "n", reply: { text: value, more: "m".repeat(120) } }]
    })
  })

  it("has no null and no number that is none, and leaves out what is undefined", () => {
    for (
      const value of [null, undefined, Number.NaN, Infinity, [null], [undefined], { a: null }, { a: [{ b: null }] }]
    ) {
      assert.isFalse(TomlText.canSay(value))
    }
    assert.isTrue(TomlText.canSay({ a: undefined }))
    assert.strictEqual(TomlText.inline({ a: undefined }), "{}")
    assert.strictEqual(TomlText.rule({ name: "n", reply: undefined }), "[[rule]]\nname = \"n\"")
  })

  it("a rule has its reply in a line of 120 letters, and beyond that in a table or one a line", () => {
    const ofLength = (length: number) =>
      TomlText.rule({ reply: { a: "x".repeat(length - "reply = { a = \"\" }".length) } })
    assert.match(ofLength(120), /^\[\[rule\]\]\nreply = \{ a = "x+" \}$/)
    assert.match(ofLength(121), /^\[\[rule\]\]\n\n\[rule\.reply\]\na = "x+"$/)
    const list = (length: number) =>
      TomlText.rule({ replies: ["x".repeat(length - "replies = [\"\", \"y\"]".length), "y"] })
    assert.match(list(120), /^\[\[rule\]\]\nreplies = \["x+", "y"\]$/)
    assert.match(list(121), /^\[\[rule\]\]\nreplies = \[\n {2}"x+",\n {2}"y",\n\]$/)
    assert.match(TomlText.rule({ text: "x".repeat(200) }), /^\[\[rule\]\]\ntext = "x+"$/)
  })
})

describe("the reply of a recording", () => {
  type Response = Recording.Http["response"]
  const of = (chunks: ReadonlyArray<unknown> | string, more: Partial<Response> = {}, type = "application/json") => {
    const text = typeof chunks === "string"
      ? chunks
      : type === "text/event-stream"
      ? chunks.map((each) => `data: ${JSON.stringify(each)}\r\n\r\n`).join("")
      : JSON.stringify(chunks.length === 1 ? chunks[0] : chunks)
    const response: Response = {
      status: 200,
      headers: { "content-type": type },
      chunks: [[0, text]],
      end: "complete",
      ended: 1,
      ...more
    }
    const made = RecordedReply.of("a.jsonl", response)
    return Result.isFailure(made) ? { failure: made.failure } : made.success
  }
  const sse = "text/event-stream"
  const said = (...parts: ReadonlyArray<object>) => ({ candidates: [{ content: { role: "model", parts }, index: 0 }] })
  const raw = (body: string, status = 200, type = "application/json") => ({
    raw: { status, headers: { "content-type": type }, body }
  })

  it("is a text where nothing else was said, and fields where it was", () => {
    assert.deepStrictEqual(of([said({ text: "Hi" })]), "Hi")
    assert.deepStrictEqual(of([said({ text: "H" }), said({ text: "i" })], {}, sse), "Hi")
    assert.deepStrictEqual(of([said({ text: "H" }), said({ text: "i" })]), "Hi")
    assert.deepStrictEqual(of([said({ text: "t", thought: true }, { text: "Hi", thoughtSignature: "s" })]), {
      text: "Hi",
      thoughts: "t"
    })
    assert.deepStrictEqual(
      of([said({ functionCall: { name: "f", args: { a: 1 }, id: "x" } }, { functionCall: { name: "g" } })]),
      {
        calls: [{ name: "f", args: { a: 1 } }, { name: "g", args: {} }]
      }
    )
    const ended = (finishReason: string) =>
      of([{ candidates: [{ ...said({ text: "Hi" }).candidates[0], finishReason }] }])
    assert.deepStrictEqual(ended("STOP"), "Hi")
    assert.deepStrictEqual(ended("MAX_TOKENS"), { text: "Hi", finishReason: "MAX_TOKENS" })
    assert.deepStrictEqual(ended("NEW_REASON"), { text: "Hi", finishReason: "NEW_REASON", invalid: true })
    assert.deepStrictEqual(
      of([{ ...said({ text: "Hi" }), usageMetadata: {}, modelVersion: "m", responseId: "r" }]),
      "Hi"
    )
  })

  it("is the whole response where the fields cannot say it", () => {
    const whole: ReadonlyArray<Record<string, unknown>> = [
      said({ text: "Hi" }, { inlineData: { mimeType: "a/b", data: "" } }),
      said({ text: "Hi", videoMetadata: {} }),
      said({ functionCall: { name: "f", partialArgs: [] } }),
      said({ functionCall: {} }),
      said({}),
      said(),
      said({ text: "a {{ template }}" }),
      { candidates: [{}, {}] },
      { candidates: [{ groundingMetadata: {} }] },
      { ...said({ text: "Hi" }), promptFeedback: {} },
      { totalTokens: 3 }
    ]
    for (const response of whole) assert.deepStrictEqual(of([response]), { response }, JSON.stringify(response))
    const chunk = said({ text: "Hi" }, { inlineData: {} })
    assert.deepStrictEqual(of([chunk], {}, sse), { chunks: [chunk] })
    assert.deepStrictEqual(of([chunk, chunk]), { chunks: [chunk, chunk] })
  })

  it("is an error with its fields, or as it came", () => {
    const error = { code: 429, message: "Slow", status: "RESOURCE_EXHAUSTED", details: [{ a: 1 }] }
    assert.deepStrictEqual(of([{ error }], { status: 429 }), { error })
    assert.deepStrictEqual(of([{ error: { code: 400, message: "No" } }], { status: 400 }), {
      error: { code: 400, message: "No" }
    })
    for (
      const body of [
        "no JSON",
        "{\"error\":{\"code\":\"x\",\"message\":\"m\"}}",
        "{\"error\":{\"code\":1,\"message\":\"m\",\"more\":1}}",
        "{\"error\":{\"code\":1,\"message\":\"m\",\"details\":[null]}}"
      ]
    ) {
      assert.deepStrictEqual(of(body, { status: 400 }), raw(body, 400), body)
    }
    assert.deepStrictEqual(of([{ error }], { status: 399 }), { response: { error } })
  })

  it("is as it came where it is no JSON or TOML cannot say it, and none where it is no text", () => {
    for (const body of ["", "plain", "[1]", "\"a\"", "{\"a\":null}"]) assert.deepStrictEqual(of(body), raw(body), body)
    assert.deepStrictEqual(of("data: x\n\n", {}, sse), raw("data: x\n\n", 200, sse))
    assert.deepStrictEqual(of("", { chunks: [[0, { base64: "/w==" }]] }), { failure: "its answer is not text" })
    assert.deepStrictEqual(of("", { chunks: [[0, "{\"a\""], [5, ":1}"]], headers: {} }), { response: { a: 1 } })
  })

  it("breaks where the recorded one did", () => {
    assert.deepStrictEqual(of([said({ text: "H" }), said({ text: "i" })], { end: "cut" }, sse), {
      text: "Hi",
      fault: { cut: { chunks: 2 } }
    })
    assert.deepStrictEqual(of([said({ text: "H" })], { end: "reset" }, sse), {
      text: "H",
      fault: { reset: { chunks: 1 } }
    })
    assert.deepStrictEqual(of([said({ text: "H" })], { end: "aborted" }, sse), "H")
  })
})
