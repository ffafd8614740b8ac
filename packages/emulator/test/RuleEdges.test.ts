/** The parts of which rules and logs are made, each at its edges: templates, values, headers, bounds, and what is asked of a log. */
import { assert, describe, it } from "@effect/vitest"
import type { EmulatorRequest } from "effect-gemini-emulator/EmulatorRequest"
import type { Entry } from "effect-gemini-emulator/RequestLog"
import type { Verdict } from "effect-gemini-emulator/Verdict"
import * as Allowance from "../src/internal/log/Allowance.ts"
import * as Slabs from "../src/internal/log/Slabs.ts"
import { Tally } from "../src/internal/log/Tally.ts"
import * as Projects from "../src/internal/rules/projects.ts"
import { Subject } from "../src/internal/rules/Subject.ts"
import { fill, problems as problemsOf } from "../src/internal/rules/template.ts"
import * as Value from "../src/internal/rules/value.ts"
import * as When from "../src/internal/rules/when.ts"
import { inspect } from "../src/internal/spaces/inspection.ts"
import { verify } from "../src/internal/spaces/verification.ts"
import * as LogEntry from "./LogEntry.ts"

const request = (more: Partial<EmulatorRequest> = {}): EmulatorRequest => ({
  method: "generateContent",
  version: "v1beta",
  resource: "models/gemini-3.8-flash",
  model: "gemini-3.8-flash",
  key: "k",
  space: "default",
  project: "default",
  region: "global",
  headers: {},
  query: new URLSearchParams(),
  body: undefined,
  ...more
})

const user = (...parts: ReadonlyArray<unknown>) => ({ role: "user", parts })
const model = (...parts: ReadonlyArray<unknown>) => ({ role: "model", parts })
const said = (text: string) => ({ text })
const call = (name: string, args?: unknown) => ({ functionCall: { name, ...(args === undefined ? {} : { args }) } })
const response = (name: string, value: unknown) => ({ functionResponse: { name, response: value } })
const subject = (...contents: ReadonlyArray<unknown>) => new Subject(request(), { contents })

