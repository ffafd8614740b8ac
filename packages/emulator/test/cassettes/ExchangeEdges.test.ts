/** What of an exchange is kept, how it is played, and which rules and cases say the same, each at its edges. */
import { assert, describe, it } from "@effect/vitest"
import type * as Recording from "effect-gemini-emulator/cassettes/Recording"
import * as Redacted from "effect/Redacted"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Edits from "../../src/internal/cassettes/edits.ts"
import * as Findings from "../../src/internal/cassettes/findings.ts"
import { FragmentCounter } from "../../src/internal/cassettes/FragmentCounter.ts"
import * as HttpPlayer from "../../src/internal/cassettes/httpPlayer.ts"
import * as LiveTurns from "../../src/internal/cassettes/liveTurns.ts"
import * as Placeholders from "../../src/internal/cassettes/Placeholders.ts"
import * as RecordedCases from "../../src/internal/cassettes/recordedCases.ts"
import * as Recordings from "../../src/internal/cassettes/Recordings.ts"
import * as Redactions from "../../src/internal/cassettes/redaction.ts"
import * as RequestView from "../../src/internal/cassettes/requestView.ts"
import * as ScenarioRules from "../../src/internal/cassettes/scenarioRules.ts"
import * as Scrubber from "../../src/internal/cassettes/Scrubber.ts"
import { testFile } from "../../src/internal/cassettes/testFile.ts"
import { http, live } from "./exchanges.ts"

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const textOf = (piece: Uint8Array) => Buffer.from(piece).toString("utf8")

describe("what of a request is kept", () => {
  const scrubber = Scrubber.make({ detectors: [], values: ["secret-value"], paths: new Set() }, Placeholders.make())
  const secret = (value: string) => `<${value}>`
  const path = (text: string) => RequestView.pathOf(new URL(text, "http://localhost"), scrubber, secret)

  it("the path with its query sorted, without its key, and only what is known to be harmless as it is", () => {
    assert.strictEqual(path("/a"), "/a")
    assert.strictEqual(path("/a?pageSize=2&alt=sse&key=k&access_token=t"), "/a?alt=sse&pageSize=2")
    assert.strictEqual(
      path("/a?b=2&b=1&a=secret-value&filter=secret-value"),
      "/a?a=%3Csecret-value%3E&b=%3C2%3E&b=%3C1%3E&filter=REDACTED_VALUE_1"
    )
    assert.strictEqual(path("/x/secret-value"), "/x/REDACTED_VALUE_1")
    assert.strictEqual(path("http://localhost//a//b"), "/a//b")
  })

  it("headers by a list, addresses without their host, and each in the place of whoever plays it", () => {
    assert.deepStrictEqual(
      RequestView.ofRequest(
        { accept: "secret-value", authorization: "a", "content-type": undefined, "x-other": "b" },
        scrubber
      ),
      { accept: "REDACTED_VALUE_1" }
    )
    const kept = RequestView.ofResponse(
      {
        "content-type": "a/b",
        "set-cookie": "c",
        location: "https://host/x?upload_id=u&alt=sse",
        "x-goog-upload-url": "no address"
      },
      scrubber,
      secret
    )
    assert.deepStrictEqual(kept, { "content-type": "a/b", location: `${RequestView.here}/x?alt=sse&upload_id=%3Cu%3E` })
    assert.deepStrictEqual(
      RequestView.toClient({
        ...kept,
        "x-goog-upload-control-url": "https://else",
        "content-disposition": `${RequestView.here}/a`
      }, "http://me"),
      {
        "content-type": "a/b",
        location: "http://me/x?alt=sse&upload_id=%3Cu%3E",
        "x-goog-upload-control-url": "https://else",
        "content-disposition": `${RequestView.here}/a`
      }
    )
  })

  it("rules of a redaction: all detectors or those that are named, own patterns, and values of six letters", () => {
    const rules = (
      given: Parameters<typeof Redactions.rulesOf>[1],
      environment: Record<string, string | undefined> = {}
    ) => Redactions.rulesOf("f", given, environment)
    assert.strictEqual(rules(undefined).detectors.length, Findings.detectors.length)
    assert.deepStrictEqual(rules({ rules: ["card"] }).detectors.map(({ name }) => name), ["card"])
    assert.throws(() => rules({ rules: ["crd"] }), /there is no rule "crd".* Did you mean "card"\?/)
    assert.throws(() => rules({ rules: ["zzzzzzzzzzzz"] }), /taken out\.$/)
    const [own, global] = rules({ rules: [], patterns: [/a/i, /b/g] }).detectors
    assert.deepStrictEqual([own?.pattern.flags, global?.pattern.flags, own?.kind], ["gi", "g", "OWN"])
    const environment = {
      API_KEY: "123456",
      MY_TOKEN: "12345",
      PATH: "1234567",
      KEYS: "7654321",
      DB_PASSWORD: "abcdefg",
      TOKEN_X: undefined
    }
    assert.deepStrictEqual(rules({}, environment).values, ["123456", "abcdefg"])
    assert.deepStrictEqual(rules({ variables: ["PATH", "toString"] }, environment).values, ["1234567"])
    assert.deepStrictEqual(rules({ variables: [], values: [Redacted.make("abcdef")] }).values, ["abcdef"])
    assert.throws(() => rules({ values: [Redacted.make("abcde")] }), /fewer than 6 characters/)
    assert.deepStrictEqual([...rules({ paths: ["a.b"] }).paths], ["a.b"])
  })
})

