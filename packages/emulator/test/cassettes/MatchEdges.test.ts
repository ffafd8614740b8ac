/** What tells two requests apart, what is secret, and why nothing is found, each at its edges and without a server. */
import { assert, describe, it } from "@effect/vitest"
import type * as Recording from "effect-gemini-emulator/cassettes/Recording"
import * as Findings from "../../src/internal/cassettes/findings.ts"
import * as Matching from "../../src/internal/cassettes/matching.ts"
import * as Misses from "../../src/internal/cassettes/misses.ts"
import * as Placeholders from "../../src/internal/cassettes/Placeholders.ts"
import * as Recordings from "../../src/internal/cassettes/Recordings.ts"
import { http, live, placed } from "./exchanges.ts"

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

const search = (names: ReadonlyArray<string>, values: ReadonlyArray<string> = []): Findings.Search => ({
  detectors: Findings.detectors.filter(({ name }) => names.includes(name)),
  values
})

describe("what is found in a text", () => {
  /** The digits with the check digit behind them. */
  const checked = (digits: string): string => {
    for (let last = 0; last < 10; last++) {
      const sum = Array.from(`${digits}${last}`).toReversed().reduce((all, letter, i) => {
        const double = Number(letter) * (i % 2 === 1 ? 2 : 1)
        return all + (double > 9 ? double - 9 : double)
      }, 0)
      if (sum % 10 === 0) return `${digits}${last}`
    }
    return digits
  }
  const digits = (length: number) => checked("4929804463622139123455".slice(0, length - 1))

  it("a card has 13 to 19 digits, its check digit, and not one digit alone", () => {
    const found = [12, 13, 14, 16, 18, 19, 20].map((length) => Findings.find(digits(length), search(["card"])).length)
    assert.deepStrictEqual(found, [0, 1, 1, 1, 1, 1, 0])
    const holds = Findings.detectors.find(({ name }) => name === "card")?.holds
    assert.deepStrictEqual([12, 13, 19, 20].map((length) => holds?.(digits(length))), [false, true, true, false])
    for (const wrong of ["0000000000000", "0000000000000000", `${digits(16).slice(0, 15)}x`]) {
      assert.deepStrictEqual(Findings.find(wrong, search(["card"])), [], wrong)
    }
    const card = digits(16)
    const other = String((Number(card[15]) + 1) % 10)
    assert.strictEqual(Findings.find(card.slice(0, 15) + other, search(["card"])).length, 0)
    const spaced = card.replace(/(....)(?=.)/g, "$1-")
    assert.deepStrictEqual(Findings.find(`a ${spaced} b`, search(["card"])), [{ start: 2, end: 21, kind: "CARD" }])
  })

  it("a value wherever it stands; what overlaps is taken out as one, what touches is not", () => {
    const find = (text: string, ...values: ReadonlyArray<string>) =>
      Findings.find(text, search([], values)).map(({ end, start }) => [start, end])
    assert.deepStrictEqual(find("abab ab", "ab"), [[0, 2], [2, 4], [5, 7]])
    assert.deepStrictEqual(find("abcdef", "abcd", "cdef"), [[0, 6]])
    assert.deepStrictEqual(find("abcdef", "abc", "def"), [[0, 3], [3, 6]])
    assert.deepStrictEqual(find("abcdef", "abcdef", "cd", "abc"), [[0, 6]])
    assert.deepStrictEqual(find("abcdef", "bcd", "abc", "ef"), [[0, 4], [4, 6]])
    assert.deepStrictEqual(find("abcdefgh", "abcdef", "bc", "efgh"), [[0, 8]])
    assert.deepStrictEqual(find("nothing", "ab"), [])
  })

  it("no placeholder, no name that is nobody's, and nothing that is a part of more", () => {
    const home = (path: string) => Findings.find(path, search(["home"])).length
    assert.deepStrictEqual(
      ["/home/ada/x", "/Users/ada", "C:\\Users\\ada", "/home/runner/x", "/home/Shared", "/home/userx"].map(home),
      [1, 1, 1, 0, 0, 1]
    )
    assert.deepStrictEqual(Findings.find("/home/REDACTED_PATH_1/x", search(["home"])), [])
    const email = (text: string) => Findings.find(text, search(["email"])).length
    assert.deepStrictEqual(["ada@example.org", "ada@example", "ada@example.org-x"].map(email), [1, 0, 0])
  })
})