describe("a template", () => {
  const of = new Subject(request(), {
    contents: [
      user(said("Hello")),
      model(said("Hi")),
      user(said("Order 12 of 'A-7' for Zoë, weight -3.5 kg")),
      model(call("look", { city: "Oslo", nested: { list: [{ n: 1 }, { n: 2 }] } }), call("bare")),
      user(response("look", { output: { price: 7, tags: ["a", "b"] } }), response("bare", { ok: true }))
    ]
  })
  const around = { subject: of, vars: { name: "Ada", empty: "", deep: { n: 0 } }, now: Date.UTC(2027, 0, 2) }
  const table: ReadonlyArray<readonly [template: string, value: unknown]> = [
    ["no template", "no template"],
    ["{{ text }}", "Order 12 of 'A-7' for Zoë, weight -3.5 kg"],
    ["{{turn}}", 1],
    ["{{ step }}", 1],
    ["{{ model }}", "gemini-3.8-flash"],
    ["{{ now }}", "2027-01-02T00:00:00.000Z"],
    ["{{ vars.name }}", "Ada"],
    ["{{ vars..name }}", "Ada"],
    ["{{ vars.deep }}", { n: 0 }],
    ["{{ vars.deep.n }}", 0],
    ["{{ result.look.price }}", 7],
    ["{{ result.look.tags.1 }}", "b"],
    ["{{ result.bare.ok }}", true],
    ["{{ call.look.city }}", "Oslo"],
    ["{{ call.look.args.city }}", "Oslo"],
    ["{{ call.look.nested.list.1.n }}", 2],
    ["{{ call.bare }}", {}],
    ["{{ text | number }}", 12],
    ["{{ text | after 'weight' | number }}", -3.5],
    ["{{ text | before ' of' }}", "Order 12"],
    ["{{ text | after \"for \" | word }}", "Zoë"],
    ["{{ result.look.tags | json }}", "[\"a\",\"b\"]"],
    ["{{ result.look | after 'tags' }}", "\":[\"a\",\"b\"]}"],
    ["{{ vars.name | or 'nobody' }}", "Ada"],
    ["{{ vars.empty | or 'nobody' }}", "nobody"],
    ["{{ vars.none | or 'nobody' }}", "nobody"],
    ["{{ vars.name | number | or 'none' }}", "none"],
    ["{{ vars.name | after 'x' | or 'none' }}", "none"],
    ["{{ vars.name | before 'x' | or 'none' }}", "none"],
    ["{{ vars.none | json | or 'none' }}", "none"],
    ["{{ vars.none | number | or 'none' }}", "none"],
    ["{{ vars.none | word | or 'none' }}", "none"],
    ["{{ vars.name | before 'A' | or 'starts' }}", "starts"],
    [" {{ turn }} ", 1],
    ["{{ turn }}{{ step }}", "11"],
    ["{{ vars.deep }} and {{ vars.name }}", "{\"n\":0} and Ada"]
  ]
  it.each(table)("%s", (template, value) => {
    assert.deepStrictEqual(fill(template, around), value)
    assert.deepStrictEqual(fill({ a: [template, 1, null] }, around), { a: [value, 1, null] })
    assert.deepStrictEqual(problemsOf(template, ["a"]), [])
  })

  it.each([
    "{{ vars.none }}",
    "{{ vars.name | number }}",
    "{{ vars.name | after 'x' }}",
    "{{ result.none.a }}",
    "{{ call.none }}",
    "{{ result.look.none }}",
    "x {{ vars.toString }}"
  ])("%s is refused, since the request holds nothing of the kind", (template) => {
    assert.throws(() => fill(template, around), /the request holds nothing of the kind/)
  })

  it.each(
    [
      ["{{ txt }}", /a path begins with one of .*, not with "txt"\. Did you mean "?text"?/],
      ["{{ }}", /not with ""/],
      ["{{ vars }}", /vars of what\? Say vars\.NAME\./],
      ["{{ result }}", /result of what/],
      ["{{ call }}", /call of what/],
      ["{{ text | wrd }}", /there is no filter "wrd"/],
      ["{{ text | after }}", /after needs a text in quotes/],
      ["{{ text | before }}", /before needs a text in quotes/],
      ["{{ text | or }}", /or needs a text in quotes/],
      ["{{ text | word 'x' }}", /word takes nothing/],
      ["{{ text | toString }}", /there is no filter "toString"/],
      ["{{ text", /a template begins here, and has no }}/]
    ] as const
  )("%s is a mistake that is said with its place", (template, words) => {
    const found = problemsOf({ a: [0, template] }, ["reply"])
    assert.deepStrictEqual(found.map(({ path }) => path), ["reply.a[1]"])
    assert.match(found[0]?.message ?? "", words)
  })

  it("every mistake of a text is said, and a good one beside a bad one is none", () => {
    assert.strictEqual(problemsOf("{{ a }} {{ text }} {{ b }} {{ open", []).length, 3)
    assert.deepStrictEqual(problemsOf([7, null, { a: true }], []), [])
  })
})

