/** When the acts of a run were asked, waited for and lost, and which type an image has: both are only sums. */
import type { Entry } from "effect-gemini-journal/Entry"
import type { RunRecord } from "effect-gemini-narrative/RunRecord"
import { assert, describe, it } from "vitest"
import * as ImageType from "../src/internal/imageType.ts"
import { timesOf } from "../src/internal/reportBars.ts"

type Step = readonly [at: number, what: RunRecord | "Resumed"]

const times = (steps: ReadonlyArray<Step>, pid?: number) =>
  timesOf(steps.map(([at, what], seq): Entry<RunRecord> => {
    const writer = { id: "w", ...(pid === undefined ? {} : { pid }) }
    return what === "Resumed"
      ? { _tag: "Resumed", seq, at, writer }
      : { _tag: "Recorded", seq, at, writer, record: what }
  }))

const charged = { tokens: 1 }
const asked = (act: string, attempt = 1, model?: string): RunRecord => ({
  _tag: "ActAsked",
  act,
  key: act,
  attempt,
  estimate: charged,
  ...(model === undefined ? {} : { model })
})
const answered = (act: string): RunRecord => ({
  _tag: "ActAnswered",
  act,
  key: act,
  output: { text: "x" },
  sha256: "s",
  model: "m",
  charged,
  startedAt: 0,
  duration: 0
})
const waits = (act: string): RunRecord => ({
  _tag: "Waiting",
  act,
  key: act,
  until: 99,
  cause: { reason: "QuotaExhausted", message: "waits for quota" }
})
const failed: RunRecord = {
  _tag: "ActFailed",
  act: "a",
  key: "a",
  final: true,
  cause: { reason: "Blocked", message: "no" },
  charged,
  startedAt: 0,
  duration: 0
}

describe("the times of a run", () => {
  it("have a bar for each attempt, each wait and each question, with how it ended", () => {
    assert.deepStrictEqual(
      times([[10, asked("a")], [12, asked("b", 2, "m")], [15, answered("a")], [20, failed]]).bars,
      [
        { act: "a", kind: "asked", from: 10, to: 15, what: "answered by m" },
        { act: "b", kind: "asked", from: 12, to: 20, what: "attempt 2 on m" }
      ]
    )
    assert.deepStrictEqual(times([[10, asked("a")], [20, failed]]).bars, [
      { act: "a", kind: "failed", from: 10, to: 20, what: "Blocked: no" }
    ])
    assert.deepStrictEqual(times([[1, asked("a")], [2, waits("a")], [5, asked("a", 2)], [7, answered("a")]]).bars, [
      { act: "a", kind: "asked", from: 1, to: 2, what: "attempt 1" },
      { act: "a", kind: "quota", from: 2, to: 5, what: "waits for quota" },
      { act: "a", kind: "asked", from: 5, to: 7, what: "answered by m" }
    ])
    const question: RunRecord = { _tag: "ApprovalAsked", act: "a", key: "a", question: "May it?" }
    const decided = (verdict: "approve" | "deny", by?: string): RunRecord => ({
      _tag: "Decided",
      act: "a",
      key: "a",
      decision: { verdict, ...(by === undefined ? {} : { by }) }
    })
    const words = (record: RunRecord) => times([[1, question], [4, record]]).bars.map(({ kind, what }) => [kind, what])
    assert.deepStrictEqual(words(decided("approve", "Ada")), [["person", "approved by Ada"]])
    assert.deepStrictEqual(words(decided("deny")), [["person", "denied"]])
    // What nobody asked for ends nothing, and a clock that was set back tells nothing.
    assert.deepStrictEqual(times([[5, answered("a")]]).bars, [])
    assert.deepStrictEqual(times([[9, asked("a")], [3, answered("a")]]).bars.map(({ from, to }) => [from, to]), [[
      9,
      9
    ]])
  })

  it("say when a process died, and lose what was in flight, but no question", () => {
    const question: RunRecord = { _tag: "ApprovalAsked", act: "q", key: "q", question: "May it?" }
    const begun: ReadonlyArray<Step> = [[1, asked("a")], [2, waits("b")], [3, question]]
    const { bars, marks } = times([...begun, [9, "Resumed"], [10, asked("a", 2)]], 7)
    assert.deepStrictEqual(marks, [
      { at: 3, kind: "died", what: "the process ended without a word" },
      { at: 9, kind: "resumed", what: "process 7 goes on" }
    ])
    assert.deepStrictEqual(bars.map(({ act, from, kind, to }) => [act, kind, from, to]), [
      ["a", "lost", 1, 3],
      ["b", "quota", 2, 3],
      ["q", "person", 3, 10],
      ["a", "asked", 10, 10]
    ])
    assert.strictEqual(bars[0]?.what, "in flight when its process ended: nobody heard the answer")
    const paused = times([[1, asked("a")], [2, { _tag: "Paused", acts: [] }], [5, "Resumed"]])
    assert.deepStrictEqual(paused.marks.map(({ kind, what }) => [kind, what]), [
      ["paused", "paused"],
      ["resumed", "process ? goes on"]
    ])
    assert.deepStrictEqual(paused.bars.map(({ kind, to }) => [kind, to]), [["lost", 2]])
    const stopped = times([[2, { _tag: "Paused", acts: [], stopped: true }], [3, { _tag: "Cancelled" }], [
      4,
      "Resumed"
    ]])
    assert.deepStrictEqual(stopped.marks.map(({ what }) => what), ["stopped", "cancelled", "process ? goes on"])
  })
})