describe("placeholders", () => {
  it("are one a secret and kind, count by kind, and go on behind those that were seen", () => {
    const made = Placeholders.make()
    assert.deepStrictEqual(
      [made.of("KEY", "a"), made.of("KEY", "b"), made.of("KEY", "a"), made.of("EMAIL", "a")],
      ["REDACTED_KEY_1", "REDACTED_KEY_2", "REDACTED_KEY_1", "REDACTED_EMAIL_1"]
    )
    made.seen("x REDACTED_KEY_7 REDACTED_KEY_3 REDACTED_OTHER_2")
    made.seen("REDACTED_EMAIL_1")
    assert.deepStrictEqual(
      [made.of("KEY", "c"), made.of("EMAIL", "c"), made.of("OTHER", "c"), made.of("KEY", "b")],
      ["REDACTED_KEY_8", "REDACTED_EMAIL_2", "REDACTED_OTHER_3", "REDACTED_KEY_2"]
    )
    assert.deepStrictEqual(
      ["REDACTED_KEY_1", "REDACTED_KEY_", "xREDACTED_KEY_1", "REDACTED_KEY_1x"].map(Placeholders.isOne),
      [true, false, false, false]
    )
  })

  it("are counted anew where two texts are compared, one number a secret", () => {
    assert.strictEqual(
      Placeholders.renumbered("REDACTED_KEY_9 REDACTED_EMAIL_9 REDACTED_KEY_9 REDACTED_KEY_2"),
      "REDACTED_KEY_#1 REDACTED_EMAIL_#2 REDACTED_KEY_#1 REDACTED_KEY_#3"
    )
  })
})

const sought = (body: unknown, more: Partial<Matching.Sought> = {}): Matching.Sought => ({
  method: "POST",
  path: "/v1beta/models/m:generateContent",
  contentType: "application/json",
  body: bytes(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)),
  ...more
})