describe("what a rule sees of a request", () => {
  const views = (of: Subject) => [of.text, of.turn, of.step, of.steps, of.history, of.after, of.media]
  it("words, turns and steps count those of one side in a row once, and responses of functions as none", () => {
    assert.deepStrictEqual(views(subject()), ["", 0, 0, 0, "", [], []])
    assert.deepStrictEqual(views(subject(user(said("a")))), ["a", 0, 0, 0, "a", [], []])
    assert.deepStrictEqual(
      views(subject(user(said("a")), user(said("b"), { text: "t", thought: true }, said("c")))),
      ["b c", 0, 0, 0, "a\nb c", [], []]
    )
    assert.deepStrictEqual(
      views(
        subject(user(said("a")), model(call("f")), model(call("g")), user(response("f", {})), user(response("g", {})))
      ),
      ["a", 0, 1, 1, "a", ["f", "g"], []]
    )
    assert.deepStrictEqual(
      views(subject(
        user(said("a")),
        model(said("b")),
        user(said("c"), { inlineData: { mimeType: "image/png" } }, { fileData: { mimeType: "video/mp4" } }),
        model(call("f")),
        user(response("f", {})),
        model(said("d"))
      )),
      ["c", 1, 2, 3, "a\nb\nc\nd", [], ["image/png", "video/mp4"]]
    )
    // A content without parts speaks, and words beside a response do.
    assert.strictEqual(subject(user(said("a")), model(said("b")), user()).turn, 1)
    assert.strictEqual(subject(user(said("a")), model(call("f")), user(response("f", {}), said("and"))).text, "and")
  })

  it("the body of a count, of an embedding, and the tools by their names", () => {
    const contents = [user(said("counted"))]
    assert.strictEqual(new Subject(request(), { generateContentRequest: { contents } }).text, "counted")
    assert.strictEqual(new Subject(request(), { content: { parts: [said("embedded")] } }).text, "embedded")
    const of = new Subject(request(), {
      tools: [{ functionDeclarations: [{ name: "f" }, {}, { name: "g" }] }, { googleSearch: {} }, null],
      systemInstruction: { parts: [said("Be"), said("brief")] }
    })
    assert.deepStrictEqual(of.tools, ["f", "g", "googleSearch"])
    assert.strictEqual(of.system, "Be brief")
    assert.isUndefined(subject().system)
  })

  it("a place by its pointer, and what a function returned or was called with last", () => {
    const of = new Subject(request(), {
      "a/b": { "c~d": [0, { e: 1 }] },
      contents: [
        model(call("f", { n: 1 })),
        user(response("f", { output: 1 })),
        model(call("f", { n: 2 }), call("f", { n: 3 }), call("g")),
        user(response("f", { output: 2 }), response("f", { n: 3 }), response("h", { output: null }))
      ]
    })
    assert.strictEqual(of.at(""), of.body)
    assert.strictEqual(of.at("/a~1b/c~0d/1/e"), 1)
    for (const none of ["/a~1b/c~0d/2/e", "/none", "/toString", "/a~1b/c~0d/0/x"]) assert.isUndefined(of.at(none), none)
    assert.deepStrictEqual(of.result("f"), { n: 3 })
    assert.deepStrictEqual(of.call("f"), { n: 3 })
    assert.deepStrictEqual(of.call("g"), {})
    assert.deepStrictEqual([of.result("g"), of.call("none")], [undefined, undefined])
  })

  it("is read once, also where there is nothing", () => {
    const of = subject()
    let reads = 0
    for (let i = 0; i < 3; i++) of.view("a", () => void reads++)
    assert.strictEqual(reads, 1)
  })
})

