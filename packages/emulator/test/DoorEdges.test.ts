/** What the emulator says of itself, at its edges: where its page is, what its log's pages hold, and what may not be asked of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Transcript from "effect-gemini-emulator/Transcript"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll } from "vitest"
import * as Portable from "../src/internal/admin/portable.ts"
import * as Received from "../src/internal/admin/received.ts"
import { RuleError } from "../src/RuleError.ts"
import { adminCall } from "./adminCall.ts"
import * as LogEntry from "./LogEntry.ts"
import { flash, prompt } from "./Wire.ts"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
let call: ReturnType<typeof adminCall>
beforeAll(async () => {
  emulator = await Standalone.start()
  call = adminCall(emulator.url)
})
afterAll(() => emulator.stop())

const ask = async (space: string, text: string) => {
  const response = await fetch(`${emulator.url}/spaces/${space}/v1beta/models/${flash}:generateContent?key=any`, {
    method: "POST",
    body: JSON.stringify(prompt(text))
  })
  await response.text()
}

describe("the page", () => {
  const rows: ReadonlyArray<readonly [path: string, method: string, accept: string, status: number]> = [
    ["/", "GET", "text/html,*/*", 302],
    ["/", "HEAD", "text/html", 302],
    ["/?x", "GET", "text/html", 302],
    ["/", "GET", "application/json", 404],
    ["/", "POST", "text/html", 404],
    ["/x", "GET", "text/html", 404],
    ["/_emulator", "GET", "*/*", 302],
    ["/_emulatorx", "GET", "*/*", 404],
    ["/_emulator/v1/health", "GET", "*/*", 200],
    ["/_emulator/v1/health", "HEAD", "*/*", 200],
    ["/_emulator/v1/health", "POST", "*/*", 404]
  ]
  it.each(rows)("%s by %s, with %s: %d", async (path, method, accept, status) => {
    const response = await fetch(`${emulator.url}${path}`, { method, headers: { accept }, redirect: "manual" })
    assert.strictEqual(response.status, status)
    if (status === 302) assert.match(response.headers.get("location") ?? "", /^\/_emulator\//)
    await response.text()
  })
})

describe("the pages of the log", () => {
  it("are as long as was asked for, and shorter without bodies", async () => {
    await ask("large", "x".repeat(201))
    await ask("large", "second")
    await ask("large", "third")
    const ids = (body: { readonly requests: ReadonlyArray<{ readonly id: number }> }) =>
      body.requests.map(({ id }) => id)
    const all = (await call("GET", "/spaces/large/requests")).body
    assert.deepStrictEqual([ids(all), all.next, all.arrived, all.closed], [[0, 1, 2], undefined, 3, 3])
    assert.isDefined(all.requests[0].body)
    const brief = (await call("GET", "/spaces/large/requests?bodies=false&limit=2")).body
    assert.deepStrictEqual([ids(brief), brief.next], [[0, 1], 1])
    assert.deepStrictEqual(
      brief.requests.map(({ body, prompt }: { readonly body?: unknown; readonly prompt: string }) => [body, prompt]),
      [[undefined, `${"x".repeat(200)}…`], [undefined, "second"]]
    )
    const rest = (await call("GET", `/spaces/large/requests?after=${brief.next}&limit=2`)).body
    assert.deepStrictEqual([ids(rest), rest.next], [[2], undefined])
  })

  it("hold what was asked for, field by field", async () => {
    await call("PUT", "/spaces/fields/rules", {
      rule: [{ name: "greets", when: { text: "Hi" }, reply: "Hello" }],
      otherwise: "generate"
    })
    await ask("fields", "Hi")
    await ask("fields", "other")
    const ids = async (query: string) =>
      (await call("GET", `/spaces/fields/requests?${query}`)).body.requests.map(({ id }: { id: number }) => id)
    const rows = {
      "method=generateContent": [0, 1],
      "method=countTokens": [],
      [`model=${flash}`]: [0, 1],
      "model=other": [],
      "project=default": [0, 1],
      "project=other": [],
      "region=global": [0, 1],
      "region=us-east1": [],
      "status=200": [0, 1],
      "status=404": [],
      "by=rule": [0],
      "by=generator": [1],
      "rule=greets": [0],
      "outcome=complete": [0, 1],
      "outcome=cut": [],
      "ended=true": [0, 1],
      "ended=false": [],
      "after=0": [1],
      "by=rule&status=200": [0],
      "by=rule&status=404": []
    }
    for (const [query, expected] of Object.entries(rows)) assert.deepStrictEqual(await ids(query), expected, query)
  })
})