describe("whether two requests are one", () => {
  const none: ReadonlySet<string> = new Set()
  const isOne = (mode: Matching.Strictness, one: unknown, other: unknown, ignore = none) => {
    const [a, b] = [one, other].map((each) => Matching.keysOf(sought(each), mode, ignore))
    return a?.[0] === b?.[0]
  }
  const said = (text: string, more: object = {}) => ({ contents: [{ role: "user", parts: [{ text }] }], ...more })
  const rows: ReadonlyArray<readonly [string, unknown, unknown, strict: boolean, loose: boolean]> = [
    ["itself", said("a"), said("a"), true, true],
    ["other words", said("a"), said("b"), false, false],
    ["another order of fields", { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true, true],
    ["another order of a list", { a: [1, 2] }, { a: [2, 1] }, false, false],
    ["names as the wire may write them", { system_instruction: 1 }, { systemInstruction: 1 }, true, true],
    ["another seed", { generationConfig: { seed: 1 } }, { generationConfig: { seed: 2 } }, false, true],
    [
      "another temperature",
      { generationConfig: { temperature: 1 } },
      { generationConfig: { temperature: 2 } },
      false,
      false
    ],
    ["another id within a list", { a: [{ id: 1 }] }, { a: [{ id: 2 }] }, false, true],
    ["another display name", { displayName: "a" }, { displayName: "b" }, false, true],
    ["another moment", said("at 2026-01-02T03:04:05Z"), said("at 2027-01-02T03:04:05.678+02:00"), false, true],
    [
      "another UUID",
      said("01234567-89ab-cdef-0123-456789abcdef"),
      said("11234567-89ab-cdef-0123-456789abcdef"),
      false,
      true
    ],
    ["no UUID", said("01234567-89ab-cdef-0123-456789abcde"), said("11234567-89ab-cdef-0123-456789abcde"), false, false],
    ["null and nothing", { a: null }, {}, false, false],
    ["no body", undefined, undefined, true, true],
    ["a body and none", undefined, {}, false, false],
    ["text that is no JSON", "a=1", "a=1", true, true],
    ["other text that is no JSON", "a=1", "a=2", false, false]
  ]
  it.each(rows)("%s", (_, one, other, strict, loose) => {
    assert.strictEqual(isOne("strict", one, other), strict)
    assert.strictEqual(isOne("loose", one, other), loose)
    assert.isTrue(isOne("order", one, other))
  })

  it("a field that is ignored is so at its place alone", () => {
    const ignore = new Set(["a.b"])
    assert.isTrue(isOne("loose", { a: { b: 1 } }, { a: { b: 2 } }, ignore))
    assert.isTrue(isOne("loose", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, ignore))
    assert.isFalse(isOne("loose", { b: 1 }, { b: 2 }, ignore))
    assert.isFalse(isOne("loose", { a: { a: { b: 1 } } }, { a: { a: { b: 2 } } }, ignore))
    assert.isFalse(isOne("strict", { a: { b: 1 } }, { a: { b: 2 } }, ignore))
  })

  it("the method, the path and the numbers of placeholders, which begin anew in each request", () => {
    const key = (more: Partial<Matching.Sought>, mode: Matching.Strictness = "strict", body: unknown = {}) =>
      Matching.keysOf(sought(body, more), mode, none)[0]
    for (const mode of ["strict", "loose", "order"] as const) {
      assert.notStrictEqual(key({ method: "GET" }, mode), key({}, mode))
      assert.notStrictEqual(key({ path: "/v1beta/models/n:generateContent" }, mode), key({}, mode))
      assert.strictEqual(
        key({ path: "/a?b=REDACTED_QUERY_4" }, mode, { a: "REDACTED_KEY_1" }),
        key({ path: "/a?b=REDACTED_QUERY_9" }, mode, { a: "REDACTED_KEY_7" })
      )
    }
    assert.notStrictEqual(
      key({}, "strict", { a: "REDACTED_KEY_1", b: "REDACTED_KEY_1" }),
      key({}, "strict", { a: "REDACTED_KEY_1", b: "REDACTED_KEY_2" })
    )
  })

  it("the boundary of a form is not what it says", () => {
    const form = (boundary: string, text: string, quote = "") =>
      Matching.keysOf(
        sought(`--${boundary}\r\n${text}\r\n--${boundary}--`, {
          contentType: `multipart/related; boundary=${quote}${boundary}${quote}`
        }),
        "strict",
        none
      )
    assert.deepStrictEqual(form("one", "a"), form("two", "a", "\""))
    assert.notDeepEqual(form("one", "a"), form("two", "b"))
  })

  it("loosely, a conversation is known by its system, its tools, its length and its last words", () => {
    const turn = (role: string, ...parts: ReadonlyArray<unknown>) => ({ role, parts })
    const base = {
      systemInstruction: { parts: [{ text: "Be brief" }] },
      tools: [{ functionDeclarations: [{ name: "f", description: "d" }, { name: "g" }] }],
      contents: [turn("user", { text: "a" }), turn("model", { text: "b" }), turn("user", { text: "c" })]
    }
    const keys = (body: unknown) => Matching.keysOf(sought(body), "loose", none)
    const same = (body: unknown) => {
      assert.strictEqual(keys(body).length, 2)
      assert.notStrictEqual(keys(body)[0], keys(base)[0])
      return keys(body)[1] === keys(base)[1]
    }
    const last = (...parts: ReadonlyArray<unknown>) => ({
      ...base,
      contents: [...base.contents.slice(0, 2), turn("user", ...parts)]
    })
    assert.isTrue(same({ ...base, contents: [turn("user", { text: "other" }), ...base.contents.slice(1)] }))
    assert.isTrue(same({ ...base, generationConfig: { temperature: 1 } }))
    assert.isTrue(
      same({ ...base, tools: [{ functionDeclarations: [{ name: "f" }] }, { functionDeclarations: [{ name: "g" }] }] })
    )
    assert.isFalse(same({ ...base, systemInstruction: { parts: [{ text: "Be long" }] } }))
    assert.isFalse(same({ ...base, tools: [{ functionDeclarations: [{ name: "f" }] }] }))
    assert.isFalse(same({ ...base, contents: base.contents.slice(1) }))
    assert.isFalse(same(last({ text: "d" })))
    assert.isFalse(same(last({ text: "c" }, { text: "d" })))
    const responds = (name: string, response: unknown) => last({ functionResponse: { name, response } })
    assert.strictEqual(keys(responds("f", { a: 1 }))[1], keys(responds("f", { a: 2 }))[1])
    assert.notStrictEqual(keys(responds("f", {}))[1], keys(responds("g", {}))[1])
    const calls = (name: string) => last({ functionCall: { name } })
    assert.notStrictEqual(keys(calls("f"))[1], keys(calls("g"))[1])
    assert.strictEqual(keys({ contents: [] }).length, 1)
    assert.strictEqual(keys({ a: 1 }).length, 1)
    assert.strictEqual(keys("no JSON").length, 1)
  })
})

describe("how two values differ", () => {
  const rows: ReadonlyArray<readonly [unknown, unknown, ReadonlyArray<string>]> = [
    [{ a: 1 }, { a: 1 }, []],
    [1, 2, ["the body: recorded 1, asked 2"]],
    [{ a: 1 }, { a: 2 }, ["a: recorded 1, asked 2"]],
    [{ a: 1 }, {}, ["a: recorded 1, asked nothing"]],
    [{}, { a: null }, ["a: recorded nothing, asked null"]],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, ["a.b[1]: recorded 2, asked 3"]],
    [[1], [1, 2], ["[1]: recorded nothing, asked 2"]],
    [[1, 2], [1], ["[1]: recorded 2, asked nothing"]],
    [{ a: [] }, { a: {} }, ["a: recorded [], asked {}"]],
    [{ a: 1, b: 2 }, { b: 3, c: 4 }, [
      "a: recorded 1, asked nothing",
      "b: recorded 2, asked 3",
      "c: recorded nothing, asked 4"
    ]]
  ]
  it.each(rows)("%j and %j", (recorded, asked, found) => {
    assert.deepStrictEqual(Matching.differences(recorded, asked), found)
  })

  it("are said up to so many, and each in 80 letters", () => {
    const list = (n: number, value: number) => Array.from({ length: n }, () => value)
    assert.strictEqual(Matching.differences(list(9, 1), list(9, 2)).length, 5)
    assert.strictEqual(Matching.differences(list(9, 1), list(9, 2), 2).length, 2)
    assert.strictEqual(Matching.differences([list(9, 1), list(9, 1)], [list(9, 2), list(9, 2)], 12).length, 12)
    const long = (length: number) => Matching.differences("x".repeat(length - 2), 0)[0]
    assert.strictEqual(long(80), `the body: recorded "${"x".repeat(78)}", asked 0`)
    assert.strictEqual(long(81), `the body: recorded "${"x".repeat(76)}..., asked 0`)
  })
})