describe("a matcher of a value", () => {
  type Row = readonly [wanted: Parameters<typeof Value.ready>[0], kind: Value.Kind, found: unknown, fits: boolean]
  const table: ReadonlyArray<Row> = [
    ["a", "value", "a", true],
    ["a*", "value", "ab", false],
    ["a*", "glob", "ab", true],
    ["a*c", "glob", "abbc", true],
    ["a*c", "glob", "abcd", false],
    ["*", "glob", "", true],
    ["*", "glob", undefined, false],
    ["a.c", "glob", "abc", false],
    ["a.*", "glob", "abc", false],
    ["a**", "glob", "a\nb", true],
    [1, "value", 1, true],
    [1, "value", "1", false],
    [["a", "b"], "value", ["a", "b"], true],
    [["a", "b"], "value", ["b", "a"], false],
    [["a", "b"], "list", ["c", "b", "a"], true],
    [["a", "b"], "list", ["a"], false],
    [[], "list", [], true],
    ["a*", "list", ["b", "ab"], true],
    ["a*", "list", "ab", false],
    [{ equals: ["b", "a"] }, "list", ["a", "b"], true],
    [{ equals: ["b", "a"] }, "list", ["a", "b", "c"], false],
    [{ equals: "a" }, "list", ["a", "b"], true],
    [{ equals: ["a"] }, "value", ["a"], true],
    [{ equals: { a: 1, b: 2 } }, "value", { b: 2, a: 1 }, true],
    [{ contains: "b" }, "value", "abc", true],
    [{ contains: "b" }, "value", "ac", false],
    [{ contains: 1 }, "value", "1", false],
    [{ contains: "b" }, "value", ["a", "b"], true],
    [{ contains: "b" }, "value", ["abc"], false],
    [{ contains: "b" }, "value", ["a", ["b"]], true],
    [{ contains: { a: 1 } }, "value", { a: 1, b: 2 }, true],
    [{ contains: { a: { b: 1 } } }, "value", { a: { b: 1, c: 2 } }, true],
    [{ contains: { a: { b: 1 } } }, "value", { a: { b: 2 } }, false],
    [{ contains: { a: null } }, "value", { a: null }, true],
    [{ contains: { a: { b: 1 } } }, "value", { a: null }, false],
    [{ contains: { a: "x" } }, "value", { a: "xy" }, false],
    [{ contains: "a" }, "value", { a: 1 }, false],
    [{ contains: { toString: 1 } }, "value", {}, false],
    [{ contains: 1 }, "value", 1, true],
    [{ contains: "a*" }, "list", ["ab"], true],
    [{ contains: ["a", "b"] }, "list", ["b", "a", "c"], true],
    [{ matches: "^a" }, "value", "ab", true],
    [{ matches: "^a" }, "list", ["b", "ab"], true],
    [{ matches: "^a" }, "value", 1, false],
    [{ oneOf: ["a", "b*"] }, "glob", "bc", true],
    [{ oneOf: ["a", "b"] }, "value", "c", false],
    [{ exists: true }, "value", "", false],
    [{ exists: true }, "value", 0, true],
    [{ exists: false }, "value", undefined, true],
    [{ exists: true }, "list", [], false],
    [{ exists: true }, "list", ["a"], true],
    [{ exists: false }, "list", [], true],
    [{ atLeast: 2 }, "value", 2, true],
    [{ atLeast: 2 }, "value", 1.9, false],
    [{ atLeast: 2 }, "value", "2", true],
    [{ atLeast: 2 }, "list", ["a"], false],
    [{ atLeast: 2 }, "list", ["a", "b"], true],
    [{ atLeast: 0 }, "value", undefined, false],
    [{ atMost: 2 }, "value", 2, true],
    [{ atMost: 2 }, "value", 2.1, false],
    [{ atMost: 2 }, "value", undefined, false],
    [{ atLeast: 1, atMost: 3 }, "value", 4, false],
    [{ schema: { type: "integer" } }, "value", 1, true],
    [{ schema: { type: "integer" } }, "value", "1", false],
    [{ schema: {} }, "value", undefined, false],
    [{ not: "a" }, "value", "b", true],
    [{ not: { atLeast: 2 } }, "value", 2, false],
    [{ exists: true, not: "a" }, "value", undefined, false]
  ]
  it.each(table)("%j of a %s, found %j: %s", (wanted, kind, found, fits) => {
    const { problems, test } = Value.ready(wanted, kind, "when.x")
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(test(found), fits)
  })

  it("that asks for nothing, or by a pattern that is none, is a mistake with its place", () => {
    const paths = (wanted: Parameters<typeof Value.ready>[0]) =>
      Value.ready(wanted, "value", "w").problems.map(({ path }) => path)
    assert.deepStrictEqual(paths({}), ["w"])
    assert.deepStrictEqual(paths({ equals: undefined }), ["w"])
    assert.deepStrictEqual(paths({ matches: "(" }), ["w.matches"])
    assert.deepStrictEqual(paths({ not: { matches: "(" } }), ["w.not.matches"])
    assert.strictEqual(Value.wanted({ equals: "a", atMost: undefined, atLeast: 1 }), "equals \"a\", atLeast 1")
    assert.strictEqual(Value.wanted("a"), "\"a\"")
  })

  it("of a rule says the first that does not hold, how many held before, and shows no key", () => {
    const miss = (
      when: Parameters<typeof When.ready>[0],
      of: EmulatorRequest = request({ headers: { authorization: "Bearer s", "x-own": "1" } })
    ) => {
      const made = When.ready(when, "when")
      const on = new Subject(of, { contents: [user(said("x".repeat(200)))], a: { b: 1 } })
      assert.strictEqual(made.matches(on), made.miss(on) === undefined)
      return made.miss(on)
    }
    assert.isUndefined(miss({}))
    assert.isUndefined(miss({ model: "models/gemini-3.8-flash", header: { "X-Own": "1" }, body: { "/a/b": 1 } }))
    assert.deepStrictEqual(miss({ method: "generateContent", model: "x", text: "y" }), {
      path: "model",
      wanted: "\"x\"",
      found: "\"gemini-3.8-flash\"",
      held: 1
    })
    assert.deepStrictEqual(miss({ key: "other" }), { path: "key", wanted: "another one", found: "a secret", held: 0 })
    assert.deepStrictEqual(miss({ header: { Authorization: "x" } })?.found, "a secret")
    assert.deepStrictEqual(miss({ header: { "x-none": "x" } })?.found, "nothing")
    assert.strictEqual(miss({ text: "y" })?.found, `"${"x".repeat(119)}…`)
    assert.deepStrictEqual(miss({ body: { "/a": { contains: { b: 2 } } } }), {
      path: "body[\"/a\"]",
      wanted: "contains {\"b\":2}",
      found: "{\"b\":1}",
      held: 0
    })
    const { problems } = When.ready({ body: { a: 1, "": { exists: true } } }, "when")
    assert.strictEqual(problems.length, 1)
    assert.match(problems[0]?.message ?? "", /"a" is not a JSON pointer: write "\/a"/)
  })
})