describe("Live connections", () => {
  it("are told at once to whoever has missed a change, and else as soon as there is one", async () => {
    await call("PUT", "/spaces/live")
    const first = (await call("GET", "/spaces/live/live")).body
    assert.deepStrictEqual([first.connections, first.closed], [[], 0])
    assert.deepStrictEqual((await call("GET", "/spaces/live/live?changed=77&wait=30s")).body.connections, [])
    const waits = call("GET", `/spaces/live/live?changed=${first.cursor}&wait=30s`)
    const socket = new WebSocket(
      `${emulator.url.replace("http", "ws")}/spaces/live/ws/` +
        "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=any"
    )
    const { connections, cursor } = (await waits).body
    assert.strictEqual(connections.length, 1)
    assert.isAbove(Number(cursor), Number(first.cursor))
    socket.close()
  })
})

describe("what may not be asked", () => {
  it("a space that can have no name, and a cassette that lies elsewhere, is named otherwise or cannot be read", async () => {
    assert.deepInclude(await call("POST", "/spaces/a%20b/queue", { answers: ["x"] }).then(({ body }) => body), {
      status: 409
    })
    const cassette = async (settings: object) => (await call("PUT", "/spaces/tape/cassette", settings)).body
    assert.match((await cassette({ file: "../x.jsonl" })).detail, /does not lie below .*, the folder of cassettes/)
    assert.match((await cassette({ file: "." })).detail, /does not lie below/)
    assert.match((await cassette({ file: "package.json/x.jsonl" })).detail, /^file: .*ENOTDIR/)
    assert.match((await cassette({ file: "x.txt", mode: "new" })).detail, /the name of a cassette ends in \.jsonl/)
    const pattern = await cassette({ file: "x.jsonl", redaction: { patterns: [{ source: "(" }] } })
    assert.strictEqual(pattern.problems[0].path, "redaction.patterns[0]")
    assert.match((await cassette({ file: "none.jsonl" })).detail, /there is no such cassette/)
    assert.match((await call("GET", "/spaces/tape/cassette")).body.detail, /The space "tape" has no cassette/)
  })

  it("what only a program has, each with its place", () => {
    const schema = Schema.Struct({ a: Schema.optionalKey(Schema.Unknown), n: Schema.optionalKey(Schema.Finite) })
    const problems = (value: unknown, root = "rule") =>
      Effect.runSync(Effect.match(Portable.data(schema, value, root), {
        onFailure: ({ problems }) => problems.map(({ message, path }) => `${path}: ${message.split(":")[0]}`),
        onSuccess: () => []
      }))
    assert.deepStrictEqual(problems({ a: { b: [1, "x", null] }, n: 1 }), [])
    assert.deepStrictEqual(problems({ a: () => 1 }), ["rule.a: a function cannot go to an emulator of another process"])
    assert.deepStrictEqual(problems({ a: [new Uint8Array(1)] }, ""), [
      "a[0]: bytes cannot go to an emulator of another process"
    ])
    assert.deepStrictEqual(problems({ a: { b: new Set() } }), [
      "rule.a.b: an iterable cannot go to an emulator of another process"
    ])
    assert.strictEqual(problems({ n: "x", m: 1 }).length, 2)
    const within = (root: string, path: string) => Portable.within(root, { path, message: "m" }).path
    assert.deepStrictEqual(
      [within("", "a"), within("r", ""), within("r", "a"), within("r", "[0]")],
      ["a", "r", "r.a", "r[0]"]
    )
    const without = (path: string) =>
      Portable.without("rule")(new RuleError({ problems: [{ path, message: "m" }] })).problems[0]?.path
    assert.deepStrictEqual(["rule", "rule.a", "rules.a", "x"].map(without), ["", "a", "rules.a", "x"])
  })
})