describe("the recordings of a cassette", () => {
  it("are given once each, in their order, also by the second of their keys", () => {
    const said = (text: string, seed: number) => ({
      contents: [{ parts: [{ text }] }],
      generationConfig: { top: seed }
    })
    const all = Recordings.make(
      "f",
      placed<Recording.Recording>(http(3, said("a", 1)), http(1, said("a", 1)), http(2, said("a", 2))),
      "loose",
      []
    )
    assert.deepStrictEqual([all.size, all.played(), all.unused().length], [3, 0, 3])
    const take = (seed: number) => all.take(sought(said("a", seed), { contentType: "" }))?.n
    assert.deepStrictEqual([take(9), take(1), take(2), take(1)], [1, 3, 2, undefined])
    assert.deepStrictEqual([all.played(), all.unused()], [3, []])
  })

  it("of Live are those of their path, and a session that the server begins is one where it acts first", () => {
    const frame = (from: "c" | "s") => [0, from, "text", "{}"] as const
    const speaks = (session: Recording.Live) => {
      const all = Recordings.make("f", placed<Recording.Recording>(session), "strict", [])
      const taken = all.takeSpeaking("/ws")
      assert.strictEqual(all.played(), taken === undefined ? 0 : 1)
      return taken !== undefined
    }
    const close = (by: "c" | "s") => ({ by, code: 1000, reason: "", ms: 1 })
    assert.deepStrictEqual(
      [
        live(1),
        live(1, { frames: [frame("c")] }),
        live(1, { frames: [frame("s")] }),
        live(1, { close: close("s") }),
        live(1, { close: close("c") }),
        live(1, { deaf: 0 }),
        live(1, { frames: [frame("c")], close: close("s"), deaf: 0 })
      ].map(speaks),
      [false, false, true, true, false, true, false]
    )
    const refused = { status: 403, headers: {}, body: "no" }
    const all = Recordings.make(
      "f",
      placed<Recording.Recording>(
        live(2, { refused }),
        live(1, { live: { path: "/other", headers: {} } }),
        live(3),
        live(4, { frames: [frame("c")] }),
        http(5, {})
      ),
      "strict",
      []
    )
    assert.isUndefined(all.takeSpeaking("/none"))
    assert.isUndefined(all.liveRefusal("/other"))
    assert.strictEqual(all.nextLive("/ws")?.n, 2)
    assert.strictEqual(all.liveRefusal("/ws")?.n, 2)
    assert.isUndefined(all.liveRefusal("/ws"))
    assert.strictEqual(all.nextLive("/ws")?.n, 3)
    assert.isUndefined(all.takeLive("/ws", () => false))
    assert.strictEqual(all.played(), 1)
    all.takeEmpty("/ws")
    assert.strictEqual(all.played(), 2)
    // What has frames is not empty, and what is not there is none.
    all.takeEmpty("/ws")
    all.takeEmpty("/none")
    assert.strictEqual(all.played(), 2)
    assert.include(all.missLive("/ws", bytes("{\"a\":1}")), "line 5, which differs in a")
    assert.strictEqual(all.takeLive("/ws", () => true)?.n, 4)
    assert.strictEqual(all.missLive("/ws", bytes("{}")), "none begins with a message of the client")
    assert.deepStrictEqual(all.unused(), ["Live /other", "POST /v1beta/models/m:generateContent"])
  })

  it("that are missed are told by what is nearest", () => {
    const miss = (asked: Matching.Sought, ...recorded: ReadonlyArray<Recording.Http>) =>
      Misses.ofRequest(placed(...recorded), asked, {
        askedOf: ({ request }) =>
          sought(typeof request.body === "string" ? request.body : undefined, {
            method: request.method,
            path: request.path
          }),
        keyOf: (each) => Matching.keysOf(each, "strict", new Set())[0]
      })
    const body = { a: 1, b: 2 }
    assert.strictEqual(miss(sought(body)), "the cassette holds no request")
    const named = (...names: ReadonlyArray<string>) => names.map((name, i) => http(i, {}, { path: `/v1beta/${name}` }))
    assert.strictEqual(
      miss(sought(body), ...named("a", "b", "a", "c")),
      "nothing is recorded of this method and path; recorded are POST /v1beta/a; POST /v1beta/b; POST /v1beta/c"
    )
    assert.match(miss(sought(body), ...named("a", "b", "c", "d")), /POST \/v1beta\/c; …$/)
    assert.match(miss(sought(body, { method: "GET" }), http(1, body)), /^nothing is recorded of this method/)
    assert.strictEqual(
      miss(sought(body), http(1, body)),
      "its recording (line 2) has been played already, and each is played once"
    )
    const many = (n: number) => miss(sought(body), ...Array.from({ length: n }, (_, i) => http(i, body)))
    assert.strictEqual(
      many(2),
      "all 2 of its recordings (lines 2, 3) have been played already, and each is played once"
    )
    assert.include(many(5), "(lines 2, 3, 4, 5, 6) ")
    assert.include(many(6), "(lines 2, 3, 4, 5, 6, …) ")
    assert.strictEqual(
      miss(sought(body), http(1, { a: 2, b: 3 }), http(2, { a: 1, b: 3 }), http(3, { a: 2, b: 2 })),
      "the nearest recording is line 3, which differs in b: recorded 3, asked 2"
    )
    assert.strictEqual(
      miss(sought("x=1"), { ...http(1, undefined), request: { ...http(1, undefined).request, body: "x=2" } }),
      "the nearest recording is line 2, which differs in the body"
    )
    const other = { path: "/v1beta/models/n:generateContent" }
    assert.include(miss(sought(body, other), http(1, body)), "differs in the model: recorded m, asked n")
    assert.include(
      miss(sought(body, { path: "/v1beta/models/n:generateContent?alt=sse" }), http(1, body)),
      "differs in the address: recorded POST /v1beta/models/m:generateContent, asked POST"
    )
    const wide = (n: number, value: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, value]))
    assert.match(miss(sought(wide(4, 2)), http(1, wide(4, 1))), /f3: recorded 1, asked 2$/)
    assert.match(miss(sought(wide(6, 2)), http(1, wide(6, 1))), /f3: recorded 1, asked 2; and 2 more$/)
    assert.strictEqual(
      Misses.ofMessage(bytes("no JSON"), bytes("none")),
      "the body: recorded \"no JSON\", asked \"none\""
    )
    const firsts = [{ line: 9, first: bytes("{\"a\":2,\"b\":2}") }, { line: 4, first: bytes("{\"a\":1,\"b\":2}") }, {
      line: 3,
      first: bytes("{\"a\":1,\"b\":3}")
    }]
    assert.include(Misses.ofSession(firsts, bytes("{\"a\":1,\"b\":1}")), "the nearest is line 3, which differs in b")
  })
})