describe("pieces with their secrets taken out", () => {
  it("are cut where they were cut, in proportion within what is replaced", () => {
    const cut = (pieces: ReadonlyArray<string>, ...edits: ReadonlyArray<Edits.Edit>) =>
      Edits.applied(pieces.map(bytes), pieces.join(""), edits, "utf8").map(textOf)
    const edit = (start: number, end: number, replacement: string) => ({ start, end, replacement })
    assert.deepStrictEqual(cut(["ab", "cd"]), ["ab", "cd"])
    assert.deepStrictEqual(cut(["ab", "cd"], edit(0, 4, "12345678")), ["1234", "5678"])
    assert.deepStrictEqual(cut(["abcd", "ef"], edit(2, 4, "X"), edit(0, 1, "YY")), ["YYbX", "ef"])
    assert.deepStrictEqual(cut(["abc", "", "def"], edit(2, 5, "")), ["ab", "", "f"])
    assert.deepStrictEqual(cut(["é", "éx"], edit(1, 2, "!!!!")), ["é", "!!!!x"])
    assert.deepStrictEqual(cut(["a", "b", "c"], edit(1, 1, "+")), ["a", "+b", "c"])
  })

  it("hold no secret of a track, of a name, of a number or of a field that is always one", () => {
    const scrub = (pieces: ReadonlyArray<string>, rules: Partial<Scrubber.Secrecy> = {}) =>
      Scrubber.make({ detectors: [], values: ["secret"], paths: new Set(), ...rules }, Placeholders.make())
        .body(pieces.map(bytes)).map(textOf)
    assert.deepStrictEqual(scrub(["{\"a\":\"a secret\"}"]), ["{\"a\":\"a REDACTED_VALUE_1\"}"])
    assert.deepStrictEqual(scrub(["{\"a secret\":1}"]), ["{\"a REDACTED_VALUE_1\":1}"])
    assert.deepStrictEqual(scrub(["{\"a\":12345}"], { values: ["12345"] }), ["{\"a\":\"REDACTED_VALUE_1\"}"])
    assert.deepStrictEqual(scrub(["data: {\"t\":\"sec\"}\n\n", "data: {\"t\":\"ret\"}\n\n"]), [
      "data: {\"t\":\"REDACTED\"}\n\n",
      "data: {\"t\":\"_VALUE_1\"}\n\n"
    ])
    assert.deepStrictEqual(scrub(["{\"a\":{\"b\":\"x\"},\"b\":\"y\"}"], { paths: new Set(["a.b"]) }), [
      "{\"a\":{\"b\":\"REDACTED_FIELD_1\"},\"b\":\"y\"}"
    ])
    assert.deepStrictEqual(scrub(["{\"tools\":[{\"headers\":{\"X\":\"y\"}}],\"headers\":{\"X\":\"y\"}}"]), [
      "{\"tools\":[{\"headers\":{\"X\":\"REDACTED_FIELD_1\"}}],\"headers\":{\"X\":\"y\"}}"
    ])
    assert.deepStrictEqual(
      scrub(["{\"thoughtSignature\":\"secr\",\"x\":\"REDACTED_FIELD_1\"}"], {
        values: ["secr"],
        paths: new Set(["x"])
      }),
      [
        "{\"thoughtSignature\":\"REDACTED_VALUE_1\",\"x\":\"REDACTED_FIELD_1\"}"
      ]
    )
    assert.deepStrictEqual(scrub([": secret\n", "plain secret"]), [": REDACTED_VALUE_1\n", "plain REDACTED_VALUE_1"])
    const binary = Scrubber.make({ detectors: [], values: ["secret"], paths: new Set() }, Placeholders.make())
    const [odd = new Uint8Array()] = binary.body([Buffer.concat([Buffer.from([0xff]), Buffer.from("secret")])])
    assert.strictEqual(Buffer.from(odd).toString("latin1"), "\u00ffREDACTED_VALUE_1")
    assert.deepStrictEqual(binary.messages([bytes("{\"t\":\"sec\"}"), bytes("{\"t\":\"ret\"}")]).map(textOf), [
      "{\"t\":\"REDACTED\"}",
      "{\"t\":\"_VALUE_1\"}"
    ])
    assert.deepStrictEqual(binary.left([bytes("{\"t\":\"a secret\"}")]).map(({ kind, text }) => [kind, text]), [
      ["VALUE", "secret"],
      ["VALUE", "secret"]
    ])
    assert.deepStrictEqual(binary.left([bytes("{\"t\":\"sec\"}{\"t\":\"ret\"}")]).map(({ text }) => text), [
      "sec",
      "ret"
    ])
    assert.strictEqual(binary.left([Buffer.concat([Buffer.from([0xff]), Buffer.from("secret")])]).length, 1)
    assert.strictEqual(binary.knowing([]), binary)
    assert.strictEqual(binary.knowing(["other"]).text("secret other"), "REDACTED_VALUE_1 REDACTED_VALUE_2")
  })
})