describe("a header of the emulator's own", () => {
  const read = (text: string | undefined) =>
    Projects.headerJson({ [Projects.answerHeader]: text }, Projects.answerHeader)
  it("is JSON in UTF-8, in the letters of Latin-1, or in letters beyond them", () => {
    const utf8 = Buffer.from("\"Zoë\"").toString("latin1")
    assert.deepStrictEqual([undefined, "\"a\"", utf8, "\"Zoë\"", "\"Ω\"", "\"Ωë\"", "{"].map(read), [
      undefined,
      "a",
      "Zoë",
      "Zoë",
      "Ω",
      "Ωë",
      undefined
    ])
  })

  it("that is wrong is said by its name", () => {
    assert.isUndefined(Projects.misused({}))
    assert.isUndefined(Projects.misused({ [Projects.answerHeader]: "\"a\"", [Projects.faultHeader]: "{\"delay\":1}" }))
    assert.match(
      Projects.misused({ [Projects.answerHeader]: "{" }) ?? "",
      /^Header x-emulator-answer of the emulator: .*[.?]$/
    )
    assert.match(
      Projects.misused({ [Projects.faultHeader]: "{\"x\":1}" }) ?? "",
      /^Header x-emulator-fault of the emulator: .*[.?]$/
    )
  })

  it("the project of a key, and its quotas before those of all, in a region before all regions", () => {
    const regional = { tier: "free", regions: { "us-east1": "tier1" } } as const
    const projects = Projects.make({
      projects: { one: { keys: ["a", "b"], quotas: regional }, two: { keys: ["c"] } },
      quotas: "tier2"
    })
    assert.deepStrictEqual(["a", "b", "c", "d", undefined].map(projects.nameOf), [
      "one",
      "one",
      "two",
      "default",
      "default"
    ])
    assert.deepStrictEqual(projects.quotasOf("one", "us-east1"), { tier: "tier1" })
    assert.deepStrictEqual(projects.quotasOf("one", "global"), regional)
    assert.deepStrictEqual(projects.quotasOf("two", "us-east1"), { tier: "tier2" })
    assert.deepStrictEqual(projects.quotasOf("toString", "toString"), { tier: "tier2" })
    assert.isUndefined(Projects.make({}).quotasOf("one", "global"))
  })
})

