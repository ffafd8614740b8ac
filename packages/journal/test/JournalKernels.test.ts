/**
 * What of a journal is only sums and words, at its edges: what each error says, what a client's error means, which lines
 * are read and count, which runs go, and how times are drawn.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import type { Head } from "../src/Entry.ts"
import { Chain } from "../src/internal/Chain.ts"
import * as Code from "../src/internal/code.ts"
import { errorOf } from "../src/internal/failure.ts"
import { isDigest, isId } from "../src/internal/id.ts"
import * as LineText from "../src/internal/line.ts"
import { chosen } from "../src/internal/prune.ts"
import { JournalError } from "../src/JournalError.ts"
import * as Reason from "../src/JournalErrorReason.ts"
import type { Line } from "../src/JournalStore.ts"
import * as Page from "../src/Page.ts"
import * as Timeline from "../src/Timeline.ts"

const noon = Date.UTC(2026, 10, 2, 12)

describe("an error", () => {
  const rows: ReadonlyArray<readonly [reason: Reason.JournalErrorReason, isRetryable: boolean, says: string]> = [
    [new Reason.InvalidId({ shown: "\"a b\"" }), false, "\"a b\" cannot be the id of a run: use 1 to 128 letters"],
    [new Reason.Invalid({ path: "records[1]", description: "expected a text" }), false, "records[1]: expected a text"],
    [new Reason.Exists({}), false, "there is a run of this id: resume it"],
    [new Reason.NotFound({ what: "run" }), false, "there is no run of this id here"],
    [new Reason.NotFound({ what: "blob" }), false, "the run holds no blob of this digest"],
    [new Reason.Busy({}), true, "another writer holds the run: follow"],
    [new Reason.Busy({ pid: 7, since: noon }), true, "process 7 holds the run since 2026-11-02T12:00:00.000Z: follow"],
    [new Reason.Busy({ pid: 7, since: 1e300 }), true, "process 7 holds the run: follow"],
    [new Reason.TakenOver({}), false, "another writer has taken the run over: stop"],
    [new Reason.TakenOver({ pid: 7, since: noon }), false, "process 7 has taken the run over since 2026-11-02T12"],
    [new Reason.WrongSequence({ expected: 3, given: 4 }), false, "3 is the next sequence number, not 4: the store has"],
    [
      new Reason.WrongSequence({ expected: 4, given: 3 }),
      false,
      "4 is the next sequence number, not 3: resume and read"
    ],
    [
      new Reason.WrongSequence({ expected: 4, given: 4 }),
      false,
      "4 is the next sequence number, not 4: resume and read"
    ],
    [new Reason.Unsettled({ seq: 9 }), false, "it is not known whether the append at 9 was written"],
    [new Reason.Closed({}), false, "the scope of this run has ended"],
    [
      new Reason.TooLarge({ what: "record", size: 9, limit: 8 }),
      false,
      "the record of 9 bytes is above the limit of 8 bytes: put large parts into blobs"
    ],
    [
      new Reason.TooLarge({ what: "records", size: 9, limit: 8 }),
      false,
      "the records of 9 is above the limit of 8: split it, or raise the limit"
    ],
    [
      new Reason.TooLarge({ what: "append", size: 9, limit: 8 }),
      false,
      "the append of 9 bytes is above the limit of 8"
    ],
    [
      new Reason.NewerVersion({ name: "n", found: 3, known: 2, seq: 1 }),
      false,
      "n has version 3 at 1, and 2 is the newest"
    ],
    [new Reason.ForeignRecord({ expected: "a", found: "b", seq: 1 }), false, "the record at 1 is of b, not of a"],
    [new Reason.Corrupt({ description: "torn" }), false, "torn. The run cannot be read past this place"],
    [new Reason.Corrupt({ seq: 0, description: "torn" }), false, "at 0: torn. The run cannot be read"],
    [new Reason.StorageFull({ code: "ENOSPC" }), true, "there is no room for it (ENOSPC): free some"],
    [
      new Reason.Unavailable({ code: "TIMEOUT" }),
      true,
      "the journal's store cannot be used (TIMEOUT): see that it runs"
    ],
    ...["EACCES", "EPERM", "EROFS"].map((code) =>
      [new Reason.Unavailable({ code }), false, `cannot be used (${code}): this process needs the right`] as const
    ),
    [new Reason.Unsafe({ path: "/a", description: "is a link" }), false, "/a is a link"]
  ]

  it("says what to do, and whether the same call may succeed later, for every reason", () => {
    for (const [reason, isRetryable, says] of rows) {
      const error = errorOf("append", "story", reason)
      assert.include(error.message, says)
      assert.isTrue(error.message.startsWith(`append (story) ${reason._tag}: `), error.message)
      assert.deepStrictEqual([reason._tag, error.isRetryable], [reason._tag, isRetryable])
    }
    assert.strictEqual(errorOf("list", undefined, new Reason.Exists({})).message.slice(0, 12), "list Exists:")
    assert.isTrue(new JournalError({ method: "list", reason: new Reason.Busy({}) }).isRetryable)
    // A new reason has a row here.
    assert.sameMembers(
      [...new Set<string>(rows.map(([reason]) => reason._tag))],
      Reason.JournalErrorReason.members.map(({ identifier }) => identifier.slice("effect-gemini-journal/".length))
    )
  })

  it("of a client is known by its code, its word of capitals or its name, however deep it lies", () => {
    const rows: ReadonlyArray<readonly [error: unknown, code: string]> = [
      [{ errcode: 13 }, "SQLITE 13"],
      [{ errcode: 2_067 }, "SQLITE 19"],
      [{ errcode: "13", code: "ERR_SQLITE_ERROR" }, "ERR_SQLITE_ERROR"],
      [{ code: "ECONNREFUSED" }, "ECONNREFUSED"],
      [{ code: "not a code", message: "LOADING Redis is loading" }, "LOADING"],
      [{ code: "X", name: "Short" }, "Short"],
      [{ message: "OOM command not allowed" }, "OOM"],
      [{ message: "No such thing", name: "SqlError" }, "SqlError"],
      [{ message: "an OOM in the middle", name: "Other" }, "Other"],
      [{ message: 1, name: 2 }, "UNKNOWN"],
      [{ cause: { code: "53100" } }, "53100"],
      [{ cause: undefined, reason: { cause: { errcode: 5 } } }, "SQLITE 5"],
      [{ reason: { reason: { code: "EDQUOT" } } }, "EDQUOT"],
      [{ cause: "a text" }, "UNKNOWN"],
      [{ cause: null }, "UNKNOWN"],
      [null, "UNKNOWN"],
      [undefined, "UNKNOWN"],
      ["ENOSPC", "UNKNOWN"]
    ]
    for (const [error, code] of rows) assert.strictEqual(Code.codeOf(error), code, JSON.stringify(error))
    const nested = (depth: number): unknown => depth === 0 ? { code: "DEEP" } : { cause: nested(depth - 1) }
    assert.deepStrictEqual([Code.codeOf(nested(5)), Code.codeOf(nested(6))], ["DEEP", "UNKNOWN"])
    const round: { cause?: unknown } = {}
    round.cause = round
    assert.strictEqual(Code.codeOf(round), "UNKNOWN")
    for (const code of ["OOM", "53100", "53200", "ENOSPC", "EDQUOT"]) {
      assert.deepStrictEqual(Code.reasonOf({ code }), new Reason.StorageFull({ code }))
    }
    assert.strictEqual(Code.reasonOf({ errcode: 13 })._tag, "StorageFull")
    assert.deepStrictEqual(Code.reasonOf({ errcode: 14 }), new Reason.Unavailable({ code: "SQLITE 14" }))
  })
})

describe("a line that is not one of ours", () => {
  const whole = { v: 1, seq: 3, at: 5, by: "me", of: "kind", version: 0, records: [1] }
  const { of: _, records: __, version: ___, ...opening } = { ...whole, opened: true }
  const said = (value: unknown) => {
    const result = LineText.parse(typeof value === "string" ? value : JSON.stringify(value))
    return Result.isFailure(result) ? result.failure : undefined
  }
  const without = (key: keyof typeof whole) => ({ ...whole, [key]: undefined })

  it("is refused with what is missing, and by its number where that is known", () => {
    assert.isUndefined(said(whole))
    assert.isUndefined(said(opening))
    const damaged = (description: string) => new Reason.Corrupt({ description })
    const at = (description: string) => new Reason.Corrupt({ seq: 3, description })
    for (const value of ["", "{", "1", "null", "\"v\""]) {
      assert.deepStrictEqual(said(value), damaged("a line is not a JSON object"), value)
    }
    const odd = [
      without("v"),
      without("seq"),
      { ...whole, v: "1" },
      ...[-1, 1.5, 2 ** 53, "3"].map((seq) => ({
        ...whole,
        seq
      }))
    ]
    for (const value of odd) {
      assert.deepStrictEqual(said(value), damaged("a line has no format or no sequence number"), JSON.stringify(value))
    }
    for (const value of [without("at"), without("by"), { ...whole, at: "5" }, { ...whole, by: 5 }]) {
      assert.deepStrictEqual(said(value), at("a line has no time or no writer"), JSON.stringify(value))
    }
    const empty = [without("of"), without("version"), without("records"), { ...whole, of: 1 }, {
      ...whole,
      version: -1
    }]
    for (const value of [...empty, { ...whole, records: [] }, { ...whole, records: {} }, { ...opening, opened: 1 }]) {
      assert.deepStrictEqual(said(value), at("a line holds no records"), JSON.stringify(value))
    }
    assert.deepStrictEqual(
      said({ v: 2, seq: 3 }),
      new Reason.NewerVersion({ name: "journal", found: 2, known: 1, seq: 3 })
    )
    assert.isUndefined(said({ ...whole, v: 0 }))
  })

  it("names a writer by whatever stands there, and one of ours by its process and its time", () => {
    const id = LineText.writerId(7, noon, 5)
    assert.deepStrictEqual(LineText.writerOf(id), { id, pid: 7, since: noon })
    assert.deepStrictEqual(LineText.whoIs(id), { pid: 7, since: noon })
    const unknown = LineText.writerId(undefined, noon, 2 ** 48 - 1)
    assert.deepStrictEqual(LineText.writerOf(unknown), { id: unknown, since: noon })
    assert.deepStrictEqual(LineText.whoIs(undefined), {})
    for (const by of ["", "me", "1.2", "1.2.", "x.2.3", "12345678901.2.3", "1.2.3 "]) {
      assert.deepStrictEqual(LineText.writerOf(by), { id: by })
      assert.deepStrictEqual(LineText.whoIs(by), {})
    }
  })

  it("opens the run if its number is 0, and goes on with it otherwise", () => {
    const entry = (seq: number) => LineText.openingOf({ seq, at: 1, by: "me", opened: true, records: [] })._tag
    assert.deepStrictEqual([entry(0), entry(1)], ["Started", "Resumed"])
  })
})

describe("the lines that count", () => {
  const open = (seq: number, by: string, state?: string): Line => ({
    seq,
    at: 0,
    by,
    opened: true,
    records: [],
    ...(state === undefined ? {} : { state })
  })
  const line = (seq: number, by: string, count = 1, state?: string): Line => ({
    seq,
    at: 0,
    by,
    opened: false,
    of: "kind",
    version: 0,
    records: Array.from({ length: count }, () => 1),
    ...(state === undefined ? {} : { state })
  })

  it("are those at the next number, of whoever opened last", () => {
    const chain = new Chain()
    chain.mine = "a"
    assert.deepStrictEqual(chain.end, { next: 0 })
    const steps: ReadonlyArray<readonly [line: Line, verdict: string, next: number, own: number]> = [
      [line(0, "a"), "stale", 0, 0],
      [open(1, "a"), "gap", 0, 0],
      [open(0, "a"), "taken", 1, 1],
      [line(1, "a", 3, "busy"), "taken", 4, 4],
      [line(4, "b"), "stale", 4, 4],
      [line(3, "a"), "stale", 4, 4],
      [line(5, "a"), "gap", 4, 4],
      [open(4, "b"), "taken", 5, 4],
      [line(5, "a"), "stale", 5, 4],
      [line(5, "b", 2), "taken", 7, 4],
      [open(7, "a", "idle"), "taken", 8, 8]
    ]
    for (const [given, verdict, next, own] of steps) {
      assert.strictEqual(chain.take(given), verdict, JSON.stringify(given))
      assert.deepStrictEqual([chain.next, chain.own], [next, own], JSON.stringify(given))
    }
    assert.deepStrictEqual([chain.end, chain.by], [{ next: 8, state: "idle" }, "a"])
  })
})

describe("names", () => {
  it("of runs are those that every system takes, and of blobs digests", () => {
    const taken = ["a", "0", "a.b_c~d@e-f", "a".repeat(128), "console", "com", "a.con", "comx", "lpt.1"]
    const refused = ["", ".a", "_a", "a.", "a".repeat(129), "con", "CON.x", "prn", "aux", "nul.txt", "com1", "lpt9.a"]
    assert.deepStrictEqual(taken.filter((id) => !isId(id)), [])
    assert.deepStrictEqual(refused.filter(isId), [])
    const digest = "0123456789abcdef".repeat(4)
    for (const name of [digest.slice(1), `${digest}0`, digest.toUpperCase(), `${digest}\n`]) {
      assert.isFalse(isDigest(name))
    }
    assert.isTrue(isDigest(digest))
  })
})

describe("the runs that go", () => {
  const head = (id: string, updatedAt: number, bytes: number, state?: string): Head => ({
    id,
    createdAt: 0,
    updatedAt,
    bytes,
    next: 1,
    writer: { id: "w" },
    ...(state === undefined ? {} : { state })
  })
  const heads = [head("c", 30, 5, "done"), head("b", 10, 10), head("a", 10, 1, "done"), head("d", 40, 100, "failed")]
  const ids = (options: Parameters<typeof chosen>[1]) => chosen(heads, options, 40).map(({ id }) => id)

  it("are the oldest first, and of equally old ones the first by name", () => {
    assert.deepStrictEqual(ids({ olderThan: 0 }), ["a", "b", "c", "d"])
    assert.deepStrictEqual(ids({ olderThan: 10 }), ["a", "b", "c"])
    assert.deepStrictEqual(ids({ olderThan: 11 }), ["a", "b"])
    assert.deepStrictEqual(ids({ olderThan: 31 }), [])
    assert.deepStrictEqual(ids({ states: ["done"] }), ["a", "c"])
    assert.deepStrictEqual(ids({ states: [undefined, "failed"] }), ["b", "d"])
    assert.deepStrictEqual(ids({ states: [] }), [])
  })

  it("are no more than make the rest fit", () => {
    for (const [keepBytes, gone] of [[116, ""], [115, "a"], [114, "a,b"], [105, "a,b"], [104, "a,b,c"]] as const) {
      assert.strictEqual(ids({ keepBytes }).join(), gone, `${keepBytes}`)
    }
    assert.deepStrictEqual(ids({ keepBytes: 0, states: ["done"] }), ["a", "c"])
    assert.deepStrictEqual(ids({ keepBytes: 111, states: ["done"] }), ["a", "c"])
  })
})

describe("a page", () => {
  it("has numbers, and the heads above them, at the right", () => {
    const page = Page.render({
      title: "t",
      body: Page.table(["act", "tokens", "large", "mixed"], [["a", 1, 2n, "x"], ["b", 2, 3n, 4]])
    })
    assert.include(
      page,
      "<tr><th scope=\"col\">act</th><th scope=\"col\" class=\"number\">tokens</th><th scope=\"col\">large</th>" +
        "<th scope=\"col\" class=\"number\">mixed</th></tr>"
    )
    assert.include(
      page,
      "<tr><td>a</td><td class=\"number\">1</td><td class=\"number\">2</td><td>x</td></tr>\n" +
        "<tr><td>b</td><td class=\"number\">2</td><td class=\"number\">3</td><td class=\"number\">4</td></tr>"
    )
    assert.include(Page.render({ title: "t", body: "" }), "<html lang=\"en\">")
    assert.include(Page.render({ title: "t", body: "", language: "de" }), "<html lang=\"de\">")
    for (const type of ["png", "jpeg", "webp", "gif", "avif"]) {
      assert.include(Page.render({ title: "t", body: Page.image(`image/${type}`, "AA==", "a") }), "<img src=\"data:")
    }
  })
})

describe("an axis of times", () => {
  const span = (from: number, to: number, isRest = false) => ({ from, to, isRest })
  const places = (spans: ReadonlyArray<Timeline.Span>, ...times: ReadonlyArray<number>) => {
    const axis = Timeline.axisOf(spans)
    return [axis.isShortened, ...times.map((time) => Math.round(axis.at(time) * 1e6) / 1e6)]
  }

  it("is true to what ran, and draws a tenth of that where longer nothing did", () => {
    assert.deepStrictEqual(places([]), [false])
    assert.deepStrictEqual(places([], 5), [false, 0])
    assert.deepStrictEqual(places([span(3, 3)], 3, 4), [false, 0, 0])
    assert.deepStrictEqual(places([span(0, 10)], -5, 0, 5, 10, 20), [false, 0, 0, 0.5, 1, 1])
    // A rest of a tenth is drawn as it was, a longer one is not.
    assert.deepStrictEqual(places([span(0, 10), span(10, 11, true)], 10, 11), [false, 0.909091, 1])
    assert.deepStrictEqual(places([span(0, 10), span(10, 110, true)], 10, 60, 110), [true, 0.909091, 0.954545, 1])
    // So is a gap between two that ran.
    assert.deepStrictEqual(places([span(0, 5), span(105, 110)], 5, 105), [true, 0.454545, 0.545455])
    assert.deepStrictEqual(places([span(105, 110), span(0, 5)], 5, 105), [true, 0.454545, 0.545455])
    // Something that ran beside a rest keeps its time.
    assert.deepStrictEqual(places([span(0, 10), span(0, 100, true)], 10, 100), [true, 0.909091, 1])
    assert.deepStrictEqual(places([span(0, 100, true), span(0, 100)], 50), [false, 0.5])
    // Rests alone are drawn as they were.
    assert.deepStrictEqual(places([span(0, 10, true), span(10, 40, true)], 10), [false, 0.25])
  })
})