describe("how many fragments a message had", () => {
  const frame = (length: number, { fin = true, opcode = 1, masked = false } = {}) => {
    const head = length < 126
      ? Buffer.from([0, length])
      : length < 65_536
      ? Buffer.from([0, 126, length >> 8, length & 255])
      : Buffer.from([0, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255])
    head[0] = (fin ? 0x80 : 0) | opcode
    if (masked) head[1] = (head[1] ?? 0) | 0x80
    return Buffer.concat([head, Buffer.alloc(length + (masked ? 4 : 0), 0x01)])
  }
  const wire = Buffer.concat([
    frame(3),
    frame(0),
    frame(125, { fin: false }),
    frame(2, { opcode: 9 }),
    frame(126, { fin: false, opcode: 0 }),
    frame(65_535, { opcode: 0 }),
    frame(65_536, { fin: false, masked: true }),
    frame(1, { opcode: 0, masked: true }),
    frame(5, { opcode: 8 })
  ])
  it.each([1, 2, 3, 7, 4096, wire.length])("is the same however the bytes come: %d at a time", (size) => {
    const counter = new FragmentCounter()
    for (let at = 0; at < wire.length; at += size) counter.read(wire.subarray(at, at + size))
    assert.deepStrictEqual([1, 2, 3, 4, 5].map(() => counter.next()), [1, 1, 3, 2, 1])
  })
})