describe("the one bound on bytes of all logs", () => {
  const log = (allowance: Allowance.Allowance, held: number) => {
    const dropped: Array<number> = []
    const of = {
      bytes: () => held,
      dropped,
      holder: {
        bytes: () => held,
        drop: (bytes: number) => {
          const freed = Math.min(bytes, held)
          dropped.push(freed)
          held -= freed
          allowance.changed(-freed)
          return freed
        }
      },
      grow: (by: number) => {
        held += by
        allowance.changed(by)
      }
    }
    allowance.join(of.holder)
    return of
  }

  it("is free up to itself, and beyond it a sixteenth more goes, of the log that holds the most", () => {
    const allowance = Allowance.make(1600)
    const loud = log(allowance, 0)
    const quiet = log(allowance, 0)
    loud.grow(1000)
    quiet.grow(600)
    assert.deepStrictEqual([loud.dropped, quiet.dropped, allowance.held()], [[], [], 1600])
    quiet.grow(1)
    assert.deepStrictEqual([loud.dropped, quiet.dropped, allowance.held()], [[101], [], 1500])
    quiet.grow(700)
    assert.deepStrictEqual(quiet.dropped, [651, 49].slice(0, quiet.dropped.length))
    assert.isAtMost(allowance.held(), 1500)
    assert.isAtLeast(loud.bytes(), 800)
  })

  it("what a log held is free when it leaves, once, and a shrinking log drops nothing", () => {
    const allowance = Allowance.make(100)
    const one = log(allowance, 0)
    one.grow(80)
    allowance.leave(one.holder)
    allowance.leave(one.holder)
    assert.strictEqual(allowance.held(), 0)
    const other = log(allowance, 0)
    other.grow(100)
    other.grow(-10)
    assert.deepStrictEqual(other.dropped, [])
    // With no log that could drop anything it ends all the same.
    allowance.leave(other.holder)
    allowance.changed(200)
    assert.strictEqual(allowance.held(), 200)
  })
})

describe("slabs", () => {
  const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
  it("hold what was put, side by side, and free a slab when all in it is given back and another one is filled", () => {
    const slabs = new Slabs.Slabs()
    const one = slabs.put([bytes(3, 1), bytes(2, 2)])
    const two = slabs.put([bytes(4, 3)])
    assert.strictEqual(one.slab, two.slab)
    assert.deepStrictEqual([one.from, one.to, two.from, two.to], [0, 5, 5, 9])
    assert.deepStrictEqual(Slabs.read(one, 2, 4), Uint8Array.of(1, 2))
    assert.strictEqual(one.slab.bytes.length, 4096)
    const rest = slabs.put([bytes(4096 - 9, 4)])
    assert.strictEqual(rest.slab, one.slab)
    const next = slabs.put([bytes(1, 5)])
    assert.notStrictEqual(next.slab, one.slab)
    assert.strictEqual(next.slab.bytes.length, 8192)
    slabs.drop(one)
    slabs.drop(two)
    assert.deepStrictEqual(Slabs.read(rest, rest.from, rest.from + 1), Uint8Array.of(4))
    slabs.drop(rest)
    assert.isUndefined(Slabs.read(rest, rest.from, rest.to))
    // The one that is being filled is not freed.
    slabs.drop(next)
    assert.deepStrictEqual(Slabs.read(next, 0, 1), Uint8Array.of(5))
  })

  it("what is large has one of its own, of its size", () => {
    const slabs = new Slabs.Slabs()
    const small = slabs.put([bytes(64 * 1024, 1)])
    assert.isAtLeast(small.slab.bytes.length, 64 * 1024)
    const large = slabs.put([bytes(64 * 1024 + 1, 2)])
    assert.strictEqual(large.slab.bytes.length, 64 * 1024 + 1)
    const more = slabs.put([bytes(1, 3)])
    assert.notStrictEqual(more.slab, large.slab)
    slabs.drop(large)
    assert.isUndefined(Slabs.read(large, 0, 1))
    slabs.clear()
    const fresh = slabs.put([bytes(1, 4)])
    assert.strictEqual(fresh.slab.bytes.length, 4096)
  })
})