it("an entry of another process is as it was in its own", () => {
  const { chunks: _, responseText: _text, ...plain } = LogEntry.entry({ id: 3, model: "m" })
  const chunks = [{ time: 1, bytes: 2, text: "aé" }, { time: 2, bytes: 1, base64: "/w==" }, { time: 3, bytes: 0 }]
  const entry = Received.entry({
    ...plain,
    apiMethod: "generateContent",
    model: "m",
    body: { a: 1 },
    status: 200,
    outcome: "complete",
    closedAt: 9,
    response: {},
    verdict: { by: "generator" },
    chunks
  })
  assert.deepStrictEqual(entry.chunks.map(({ bytes }) => [...bytes]), [[0x61, 0xc3, 0xa9], [0xff], []])
  assert.strictEqual(entry.responseText, "aé\ufffd")
  assert.deepStrictEqual([entry.id, entry.model, entry.closedAt], [3, "m", 9])
})

describe("a transcript", () => {
  const said = (text: string) => ({ role: "user", parts: [{ text }] })
  const entry = (more: Parameters<typeof LogEntry.entry>[0] = {}) =>
    LogEntry.entry({
      apiMethod: "generateContent",
      model: "m",
      body: { contents: [said("Hi")] },
      verdict: { by: "generator" },
      closedAt: 5,
      response: { candidates: [{ content: { parts: [{ text: "t", thought: true }, { text: "Hello" }] } }] },
      ...more
    })
  const rows: ReadonlyArray<readonly [title: string, more: Parameters<typeof LogEntry.entry>[0], text: string]> = [
    ["an answer", {}, "#0 generateContent m: 200 in 5 ms, by generator\n   \"Hi\" → \"Hello\""],
    [
      "a rule",
      { verdict: { by: "rule", rule: "greets" } },
      "#0 generateContent m: 200 in 5 ms, by the rule \"greets\"\n   \"Hi\" → \"Hello\""
    ],
    ["nobody", { verdict: undefined }, "#0 generateContent m: 200 in 5 ms\n   \"Hi\" → \"Hello\""],
    [
      "a path",
      { apiMethod: undefined, body: undefined, response: undefined },
      "#0 POST /v1beta/x: 200 in 5 ms, by generator\n   nothing → nothing"
    ],
    ["no model", { model: undefined }, "#0 generateContent: 200 in 5 ms, by generator\n   \"Hi\" → \"Hello\""],
    [
      "what is open",
      { outcome: undefined, closedAt: undefined },
      "#0 generateContent m: still open, by generator\n   \"Hi\" → \"Hello\""
    ],
    [
      "a cut",
      { outcome: "cut", status: undefined },
      "#0 generateContent m: no status (cut) in 5 ms, by generator\n   \"Hi\" → \"Hello\""
    ],
    [
      "no rule",
      { verdict: { by: "unmatched", nearMisses: ["a", "b"] } },
      "#0 generateContent m: 200 in 5 ms, by unmatched\n   \"Hi\" → no rule matched; nearest: a; b"
    ],
    [
      "an error",
      { status: 429, response: { error: { message: "Slow" } } },
      "#0 generateContent m: 429 in 5 ms, by generator\n   \"Hi\" → \"Slow\""
    ],
    [
      "calls over chunks",
      {
        body: {
          contents: [
            said("go"),
            { role: "model", parts: [{ functionCall: { name: "f" } }] },
            { role: "user", parts: [{ functionResponse: { name: "f", response: { n: 1 } } }] }
          ]
        },
        response: [
          { candidates: [{ content: { parts: [{ text: "a" }] } }] },
          {
            candidates: [{
              content: {
                parts: [{ text: "b" }, { functionCall: { name: "g", args: { x: 1 } } }, { functionCall: { name: "h" } }]
              }
            }]
          }
        ]
      },
      "#0 generateContent m: 200 in 5 ms, by generator\n   f returned {\"n\":1} → \"ab\", calls g({\"x\":1}), h({})"
    ],
    [
      "a long text",
      { body: { contents: [said("x".repeat(201))] } },
      `#0 generateContent m: 200 in 5 ms, by generator\n   "${"x".repeat(200)}…" → "Hello"`
    ]
  ]
  it.each(rows)("of %s", (_, more, text) => {
    assert.strictEqual(Transcript.of([entry(more)]), text)
  })

  it("of nothing says so, and of several is as long", () => {
    assert.strictEqual(Transcript.of([]), "No request has come.")
    assert.strictEqual(Transcript.of([entry(), entry({ id: 1 })]).split("\n").length, 4)
  })
})