describe("a recording that is played", () => {
  const steps = (response: Partial<Recording.Http["response"]>, speed: number) =>
    [...HttpPlayer.stepsOf("f", http(1, {}, {}, response), speed, "http://me")].map((step) =>
      Object.fromEntries(
        Object.entries(step).map(([name, value]) => [name, value instanceof Uint8Array ? textOf(value) : value])
      )
    )
  const timed = { answered: 100, chunks: [[100, "a"], [300, ""], [250, "b"]] as const, ended: 400 }
  it("waits as it was, faster, or not at all", () => {
    const waits = (speed: number) =>
      steps(timed, speed).flatMap((step) => typeof step["millis"] === "number" ? [step["millis"]] : [])
    assert.deepStrictEqual(waits(1), [100, 200, 100])
    assert.deepStrictEqual(waits(2), [50, 100, 50])
    assert.deepStrictEqual(waits(0), [])
  })
  it("ends as it did", () => {
    const tags = (end: Recording.Http["response"]["end"], ended = 0) =>
      steps({ ...timed, end, ended }, 1).map((step) => step["_tag"])
    const whole = tags("complete")
    assert.deepStrictEqual(tags("aborted", 400).length, whole.length + 1)
    assert.deepStrictEqual(tags("complete", 400).length, whole.length + 1)
    assert.deepStrictEqual(tags("cut").length, whole.length + 1)
    assert.notDeepEqual(tags("cut").at(-1), tags("aborted").at(-1))
    assert.notDeepEqual(steps({ ...timed, end: "cut" }, 0), steps({ ...timed, end: "reset" }, 0))
    const { status: _, ...none } = http(1, {}).response
    assert.deepStrictEqual(
      [...HttpPlayer.stepsOf("f", { ...http(1, {}), response: { ...none, chunks: [], end: "cut" } }, 1, "")].length,
      1
    )
  })
})