it("a tally counts by name, tells a thousand names apart, and a copy of it does not move", () => {
  const tally = new Tally()
  const counted = (more: Partial<Parameters<Tally["add"]>[0]>) => ({
    apiMethod: "generateContent",
    model: "m",
    project: "p",
    region: "r",
    status: 200,
    outcome: "complete" as const,
    connection: 1,
    ...more
  })
  for (let i = 0; i < 1002; i++) tally.add(counted({ model: `m${i}`, connection: i % 2 }))
  tally.add(counted({ model: "m0", apiMethod: undefined, status: undefined, outcome: undefined }))
  tally.add(counted({ model: undefined }))
  const copy = tally.copy()
  tally.add(counted({ model: "m0", connection: 7 }))
  const { byMethod, byModel, byOutcome, byProject, byRegion, byStatus, connections, dropped, total } = copy.counters(3)
  assert.deepStrictEqual([total, dropped, connections], [1004, 3, 2])
  assert.deepStrictEqual([byModel["m0"], byModel["m999"], byModel["m1000"], byModel["…"]], [2, 1, undefined, 3])
  assert.deepStrictEqual([byMethod, byStatus, byOutcome], [
    { generateContent: 1003, "": 1 },
    { 200: 1003, "": 1 },
    { complete: 1003, open: 1 }
  ])
  assert.deepStrictEqual([byProject, byRegion], [{ p: 1004 }, { r: 1004 }])
  const later = tally.counters(0)
  assert.deepStrictEqual([later.total, later.connections, later.byModel["m0"]], [1005, 3, 3])
})

const entry = (id: number, more: Partial<Entry> = {}): Entry =>
  LogEntry.entry({
    id,
    path: "/v1beta/models/m:generateContent",
    apiMethod: "generateContent",
    model: "m",
    body: { contents: [user(said(`text ${id}`))] },
    verdict: { by: "generator" },
    ...more
  })

describe("what was expected of a log", () => {
  const entries = [
    entry(0),
    entry(1, { status: 429, verdict: { by: "fault" } }),
    entry(2, { verdict: { by: "rule", rule: "greets" } })
  ]
  type Expected = Parameters<typeof verify>[1][number]
  const asked = (expect: Expected, of: ReadonlyArray<Entry> = entries) => {
    const { findings, ok, text } = verify(of, [expect], { dropped: 0, inOrder: false })
    assert.strictEqual(findings.length, 1)
    assert.strictEqual(findings[0]?.ok, ok)
    return ok ? findings[0]?.text : text.split("\n").slice(1).join("\n")
  }
  const table: ReadonlyArray<readonly [expect: Expected, text: string]> = [
    [{}, "expect[0]: at least 1, found 3"],
    [{ name: "all", times: 3 }, "expect[0] \"all\": exactly 3, found 3"],
    [{ times: 2 }, "- expect[0]: wanted exactly 2, found 3 requests: 0, 1, 2"],
    [{ atLeast: 3 }, "expect[0]: at least 3, found 3"],
    [{ atMost: 3 }, "expect[0]: at most 3, found 3"],
    [{ atMost: 2 }, "- expect[0]: wanted at most 2, found 3 requests: 0, 1, 2"],
    [{ atLeast: 1, atMost: 3 }, "expect[0]: 1 to 3, found 3"],
    [{ atLeast: 4 }, "- expect[0]: wanted at least 4, found 3 requests, and no other request came"],
    [{ when: { text: "text 1" } }, "expect[0]: at least 1, found 1"],
    [
      { when: { text: "text 1" }, atLeast: 2 },
      "- expect[0]: wanted at least 2, found 1 request. Nearest is request 0 (generateContent): text: wanted \"text 1\", found \"text 0\""
    ],
    [{ status: 429 }, "expect[0]: at least 1, found 1"],
    [
      { status: 500 },
      "- expect[0]: wanted at least 1, found 0 requests. Nearest is request 0 (generateContent): status: wanted 500, found 200"
    ],
    [{ rule: "greets" }, "expect[0]: at least 1, found 1"],
    [
      { rule: "none", when: { text: "text 2" } },
      "- expect[0]: wanted at least 1, found 0 requests. Nearest is request 2 (generateContent): rule: wanted \"none\", found \"greets\""
    ],
    [{ atMost: 0, when: { text: "none" } }, "expect[0]: exactly 0, found 0"]
  ]
  it.each(table)("%j", (expect, text) => {
    assert.strictEqual(asked(expect), text)
  })

  it("in order, each behind the last one that the one before needed", () => {
    const order = (...expectations: ReadonlyArray<Expected>) => {
      const { ok, text } = verify(entries, expectations, { dropped: 1, inOrder: true })
      assert.include(text, "The log has dropped 1 request, which are not looked at.")
      return ok ? "" : text.split("\n")[1]
    }
    const text = (n: number): Expected => ({ when: { text: `text ${n}` } })
    assert.strictEqual(order(text(0), text(1), text(2)), "")
    assert.strictEqual(
      order(text(1), text(0)),
      "- expect[1]: wanted behind request 1, the last one of expect[0], found 0 requests"
    )
    assert.strictEqual(
      order({ atLeast: 2 }, text(1)),
      "- expect[1]: wanted behind request 1, the last one of expect[0], found 0 requests"
    )
    assert.strictEqual(order({ atLeast: 2 }, text(2)), "")
    assert.strictEqual(
      order({ atLeast: 2 }, { times: 3 }),
      "- expect[1]: wanted behind request 1, the last one of expect[0], found 1 request"
    )
    assert.strictEqual(verify([], [], { dropped: 0, inOrder: false }).text, "0 expectations met by 0 requests.")
    assert.strictEqual(
      verify([entry(0)], [{}], { dropped: 2, inOrder: false }).text.split("\n")[0],
      "1 expectation met by 1 request."
    )
  })

  it("a mistake in an expectation is said with its place", () => {
    const wrong = (expect: object) => () => verify(entries, [expect], { dropped: 0, inOrder: false })
    assert.throws(wrong({ tims: 1 }), /expect\[0\]/)
    assert.throws(wrong({ when: { text: { matches: "(" } } }), /expect\[0\]\.when\.text\.matches/)
  })
})