describe("the type of an image", () => {
  const text = (words: string) => Uint8Array.from(words, (letter) => letter.charCodeAt(0))
  const media = (brands: ReadonlyArray<string>, size = 16 + 4 * (brands.length - 1)) =>
    Uint8Array.from([0, 0, 0, size, ...text(`ftyp${brands[0]}1234${brands.slice(1).join("")}`)])

  it("is told by its first bytes", () => {
    const rows: ReadonlyArray<readonly [bytes: Uint8Array, type: string | undefined]> = [
      [text("\x89PNG\r\n\x1a\nmore"), "image/png"],
      [text("\x89PNG\r\n\x1a"), undefined],
      [text("\xff\xd8\xff\xe0"), "image/jpeg"],
      [text("RIFF1234WEBPmore"), "image/webp"],
      [text("RIFF1234WAVEmore"), undefined],
      [media(["heic"]), "image/heic"],
      [media(["mif1", "heix"]), "image/heic"],
      [media(["mif1"]), "image/heif"],
      [media(["msf1", "miaf"]), "image/heif"],
      [media(["avif", "mif1"]), undefined],
      [media(["mif1", "avis"]), undefined],
      [media(["mp42"]), undefined],
      [media(["mif1", "heic"], 16), "image/heif"],
      [text("\0\0\0\x10ftyphei"), undefined],
      [new Uint8Array(), undefined]
    ]
    for (const [bytes, type] of rows) assert.strictEqual(ImageType.ofBytes(bytes), type, String(bytes))
  })

  it("agrees with itself, and a HEIC with HEIF; and is told by the end of a name", () => {
    const agree = (actual: string, declared: string) => ImageType.agrees(`image/${actual}`, `image/${declared}`)
    assert.deepStrictEqual(
      [agree("png", "png"), agree("heic", "heif"), agree("heif", "heic"), agree("png", "heif"), agree("heic", "png")],
      [true, true, false, false, false]
    )
    const names = ["a.png", "a.b.JPG", "jpeg", "a.gif", "a.", ""]
    const types = ["image/png", "image/jpeg", "image/jpeg", undefined, undefined, undefined]
    assert.deepStrictEqual(names.map(ImageType.ofName), types)
  })
})