describe("rules of a cassette", () => {
  const model = "/v1beta/models/m:generateContent"
  const asks = (text: string, more: object = {}) => ({ contents: [{ role: "user", parts: [{ text }] }], ...more })
  const made = (...exchanges: ReadonlyArray<Recording.Recording>) =>
    ScenarioRules.make("f", { exchanges, lines: exchanges.map((_, i) => i + 2), bytes: 0 })
  const whens = (...bodies: ReadonlyArray<object>) =>
    made(...bodies.map((body, i) => http(i, body))).rules.map(({ when }) => when)

  it("tell two requests with the same words apart by what differs, and by nothing else", () => {
    assert.deepStrictEqual(whens(asks("a"), asks("b")), [{ text: "a" }, { text: "b" }])
    const system = (text: string) => ({ systemInstruction: { parts: [{ text }] } })
    assert.deepStrictEqual(whens(asks("a", system("x")), asks("a", system("y"))), [{ text: "a", system: "x" }, {
      text: "a",
      system: "y"
    }])
    assert.deepStrictEqual(whens(asks("a", system("x")), asks("a")), [{ text: "a", system: "x" }, { text: "a" }])
    const tools = (...names: ReadonlyArray<string>) => ({
      tools: [{ functionDeclarations: names.map((name) => ({ name })) }]
    })
    assert.deepStrictEqual(whens(asks("a", tools("f")), asks("a")), [{ text: "a", tools: { equals: ["f"] } }, {
      text: "a",
      tools: { exists: false }
    }])
    const media = { contents: [{ role: "user", parts: [{ text: "a" }, { inlineData: { mimeType: "image/png" } }] }] }
    assert.deepStrictEqual(whens(media, asks("a")), [{ text: "a", media: { equals: ["image/png"] } }, {
      text: "a",
      media: { exists: false }
    }])
    const before = {
      contents: [
        { role: "user", parts: [{ text: "z" }] },
        { role: "model", parts: [{ text: "y" }] },
        ...asks("a").contents
      ]
    }
    assert.deepStrictEqual(whens(before, asks("a")), [{ text: "a", turn: 1 }, { text: "a", turn: 0 }])
    const other = {
      contents: [
        { role: "user", parts: [{ text: "x" }] },
        { role: "model", parts: [{ text: "y" }] },
        ...asks("a").contents
      ]
    }
    assert.deepStrictEqual(whens(before, other), [{ text: "a", history: "z\ny\na" }, { text: "a", history: "x\ny\na" }])
    const byModel = made(http(1, asks("a")), http(2, asks("a"), { path: model.replace("/m:", "/n:") })).rules
    assert.deepStrictEqual(byModel.map(({ when }) => when), [{ text: "a", model: "m" }, { text: "a", model: "n" }])
    const byMethod = made(http(1, asks("a")), http(2, asks("a"), { path: model.replace(":g", ":streamG") })).rules
    assert.deepStrictEqual(byMethod.map(({ when }) => when), [{ text: "a", method: "generateContent" }, {
      text: "a",
      method: "streamGenerateContent"
    }])
  })

  it("are one where the answers are equal, or where nothing differs: then they answer in turn", () => {
    const same = { chunks: [[0, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"same\"}]}}]}"]] as const }
    const equal =
      made(http(1, asks("a", { tools: [{ googleSearch: {} }] }), {}, same), http(2, asks("a"), {}, same)).rules
    assert.deepStrictEqual(equal, [{ name: "line 2: a", when: { text: "a" }, reply: "same" }])
    assert.deepStrictEqual(made(http(1, asks("a")), http(2, asks("a"))).rules, [
      { name: "line 2: a", when: { text: "a" }, replies: ["answer 1", "answer 2"] }
    ])
  })

  it("say after which functions and at which step, where the same words are asked with again", () => {
    const call = { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] }
    const response = { role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] }
    const steps = whens(asks("a"), { contents: [...asks("a").contents, call, response] }, asks("b"))
    assert.deepStrictEqual(steps, [{ text: "a", step: 0 }, { text: "a", after: { equals: ["f"] }, step: 1 }, {
      text: "b"
    }])
    const named = made(http(1, { contents: [...asks("a").contents, call, response] })).rules[0]?.name
    assert.strictEqual(named, "line 2: after f")
  })

  it("know long words by their beginning, secrets as room, and have names of 50 letters", () => {
    const words = (text: string) => whens(asks(text))[0]?.text
    assert.strictEqual(words("x".repeat(160)), "x".repeat(160))
    assert.deepStrictEqual(words("x".repeat(161)), { contains: "x".repeat(160) })
    assert.deepStrictEqual(words("a (REDACTED_KEY_1)?"), { matches: "^a \\(\\S+\\)\\?$" })
    assert.deepStrictEqual(words(`REDACTED_KEY_1${"x".repeat(200)}`), { matches: `^\\S+${"x".repeat(146)}` })
    const name = (text: string) => made(http(1, asks(text))).rules[0]?.name
    assert.strictEqual(name("x".repeat(50)), `line 2: ${"x".repeat(50)}`)
    assert.strictEqual(name("x".repeat(51)), `line 2: ${"x".repeat(50)}…`)
    assert.strictEqual(name("  two \n lines "), "line 2: two lines")
    const count = made(
      http(1, {}, { path: model.replace("generateContent", "countTokens") }, { chunks: [[0, "{\"totalTokens\":1}"]] })
    ).rules
    assert.deepStrictEqual(count, [{
      name: "line 2: countTokens",
      when: { method: "countTokens" },
      reply: { response: { totalTokens: 1 } }
    }])
  })

  it("skip what no rule says, each with its line and why", () => {
    const { status: _, ...none } = http(1, {}).response
    const { rules, skipped } = made(
      http(1, undefined, { method: "GET", path: "/v1beta/models/m:generateContent" }),
      http(2, {}, { path: "/v1beta/files" }),
      { ...http(3, {}), response: none },
      http(4, {}, {}, { chunks: [[0, { base64: "/w==" }]] }),
      http(5, asks("a"), { path: "/v1/projects/p/locations/l/publishers/google/models/m:generateContent" })
    )
    assert.deepStrictEqual(rules.map(({ when }) => when), [{ text: "a" }])
    assert.deepStrictEqual(skipped, [
      "line 2: GET /v1beta/models/m:generateContent: rules answer the methods of models alone",
      "line 3: POST /v1beta/files: rules answer the methods of models alone",
      `line 4: POST ${model}: it has no answer`,
      `line 5: POST ${model}: its answer is not text`
    ])
  })

  it("of a Live session are its turns: what was said, called and heard", () => {
    const frames = (...said: ReadonlyArray<readonly ["c" | "s", unknown]>) =>
      said.map(([from, value], ms) => [ms, from, "text", JSON.stringify(value)] as const)
    const of = (...said: ReadonlyArray<readonly ["c" | "s", unknown]>) => {
      const { skipped, turns } = LiveTurns.of("f", live(1, { frames: frames(...said) }))
      return {
        skipped,
        turns: turns.map(({ reply, subject }) => [subject.text, subject.turn, subject.request.model, reply])
      }
    }
    const setup = ["c", { setup: { model: "models/live" } }] as const
    const typed = (text: string) =>
      ["c", { clientContent: { turns: [{ role: "user", parts: [{ text }] }], turnComplete: true } }] as const
    const spoken = (...parts: ReadonlyArray<unknown>) => ["s", { serverContent: { modelTurn: { parts } } }] as const
    const done = ["s", { serverContent: { turnComplete: true } }] as const
    const call = ["s", { toolCall: { functionCalls: [{ name: "f", args: { a: 1 } }, { id: "x" }] } }] as const
    assert.deepStrictEqual(
      of(
        setup,
        typed("a"),
        spoken({ text: "b" }, { text: "t", thought: true }),
        spoken({ text: "c" }),
        done,
        typed("d"),
        spoken({ text: "e" }),
        done
      ),
      {
        skipped: [],
        turns: [["a", 0, "live", "bc"], ["d", 1, "live", "e"]]
      }
    )
    assert.deepStrictEqual(
      of(
        setup,
        ["c", { realtimeInput: { text: "a" } }],
        spoken({ text: "b" }),
        call,
        ["c", { toolResponse: { functionResponses: [{ name: "f", response: {} }] } }],
        call,
        spoken({ text: "end" })
      ).turns,
      [
        ["a", 0, "live", { text: "b", calls: [{ name: "f", args: { a: 1 } }, { name: "", args: {} }] }],
        ["a", 0, "live", { calls: [{ name: "f", args: { a: 1 } }, { name: "", args: {} }] }],
        ["a", 0, "live", "end"]
      ]
    )
    assert.deepStrictEqual(
      of(
        setup,
        ["c", { realtimeInput: { audio: { data: "" } } }],
        ["s", { serverContent: { outputTranscription: { text: "x" } } }],
        done,
        typed("a"),
        spoken({ text: "y" }),
        done
      ),
      {
        skipped: ["a turn of Live that answers sound: no rule hears it"],
        turns: [["a", 0, "live", "y"]]
      }
    )
    assert.deepStrictEqual(of(setup, done, ["c", { realtimeInput: { audio: {} } }], done), { skipped: [], turns: [] })
  })
})