describe("what went wrong in a space and was not seen", () => {
  const nothing = { entries: [], connections: [], rules: [], waiting: 0, open: 0 }
  const refused = (by: Verdict["by"], more: Partial<Verdict> = {}): Verdict => ({ by, refused: "Why.", ...more })
  it("is all well with what was asked for, and names the rest", () => {
    assert.deepStrictEqual(inspect({ ...nothing, entries: [entry(0)] }, []).text, "All is well: 1 request.")
    const fine = [
      entry(0),
      entry(1, { verdict: refused("fault") }),
      entry(2, { verdict: refused("quota") }),
      entry(3, { verdict: undefined })
    ]
    assert.strictEqual(inspect({ ...nothing, entries: fine }, []).text, "All is well: 4 requests.")
    const seen = {
      entries: [
        entry(0, { verdict: refused("unmatched", { nearMisses: ["a", "b"] }) }),
        entry(1, { verdict: refused("judge"), model: undefined, apiMethod: undefined })
      ],
      connections: [],
      rules: [{ name: "x", answered: 0, usedUp: false }, { name: "y", answered: 1, usedUp: false }, {
        name: "z",
        answered: 0,
        usedUp: false
      }],
      waiting: 2,
      open: 1
    }
    const found = inspect(seen, [])
    assert.isFalse(found.ok)
    assert.strictEqual(
      found.text,
      "No rule matched:\n- request 0 (generateContent to m): a; b\nRefused:\n- request 1 (POST /v1beta/models/m:generateContent): Why.\n" +
        "Rules that have not answered: \"x\", \"z\"\nAnswers of the queue that nobody took: 2\n" +
        "Requests, streams or sessions that have not ended: 1"
    )
    const all = ["unmatched", "refused", "unused", "waiting", "open"] as const
    assert.isTrue(inspect(seen, all).ok)
    for (const concern of all) {
      const left = inspect(seen, all.filter((each) => each !== concern))
      assert.isFalse(left.ok, concern)
      assert.strictEqual(left.text.split("\n").length, concern === "unmatched" || concern === "refused" ? 2 : 1)
    }
  })

  it("writes ten of a kind, and how many more there are", () => {
    const text = (n: number) =>
      inspect({ ...nothing, entries: Array.from({ length: n }, (_, i) => entry(i, { verdict: refused("judge") })) }, [])
        .text
    assert.strictEqual(text(10).split("\n").length, 11)
    assert.strictEqual(text(11).split("\n").at(-1), "- and 1 more")
  })
})