describe("files", () => {
  it("a test's own cassette has a name that a person knows, and no other test has", () => {
    const name = (test: string, place?: string) => testFile("f", test, place).replace(/-[0-9a-f]{8}\.jsonl$/, "")
    assert.strictEqual(name("A test: of «words», é!"), join("f", "a-test-of-words-é"))
    assert.strictEqual(name("?!"), join("f", "test"))
    assert.strictEqual(name("x".repeat(81)), join("f", "x".repeat(80)))
    assert.notStrictEqual(testFile("f", "a"), testFile("f", "A"))
    assert.notStrictEqual(testFile("f", "a", "one"), testFile("f", "a", "two"))
    assert.strictEqual(testFile("f", "a"), testFile("f", "a", ""))
  })

  it("a folder of cases is read as exchanges, each kind of answer in its pieces", () => {
    const folder = mkdtempSync(join(tmpdir(), "cassette-cases-"))
    const put = (name: string, value: unknown) =>
      writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value))
    const request = { method: "GET", path: "/v1beta/x?key=k&b=1", headers: { Accept: "a", other: 1 } }
    put("01.json", {
      request,
      response: { status: 200, kind: "json", headers: { Date: "d", "X-A": "b" }, body: { a: 1 } }
    })
    put("02.json", {
      request: { path: "/p", body: "text" },
      response: { status: 200, kind: "sse", sse: "data: 1\r\n\r\ndata: 2\n\ndata: 3" }
    })
    put("03.json", {
      request: { path: "/p", body: { a: 1 } },
      response: { status: 200, kind: "sse", sse: "aéb", splits: [0, 2, "x", 9], headers: { "content-type": "t/t" } }
    })
    put("04.json", { request: { path: "/p", body: null }, response: { status: 404, kind: "empty" } })
    put("05.json", { request: { path: "/p" }, response: { status: 200, kind: "binary", base64: "/w==" } })
    put("06.json", { request: { path: "/p" }, response: { status: 500, kind: "other", text: "oops" } })
    put("07.json", {
      request: { path: "/ws" },
      response: { kind: "live", frames: [{ from: "client", data: { a: 1 } }, { from: "server", data: { b: 2 } }] }
    })
    for (
      const [i, none] of [[], { request }, { response: {} }, { request: {}, response: { status: 1 } }, {
        request,
        response: { kind: "json" }
      }].entries()
    ) put(`1${i}.json`, none)
    put("other.txt", "no case")
    mkdirSync(join(folder, "20.json"))
    const read = RecordedCases.read(folder)
    assert.deepStrictEqual(read.map(({ n }) => n), [1, 2, 3, 4, 5, 6, 7])
    assert.deepStrictEqual(read[0], {
      n: 1,
      request: { method: "GET", path: "/v1beta/x?b=REDACTED_QUERY_1", headers: { accept: "a" } },
      response: {
        status: 200,
        headers: { "x-a": "b", "content-type": "application/json; charset=UTF-8" },
        chunks: [[0, "{\n  \"a\": 1\n}\n"]],
        end: "complete"
      }
    })
    const bodies = read.map((each) =>
      Recordings.isLive(each)
        ? each.frames
        : [
          each.request.method,
          each.request.body,
          each.response.headers["content-type"],
          each.response.chunks.map(([, piece]) => piece)
        ]
    )
    const json = "application/json; charset=UTF-8"
    assert.deepStrictEqual(bodies.slice(1), [
      ["POST", "text", "text/event-stream", ["data: 1\r\n\r\n", "data: 2\n\n", "data: 3"]],
      ["POST", "{\"a\":1}", "t/t", [{ base64: Buffer.from([0x61, 0xc3]).toString("base64") }, {
        base64: Buffer.from([0xa9, 0x62]).toString("base64")
      }]],
      ["POST", undefined, json, []],
      ["POST", undefined, json, [{ base64: "/w==" }]],
      ["POST", undefined, json, ["oops"]],
      [[0, "c", "text", "{\"a\":1}"], [1, "s", "binary", "{\"b\":2}"]]
    ])
    put("30.json", "{")
    assert.throws(() => RecordedCases.read(folder), /30\.json/)
  })
})
